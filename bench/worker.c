/* worker.c: dcngen's side of the comparison.
**
**     dcngen_worker list SPEC [-D name=value]                the names of its kernels
**     dcngen_worker make DIR SPEC KERNEL [-D name=value]     write the operands, say what they are
**     dcngen_worker time DIR SPEC KERNEL THREADS [-D ...]    run the kernel on them when asked
**     dcngen_worker peak THREADS                             run the multiply-add loop when asked
**     dcngen_worker compare A.npy B.npy                      how far B is from A
**
** Operands are float32 .npy files in nchw, whatever the layout of the spec; `time` turns them into
** that of its own.  All that is said is one line of JSON an answer.  time and peak answer each line
** on their input:
**
**     first        run once                   {"first_ns", "rss_bytes": growth of the process}
**     run N        run N times                {"ns": of one run} or {"gflops"}
**     write FILE   the output, as nchw        {}
**     verify       the library's own check    {"failures", "what"}
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/load.h"
#include "bench/memory.h"
#include "bench/nchw.h"
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/npy.h"
#include "runtime/spec/operands.h"
#include "tuner/check/operands.h"
#include "tuner/measure/peak.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };
static const double OFFSET_DEVIATION = 2;

typedef struct BenchWorker {
    dcn_module *module;
    const dcn_spec *spec;
    dcn_kernel *kernel;
    int threads, n;
    dcn_tensor tensor[RT_NUM_OPERANDS];
    void *data[RT_NUM_OPERANDS]; /* weight packed */
    void *workspace;
    TunePeak peak;
} BenchWorker;

static void file_name(char *buf, size_t size, const char *dir, const char *tensor)
{
    snprintf(buf, size, "%s/%s.npy", dir, tensor);
}

/* ---- list ----------------------------------------------------------------- */

static int list(char **argv, dcn_error *err)
{
    dcn_module *m = NULL;
    const dcn_spec *s;
    char **args = argv + 3;
    if (bench_load(argv[2], NULL, &args, &m, &s, err))
        return -1;
    for (int i = 0; i < dcn_module_count(m); i++)
        printf("%s\"%s\"", i ? "," : "[", dcn_module_spec(m, i)->name);
    puts("]");
    dcn_module_free(m);
    return 0;
}

/* ---- make ----------------------------------------------------------------- */

static int write_operand(const Operands *o, int i, const char *dir, dcn_error *err)
{
    char path[LINE_MAX_BYTES];
    const dcn_tensor *t = &o->tensor[i];
    float *data = malloc((size_t)o->count[i] * sizeof(float));
    if (!data)
        return dcn_fail(err, DCN_EENV, "no memory for tensor '%s'", t->name);
    rt_convert(data, RT_F32, o->exact[i], RT_F64, o->count[i]);
    file_name(path, sizeof path, dir, t->name);
    int failed = bench_write_nchw(path, &o->spec, t, data, err);
    free(data);
    return failed;
}

static const char *truth(bool b)
{
    return b ? "true" : "false";
}

static void say_spec(const dcn_spec *s)
{
    printf("{\"name\":\"%s\",\"op\":\"%s\",\"batch\":%lld,\"in_channels\":%lld,\"height\":%lld,"
           "\"width\":%lld,\"out_channels\":%lld,\"out_height\":%lld,\"out_width\":%lld,",
           s->name, dcn_op_name(s->op), (long long)s->batch, (long long)s->in_channels,
           (long long)s->height, (long long)s->width, (long long)s->out_channels,
           (long long)dcn_out_height(s, s->height), (long long)dcn_out_width(s, s->width));
    printf("\"kernel\":[%d,%d],\"stride\":[%d,%d],\"dilation\":[%d,%d],\"padding\":[%d,%d,%d,%d],",
           s->kernel[0], s->kernel[1], s->stride[0], s->stride[1], s->dilation[0], s->dilation[1],
           s->padding[0], s->padding[1], s->padding[2], s->padding[3]);
    printf("\"groups\":%d,\"offset_groups\":%d,\"mask\":%s,\"modulation\":\"%s\",", s->groups,
           s->offset_groups, truth(s->modulation == DCN_MODULATION_MASK),
           dcn_modulation_name(s->modulation));
    printf("\"offset_scale\":%.9g,\"remove_center\":%s,\"rois\":%lld,\"spatial_scale\":%.9g,"
           "\"sampling_ratio\":%d,\"flops\":%.17g,\"bytes\":%.17g}\n",
           s->offset_scale, truth(s->remove_center), (long long)s->rois, s->spatial_scale,
           s->sampling_ratio, dcn_spec_flops(s), dcn_spec_bytes(s));
}

