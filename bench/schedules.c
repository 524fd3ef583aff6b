/* schedules.c: many schedules of one kernel, side by side.
**
**     dcngen_schedules SPEC KERNEL THREADS ROUNDS [-D name=value] SCHEDULE...
**
** A schedule may hold alternatives: "tiled mr={6,8} nv=*" (see expand.h); "" is the guess.  Every
** legal one is compiled and compared with the reference; those that pass take turns for ROUNDS
** rounds, forwards and backwards, each running once unclocked to bring its own data into the caches
** and once by the clock.  The table is sorted by the median; the share is of the multiply-add peak
** of the same rounds.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/expand.h"
#include "bench/load.h"
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "tuner/check/cases.h"
#include "tuner/check/expected.h"
#include "tuner/measure/peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SCHEDULES = 4096 };
static const double OFFSET_DEVIATION = 2;

typedef struct TimedSchedule {
    dcn_kernel *kernel;
    Operands o; /* shared by all, but for the weights, which are packed for this kernel */
    double *ns, median;
} TimedSchedule;

typedef struct ScheduleBench {
    dcn_module *module;
    const dcn_spec *spec;
    int threads, rounds;
    Operands o;
    Expected expected;
    TimedSchedule *schedule;
    int n, refused, repeated, wrong;
    dcn_error reason; /* why the last refused one was */
    void *workspace;
    double *peak; /* GFLOP/s, per round */
} ScheduleBench;

/* ---- schedules ------------------------------------------------------------ */

static bool is_known(const ScheduleBench *w, const dcn_kernel *k)
{
    for (int i = 0; i < w->n; i++)
        if (!strcmp(dcn_kernel_schedule(w->schedule[i].kernel), dcn_kernel_schedule(k)))
            return true;
    return false;
}

static void add(void *self, const char *text)
{
    ScheduleBench *w = self;
    dcn_error err;
    dcn_kernel *k;
    dcn_options opt = { .schedule = *text ? text : NULL };
    if (dcn_compile(w->spec, &opt, &k, &err)) {
        w->refused++;
        w->reason = err;
        return;
    }
    if (w->n == MAX_SCHEDULES || is_known(w, k)) {
        w->repeated++;
        dcn_kernel_free(k);
        return;
    }
    w->schedule[w->n++] = (TimedSchedule){ .kernel = k };
}

static int pack(ScheduleBench *w, TimedSchedule *c, dcn_error *err)
{
    c->ns = calloc((size_t)w->rounds, sizeof *c->ns);
    if (!c->ns)
        return dcn_fail(err, DCN_EENV, "no memory for %d rounds of %d schedules", w->rounds, w->n);
    return tune_operands_share(&c->o, &w->o, c->kernel, err);
}

static int run(const ScheduleBench *w, const TimedSchedule *c, dcn_error *err)
{
    return tune_run(&c->o, w->threads, w->workspace, err);
}

static void forget(TimedSchedule *c)
{
    tune_operands_drop(&c->o);
    dcn_kernel_free(c->kernel);
    free(c->ns);
}

/* ---- operands, the same for all ------------------------------------------- */

static int open_workspace(ScheduleBench *w, dcn_error *err)
{
    size_t max = 0;
    for (int i = 0; i < w->n; i++) {
        size_t bytes =
            dcn_kernel_workspace_bytes(w->schedule[i].kernel, (dcn_sizes){ 0 }, w->threads);
        max = bytes > max ? bytes : max;
    }
    w->workspace = rt_aligned(max);
    return w->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory for %zu bytes", max);
}

static int open_operands(ScheduleBench *w, dcn_error *err)
{
    rt_rng rng = rt_rng_seed(1);
    TuneCase ordinary = tune_ordinary(OFFSET_DEVIATION);
    if (tune_operands_open(&w->o, NULL, w->spec, err) || tune_fill_inputs(&w->o, &rng, err))
        return -1;
    tune_fill_case(&w->o, &ordinary, &rng);
    return expected_open(&w->expected, &w->o, &rng, err);
}

/* ---- a check --------------------------------------------------------------- */

/* Runs it once, which also warms it up, and compares. */
static bool is_right(const ScheduleBench *w, TimedSchedule *c, dcn_report *report)
{
    dcn_error err;
    *report = (dcn_report){ .what = "" };
    tune_poison_outputs(&c->o);
    if (run(w, c, &err)) {
        snprintf(report->what, sizeof report->what, "%.255s", err.text);
        return false;
    }
    return expected_compare(&w->expected, &c->o, "ordinary offsets", report);
}

static void drop_wrong(ScheduleBench *w)
{
    int kept = 0;
    for (int i = 0; i < w->n; i++) {
        TimedSchedule *c = &w->schedule[i];
        dcn_report report;
        if (is_right(w, c, &report)) {
            w->schedule[kept++] = *c;
            continue;
        }
        printf("WRONG: %s: %s\n", dcn_kernel_schedule(c->kernel), report.what);
        w->wrong++;
        forget(c);
    }
    w->n = kept;
}

