/* bench.c: the verb that times kernels.
**
** A kernel is compared with the reference before it is timed: a wrong result has no speed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/load/offsets.h"
#include "cli/load/weights.h"
#include "cli/out/print.h"
#include "cli/verb/bench_layers.h"
#include "cli/verb/brief.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"
#include "runtime/exec/threads.h"
#include "runtime/spec/operands.h"

#include <stdlib.h>
#include <string.h>

typedef struct BenchRow {
    dcn_kernel *kernel;
    dcn_timing timing;
    size_t workspace_bytes;
    LayerTimes layers; /* of a network */
} BenchRow;

typedef struct BenchRun {
    const Args *args;
    Kernels kernels;
    int threads, name_width;
    BenchRow *row;
    double peak_gflops; /* the greatest of all rows */
    int busy;           /* rows beside which the peak was disturbed */
} BenchRun;

/* ---- text ----------------------------------------------------------------- */

static void print_head(const BenchRun *b)
{
    printf("%-*s %-5s %-6s %7s %9s %9s %9s %8s %6s %9s  %s\n", b->name_width, "kernel", "dtype",
           "layout", "threads", "median", "min", "max", "GFLOP/s", "peak", "MB", "schedule");
}

/* A share of a peak that was disturbed is none. */
static const char *share_text(const dcn_timing *t, char buf[32])
{
    if (t->peak_disturbed)
        snprintf(buf, 32, "%6s", "busy");
    else
        snprintf(buf, 32, "%5.1f%%", 100 * t->peak_fraction);
    return buf;
}

static void print_row(const BenchRun *b, const BenchRow *r)
{
    const dcn_spec *s = dcn_kernel_spec(r->kernel);
    const dcn_timing *t = &r->timing;
    char median[32], min[32], max[32], share[32], brief[DCN_SCHEDULE_MAX];
    printf("%-*s %-5s %-6s %7d %9s %9s %9s %8.1f %s %9.3f  %s\n", b->name_width, s->name,
           dcn_dtype_name(s->dtype), dcn_layout_name(s->layout), b->threads,
           print_time(t->ns_median, median), print_time(t->ns_min, min), print_time(t->ns_max, max),
           t->gflops, share_text(t, share), t->bytes / 1e6,
           brief_schedule(b->args, s, dcn_kernel_target(r->kernel), dcn_kernel_schedule(r->kernel),
                          brief));
    fflush(stdout);
}

/* ---- JSON ----------------------------------------------------------------- */

static json_t *row_json(const BenchRun *b, const BenchRow *r)
{
    const dcn_spec *s = dcn_kernel_spec(r->kernel);
    const dcn_timing *t = &r->timing;
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "name", s->name, "op", dcn_op_name(s->op),
                  "dtype", dcn_dtype_name(s->dtype), "layout", dcn_layout_name(s->layout), "target",
                  dcn_kernel_target(r->kernel)->cpu, "threads", b->threads);
    json_t *times =
        json_pack("{s:o, s:o, s:o, s:i, s:o, s:o, s:o}", "ns_median", number_json(t->ns_median),
                  "ns_min", number_json(t->ns_min), "ns_max", number_json(t->ns_max), "rounds",
                  t->rounds, "gflops", number_json(t->gflops), "peak_gflops",
                  number_json(t->peak_gflops), "peak_fraction", number_json(t->peak_fraction));
    json_object_set_new(times, "peak_disturbed", json_boolean(t->peak_disturbed));
    json_t *rest =
        json_pack("{s:I, s:I, s:s, s:b}", "bytes", (json_int_t)t->bytes, "workspace_bytes",
                  (json_int_t)r->workspace_bytes, "schedule", dcn_kernel_schedule(r->kernel),
                  "tuned", dcn_kernel_choice(r->kernel)->origin == DCN_ORIGIN_TUNED);
    json_object_update(o, times);
    json_object_update(o, rest);
    json_decref(times);
    json_decref(rest);
    if (s->network) {
        json_object_set_new(o, "layers", layer_times_json(&r->layers));
        json_object_set_new(o, "ns_layers", number_json(r->layers.sum));
        json_object_set_new(o, "ns_inside", number_json(r->layers.inside));
    }
    return o;
}

static int print_all_json(const BenchRun *b, dcn_error *err)
{
    json_t *list = json_array();
    for (int i = 0; i < b->kernels.n; i++)
        json_array_append_new(list, row_json(b, &b->row[i]));
    json_t *root = list_json("kernels", list);
    json_object_set_new(root, "peak_gflops", number_json(b->peak_gflops));
    return print_json(root, err);
}

