/* cores.c: how many cores the guesses for them keep busy, worked out on one.
**
**     dcngen_cores SPEC ROUNDS COUNTS [-D name=value] [NAME...]
**     dcngen_cores bench/cores.lua 5 4,8,16=0.75,32=0.6,64
**
** Every kernel of the spec file (whose name begins with one of the names) is compiled with the guess
** for one thread and with those for each count of them, compared with the reference, and the kernels
** take turns on one thread for ROUNDS rounds, each of their tasks by the clock.  A task costs its
** median.  The tasks of a phase are then given to that many threads as the library gives them (see
** runtime/loop/chunks.h), phase after phase.  A line is
**
**     NAME  THREADS  us of work for each of them  tasks of the phases
**     balance     the share of the threads' time in which they have a task
**     one thread  the time of the kernel that is fastest on one thread / the time of this one
**     share       balance * one thread: the speed-up that is expected / THREADS
**
** and one for each phase of several, with a mark where the share is below the one that COUNTS asks
** for (16=0.75), unless a thread has less than WORTHWHILE to do.  What it leaves out: threads begin
** and end a phase at once, and share nothing.  The status is 1 if a share is too small, an output wrong.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/load.h"
#include "bench/makespan.h"
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "tuner/check/cases.h"
#include "tuner/check/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNTS = 8, MAX_ROUNDS = 99, MAX_CALL_PHASES = 64, TASKS_TEXT = 128 };
static const double OFFSET_DEVIATION = 2, WORTHWHILE = 20e3; /* ns */

/* ---- what is asked for ------------------------------------------------------------------------- */

typedef struct CoreCount {
    int threads;
    double share; /* that is wanted; 0: any */
} CoreCount;

typedef struct CoresBench {
    CoreCount count[MAX_COUNTS];
    int ncounts, rounds, judged, below;
} CoresBench;

/* "4,8,16=0.75" */
static int read_counts(CoresBench *b, const char *text, dcn_error *err)
{
    for (const char *at = text; *at;) {
        char *end;
        CoreCount c = { (int)strtol(at, &end, 10), 0 };
        bool asks = *end == '=';
        if (asks)
            c.share = strtod(end + 1, &end);
        if (c.threads < 1 || (asks && c.share <= 0) || c.threads > BENCH_MAX_CORES ||
            b->ncounts == MAX_COUNTS || (*end && *end != ','))
            return dcn_fail(err, DCN_EUSAGE, "%s: expected numbers of threads, as 4,8,16=0.75",
                            text);
        b->count[b->ncounts++] = c;
        at = *end ? end + 1 : end;
    }
    return 0;
}

/* ---- one kernel -------------------------------------------------------------------------------- */

typedef struct CoresKernel {
    dcn_kernel *kernel;
    Operands o; /* shared by all, but for the weights, which are packed for this kernel */
    void *workspace;
    int phases;
    int64_t first[MAX_CALL_PHASES + 1]; /* task of a phase; after the last: how many */
    double *task;                       /* ns of each, round after round; then the medians */
    double ns[MAX_ROUNDS];
} CoresKernel;

/* One call, task after task. */
typedef struct TaskClock {
    CoresKernel *k;
    double *task; /* where the times go; NULL: tasks are counted only */
    int phase;
} TaskClock;

static void one_by_one(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int),
                       void *arg)
{
    TaskClock *c = self;
    CoresKernel *k = c->k;
    (void)threads;
    int64_t first = c->phase ? k->first[c->phase] : 0;
    for (int64_t i = 0; i < n; i++) {
        double start = rt_now_ns();
        body(arg, i, 0);
        if (c->task)
            c->task[first + i] = rt_now_ns() - start;
    }
    if (c->phase == MAX_CALL_PHASES)
        return;
    k->first[++c->phase] = first + n;
    k->phases = c->phase;
}

static int run(CoresKernel *k, double *task, double *ns, dcn_error *err)
{
    TaskClock clock = { .k = k, .task = task };
    k->o.parallel_for = one_by_one;
    k->o.parallel_self = &clock;
    double start = rt_now_ns();
    int failed = tune_run(&k->o, 1, k->workspace, err);
    *ns = rt_now_ns() - start;
    return failed;
}

static int64_t tasks_of(const CoresKernel *k)
{
    return k->first[k->phases];
}

/* ---- one layer --------------------------------------------------------------------------------- */

typedef struct CoresLayer {
    const dcn_spec *spec;
    Operands all;
    Expected expected;
    CoresKernel kernel[MAX_COUNTS + 1];
    int n;
    int guess[MAX_COUNTS]; /* which kernel is the guess for a count */
} CoresLayer;