static int make(char **argv, dcn_error *err)
{
    BenchWorker w = { .n = 0 };
    Operands o = { .n = 0 };
    rt_rng rng = rt_rng_seed(1);
    TuneCase ordinary = tune_ordinary(OFFSET_DEVIATION);
    char **args = argv + 5;
    int failed = bench_load(argv[3], argv[4], &args, &w.module, &w.spec, err) ||
                 dcn_compile(w.spec, NULL, &w.kernel, err) ||
                 tune_operands_open(&o, w.kernel, w.spec, err) || tune_fill_inputs(&o, &rng, err);
    if (!failed)
        tune_fill_case(&o, &ordinary, &rng);
    for (int i = 0; i < o.n && !failed; i++)
        failed = o.tensor[i].role != DCN_OUT && write_operand(&o, i, argv[2], err);
    if (!failed)
        say_spec(w.spec);
    tune_operands_close(&o);
    dcn_kernel_free(w.kernel);
    dcn_module_free(w.module);
    return failed;
}

/* ---- time ----------------------------------------------------------------- */

static float *allocate(size_t bytes)
{
    float *p = rt_aligned(bytes);
    if (p)
        memset(p, 0xff, bytes);
    return p;
}

/* A tensor of the kernel from its file: packed, or in the kernel's layout. */
static int read_operand(BenchWorker *w, int i, const char *dir, dcn_error *err)
{
    char path[LINE_MAX_BYTES];
    rt_array a;
    const dcn_tensor *t = &w->tensor[i];
    file_name(path, sizeof path, dir, t->name);
    if (rt_npy_read(path, rt_tensor_count(t), &a, err))
        return -1;
    if (a.kind != RT_F32 || a.count != rt_tensor_count(t) || a.rank != t->rank) {
        rt_array_free(&a);
        return dcn_fail(err, DCN_EUSAGE, "%s is not for kernel '%s'", path, w->spec->name);
    }
    if (t->role == DCN_WEIGHT)
        dcn_pack_tensor(w->kernel, i, a.data, w->data[i]);
    else
        bench_from_nchw(w->data[i], w->spec, t, a.data);
    rt_array_free(&a);
    return 0;
}

static size_t operand_bytes(const BenchWorker *w, int i)
{
    if (w->tensor[i].role == DCN_WEIGHT)
        return dcn_kernel_tensor_bytes(w->kernel, i);
    return (size_t)rt_tensor_count(&w->tensor[i]) * sizeof(float);
}

static int open_kernel(BenchWorker *w, const char *dir, dcn_error *err)
{
    if (w->spec->dtype != DCN_F32)
        return dcn_fail(err, DCN_EUSAGE, "the comparison is in f32 alone");
    if (dcn_compile(w->spec, NULL, &w->kernel, err))
        return -1;
    w->n = dcn_spec_tensors(w->spec, w->tensor, RT_NUM_OPERANDS);
    for (int i = 0; i < w->n; i++) {
        w->data[i] = allocate(operand_bytes(w, i));
        if (!w->data[i])
            return dcn_fail(err, DCN_EENV, "no memory for tensor '%s'", w->tensor[i].name);
        if (w->tensor[i].role != DCN_OUT && read_operand(w, i, dir, err))
            return -1;
    }
    size_t bytes = dcn_kernel_workspace_bytes(w->kernel, (dcn_sizes){ 0 }, w->threads);
    w->workspace = rt_aligned(bytes);
    printf("{\"ready\":true,\"version\":\"%s\",\"schedule\":\"%s\",\"workspace_bytes\":%zu,"
           "\"code_bytes\":%zu}\n",
           dcn_version(), dcn_kernel_schedule(w->kernel), bytes, dcn_kernel_code_bytes(w->kernel));
    return 0;
}

static int run_once(const BenchWorker *w, dcn_error *err)
{
    const dcn_call call = {
        .tensor = w->data, .ntensors = w->n, .workspace = w->workspace, .threads = w->threads
    };
    return dcn_execute(w->kernel, &call, err);
}

static int answer_first(BenchWorker *w, const char *rest, dcn_error *err)
{
    (void)rest;
    size_t before = bench_memory_mark();
    double start = rt_now_ns();
    if (run_once(w, err))
        return -1;
    double ns = rt_now_ns() - start;
    size_t peak = bench_memory_peak();
    printf("{\"first_ns\":%.0f,\"rss_bytes\":%zu}\n", ns, peak > before ? peak - before : 0);
    return 0;
}

static int answer_run(BenchWorker *w, const char *rest, dcn_error *err)
{
    int times = atoi(rest) > 0 ? atoi(rest) : 1;
    double start = rt_now_ns();
    for (int i = 0; i < times; i++)
        if (run_once(w, err))
            return -1;
    printf("{\"ns\":%.0f}\n", (rt_now_ns() - start) / times);
    return 0;
}

/* The output; of a kernel of gradients the first of them. */
static int answer_write(BenchWorker *w, const char *rest, dcn_error *err)
{
    int out = 0;
    while (w->tensor[out].role != DCN_OUT)
        out++;
    if (bench_write_nchw(rest, w->spec, &w->tensor[out], w->data[out], err))
        return -1;
    puts("{}");
    return 0;
}

