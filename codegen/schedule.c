/* schedule.c: schedules guessed, copied, compared and walked; schedule_text.c has their text.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/trace.h"
#include "codegen/balance.h"
#include "codegen/kernel/entry.h"
#include "runtime/base/base.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The guess takes the first of lowerings that are estimated to be equally fast. */
const Lowering *const cg_lowerings[] = {
    &lower_tiled, &lower_direct,   &lower_aggregate,    &lower_project, &lower_stages,
    &lower_roi,   &lower_gradient, &lower_roi_gradient, &lower_scatter, &lower_network,
    NULL
};
_Static_assert(sizeof cg_lowerings / sizeof *cg_lowerings - 1 <= MAX_LOWERINGS,
               "MAX_LOWERINGS counts them");

int sched_takes(const Lowering *how, const dcn_spec *s)
{
    return rt_op_in(s->op, s->gradient ? how->gradient_ops : how->ops) &&
           (!how->takes || how->takes(s));
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

int sched_choice(const Knob *q, int value)
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
        int at = sched_choice(q, sc->k[i]);
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

/* A layer of a network may say its own; that counts before what is known. */
static int choose_part(const SchedFor *f, const LoweringPart *p, SchedPart *out, dcn_error *err)
{
    const char *said = p->spec.schedule;
    const SchedFor part = { &p->spec, f->t, f->threads, f->known };
    dcn_error why;
    memcpy(out->name, p->name, sizeof out->name);
    if (!*said) {
        if (f->known && f->known->ask(f->known->self, &p->spec, f->t, &out->sched))
            return 0;
        return sched_guess(&part, &out->sched, err);
    }
    if (!sched_parse(said, &part, &out->sched, &why))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'schedule' = \"%s\": %s", said, why.text);
}

/* NULL, or why not, in `why`. */
static const char *guess_composite(const SchedFor *f, Schedule *out, dcn_error *why)
{
    LoweringPart *part = NULL;
    int n = out->lowering->parts(f->s, &part);
    out->part = n < 0 ? NULL : calloc((size_t)n + 1, sizeof *out->part);
    int failed = out->part ? 0 : dcn_fail(why, DCN_EENV, "no memory for its stages");
    for (int i = 0; i < n && !failed; i++) {
        failed = choose_part(f, &part[i], &out->part[i], why);
        out->nparts += !failed;
        if (failed)
            dcn_fail(why, why->code, "stage %s: %s", part[i].name, why->text);
    }
    free(part);
    if (!failed)
        return NULL;
    sched_free(out);
    return why->text;
}

static const char *guess_of(const SchedFor *f, Schedule *out, dcn_error *why)
{
    if (out->lowering->parts)
        return guess_composite(f, out, why);
    out->lowering->guess(f->s, f->t, f->threads, out->k);
    return out->lowering->refuse(f->s, f->t, out->k);
}

static void tell(const dcn_spec *s, const Schedule *sched, const char *refused)
{
    char text[DCN_SCHEDULE_MAX];
    if (!trace_wants_choices())
        return;
    sched_print(sched, text, sizeof text);
    trace_choice(s->name, text, refused);
}

/* An unknown cost loses against any known one.  Few threads are kept busy by any lowering: on up to
** FEW of them one thread is asked, whose order of lowerings is a measured one. */
static bool is_cheaper(const SchedFor *f, const Schedule *a, const Schedule *b)
{
    enum { FEW = 2 };
    const int threads = f->threads > FEW ? f->threads : 1;
    double cost = sched_cost(a, f->s, f->t, threads), other = sched_cost(b, f->s, f->t, threads);
    return cost > 0 && (other <= 0 || cost < other);
}

/* The guess of one lowering takes the place of *best, which has none yet or a dearer one. */
static void keep_cheaper(const SchedFor *f, Schedule *best, Schedule *sc)
{
    bool better = !best->lowering || is_cheaper(f, sc, best);
    if (best->lowering)
        tell(f->s, better ? best : sc, "another lowering is estimated to be faster");
    sched_free(better ? best : sc);
    if (better)
        *best = *sc;
}

/* A composite can those that its parts can. */
static bool has_gradients(dcn_op op)
{
    for (const Lowering *const *how = cg_lowerings; *how; how++)
        if (rt_op_in(op, (*how)->gradient_ops) && (!(*how)->parts || rt_op_in(op, (*how)->ops)))
            return true;
    return false;
}

