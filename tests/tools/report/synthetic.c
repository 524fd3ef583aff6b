/* synthetic.c: a store full of plausible records.
**
** The time of a schedule is that of a good one times a penalty for each knob away from its best
** value, with some noise, so that the pictures have the shapes of real ones.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/report/synthetic.h"
#include "codegen/lowering.h"
#include "tuner/check/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void demand(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "synthetic: %s\n", what);
    abort();
}

static double uniform(rt_rng *r)
{
    return (double)(rt_rng_next(r) >> 11) / 9007199254740992.0;
}

static dcn_target native(void)
{
    dcn_target t;
    demand(!dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), "no target");
    return t;
}

TuneKey synthetic_key(const Synthetic *s)
{
    TuneKey key;
    dcn_error err = { .text = "" };
    const dcn_target t = native();
    demand(!tune_key(s->spec, &t, s->threads, &key, &err), err.text);
    return key;
}

/* ---- the landscape -------------------------------------------------------- */

/* Where in its choices a knob is best; both ends of the range are bad. */
static double penalty(const Lowering *how, const int *k)
{
    double product = 1;
    for (int i = 0; i < how->nknobs; i++) {
        const Knob *q = how->knobs[i];
        int at = 0;
        while (q->choice[at] != k[i])
            at++;
        const double best = fmod(0.37 + 0.29 * i, 0.8) * (q->nchoices - 1);
        product *= 1 + 0.6 / (i + 1) * pow(fabs(at - best) / q->nchoices, 1.5);
    }
    return product * (strcmp(how->name, "direct") ? 1 : 9);
}

static void wander(Schedule *sc, int knobs, rt_rng *r)
{
    for (int i = 0; i < knobs; i++) {
        const int at = (int)(rt_rng_next(r) % (unsigned)sc->lowering->nknobs);
        const Knob *q = sc->lowering->knobs[at];
        sc->k[at] = q->choice[rt_rng_next(r) % (unsigned)q->nchoices];
    }
}

/* ---- records -------------------------------------------------------------- */

static void time_record(const Synthetic *s, const Schedule *sc, rt_rng *r, TuneRecord *out)
{
    out->flops = dcn_spec_flops(s->spec);
    out->peak_gflops = s->threads * s->gflops / 0.82 * (0.98 + 0.04 * uniform(r));
    const double ns = out->flops / s->gflops / s->threads * penalty(sc->lowering, sc->k);
    out->nsamples = 24;
    for (int i = 0; i < out->nsamples; i++)
        out->sample[i] = ns * (1 + 0.006 * uniform(r) + (uniform(r) < 0.04 ? 0.05 : 0));
    out->ns_median = ns * 1.003;
    out->ns_low = ns * 1.0015;
    out->ns_high = ns * 1.0045;
}

static void fail_record(rt_rng *r, TuneRecord *out)
{
    static const struct {
        TuneOutcome outcome;
        const char *why;
    } all[] = {
        { TUNE_CRASHED, "signal 11, Segmentation fault" },
        { TUNE_WRONG, "far offsets: output[0][12][3][7] is 1.25, not 0.75" },
        { TUNE_TIMEOUT, "no answer in 10 s" },
        { TUNE_REFUSED, "the workspace of a tile would exceed 32 MiB" },
    };
    const int i = (int)(rt_rng_next(r) % 4);
    out->outcome = all[i].outcome;
    snprintf(out->why, sizeof out->why, "%s", all[i].why);
}

static void fill(const Synthetic *s, const Schedule *sc, int i, rt_rng *r, TuneRecord *out)
{
    memset(out, 0, sizeof *out);
    sched_print(sc, out->schedule, sizeof out->schedule);
    snprintf(out->lowering, sizeof out->lowering, "%s", sc->lowering->name);
    snprintf(out->offsets, sizeof out->offsets, "%s", s->offsets);
    snprintf(out->where, sizeof out->where, "builder-7, Some CPU @ 2.60GHz");
    out->rev = sc->lowering->rev;
    const int each = s->candidates / s->runs + 1;
    out->run = 1781000000000LL + 86400000LL * (i / each);
    out->when = out->run / 1000 + i % each;
    out->trial = i % each;
    if (s->failures && i && uniform(r) < 0.06)
        fail_record(r, out);
    else
        time_record(s, sc, r, out);
}

typedef struct Synthesis {
    Schedule guess, best;
    double guess_ns, best_ns;
} Synthesis;

static void judge(Synthesis *y, const Schedule *sc, int i, TuneRecord *r)
{
    if (!i)
        y->guess_ns = r->ns_median;
    if (r->outcome != TUNE_OK)
        return;
    r->gain = y->guess_ns / r->ns_median;
    if (i && r->ns_median > 1.6 * y->best_ns) {
        r->outcome = TUNE_DROPPED;
        r->nsamples = 4;
        snprintf(r->why, sizeof r->why, "slower than 1.1 times the best after 4 pairs");
    } else if (!i || r->ns_median < y->best_ns) {
        y->best = *sc;
        y->best_ns = r->ns_median;
    }
}

static void confirm(TuneStore *st, const TuneKey *key, TuneRecord *best)
{
    dcn_error err = { .text = "" };
    best->winner = 1;
    demand(!tune_store_put(st, key, best, &err), err.text);
}

/* A point near the guess or the best, or now and then of the second lowering. */
static Schedule propose(const Synthetic *s, const Synthesis *y, int i, rt_rng *rng)
{
    const dcn_target t = native();
    for (;;) {
        Schedule sc = i == 0 || uniform(rng) < 0.4 ? y->guess : y->best;
        if (i % 29 == 28) {
            sc.lowering = cg_lowerings[1];
            sc.lowering->guess(s->spec, &t, s->threads, sc.k);
        }
        wander(&sc, i ? 1 + (int)(rt_rng_next(rng) % 4) : 0, rng);
        if (!sc.lowering->refuse(s->spec, &t, sc.k))
            return sc;
    }
}

/* Records of one key have different schedules. */
static bool is_new(char (*seen)[DCN_SCHEDULE_MAX], int n, const char *schedule)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(seen[i], schedule))
            return false;
    snprintf(seen[n], sizeof *seen, "%s", schedule);
    return true;
}

void synthetic_tuning(TuneStore *st, const Synthetic *s)
{
    const TuneKey key = synthetic_key(s);
    const dcn_target t = native();
    rt_rng rng = rt_rng_seed((uint64_t)s->seed);
    dcn_error err = { .text = "" };
    Synthesis y = { .best_ns = INFINITY };
    TuneRecord r, best = { .outcome = TUNE_REFUSED };
    char(*seen)[DCN_SCHEDULE_MAX] = calloc((size_t)s->candidates, sizeof *seen);
    demand(seen && !sched_guess(&(SchedFor){ s->spec, &t, s->threads, NULL }, &y.guess, &err),
           err.text);
    for (int i = 0, tries = 0; i < s->candidates && tries < 20 * s->candidates; tries++) {
        const Schedule sc = propose(s, &y, i, &rng);
        fill(s, &sc, i, &rng, &r);
        if (!is_new(seen, i, r.schedule))
            continue;
        const double before = y.best_ns;
        judge(&y, &sc, i++, &r);
        demand(!tune_store_put(st, &key, &r, &err), err.text);
        if (y.best_ns < before)
            best = r;
    }
    confirm(st, &key, &best);
    free(seen);
}