/* ---- timing --------------------------------------------------------------- */

static int measure(ScheduleBench *w, dcn_error *err)
{
    TunePeak peak;
    int failed = tune_peak_open(&peak, w->spec->dtype, dcn_kernel_target(w->schedule[0].kernel),
                                w->threads, err);
    for (int r = 0; r < w->rounds && !failed; r++) {
        w->peak[r] = tune_peak_run(&peak);
        for (int i = 0; i < w->n && !failed; i++) {
            TimedSchedule *c = &w->schedule[r % 2 ? w->n - 1 - i : i];
            failed = run(w, c, err);
            double start = rt_now_ns();
            failed = failed || run(w, c, err);
            c->ns[r] = rt_now_ns() - start;
        }
    }
    tune_peak_close(&peak);
    return failed;
}

static int faster(const void *a, const void *b)
{
    const TimedSchedule *x = a, *y = b;
    return (x->median > y->median) - (x->median < y->median);
}

static void print_table(ScheduleBench *w)
{
    double peak = rt_median(w->peak, w->rounds), flops = dcn_spec_flops(w->spec);
    dcn_choice guess = { .schedule = "" };
    dcn_explain(w->spec, NULL, &guess, NULL, 0, NULL);
    for (int i = 0; i < w->n; i++)
        w->schedule[i].median = rt_median(w->schedule[i].ns, w->rounds);
    qsort(w->schedule, (size_t)w->n, sizeof *w->schedule, faster);
    printf("%9s %9s %8s %6s  schedule of %s, %d thread%s, peak %.1f GFLOP/s\n", "median ms",
           "min ms", "GFLOP/s", "peak", w->spec->name, w->threads, w->threads == 1 ? "" : "s",
           peak);
    for (int i = 0; i < w->n; i++) {
        const TimedSchedule *c = &w->schedule[i];
        const char *text = dcn_kernel_schedule(c->kernel);
        printf("%9.3f %9.3f %8.1f %5.1f%%  %s%s\n", c->median / 1e6, c->ns[0] / 1e6,
               flops / c->median, 100 * flops / c->median / peak, text,
               strcmp(text, guess.schedule) ? "" : "  <- guess");
    }
}

/* ---- the whole ------------------------------------------------------------ */

/* The kernel and its schedules from the command line. */
static int load(ScheduleBench *w, char **argv, dcn_error *err)
{
    char **args = argv + 5;
    if (bench_load(argv[1], argv[2], &args, &w->module, &w->spec, err))
        return -1;
    if (!*args)
        add(w, "");
    for (; *args; args++)
        bench_expand(*args, add, w);
    if (!w->n)
        return dcn_fail(err, DCN_EFAILED, "no legal schedule; %s", w->reason.text);
    return 0;
}

static int compare(ScheduleBench *w, char **argv, dcn_error *err)
{
    w->threads = atoi(argv[3]);
    w->rounds = atoi(argv[4]) > 0 ? atoi(argv[4]) : 1;
    w->schedule = calloc(MAX_SCHEDULES, sizeof *w->schedule);
    w->peak = calloc((size_t)w->rounds, sizeof *w->peak);
    if (!w->schedule || !w->peak)
        return dcn_fail(err, DCN_EENV, "no memory for %d rounds", w->rounds);
    if (load(w, argv, err) || open_operands(w, err) || open_workspace(w, err))
        return -1;
    for (int i = 0; i < w->n; i++)
        if (pack(w, &w->schedule[i], err))
            return -1;
    drop_wrong(w);
    if (w->n && measure(w, err))
        return -1;
    if (w->n)
        print_table(w);
    printf("%d timed, %d refused, %d repeated, %d wrong%s%s\n", w->n, w->refused, w->repeated,
           w->wrong, w->refused ? "; the last refusal: " : "", w->reason.text);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: dcngen_schedules SPEC KERNEL THREADS ROUNDS [-D name=value] "
                        "SCHEDULE...\n");
        return DCN_EUSAGE;
    }
    ScheduleBench w = { .workspace = NULL };
    dcn_error err = { .text = "" };
    setenv("DCNGEN_TUNE", "off", 1); /* the empty schedule is the guess */
    int failed = compare(&w, argv, &err);
    if (failed)
        fprintf(stderr, "dcngen_schedules: %s\n", err.text);
    for (int i = 0; w.schedule && i < w.n; i++)
        forget(&w.schedule[i]);
    expected_close(&w.expected);
    tune_operands_close(&w.o);
    free(w.schedule);
    free(w.peak);
    free(w.workspace);
    dcn_module_free(w.module);
    return failed ? (int)err.code : w.wrong ? DCN_EFAILED : 0;
}