/* The spec is right, and its reference computes it; what is missing is code. */
static int fail_gradient(const dcn_spec *s, dcn_error *err)
{
    char names[256];
    rt_text t = rt_text_in(names, sizeof names);
    for (int op = 0; op < DCN_NUM_OPS; op++)
        if (has_gradients((dcn_op)op))
            rt_text_item(&t, ", ", "%s", dcn_op_name((dcn_op)op));
    return dcn_fail(err, DCN_ESPEC,
                    "'gradient' of %s cannot be compiled in this version; that of %s can",
                    dcn_op_name(s->op), *names ? names : "no operator");
}

int sched_guess(const SchedFor *f, Schedule *out, dcn_error *err)
{
    char why[512];
    rt_text all = rt_text_in(why, sizeof why);
    dcn_error part = { .code = DCN_OK };
    *out = (Schedule){ .lowering = NULL };
    for (const Lowering *const *how = cg_lowerings; *how; how++) {
        Schedule sc = { .lowering = *how };
        const char *no = sched_takes(*how, f->s) ? guess_of(f, &sc, &part) : NULL;
        if (no) {
            tell(f->s, &sc, no);
            rt_text_item(&all, "; ", "%s: %s", (*how)->name, no);
        } else if (sched_takes(*how, f->s)) {
            keep_cheaper(f, out, &sc);
        }
    }
    if (!out->lowering && f->s->gradient && !has_gradients(f->s->op))
        return fail_gradient(f->s, err);
    if (!out->lowering && part.code == DCN_ESPEC) /* a layer's own schedule is to blame */
        return dcn_fail(err, DCN_ESPEC, "%s", part.text);
    if (!out->lowering)
        return dcn_fail(err, DCN_EFAILED, "no lowering takes this spec (%s)",
                        *why ? why : dcn_op_name(f->s->op));
    tell(f->s, out, NULL);
    return 0;
}

/* ---- as values ------------------------------------------------------------------------------- */

void sched_free(Schedule *sc)
{
    for (int i = 0; i < sc->nparts; i++)
        sched_free(&sc->part[i].sched);
    free(sc->part);
    sc->part = NULL;
    sc->nparts = 0;
}

int sched_copy(const Schedule *from, Schedule *to)
{
    *to = *from;
    to->nparts = 0;
    to->part = from->part ? calloc((size_t)from->nparts + 1, sizeof *to->part) : NULL;
    int failed = from->part && !to->part;
    for (int i = 0; i < from->nparts && !failed; i++) {
        memcpy(to->part[i].name, from->part[i].name, sizeof to->part[i].name);
        to->part[i].given = from->part[i].given;
        failed = sched_copy(&from->part[i].sched, &to->part[i].sched);
        to->nparts++;
    }
    if (failed)
        sched_free(to);
    return failed ? -1 : 0;
}

bool sched_equal(const Schedule *a, const Schedule *b)
{
    if (a->lowering != b->lowering || a->nparts != b->nparts)
        return false;
    for (int i = 0; i < a->nparts; i++)
        if (strcmp(a->part[i].name, b->part[i].name) != 0 ||
            !sched_equal(&a->part[i].sched, &b->part[i].sched))
            return false;
    return !memcmp(a->k, b->k, (size_t)a->lowering->nknobs * sizeof *a->k);
}

static void print_nameless(const dcn_spec *s, char text[DCN_SPEC_TEXT_MAX])
{
    dcn_spec bare = *s;
    snprintf(bare.name, sizeof bare.name, "part");
    dcn_spec_print(&bare, text, DCN_SPEC_TEXT_MAX);
}

int sched_part_like(const LoweringPart *part, int i)
{
    char text[DCN_SPEC_TEXT_MAX], other[DCN_SPEC_TEXT_MAX];
    print_nameless(&part[i].spec, text);
    for (int j = 0; j < i; j++) {
        print_nameless(&part[j].spec, other);
        if (strcmp(text, other) == 0)
            return j;
    }
    return i;
}

/* ---- what a schedule means ------------------------------------------------------------------- */

double sched_speedup(const Schedule *sc, const SchedFor *f)
{
    const SchedFor one = { f->s, f->t, 1, f->known };
    Schedule best = { .lowering = NULL };
    double own = sched_cost(sc, f->s, f->t, 1), ns = sched_cost(sc, f->s, f->t, f->threads);
    double guess = sched_guess(&one, &best, NULL) ? 0 : sched_cost(&best, f->s, f->t, 1);
    sched_free(&best);
    double least = guess > 0 && guess < own ? guess : own;
    return ns > 0 ? least / ns : 0;
}

int sched_emit(const Schedule *sc, Emit *e, Kernel *kernel, const dcn_target *t)
{
    if (sc->lowering->parts)
        return sc->lowering->emit_parts(e, kernel, t, sc->part);
    sc->lowering->emit(e, kernel, t, sc->k);
    return 0;
}
