/* space.c: the schedules that one kernel can have.
**
** The whole product of the knobs is walked and each point asked for the reason why it is refused.
** Past MAX_POINTS of one lowering the rest is left out, and the counts say so.
** SPDX-License-Identifier: Apache-2.0
*/
#include "space.h"
#include "codegen/lowering.h"
#include "runtime/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 10000000, MAX_REASONS = 32 };

typedef struct Reason {
    char text[160];
    int64_t count;
} Reason;

typedef struct Space {
    const Lowering *how;
    int64_t points, seen, legal; /* in the product; walked; not refused */
    Reason reason[MAX_REASONS];
    int nreasons;
} Space;

/* ---- counting ------------------------------------------------------------- */

/* What does not fit in the table is counted in its last line. */
static void count_reason(Space *p, const char *why)
{
    int i = 0;
    while (i < p->nreasons && strncmp(p->reason[i].text, why, sizeof p->reason[i].text - 1) != 0)
        i++;
    if (i == MAX_REASONS)
        i--;
    if (i == p->nreasons)
        snprintf(p->reason[p->nreasons++].text, sizeof p->reason->text, "%s", why);
    p->reason[i].count++;
}

/* The point number n of the product, the first knob turning fastest. */
static void point(const Lowering *how, int64_t n, int *k)
{
    for (int i = 0; i < how->nknobs; i++) {
        const Knob *q = &how->knobs[i];
        k[i] = q->choice[n % q->nchoices];
        n /= q->nchoices;
    }
}

static void walk(Space *p, const Lowering *how, const dcn_spec *s, const dcn_target *t)
{
    *p = (Space){ .how = how, .points = 1 };
    for (int i = 0; i < how->nknobs; i++)
        p->points *= how->knobs[i].nchoices;
    for (; p->seen < p->points && p->seen < MAX_POINTS; p->seen++) {
        int k[MAX_KNOBS];
        point(how, p->seen, k);
        const char *why = how->refuse(s, t, k);
        if (why)
            count_reason(p, why);
        else
            p->legal++;
    }
}

/* ---- text ----------------------------------------------------------------- */

static void print_knob(const Knob *q)
{
    char choices[MAX_CHOICES * 12] = "";
    for (int i = 0; i < q->nchoices; i++)
        snprintf(choices + strlen(choices), sizeof choices - strlen(choices), "%s%d", i ? " " : "",
                 q->choice[i]);
    printf("    %-8s %-34s %s\n", q->name, choices, q->meaning);
}

static void print_space(const Space *p)
{
    printf("  %s: %s\n", p->how->name, p->how->summary);
    for (int i = 0; i < p->how->nknobs; i++)
        print_knob(&p->how->knobs[i]);
    printf("    %lld of %s%lld schedules are legal\n", (long long)p->legal,
           p->seen < p->points ? "the first " : "", (long long)p->seen);
    for (int i = 0; i < p->nreasons; i++)
        printf("    %lld refused: %s\n", (long long)p->reason[i].count, p->reason[i].text);
}

/* ---- JSON ----------------------------------------------------------------- */

static json_t *knobs_json(const Lowering *how)
{
    json_t *list = json_array();
    for (int i = 0; i < how->nknobs; i++) {
        const Knob *q = &how->knobs[i];
        json_t *choices = json_array();
        for (int c = 0; c < q->nchoices; c++)
            json_array_append_new(choices, json_integer(q->choice[c]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", q->name, "meaning",
                                              q->meaning, "choices", choices));
    }
    return list;
}

static json_t *one_json(const Space *p)
{
    json_t *refused = json_array();
    for (int i = 0; i < p->nreasons; i++)
        json_array_append_new(refused, json_pack("{s:s, s:I}", "reason", p->reason[i].text, "count",
                                                 (json_int_t)p->reason[i].count));
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "lowering", p->how->name, "summary",
                     p->how->summary, "knobs", knobs_json(p->how), "points", (json_int_t)p->points,
                     "walked", (json_int_t)p->seen, "legal", (json_int_t)p->legal, "refused",
                     refused);
}

/* ---- both ----------------------------------------------------------------- */

static Space *new_space(dcn_error *err)
{
    Space *p = malloc(sizeof *p);
    if (!p)
        dcn_fail(err, DCN_EENV, "no memory for a space");
    return p;
}

int space_print(const dcn_spec *s, const dcn_target *t, dcn_error *err)
{
    Space *p = new_space(err);
    if (!p)
        return -1;
    printf("%s for %s (%s)\n", s->name, t->cpu, t->isa);
    for (int i = 0; cg_lowerings[i]; i++) {
        walk(p, cg_lowerings[i], s, t);
        print_space(p);
    }
    free(p);
    return 0;
}

json_t *space_json(const dcn_spec *s, const dcn_target *t, dcn_error *err)
{
    Space *p = new_space(err);
    if (!p)
        return NULL;
    json_t *list = json_array();
    for (int i = 0; cg_lowerings[i]; i++) {
        walk(p, cg_lowerings[i], s, t);
        json_array_append_new(list, one_json(p));
    }
    free(p);
    return json_pack("{s:s, s:s, s:s, s:o}", "name", s->name, "target", t->cpu, "isa", t->isa,
                     "lowerings", list);
}