/* The kernel of the guess, another one's if that is the same schedule. */
static int add_guess(CoresLayer *l, int threads, int *which, dcn_error *err)
{
    const dcn_options opt = { .threads = threads };
    CoresKernel *k = &l->kernel[l->n];
    if (dcn_compile(l->spec, &opt, &k->kernel, err))
        return -1;
    for (*which = 0; *which < l->n; ++*which)
        if (!strcmp(dcn_kernel_schedule(l->kernel[*which].kernel), dcn_kernel_schedule(k->kernel)))
            break;
    if (*which < l->n) {
        dcn_kernel_free(k->kernel);
        k->kernel = NULL;
        return 0;
    }
    l->n++;
    size_t bytes = dcn_kernel_workspace_bytes(k->kernel, (dcn_sizes){ 0 }, 1);
    k->workspace = rt_aligned(bytes);
    return k->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory for %zu bytes", bytes);
}

static int open_operands(CoresLayer *l, dcn_error *err)
{
    rt_rng rng = rt_rng_seed(1);
    TuneCase ordinary = tune_ordinary(OFFSET_DEVIATION);
    if (tune_operands_open(&l->all, NULL, l->spec, err) || tune_fill_inputs(&l->all, &rng, err))
        return -1;
    tune_fill_case(&l->all, &ordinary, &rng);
    return expected_open(&l->expected, &l->all, &rng, err);
}

/* The first call, which also says how many tasks there are. */
static int check(const CoresBench *b, CoresLayer *l, CoresKernel *k, dcn_error *err)
{
    dcn_report report = { .what = "" };
    double ns;
    if (tune_operands_share(&k->o, &l->all, k->kernel, err))
        return -1;
    tune_poison_outputs(&k->o);
    if (run(k, NULL, &ns, err))
        return -1;
    if (!expected_compare(&l->expected, &k->o, "ordinary offsets", &report))
        return dcn_fail(err, DCN_EFAILED, "%s: %s", dcn_kernel_schedule(k->kernel), report.what);
    k->task = calloc((size_t)(b->rounds * tasks_of(k) + 1), sizeof *k->task);
    return k->task ? 0 : dcn_fail(err, DCN_EENV, "no memory for the times of the tasks");
}

static int open_layer(const CoresBench *b, CoresLayer *l, dcn_error *err)
{
    int one;
    if (add_guess(l, 1, &one, err) || open_operands(l, err))
        return -1;
    for (int i = 0; i < b->ncounts; i++)
        if (add_guess(l, b->count[i].threads, &l->guess[i], err))
            return -1;
    for (int i = 0; i < l->n; i++)
        if (check(b, l, &l->kernel[i], err))
            return -1;
    return 0;
}

static void close_layer(CoresLayer *l)
{
    for (int i = 0; i < l->n; i++) {
        tune_operands_drop(&l->kernel[i].o);
        dcn_kernel_free(l->kernel[i].kernel);
        free(l->kernel[i].workspace);
        free(l->kernel[i].task);
    }
    expected_close(&l->expected);
    tune_operands_close(&l->all);
}

/* ---- times ------------------------------------------------------------------------------------- */

/* Puts the median of each task's rounds in the place of the first one. */
static void take_medians(const CoresBench *b, CoresKernel *k)
{
    double one[MAX_ROUNDS];
    int64_t n = tasks_of(k);
    for (int64_t i = 0; i < n; i++) {
        for (int r = 0; r < b->rounds; r++)
            one[r] = k->task[r * n + i];
        k->task[i] = rt_median(one, b->rounds);
    }
}

/* Runs unclocked first, for each to find its own data in the caches. */
static int measure(const CoresBench *b, CoresLayer *l, dcn_error *err)
{
    for (int r = 0; r < b->rounds; r++)
        for (int turn = 0; turn < l->n; turn++) {
            CoresKernel *k = &l->kernel[(turn + r) % l->n];
            if (run(k, NULL, &k->ns[r], err) || run(k, k->task + r * tasks_of(k), &k->ns[r], err))
                return -1;
        }
    for (int i = 0; i < l->n; i++)
        take_medians(b, &l->kernel[i]);
    return 0;
}

static double median_ns(const CoresBench *b, const CoresKernel *k)
{
    double all[MAX_ROUNDS];
    memcpy(all, k->ns, (size_t)b->rounds * sizeof *all);
    return rt_median(all, b->rounds);
}

static const CoresKernel *fastest(const CoresBench *b, const CoresLayer *l)
{
    const CoresKernel *best = &l->kernel[0];
    for (int i = 1; i < l->n; i++)
        if (median_ns(b, &l->kernel[i]) < median_ns(b, best))
            best = &l->kernel[i];
    return best;
}

/* The median of the ratios within a round. */
static double ratio(const CoresBench *b, const CoresKernel *x, const CoresKernel *y)
{
    double all[MAX_ROUNDS];
    for (int r = 0; r < b->rounds; r++)
        all[r] = x->ns[r] / y->ns[r];
    return rt_median(all, b->rounds);
}

