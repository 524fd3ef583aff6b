/* work.c: `sweep worker`: a share of the plan on this machine.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "cli/sweep/sweep.h"
#include "runtime/base/base.h"
#include "tuner/sweep/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the share ---------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *name)
{
    char word[64];
    while (*list) {
        sweep_word(&list, word, sizeof word);
        if (!strcmp(word, name))
            return true;
    }
    return false;
}

/* Items are dealt out one by one, so that every share has some of each kind. */
static void keep_share(const Args *a, SweepPlan *plan)
{
    int n = 0, dealt = 0;
    for (int i = 0; i < plan->n; i++) {
        const SweepItem *t = &plan->at[i];
        if ((a->item && strcmp(a->item, t->id) != 0) ||
            (a->target && !is_listed(a->target, t->target)))
            continue;
        if (a->shard[1] && dealt++ % a->shard[1] != a->shard[0] - 1)
            continue;
        if (n != i)
            plan->at[n] = *t;
        n++;
    }
    plan->n = n;
}

static int fail_empty(const Args *a, dcn_error *err)
{
    if (a->item)
        return dcn_fail(err, DCN_EUSAGE, "%s has no item '%s'", a->plan, a->item);
    if (a->target)
        return dcn_fail(err, DCN_EUSAGE, "nothing in %s is for %s, or not in this share", a->plan,
                        a->target);
    return dcn_fail(err, DCN_EUSAGE, "share %d of %d of %s is empty", a->shard[0], a->shard[1],
                    a->plan);
}

/* ---- telling ------------------------------------------------------------------------------ */

static void print_row_json(const SweepItem *t, const SweepRow *r, bool before)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:s, s:o, s:o, s:s}", "item", t->id,
                  "kernel", t->kernel, "target", t->target, "threads", t->threads, "offsets",
                  t->offsets_name, "state", sweep_state_names[r->state], "before", before,
                  "schedule", r->schedule, "ns", r->ns > 0 ? number_json(r->ns) : json_null(),
                  "gain", r->gain > 0 ? number_json(r->gain) : json_null(), "why", r->why);
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (text)
        puts(text);
    free(text);
    json_decref(o);
}

static void print_row(const SweepItem *t, const SweepRow *r, bool before)
{
    const char *state = r->state == SWEEP_MISSING ? "stopped" : sweep_state_names[r->state];
    printf("%s %s %s %d %s: %s%s", t->id, t->kernel, t->target, t->threads, t->offsets_name, state,
           before ? " before" : "");
    if (r->state == SWEEP_DONE || r->state == SWEEP_ESTIMATED)
        printf(", %.4g ms", r->ns / 1e6);
    if (r->state == SWEEP_DONE && r->gain > 0)
        printf(", %.3f times as fast as the guess", r->gain);
    if (r->state == SWEEP_FAILED || r->state == SWEEP_FOREIGN)
        printf(": %s", r->why);
    putchar('\n');
}

typedef struct Talk {
    bool json;
} Talk;

static void report_item(void *self, const SweepItem *t, const SweepRow *r, bool before)
{
    const Talk *talk = self;
    if (talk->json)
        print_row_json(t, r, before);
    else
        print_row(t, r, before);
    fflush(stdout);
}

static void report_wait(void *self)
{
    (void)self;
    print_note("waiting for cores: other workers use them");
}

/* ---- the exit code ------------------------------------------------------------------------ */

static int set_outcome(const SweepRun *run, dcn_error *err)
{
    const int *n = run->count;
    if (signal_caught)
        return EXIT_BY_SIGNAL + signal_caught;
    if (n[SWEEP_FOREIGN] == run->plan->n)
        return dcn_fail(err, DCN_EENV, "this machine can run none of the %d item%s", run->plan->n,
                        run->plan->n == 1 ? "" : "s");
    return n[SWEEP_FAILED] ? DCN_EFAILED : 0;
}

static int work(const Args *a, const SweepPlan *plan, dcn_error *err)
{
    Talk talk = { args_has(a, OPT_JSON) != 0 };
    SweepRun run = { .plan = plan,
                     .db = a->db.at[0],
                     .jobs = a->jobs,
                     .estimate = args_has(a, OPT_ESTIMATE),
                     .stop = &signal_caught,
                     .report = report_item,
                     .waits = report_wait,
                     .self = &talk };
    signals_catch();
    return sweep_run(&run, err) ? -1 : set_outcome(&run, err);
}

int sweep_worker(const Args *a, dcn_error *err)
{
    SweepPlan plan;
    if (a->words.n > 1)
        return dcn_fail(err, DCN_EUSAGE, "sweep worker takes no '%s'", a->words.at[1]);
    if (a->db.n != 1)
        return dcn_fail(err, DCN_EUSAGE, "sweep worker needs one --db FILE");
    int status = sweep_plan_given(a, &plan, err);
    if (!status) {
        keep_share(a, &plan);
        status = plan.n ? work(a, &plan, err) : fail_empty(a, err);
    }
    sweep_plan_free(&plan);
    return status;
}