static int answer_verify(BenchWorker *w, const char *rest, dcn_error *err)
{
    (void)rest;
    dcn_report r;
    if (dcn_verify(w->kernel, 0, w->threads, &r, err))
        return -1;
    printf("{\"failures\":%d,\"what\":\"%s\"}\n", r.failures, r.what);
    return 0;
}

static int answer_peak(BenchWorker *w, const char *rest, dcn_error *err)
{
    (void)rest, (void)err;
    printf("{\"gflops\":%.3f}\n", tune_peak_run(&w->peak));
    return 0;
}

/* ---- the loop of questions ------------------------------------------------ */

typedef struct WorkerVerb {
    const char *name;
    int (*answer)(BenchWorker *w, const char *rest, dcn_error *err);
} WorkerVerb;

static const WorkerVerb kernel_verbs[] = {
    { "first", answer_first },   { "run", answer_run }, { "write", answer_write },
    { "verify", answer_verify }, { NULL, NULL },
};
static const WorkerVerb peak_verbs[] = { { "run", answer_peak }, { NULL, NULL } };

static int answer(BenchWorker *w, const WorkerVerb *verbs, dcn_error *err)
{
    char line[LINE_MAX_BYTES];
    for (fflush(stdout); fgets(line, sizeof line, stdin); fflush(stdout)) {
        line[strcspn(line, "\n")] = 0;
        size_t n = strcspn(line, " ");
        const WorkerVerb *v = verbs;
        while (v->name && (strlen(v->name) != n || strncmp(v->name, line, n) != 0))
            v++;
        if (!v->name)
            return dcn_fail(err, DCN_EUSAGE, "no such question: %s", line);
        if (v->answer(w, line[n] ? line + n + 1 : line + n, err))
            return -1;
    }
    return 0;
}

static int time_kernel(char **argv, dcn_error *err)
{
    BenchWorker w = { .threads = atoi(argv[5]) };
    char **args = argv + 6;
    bench_memory_start();
    int failed = bench_load(argv[3], argv[4], &args, &w.module, &w.spec, err) ||
                 open_kernel(&w, argv[2], err) || answer(&w, kernel_verbs, err);
    for (int i = 0; i < w.n; i++)
        free(w.data[i]);
    free(w.workspace);
    dcn_kernel_free(w.kernel);
    dcn_module_free(w.module);
    return failed;
}

static int time_peak(char **argv, dcn_error *err)
{
    BenchWorker w = { .threads = atoi(argv[2]) };
    dcn_target t;
    int failed = dcn_target_native(&t, err) || tune_peak_open(&w.peak, DCN_F32, &t, w.threads, err);
    if (!failed) {
        printf("{\"ready\":true,\"cpu\":\"%s\",\"isa\":\"%s\"}\n", t.cpu, t.isa);
        failed = answer(&w, peak_verbs, err);
    }
    tune_peak_close(&w.peak);
    return failed;
}

/* ---- compare -------------------------------------------------------------- */

/* The greatest difference, and the root of the mean square of the first array to judge it by. */
static int compare(char **argv, dcn_error *err)
{
    rt_array a = { .data = NULL }, b = { .data = NULL };
    int failed =
        rt_npy_read(argv[2], INT64_MAX, &a, err) || rt_npy_read(argv[3], INT64_MAX, &b, err);
    if (!failed && (a.kind != RT_F32 || b.kind != RT_F32 || a.rank != b.rank ||
                    memcmp(a.dims, b.dims, (size_t)a.rank * sizeof *a.dims) != 0))
        failed = dcn_fail(err, DCN_EFAILED, "%s has another shape than %s", argv[3], argv[2]);
    if (!failed) {
        const float *x = a.data, *y = b.data;
        double worst = 0, squares = 0;
        for (int64_t i = 0; i < a.count; i++) {
            double d = fabs((double)x[i] - (double)y[i]);
            worst = d <= worst ? worst : isnan(d) ? INFINITY : d;
            squares += (double)x[i] * (double)x[i];
        }
        printf("{\"max_abs\":%.9g,\"rms\":%.9g}\n", isinf(worst) ? 1e30 : worst,
               sqrt(squares / (double)a.count));
    }
    rt_array_free(&a);
    rt_array_free(&b);
    return failed;
}

/* ---- the program ---------------------------------------------------------- */

typedef struct Mode {
    const char *name;
    int min_args; /* words of the command line */
    int (*run)(char **argv, dcn_error *err);
} Mode;

static const Mode modes[] = {
    { "list", 3, list },      { "make", 5, make },       { "time", 6, time_kernel },
    { "peak", 3, time_peak }, { "compare", 4, compare },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (argc < 2 || strcmp(argv[1], modes[i].name) != 0 || argc < modes[i].min_args)
            continue;
        dcn_error err = { .text = "" };
        if (!modes[i].run(argv, &err))
            return 0;
        fprintf(stderr, "dcngen_worker: %s\n", err.text);
        return (int)err.code;
    }
    fprintf(stderr,
            "usage: dcngen_worker list|make|time|peak|compare ..., see the head of worker.c\n");
    return DCN_EUSAGE;
}
