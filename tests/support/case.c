/* case.c: one compiled kernel with its tensors, seen as doubles.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int failed, const char *doing, const dcn_error *err)
{
    if (!failed)
        return;
    fprintf(stderr, "cannot %s: %s\n", doing, err->text);
    abort();
}

void case_open(Case *c, const dcn_spec *s, const char *schedule, const dcn_target *t)
{
    dcn_error err = { .text = "" };
    dcn_options opt = { .schedule = schedule, .target = t };
    *c = (Case){ .kernel = NULL };
    must(dcn_compile(s, &opt, &c->kernel, &err), "compile", &err);
    must(tune_operands_open(&c->o, c->kernel, s, &err), "make tensors", &err);
}

void case_close(Case *c)
{
    tune_operands_close(&c->o);
    dcn_kernel_free(c->kernel);
}

void case_fill(Case *c, uint64_t seed)
{
    dcn_error err = { .text = "" };
    rt_rng rng = rt_rng_seed(seed);
    TuneCase ordinary = tune_ordinary(1.5);
    must(tune_fill_inputs(&c->o, &rng, &err), "fill tensors", &err);
    tune_fill_case(&c->o, &ordinary, &rng);
}

int case_index(const Case *c, const char *tensor)
{
    for (int i = 0; i < c->o.n; i++)
        if (strcmp(c->o.tensor[i].name, tensor) == 0)
            return i;
    fprintf(stderr, "kernel %s has no tensor %s\n", c->o.spec.name, tensor);
    abort();
}

double *case_values(const Case *c, const char *tensor)
{
    return c->o.exact[case_index(c, tensor)];
}

int64_t case_count(const Case *c, const char *tensor)
{
    return c->o.count[case_index(c, tensor)];
}

void case_set(Case *c, const char *tensor, double value)
{
    double *v = case_values(c, tensor);
    for (int64_t i = 0; i < case_count(c, tensor); i++)
        v[i] = value;
}

void case_copy(Case *to, const Case *from, const char *tensor)
{
    dcn_error err = { .text = "tensors differ in size" };
    int64_t n = case_count(from, tensor);
    must(n != case_count(to, tensor), "copy", &err);
    memcpy(case_values(to, tensor), case_values(from, tensor), (size_t)n * sizeof(double));
}

double *case_at(const Case *c, const char *tensor, int64_t n, int64_t ch, int64_t y, int64_t x)
{
    int i = case_index(c, tensor);
    const int64_t *d = c->o.tensor[i].dims;
    if (c->o.spec.layout == DCN_NHWC)
        return &c->o.exact[i][((n * d[1] + y) * d[2] + x) * d[3] + ch];
    return &c->o.exact[i][((n * d[1] + ch) * d[2] + y) * d[3] + x];
}

static void to_kernel(Case *c, int i)
{
    Operands *o = &c->o;
    rt_kind kind = rt_kind_of(o->spec.dtype);
    if (o->tensor[i].role != DCN_WEIGHT) {
        rt_convert(o->typed[i], kind, o->exact[i], RT_F64, o->count[i]);
        return;
    }
    void *plain = calloc((size_t)o->count[i] + 1, rt_kind_bytes(kind));
    rt_convert(plain, kind, o->exact[i], RT_F64, o->count[i]);
    dcn_pack_tensor(c->kernel, i, plain, o->typed[i]);
    free(plain);
}

void case_run(Case *c, int threads)
{
    dcn_error err = { .text = "" };
    Operands *o = &c->o;
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role != DCN_OUT)
            to_kernel(c, i);
    tune_poison_outputs(o);
    must(tune_run(o, threads, NULL, &err), "run", &err);
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role == DCN_OUT)
            rt_convert(o->exact[i], RT_F64, o->typed[i], rt_kind_of(o->tensor[i].dtype),
                       o->count[i]);
}

double case_distance(const Case *a, const Case *b)
{
    const double *x = case_values(a, "output"), *y = case_values(b, "output");
    double most = 0;
    if (case_count(a, "output") != case_count(b, "output"))
        return INFINITY;
    for (int64_t i = 0; i < case_count(a, "output"); i++) {
        if (x[i] == y[i] || (isnan(x[i]) && isnan(y[i])))
            continue;
        double d = fabs(x[i] - y[i]);
        most = isnan(d) ? INFINITY : fmax(most, d);
    }
    return most;
}

dcn_spec case_spec(dcn_op op, int64_t channels, int64_t outputs, int64_t height, int64_t width)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    strcpy(s.name, "k");
    s.in_channels = channels;
    s.out_channels = outputs;
    s.height = height;
    s.width = width;
    s.kernel[0] = s.kernel[1] = 3;
    for (int i = 0; i < 4; i++)
        s.padding[i] = 1;
    return s;
}
