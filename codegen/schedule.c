/* schedule.c: schedules as text, and walking the space.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/trace.h"
#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "runtime/base/base.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LOWERINGS = 8 };

const Lowering *const cg_lowerings[] = {
    &lower_tiled, &lower_direct, &lower_aggregate, &lower_project, &lower_stages, &lower_roi, NULL
};

int sched_takes(const Lowering *how, const dcn_spec *s)
{
    return (how->ops >> s->op & 1) != 0;
}

const char *sched_knob_meaning(const char *lowering, const char *knob)
{
    for (const Lowering *const *how = cg_lowerings; *how; how++)
        for (int i = 0; strcmp((*how)->name, lowering) == 0 && i < (*how)->nknobs; i++)
            if (strcmp((*how)->knobs[i]->name, knob) == 0)
                return (*how)->knobs[i]->meaning;
    return "";
}

/* ---- walking --------------------------------------------------------------------------------- */

static int choice_at(const Knob *q, int value)
{
    for (int i = 0; i < q->nchoices; i++)
        if (q->choice[i] == value)
            return i;
    return -1;
}

/* The next point of the raw space; the first knob turns fastest. */
static int step(Schedule *sc)
{
    for (int i = 0; i < sc->lowering->nknobs; i++) {
        const Knob *q = sc->lowering->knobs[i];
        int at = choice_at(q, sc->k[i]);
        if (at + 1 < q->nchoices) {
            sc->k[i] = q->choice[at + 1];
            return 1;
        }
        sc->k[i] = q->choice[0];
    }
    return 0;
}

int sched_next(Schedule *sc, const dcn_spec *s, const dcn_target *t)
{
    while (step(sc))
        if (!sc->lowering->refuse(s, t, sc->k))
            return 1;
    return 0;
}

int sched_first(Schedule *sc, const dcn_spec *s, const dcn_target *t)
{
    if (!sched_takes(sc->lowering, s))
        return 0;
    for (int i = 0; i < sc->lowering->nknobs; i++)
        sc->k[i] = sc->lowering->knobs[i]->choice[0];
    return !sc->lowering->refuse(s, t, sc->k) || sched_next(sc, s, t);
}

/* ---- guessing -------------------------------------------------------------------------------- */

/* A product needs some output channels to pay for its column. */
static int prefer_direct(const dcn_spec *s, const dcn_target *t)
{
    int lanes = problem_vector(s, t);
    return s->out_channels < lanes / 2 || (s->groups > 1 && s->in_channels < lanes / 2);
}

/* Lowerings in the order in which they are asked. */
static void preference(const dcn_spec *s, const dcn_target *t, const Lowering *order[])
{
    int n = 0;
    if (sched_takes(&lower_direct, s) && prefer_direct(s, t))
        order[n++] = &lower_direct;
    for (int i = 0; cg_lowerings[i]; i++) {
        if (sched_takes(cg_lowerings[i], s) && (n == 0 || cg_lowerings[i] != order[0]))
            order[n++] = cg_lowerings[i];
    }
    order[n] = NULL;
}

int sched_guess(const dcn_spec *s, const dcn_target *t, Schedule *out, dcn_error *err)
{
    const Lowering *order[MAX_LOWERINGS + 1];
    char why[256] = "";
    preference(s, t, order);
    for (int i = 0; order[i]; i++) {
        out->lowering = order[i];
        out->lowering->guess(s, t, out->k);
        const char *no = out->lowering->refuse(s, t, out->k);
        trace_dispatch(s, out, no);
        if (!no)
            return 0;
        size_t n = strlen(why);
        snprintf(why + n, sizeof why - n, "%s%s: %s", n ? "; " : "", out->lowering->name, no);
    }
    return dcn_fail(err, DCN_EFAILED, "no lowering takes this spec (%s)",
                    *why ? why : dcn_op_name(s->op));
}

/* ---- text ------------------------------------------------------------------------------------ */

int sched_print(const Schedule *sc, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s", sc->lowering->name);
    for (int i = 0; i < sc->lowering->nknobs; i++) {
        size_t at = (size_t)n < size ? (size_t)n : size;
        n += snprintf(buf + at, size - at, " %s=%d", sc->lowering->knobs[i]->name, sc->k[i]);
    }
    return n;
}

static const Lowering *lowering_named(const char *name)
{
    for (int i = 0; cg_lowerings[i]; i++)
        if (strcmp(cg_lowerings[i]->name, name) == 0)
            return cg_lowerings[i];
    return NULL;
}

