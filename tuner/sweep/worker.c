/* worker.c: a worker: its share of a plan, on the machine it is on.
**
** First all items are looked at: what is done is reported, what this machine cannot run is recorded
** as left or is estimated.  Then the rest is tuned, each item in a process of its own on cores of
** its own.  The worker itself has no database open while it makes processes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/worker.h"
#include "runtime/base/base.h"
#include "tuner/sweep/item_run.h"
#include "tuner/tune/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 20, MAX_SILENCE_MS = 1000 };

/* What a process leaves, in memory that it shares with the worker. */
typedef struct Answer {
    bool finished, failed;
    SweepRow row;
    dcn_error err;
} Answer;

typedef struct Slot {
    pid_t child; /* 0: free */
    int item;
    CoreSet cores;
    Answer *answer;
} Slot;

typedef enum { TO_MEASURE, TO_ESTIMATE, TO_LEAVE } Todo;

typedef struct SweepWorker {
    SweepRun *run;
    Cores cores;
    Todo *todo; /* what to do with every item */
    Slot *slot;
    int nslots, running, next;
    int waited_ms; /* for cores that others hold */
    bool told_to_stop;
} SweepWorker;

/* ---- looking at all of it ----------------------------------------------------------------- */

static void report(SweepWorker *w, int i, const SweepRow *row, bool before)
{
    w->run->count[row->state]++;
    w->run->report(w->run->self, &w->run->plan->at[i], row, before);
}

static bool may_be_estimated(const SweepItem *t)
{
    SweepJob job;
    return !sweep_item_open(t, &job, NULL);
}

static int leave(SweepWorker *w, TuneStore *db, int i, const char *why, dcn_error *err)
{
    SweepRow row = { .state = SWEEP_FOREIGN };
    snprintf(row.why, sizeof row.why, "%.*s", (int)sizeof row.why - 1, why);
    w->todo[i] = TO_LEAVE;
    if (sweep_row_put(db, w->run->plan->at[i].id, &row, err))
        return -1;
    report(w, i, &row, false);
    return 0;
}

static int look_at(SweepWorker *w, TuneStore *db, int i, dcn_error *err)
{
    const SweepItem *t = &w->run->plan->at[i];
    SweepRow row;
    dcn_error why;
    if (sweep_row_get(db, t->id, &row, err))
        return -1;
    const bool here = !sweep_can_run(t, &w->cores, &why);
    w->todo[i] = here ? TO_MEASURE : TO_ESTIMATE;
    if (row.state >= (here ? SWEEP_DONE : SWEEP_ESTIMATED)) {
        w->todo[i] = TO_LEAVE;
        report(w, i, &row, true);
        return 0;
    }
    return here || (w->run->estimate && may_be_estimated(t)) ? 0 : leave(w, db, i, why.text, err);
}

static int look_at_all(SweepWorker *w, dcn_error *err)
{
    TuneStore *db;
    if (sweep_db_open(w->run->db, true, &db, err))
        return -1;
    int failed = 0;
    for (int i = 0; i < w->run->plan->n && !failed; i++)
        failed = look_at(w, db, i, err);
    tune_store_close(db);
    return failed;
}

/* ---- the process of an item --------------------------------------------------------------- */

static volatile int item_stopped;

static void on_stop(int number)
{
    item_stopped = number;
}

/* A process of an item is asked to stop by the worker only, and dies with it. */
static void prepare(const Slot *s, pid_t parent)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, on_stop);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (s->cores.n)
        (void)sched_setaffinity(0, sizeof s->cores.cpus, &s->cores.cpus);
}

static void do_item(const SweepWorker *w, const Slot *s)
{
    Answer *a = s->answer;
    const ItemRun run = { .item = &w->run->plan->at[s->item],
                          .db = w->run->db,
                          .estimate = w->todo[s->item] == TO_ESTIMATE,
                          .stop = &item_stopped };
    a->failed = sweep_run_item(&run, &a->row, &a->err);
    a->finished = true;
}

static int start(SweepWorker *w, Slot *s, dcn_error *err)
{
    const pid_t parent = getpid();
    memset(s->answer, 0, sizeof *s->answer);
    fflush(NULL);
    s->child = fork();
    if (s->child == 0) {
        prepare(s, parent);
        do_item(w, s);
        _exit(0);
    }
    if (s->child > 0) {
        w->running++;
        return 0;
    }
    s->child = 0;
    cores_drop(&s->cores);
    return dcn_fail(err, DCN_EENV, "cannot make a process: %s", strerror(errno));
}

/* ---- when it has ended -------------------------------------------------------------------- */

static int record(SweepWorker *w, const Slot *s, const SweepRow *row, dcn_error *err)
{
    TuneStore *db;
    if (sweep_db_open(w->run->db, true, &db, err))
        return -1;
    int failed = sweep_row_put(db, w->run->plan->at[s->item].id, row, err);
    tune_store_close(db);
    return failed;
}

