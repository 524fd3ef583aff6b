/* space.c: the schedules that one kernel can have.
**
** Every point of the product of the knobs is asked for the reason why it is refused; of a product
** beyond MAX_POINTS an even sample, and the counts say so.  The space of a module is those of its
** stages.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/space.h"
#include "runtime/base/text.h"
#include "tuner/tune/space_count.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 2000000, MAX_POINTS_OF_STAGE = 200000 };

/* ---- text ----------------------------------------------------------------- */

static int choices_text(const Knob *q, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < q->nchoices; i++)
        rt_text_item(&t, " ", "%d", q->choice[i]);
    return (int)t.length;
}

static void print_knobs(const Lowering *lowering, int indent)
{
    char choices[MAX_CHOICES * 12];
    int width = 0, names = 0;
    for (int i = 0; i < lowering->nknobs; i++) {
        int n = choices_text(lowering->knobs[i], choices, sizeof choices);
        int name = (int)strlen(lowering->knobs[i]->name);
        width = n > width ? n : width;
        names = name > names ? name : names;
    }
    for (int i = 0; i < lowering->nknobs; i++) {
        const Knob *q = lowering->knobs[i];
        choices_text(q, choices, sizeof choices);
        printf("%*s%-*s  %-*s  %s\n", indent, "", names, q->name, width, choices, q->meaning);
    }
}

static void print_estimate(const SpaceCount *c)
{
    const double legal = tune_legal_estimate(c);
    const bool millions = legal >= 1e6;
    printf(" in an even sample of all %lld: about %.3g%s in all", (long long)c->points,
           millions ? legal / 1e6 : legal, millions ? " million" : "");
}

static void print_space(const Lowering *lowering, const SpaceCount *c, int indent)
{
    print_knobs(lowering, indent);
    printf("%*s%lld of %lld schedules are legal", indent, "", (long long)c->legal,
           (long long)c->seen);
    if (c->seen < c->points)
        print_estimate(c);
    putchar('\n');
    for (int i = 0; i < c->nreasons; i++)
        printf("%*s%lld refused: %s\n", indent, "", (long long)c->reason[i].count,
               c->reason[i].text);
}

static void print_lowerings(const dcn_spec *s, const dcn_target *t, int64_t most, int indent);

/* What is the same kernel as an earlier stage has that one's space. */
static void print_parts(const Lowering *lowering, const dcn_spec *s, const dcn_target *t,
                        int indent)
{
    LoweringPart *part = NULL;
    int n = lowering->parts(s, &part);
    for (int i = 0; i < n; i++) {
        const int same = sched_part_like(part, i);
        printf("%*s%s, %s", indent, "", part[i].name, dcn_op_name(part[i].spec.op));
        if (same < i) {
            printf(", as %s\n", part[same].name);
            continue;
        }
        putchar('\n');
        print_lowerings(&part[i].spec, t, MAX_POINTS_OF_STAGE, indent + 2);
    }
    free(part);
}

static void print_lowerings(const dcn_spec *s, const dcn_target *t, int64_t most, int indent)
{
    for (int i = 0; cg_lowerings[i]; i++) {
        const Lowering *lowering = cg_lowerings[i];
        SpaceCount c;
        if (!sched_takes(lowering, s))
            continue;
        printf("%*s%s: %s\n", indent, "", lowering->name, lowering->summary);
        if (lowering->parts) {
            print_parts(lowering, s, t, indent + 2);
            continue;
        }
        tune_count_space(lowering, s, t, most, &c);
        print_space(lowering, &c, indent + 2);
    }
}

void space_print(const dcn_spec *s, const dcn_target *t)
{
    printf("%s for %s (%s)\n", s->name, t->cpu, t->isa);
    print_lowerings(s, t, MAX_POINTS, 2);
}

/* ---- JSON ----------------------------------------------------------------- */

static json_t *knobs_json(const Lowering *lowering)
{
    json_t *list = json_array();
    for (int i = 0; i < lowering->nknobs; i++) {
        const Knob *q = lowering->knobs[i];
        json_t *choices = json_array();
        for (int c = 0; c < q->nchoices; c++)
            json_array_append_new(choices, json_integer(q->choice[c]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", q->name, "meaning",
                                              q->meaning, "choices", choices));
    }
    return list;
}

static json_t *counted_json(const Lowering *lowering, const SpaceCount *c)
{
    json_t *refused = json_array();
    for (int i = 0; i < c->nreasons; i++)
        json_array_append_new(refused, json_pack("{s:s, s:I}", "reason", c->reason[i].text, "count",
                                                 (json_int_t)c->reason[i].count));
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "lowering", lowering->name,
                     "summary", lowering->summary, "knobs", knobs_json(lowering), "points",
                     (json_int_t)c->points, "walked", (json_int_t)c->seen, "legal",
                     (json_int_t)c->legal, "legal_estimate",
                     json_integer(llround(tune_legal_estimate(c))), "refused", refused);
}

static json_t *lowerings_json(const dcn_spec *s, const dcn_target *t, int64_t most);

/* "stages": each with its name, its operator, and its own lowerings, or the earlier stage that is
** the same kernel. */
static json_t *composite_json(const Lowering *lowering, const dcn_spec *s, const dcn_target *t)
{
    LoweringPart *part = NULL;
    json_t *list = json_array();
    int n = lowering->parts(s, &part);
    for (int i = 0; i < n; i++) {
        const int same = sched_part_like(part, i);
        json_t *o =
            json_pack("{s:s, s:s}", "name", part[i].name, "op", dcn_op_name(part[i].spec.op));
        if (same < i)
            json_object_set_new(o, "same_as", json_string(part[same].name));
        else
            json_object_set_new(o, "lowerings",
                                lowerings_json(&part[i].spec, t, MAX_POINTS_OF_STAGE));
        json_array_append_new(list, o);
    }
    free(part);
    return json_pack("{s:s, s:s, s:o}", "lowering", lowering->name, "summary", lowering->summary,
                     "stages", list);
}

static json_t *lowerings_json(const dcn_spec *s, const dcn_target *t, int64_t most)
{
    json_t *list = json_array();
    for (int i = 0; cg_lowerings[i]; i++) {
        const Lowering *lowering = cg_lowerings[i];
        SpaceCount c;
        if (!sched_takes(lowering, s))
            continue;
        if (!lowering->parts)
            tune_count_space(lowering, s, t, most, &c);
        json_array_append_new(list, lowering->parts ? composite_json(lowering, s, t)
                                                    : counted_json(lowering, &c));
    }
    return list;
}

json_t *space_json(const dcn_spec *s, const dcn_target *t)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "name", s->name, "target", t->cpu, "isa", t->isa,
                     "lowerings", lowerings_json(s, t, MAX_POINTS));
}
