/* bench_layers.c: the time of each layer of a network.
**
** Layers that compute the same are one kernel, which is timed by itself as `bench` times any kernel, with what
** it reads in the caches.  Inside the network its phases are timed where they are, with parameters that come from
** memory and what the layer before has left.  What is beyond these is changes of layout at the edges.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/bench_layers.h"
#include "cli/out/print.h"
#include "runtime/base/base.h"

#include <stdlib.h>
#include <string.h>

/* All kernels together are timed for about as long as the whole, each of them at least so long. */
static const double LEAST_SECONDS = 0.05;

/* ---- measuring ----------------------------------------------------------------------------------- */

typedef struct LayerTimer {
    const Kernels *kernels;
    const dcn_spec *s; /* of the network */
    dcn_bench_options bench;
} LayerTimer;

static int measure_one(const LayerTimer *m, const LayerKernel *k, LayerTime *to, dcn_error *err)
{
    KernelOptions c;
    dcn_kernel *kernel = NULL;
    dcn_error why;
    if (kernel_options(m->kernels, m->s, &c, err))
        return -1;
    c.opt.schedule = k->schedule;
    c.opt.memory = 0; /* a bound is of the whole */
    const int failed = dcn_compile(&k->spec, &c.opt, &kernel, &why) ||
                       dcn_bench_with(kernel, &m->bench, &to->timing, &why);
    dcn_kernel_free(kernel);
    if (failed)
        return dcn_fail(err, why.code, "layer '%s': %s", k->name, why.text);
    to->ns = k->times * to->timing.ns_median;
    return 0;
}

static int longest_first(const void *a, const void *b)
{
    const LayerTime *x = a, *y = b;
    return x->inside != y->inside ? (x->inside < y->inside ? 1 : -1) : x->kernel - y->kernel;
}

/* Each kernel by itself, in the order of the list. */
static int measure_alone(const LayerTimer *m, LayerTimes *t, dcn_error *err)
{
    for (int i = 0; i < t->layers.n; i++) {
        t->time[i].kernel = i;
        if (measure_one(m, &t->layers.kernel[i], &t->time[i], err))
            return -1;
        t->sum += t->time[i].ns;
    }
    return 0;
}

static int measure_inside(const dcn_kernel *whole, const dcn_bench_options *opt, LayerTimes *t,
                          dcn_error *err)
{
    const int n = t->layers.net->nlayers;
    double *ns = calloc((size_t)n + 1, sizeof *ns);
    const int failed = ns ? layers_time(whole, opt, n, ns, err)
                          : dcn_fail(err, DCN_EENV, "no memory for %d layers", n);
    for (int i = 0; i < n && !failed; i++) {
        t->inside += ns[i];
        if (t->layers.of[i] >= 0)
            t->time[t->layers.of[i]].inside += ns[i];
    }
    free(ns);
    return failed;
}

static int measure_both(const LayerTimer *m, const dcn_kernel *whole, const dcn_bench_options *opt,
                        LayerTimes *t, dcn_error *err)
{
    t->time = calloc((size_t)t->layers.n + 1, sizeof *t->time);
    if (!t->time)
        return dcn_fail(err, DCN_EENV, "no memory for %d layers", t->layers.n);
    if (measure_alone(m, t, err) || measure_inside(whole, opt, t, err))
        return -1;
    if (t->layers.n)
        qsort(t->time, (size_t)t->layers.n, sizeof *t->time, longest_first);
    return 0;
}

int layer_times_measure(const Kernels *k, const dcn_kernel *whole, const dcn_bench_options *opt,
                        LayerTimes *out, dcn_error *err)
{
    LayerTimer m = { k, dcn_kernel_spec(whole), *opt };
    KernelOptions c;
    *out = (LayerTimes){ .sum = 0 };
    if (kernel_options(k, m.s, &c, err))
        return -1;
    if (layers_open(m.s, &c.opt, &out->layers, err))
        return kernel_fail(k, m.s, err);
    m.bench.tensor = NULL;
    m.bench.seconds = out->layers.n ? opt->seconds / out->layers.n : 0;
    m.bench.seconds = m.bench.seconds > LEAST_SECONDS ? m.bench.seconds : LEAST_SECONDS;
    return measure_both(&m, whole, opt, out, err);
}

void layer_times_free(LayerTimes *t)
{
    layers_close(&t->layers);
    free(t->time);
}

/* ---- telling ------------------------------------------------------------------------------------- */

static void print_row(const LayerTimes *t, const LayerTime *row, int width)
{
    const LayerKernel *k = &t->layers.kernel[row->kernel];
    char all[32], one[32], inside[32] = "-", share[32] = "-", lowering[32] = "-";
    if (k->schedule)
        snprintf(lowering, sizeof lowering, "%.*s", (int)strcspn(k->schedule, " "), k->schedule);
    if (row->inside > 0) {
        print_time(row->inside, inside);
        snprintf(share, sizeof share, "%.1f%%", 100 * row->inside / t->inside);
    }
    printf("  %-*s  %-16s %5d  %9s  %9s  %9s %6s %8.1f  %s\n", width, k->name, k->does, k->times,
           print_time(row->timing.ns_median, one), print_time(row->ns, all), inside, share,
           row->timing.gflops, lowering);
}

static void print_sums(const LayerTimes *t, double whole_ns)
{
    char sum[32], inside[32], whole[32];
    const double above = whole_ns / t->sum - 1;
    printf(
        "  layers by themselves %s, in the network %s; the network, %s, is %.1f%% %s the first\n",
        print_time(t->sum, sum), print_time(t->inside, inside), print_time(whole_ns, whole),
        100 * (above < 0 ? -above : above), above < 0 ? "below" : "above");
}

void layer_times_print(const LayerTimes *t, double whole_ns)
{
    size_t width = strlen("layer");
    for (int i = 0; i < t->layers.n; i++)
        if (strlen(t->layers.kernel[i].name) > width)
            width = strlen(t->layers.kernel[i].name);
    printf("  %-*s  %-16s %5s  %9s  %9s  %9s %6s %8s  %s\n", (int)width, "layer", "what", "times",
           "one", "alone", "inside", "share", "GFLOP/s", "lowering");
    for (int i = 0; i < t->layers.n; i++)
        print_row(t, &t->time[i], (int)width);
    if (t->sum > 0)
        print_sums(t, whole_ns);
    fflush(stdout);
}

json_t *layer_times_json(const LayerTimes *t)
{
    json_t *list = json_array();
    for (int i = 0; i < t->layers.n; i++) {
        const LayerTime *row = &t->time[i];
        const LayerKernel *k = &t->layers.kernel[row->kernel];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:s?}", "name", k->name, "op", k->does,
                      "times", k->times, "ns_median", number_json(row->timing.ns_median), "ns",
                      number_json(row->ns), "ns_inside", number_json(row->inside), "gflops",
                      number_json(row->timing.gflops), "schedule", k->schedule));
    }
    return list;
}