/* Killed for memory, or by hand: the next worker tries it again. */
static int died(SweepWorker *w, const Slot *s, int status, dcn_error *err)
{
    SweepRow row = { .state = SWEEP_FAILED };
    if (WIFSIGNALED(status))
        snprintf(row.why, sizeof row.why, "its process died of signal %d", WTERMSIG(status));
    else
        snprintf(row.why, sizeof row.why, "its process ended with status %d", WEXITSTATUS(status));
    if (record(w, s, &row, err))
        return -1;
    report(w, s->item, &row, false);
    return 0;
}

static int take_answer(SweepWorker *w, Slot *s, int status, dcn_error *err)
{
    const Answer *a = s->answer;
    s->child = 0;
    w->running--;
    cores_drop(&s->cores);
    if (!a->finished)
        return w->told_to_stop ? 0 : died(w, s, status, err);
    if (a->failed)
        return dcn_fail(err, a->err.code, "%s", a->err.text);
    report(w, s->item, &a->row, false);
    return 0;
}

static int reap(SweepWorker *w, dcn_error *err)
{
    for (int i = 0; i < w->nslots; i++) {
        int status = 0;
        Slot *s = &w->slot[i];
        if (s->child && waitpid(s->child, &status, WNOHANG) == s->child &&
            take_answer(w, s, status, err))
            return -1;
    }
    return 0;
}

static void stop_all(SweepWorker *w)
{
    for (int i = 0; i < w->nslots && !w->told_to_stop; i++)
        if (w->slot[i].child)
            kill(w->slot[i].child, SIGTERM);
    w->told_to_stop = true;
}

/* ---- all of them -------------------------------------------------------------------------- */

static Slot *free_slot(SweepWorker *w)
{
    for (int i = 0; i < w->nslots; i++)
        if (!w->slot[i].child)
            return &w->slot[i];
    return NULL;
}

/* 1: begun; 0: it must wait; -1 err. */
static int start_next(SweepWorker *w, dcn_error *err)
{
    Slot *s = free_slot(w);
    if (!s)
        return 0;
    s->item = w->next;
    s->cores.n = 0;
    const int threads = w->run->plan->at[w->next].threads;
    int got = w->todo[w->next] == TO_ESTIMATE ? 1 : cores_take(&w->cores, threads, &s->cores, err);
    if (got <= 0)
        return got;
    w->next++;
    w->waited_ms = 0;
    return start(w, s, err) ? -1 : 1;
}

static void pause_a_while(SweepWorker *w)
{
    const int ms = LOOK_MS + (int)(getpid() % 7);
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
    if (w->running)
        return;
    const bool already = w->waited_ms >= MAX_SILENCE_MS;
    w->waited_ms += ms;
    if (!already && w->waited_ms >= MAX_SILENCE_MS && w->run->waits)
        w->run->waits(w->run->self);
}

static bool is_stopped(const SweepWorker *w)
{
    return w->run->stop && *w->run->stop;
}

/* 1: something was done; 0: nothing can be now. */
static int step(SweepWorker *w, dcn_error *err)
{
    const int n = w->run->plan->n;
    while (w->next < n && w->todo[w->next] == TO_LEAVE)
        w->next++;
    if (is_stopped(w)) {
        stop_all(w);
        w->next = n;
    }
    return reap(w, err) ? -1 : w->next < n ? start_next(w, err) : 0;
}

static int do_all(SweepWorker *w, dcn_error *err)
{
    int did = 0;
    while (did >= 0 && (w->next < w->run->plan->n || w->running)) {
        did = step(w, err);
        if (did == 0)
            pause_a_while(w);
    }
    return did < 0 ? -1 : 0;
}

/* ---- setting up --------------------------------------------------------------------------- */

static int make_room(SweepWorker *w, dcn_error *err)
{
    w->nslots = w->run->jobs > 0 && w->run->jobs < w->cores.n ? w->run->jobs : w->cores.n;
    w->todo = calloc((size_t)w->run->plan->n, sizeof *w->todo);
    w->slot = calloc((size_t)w->nslots, sizeof *w->slot);
    if (!w->todo || !w->slot)
        return dcn_fail(err, DCN_EENV, "no memory for %d items", w->run->plan->n);
    for (int i = 0; i < w->nslots; i++)
        if (!(w->slot[i].answer = child_share(sizeof *w->slot[i].answer, err)))
            return -1;
    return 0;
}

static void clean_up(SweepWorker *w)
{
    stop_all(w);
    for (int i = 0; w->slot && i < w->nslots; i++) {
        if (w->slot[i].child)
            waitpid(w->slot[i].child, NULL, 0);
        cores_drop(&w->slot[i].cores);
        child_unshare(w->slot[i].answer, sizeof *w->slot[i].answer);
    }
    free(w->slot);
    free(w->todo);
}

int sweep_run(SweepRun *run, dcn_error *err)
{
    SweepWorker *w = calloc(1, sizeof *w);
    if (!w)
        return dcn_fail(err, DCN_EENV, "no memory for a worker");
    memset(run->count, 0, sizeof run->count);
    w->run = run;
    int failed =
        cores_find(&w->cores, err) || make_room(w, err) || look_at_all(w, err) || do_all(w, err);
    clean_up(w);
    free(w);
    return failed ? -1 : 0;
}