/* What the tasks of a phase take together, and from its begin to its end. */
typedef struct PhaseTime {
    double work, time;
} PhaseTime;

static PhaseTime time_of(const CoresKernel *k, int phase, int threads)
{
    const double *task = k->task + k->first[phase];
    int64_t n = k->first[phase + 1] - k->first[phase];
    return (PhaseTime){ bench_makespan(task, n, 1), bench_makespan(task, n, threads) };
}

static double balance(const CoresKernel *k, int threads)
{
    PhaseTime all = { 0, 0 };
    for (int p = 0; p < k->phases; p++) {
        PhaseTime t = time_of(k, p, threads);
        all.work += t.work;
        all.time += t.time;
    }
    return all.time > 0 ? all.work / (threads * all.time) : 1;
}

/* ---- the table --------------------------------------------------------------------------------- */

/* "50+224" */
static void print_tasks(const CoresKernel *k, char text[TASKS_TEXT])
{
    int used = 0;
    text[0] = 0;
    for (int p = 0; p < k->phases && used < TASKS_TEXT - 1; p++)
        used += snprintf(text + used, (size_t)(TASKS_TEXT - used), "%s%lld", p ? "+" : "",
                         (long long)(k->first[p + 1] - k->first[p]));
}

static void print_row(CoresBench *b, const CoresLayer *l, int i)
{
    const CoreCount *c = &b->count[i];
    const CoresKernel *k = &l->kernel[l->guess[i]], *best = fastest(b, l);
    char tasks[TASKS_TEXT];
    double work = median_ns(b, best) / c->threads, kept = balance(k, c->threads);
    double one = ratio(b, best, k), share = kept * one;
    bool judged = c->share > 0 && work >= WORTHWHILE, low = judged && share < c->share;
    print_tasks(k, tasks);
    printf("%-30s %4d %9.1f  %-24s %6.2f %6.2f %6.2f%s\n", l->spec->name, c->threads, work / 1e3,
           tasks, kept, one, share, low ? " <-" : "");
    b->judged += judged;
    b->below += low;
}

/* What limits a layer of several phases: a line for each of them. */
static void print_phases(const CoresKernel *k, int threads)
{
    for (int p = 0; p < k->phases && k->phases > 1; p++) {
        PhaseTime t = time_of(k, p, threads);
        printf("    phase %-2d %5lld tasks, %8.1f us of work, %7.1f us long\n", p + 1,
               (long long)(k->first[p + 1] - k->first[p]), t.work / 1e3, t.time / 1e3);
    }
}

static int time_layer(CoresBench *b, const dcn_spec *s, dcn_error *err)
{
    CoresLayer *l = calloc(1, sizeof *l);
    if (!l)
        return dcn_fail(err, DCN_EENV, "no memory for a layer");
    l->spec = s;
    dcn_error why;
    int failed = open_layer(b, l, &why) || measure(b, l, &why);
    if (failed)
        dcn_fail(err, why.code, "%s: %s", s->name, why.text);
    for (int i = 0; i < b->ncounts && !failed; i++) {
        print_row(b, l, i);
        print_phases(&l->kernel[l->guess[i]], b->count[i].threads);
    }
    fflush(stdout);
    close_layer(l);
    free(l);
    return failed ? -1 : 0;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool is_wanted(const char *name, char **names)
{
    if (!*names)
        return true;
    while (*names && strncmp(name, *names, strlen(*names)) != 0)
        names++;
    return *names != NULL;
}

static int time_file(CoresBench *b, char **argv, dcn_error *err)
{
    char **names = argv + 4;
    dcn_module *module = NULL;
    const dcn_spec *s;
    int rounds = atoi(argv[2]);
    b->rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    int failed =
        read_counts(b, argv[3], err) || bench_load(argv[1], NULL, &names, &module, &s, err);
    if (!failed)
        printf("%-30s %4s %9s  %-24s %6s %6s %6s\n", "layer", "for", "us each", "tasks", "busy",
               "one", "share");
    for (int i = 0; !failed && i < dcn_module_count(module); i++) {
        s = dcn_module_spec(module, i);
        failed = is_wanted(s->name, names) && time_layer(b, s, err);
    }
    dcn_module_free(module);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: dcngen_cores SPEC ROUNDS COUNTS [-D name=value] [NAME...]\n");
        return DCN_EUSAGE;
    }
    CoresBench b = { .rounds = 1 };
    dcn_error err = { .text = "" };
    setenv("DCNGEN_TUNE", "off", 1); /* the guess, whatever is known */
    int failed = time_file(&b, argv, &err);
    if (failed)
        fprintf(stderr, "dcngen_cores: %s\n", err.text);
    else
        printf("%d of %d below the share that is wanted\n", b.below, b.judged);
    return failed ? (int)err.code : b.below ? DCN_EFAILED : 0;
}