static int no_such(const char *what, const char *word, const char *const *names, dcn_error *err)
{
    char list[256] = "";
    for (int i = 0; names[i]; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = rt_nearest(word, names);
    return near ? dcn_fail(err, DCN_EUSAGE, "unknown %s \"%s\" (did you mean \"%s\"?)", what, word,
                           near)
                : dcn_fail(err, DCN_EUSAGE, "unknown %s \"%s\": expected one of %s", what, word,
                           list);
}

static int no_such_lowering(const char *word, const dcn_spec *s, dcn_error *err)
{
    const char *names[MAX_LOWERINGS + 1] = { NULL };
    for (int i = 0, n = 0; cg_lowerings[i]; i++)
        if (sched_takes(cg_lowerings[i], s))
            names[n++] = cg_lowerings[i]->name;
    return no_such("lowering", word, names, err);
}

static int no_such_knob(const Lowering *how, const char *word, dcn_error *err)
{
    const char *names[MAX_KNOBS + 1] = { NULL };
    for (int i = 0; i < how->nknobs; i++)
        names[i] = how->knobs[i]->name;
    char what[64];
    snprintf(what, sizeof what, "knob of lowering %s", how->name);
    return no_such(what, word, names, err);
}

static int bad_value(const Knob *q, const char *text, dcn_error *err)
{
    char list[256] = "";
    for (int i = 0; i < q->nchoices; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%d", i ? ", " : "", q->choice[i]);
    }
    return dcn_fail(err, DCN_EUSAGE, "schedule knob %s = %s is not one of %s", q->name, text, list);
}

/* One word "knob=value". */
static int set_knob(Schedule *sc, char *word, unsigned *seen, dcn_error *err)
{
    char *eq = strchr(word, '=');
    if (!eq)
        return dcn_fail(err, DCN_EUSAGE, "bad schedule word \"%s\": expected knob=value", word);
    *eq = '\0';
    int i = 0;
    while (i < sc->lowering->nknobs && strcmp(sc->lowering->knobs[i]->name, word) != 0)
        i++;
    if (i == sc->lowering->nknobs)
        return no_such_knob(sc->lowering, word, err);
    if (*seen & 1u << i)
        return dcn_fail(err, DCN_EUSAGE, "schedule knob %s is given twice", word);
    *seen |= 1u << i;
    char *end;
    long v = strtol(eq + 1, &end, 10);
    if (end == eq + 1 || *end || v != (int)v || choice_at(sc->lowering->knobs[i], (int)v) < 0)
        return bad_value(sc->lowering->knobs[i], eq + 1, err);
    sc->k[i] = (int)v;
    return 0;
}

/* Which lowering the text means: its first word if that is no knob, else the one that would be guessed. */
static int start(char *first, const dcn_spec *s, const dcn_target *t, Schedule *out, dcn_error *err)
{
    if (!first || strchr(first, '='))
        return sched_guess(s, t, out, err);
    out->lowering = lowering_named(first);
    if (!out->lowering)
        return no_such_lowering(first, s, err);
    if (!sched_takes(out->lowering, s))
        return dcn_fail(err, DCN_EFAILED, "schedule \"%s\" is refused: it does not compile %s",
                        first, dcn_op_name(s->op));
    out->lowering->guess(s, t, out->k);
    return 0;
}

int sched_parse(const char *text, const dcn_spec *s, const dcn_target *t, Schedule *out,
                dcn_error *err)
{
    char buf[2 * DCN_TEXT_MAX], *save = NULL;
    if (strlen(text) >= sizeof buf)
        return dcn_fail(err, DCN_EUSAGE, "the schedule is longer than %d characters",
                        (int)sizeof buf - 1);
    strcpy(buf, text);
    char *word = strtok_r(buf, " \t\n,", &save);
    if (start(word, s, t, out, err))
        return -1;
    if (word && !strchr(word, '='))
        word = strtok_r(NULL, " \t\n,", &save);
    for (unsigned seen = 0; word; word = strtok_r(NULL, " \t\n,", &save))
        if (set_knob(out, word, &seen, err))
            return -1;
    const char *no = out->lowering->refuse(s, t, out->k);
    if (!no)
        return 0;
    char full[DCN_TEXT_MAX];
    sched_print(out, full, sizeof full);
    return dcn_fail(err, DCN_EFAILED, "schedule \"%s\" is refused: %s", full, no);
}
