/* space.c: the schedules that one kernel can have.
**
** Every point of the product of the knobs is asked for the reason why it is refused; of a product beyond
** MAX_POINTS an even sample, and the counts say so.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/space.h"
#include "runtime/base/text.h"
#include "tuner/tune/space_count.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { MAX_POINTS = 2000000 };

/* ---- text ----------------------------------------------------------------- */

static int choices_text(const Knob *q, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < q->nchoices; i++)
        rt_text_item(&t, " ", "%d", q->choice[i]);
    return (int)t.length;
}

static void print_knobs(const Lowering *how)
{
    char choices[MAX_CHOICES * 12];
    int width = 0;
    for (int i = 0; i < how->nknobs; i++) {
        int n = choices_text(how->knobs[i], choices, sizeof choices);
        width = n > width ? n : width;
    }
    for (int i = 0; i < how->nknobs; i++) {
        choices_text(how->knobs[i], choices, sizeof choices);
        printf("    %-8s %-*s  %s\n", how->knobs[i]->name, width, choices, how->knobs[i]->meaning);
    }
}

static void print_estimate(const SpaceCount *c)
{
    const double legal = tune_legal_estimate(c);
    const bool millions = legal >= 1e6;
    printf(" in an even sample of all %lld: about %.3g%s in all", (long long)c->points,
           millions ? legal / 1e6 : legal, millions ? " million" : "");
}

static void print_space(const Lowering *how, const SpaceCount *c)
{
    printf("  %s: %s\n", how->name, how->summary);
    print_knobs(how);
    printf("    %lld of %lld schedules are legal", (long long)c->legal, (long long)c->seen);
    if (c->seen < c->points)
        print_estimate(c);
    putchar('\n');
    for (int i = 0; i < c->nreasons; i++)
        printf("    %lld refused: %s\n", (long long)c->reason[i].count, c->reason[i].text);
}

void space_print(const dcn_spec *s, const dcn_target *t)
{
    SpaceCount c;
    printf("%s for %s (%s)\n", s->name, t->cpu, t->isa);
    for (int i = 0; cg_lowerings[i]; i++) {
        if (!sched_takes(cg_lowerings[i], s))
            continue;
        tune_count_space(cg_lowerings[i], s, t, MAX_POINTS, &c);
        print_space(cg_lowerings[i], &c);
    }
}

/* ---- JSON ----------------------------------------------------------------- */

static json_t *knobs_json(const Lowering *how)
{
    json_t *list = json_array();
    for (int i = 0; i < how->nknobs; i++) {
        const Knob *q = how->knobs[i];
        json_t *choices = json_array();
        for (int c = 0; c < q->nchoices; c++)
            json_array_append_new(choices, json_integer(q->choice[c]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", q->name, "meaning",
                                              q->meaning, "choices", choices));
    }
    return list;
}

static json_t *one_json(const Lowering *how, const SpaceCount *c)
{
    json_t *refused = json_array();
    for (int i = 0; i < c->nreasons; i++)
        json_array_append_new(refused, json_pack("{s:s, s:I}", "reason", c->reason[i].text, "count",
                                                 (json_int_t)c->reason[i].count));
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "lowering", how->name, "summary",
                     how->summary, "knobs", knobs_json(how), "points", (json_int_t)c->points,
                     "walked", (json_int_t)c->seen, "legal", (json_int_t)c->legal, "legal_estimate",
                     json_integer(llround(tune_legal_estimate(c))), "refused", refused);
}

json_t *space_json(const dcn_spec *s, const dcn_target *t)
{
    SpaceCount c;
    json_t *list = json_array();
    for (int i = 0; cg_lowerings[i]; i++) {
        if (!sched_takes(cg_lowerings[i], s))
            continue;
        tune_count_space(cg_lowerings[i], s, t, MAX_POINTS, &c);
        json_array_append_new(list, one_json(cg_lowerings[i], &c));
    }
    return json_pack("{s:s, s:s, s:s, s:o}", "name", s->name, "target", t->cpu, "isa", t->isa,
                     "lowerings", list);
}