/* ---- measuring ------------------------------------------------------------ */

static int check_static(const BenchRun *b, dcn_error *err)
{
    for (int i = 0; i < b->kernels.n; i++) {
        if (kernel_check_static(b->kernels.spec[i], "bench", err) ||
            weights_check(b->args, b->kernels.spec[i], err))
            return -1;
    }
    return 0;
}

static int verify_first(const BenchRun *b, const BenchRow *r, dcn_error *err)
{
    dcn_report report;
    const dcn_spec *s = dcn_kernel_spec(r->kernel);
    if (dcn_verify(r->kernel, 0, b->threads, &report, err))
        return kernel_fail(&b->kernels, s, err);
    if (report.failures)
        return dcn_fail(err, DCN_EFAILED, "kernel '%s' is wrong, so it is not timed: %s", s->name,
                        report.what);
    return 0;
}

/* With these parameters in the place of random ones; NULL: there are none. */
static int measure_with(BenchRun *b, BenchRow *r, const dcn_spec *s, const void *parameters,
                        dcn_error *err)
{
    const Args *a = b->args;
    const void *tensor[RT_NUM_OPERANDS] = { NULL };
    if (parameters)
        tensor[weights_at(s)] = parameters;
    const dcn_bench_options opt = {
        .threads = b->threads, .seconds = a->seconds, .offsets = a->offsets, .tensor = tensor
    };
    if (kernel_compile(&b->kernels, s, &r->kernel, err) || verify_first(b, r, err))
        return -1;
    if (dcn_bench_with(r->kernel, &opt, &r->timing, err))
        return kernel_fail(&b->kernels, s, err);
    return s->network ? layer_times_measure(&b->kernels, r->kernel, &opt, &r->layers, err) : 0;
}

static int measure(BenchRun *b, int i, dcn_error *err)
{
    const dcn_spec *s = b->kernels.spec[i];
    BenchRow *r = &b->row[i];
    void *parameters;
    if (weights_read(b->args, s, &parameters, err))
        return -1;
    const int failed = measure_with(b, r, s, parameters, err);
    free(parameters);
    if (failed)
        return -1;
    b->busy += r->timing.peak_disturbed;
    r->workspace_bytes = dcn_kernel_workspace_bytes(r->kernel, (dcn_sizes){ 0 }, b->threads);
    if (r->timing.peak_gflops > b->peak_gflops)
        b->peak_gflops = r->timing.peak_gflops;
    return 0;
}

static int prepare(BenchRun *b, dcn_error *err)
{
    if (offsets_check(b->args->offsets, err) || kernels_load(b->args, &b->kernels, err) ||
        check_static(b, err))
        return -1;
    b->threads = rt_threads(b->args->threads, err);
    if (b->threads < 0)
        return -1;
    b->row = calloc((size_t)b->kernels.n, sizeof *b->row);
    if (!b->row)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", b->kernels.n);
    b->name_width = (int)strlen("kernel");
    for (int i = 0; i < b->kernels.n; i++) {
        int n = (int)strlen(b->kernels.spec[i]->name);
        b->name_width = n > b->name_width ? n : b->name_width;
    }
    return 0;
}

static int measure_all(BenchRun *b, dcn_error *err)
{
    const bool text = !args_has(b->args, OPT_JSON);
    for (int i = 0; i < b->kernels.n; i++) {
        if (measure(b, i, err))
            return -1;
        if (text && i == 0)
            print_head(b);
        if (text)
            print_row(b, &b->row[i]);
        if (text && b->kernels.spec[i]->network)
            layer_times_print(&b->row[i].layers, b->row[i].timing.ns_median);
    }
    if (!text)
        return print_all_json(b, err);
    printf("peak: %.1f GFLOP/s of multiply-adds on %d thread%s, measured in this run%s\n",
           b->peak_gflops, b->threads, b->threads == 1 ? "" : "s",
           b->busy ? "; too low where other work kept the machine busy" : "");
    return 0;
}

static void free_row(BenchRow *r)
{
    dcn_kernel_free(r->kernel);
    layer_times_free(&r->layers);
}

int verb_bench(const Args *a, dcn_error *err)
{
    BenchRun b = { .args = a };
    int status = prepare(&b, err) || measure_all(&b, err) ? -1 : 0;
    for (int i = 0; b.row && i < b.kernels.n; i++)
        free_row(&b.row[i]);
    free(b.row);
    kernels_free(&b.kernels);
    return status;
}
