/* expected.c: what the double-precision reference says a kernel must compute, and whether it did.
**
** Passes when every element has |got - want| <= atol * max(1, max |want|) + rtol * |want|.
**
**     f32  rtol 2e-4, atol 5e-5   the tolerance of the golden cases
**     f64  rtol 1e-9, atol 1e-10  sums of 1e4 rounded terms and 4-ulp exp are off by 1e-12; a wrong
**                                 weight, border or tap by more than 1e-6
**
** That of a network is measured (network.c).
**
** The rounding of a sum grows with the square root of its length: at LONG_SUM products it has used
** up a third of what f32 has, and sums that are longer are given as much more as they are rounded
** more.
**
** All of a gradient is compared: the reference computes it as a whole.
**
** Outputs are filled with NaN first, so an element that was not written fails.  Cheap cases are
** compared in full, others on the corners and a random sample.  Random tensors never lead to NaN in
** the reference, but a user's may: then the kernel must give what the reference gives.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/expected.h"
#include "runtime/base/text.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/check/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1024, CORNERS = 1 << DCN_MAX_RANK, LONG_SUM = 1 << 20 };
static const double FULL_COST = 2e8; /* multiply-adds of the reference, counted as 2 */

Tolerance expected_tolerance(dcn_dtype dtype, double terms)
{
    static const Tolerance of[] = { [DCN_F32] = { 2e-4, 5e-5 }, [DCN_F64] = { 1e-9, 1e-10 } };
    const double more = sqrt(fmax(1, terms / LONG_SUM));
    return (Tolerance){ of[dtype].rtol * more, of[dtype].atol * more };
}

/* ---- what the reference says ---------------------------------------------- */

/* The i-th element to look at: first the corners of the tensor, then any. */
static int64_t choose(const dcn_tensor *t, rt_rng *r, int64_t i)
{
    int64_t at = 0;
    for (int d = 0; d < t->rank; d++) {
        const int64_t any = (int64_t)(rt_rng_next(r) % (uint64_t)t->dims[d]);
        at = at * t->dims[d] + (i >= CORNERS ? any : (i >> d & 1) * (t->dims[d] - 1));
    }
    return at;
}

static int expect_all(const rt_ref *ref, rt_operand which, ExpectedOutput *x)
{
    for (int64_t i = 0; i < x->n; i++)
        x->at[i] = i;
    return rt_ref_values(ref, which, x->value);
}

static void expect_some(const rt_ref *ref, rt_operand which, const dcn_tensor *t, rt_rng *r,
                        ExpectedOutput *x)
{
    for (int64_t i = 0; i < x->n; i++) {
        x->at[i] = choose(t, r, i);
        x->value[i] = rt_ref_value(ref, which, x->at[i]);
    }
}

/* Operations of the reference.  An adaptive grid has a sample per pixel of the region, which may be
** as large as the map. */
static double cost(const dcn_spec *s)
{
    if (!rt_op_has(s->op, RT_ADAPTIVE_GRID) || s->sampling_ratio > 0)
        return dcn_spec_flops(s);
    return 8.0 * (double)s->rois * (double)s->out_channels * (double)s->height * (double)s->width;
}

static int open_output(Expected *x, const Operands *o, int operand, const rt_ref *ref, rt_rng *r)
{
    const rt_operand which = o->which[operand];
    const int64_t count = o->count[operand], some = SAMPLES + CORNERS;
    const bool all =
        o->full || rt_operand_is_grad(which) || count <= some || cost(&o->spec) <= FULL_COST;
    const int64_t n = all ? count : some;
    ExpectedOutput *out = &x->output[x->n++];
    *out = (ExpectedOutput){ .operand = operand,
                             .n = n,
                             .at = calloc((size_t)n + 1, sizeof *out->at),
                             .value = calloc((size_t)n + 1, sizeof *out->value) };
    if (!out->at || !out->value)
        return -1;
    if (all)
        return expect_all(ref, which, out);
    expect_some(ref, which, &o->tensor[operand], r, out);
    return 0;
}

int expected_open(Expected *x, const Operands *o, rt_rng *r, dcn_error *err)
{
    if (rt_op_has(o->spec.op, RT_IS_NETWORK))
        return tune_net_expect(x, o, r, err);
    rt_ref *ref = rt_ref_open(&o->spec, (const double *const *)o->exact);
    bool failed = !ref;
    *x = (Expected){ .n = 0 };
    for (int i = 0; i < o->n && !failed; i++)
        if (o->tensor[i].role == DCN_OUT)
            failed = open_output(x, o, i, ref, r) != 0;
    rt_ref_close(ref);
    return failed ? dcn_fail(err, DCN_EENV, "no memory to verify '%s'", o->spec.name) : 0;
}

void expected_close(Expected *x)
{
    for (int i = 0; i < x->n; i++) {
        free(x->output[i].at);
        free(x->output[i].value);
        free(x->output[i].allowed);
    }
    x->n = 0;
}

/* ---- what the kernel says ------------------------------------------------- */

/* One output of one case. */
typedef struct Comparison {
    const Operands *o;
    int operand;
    Tolerance tolerance;
    const char *name;
    dcn_report *report;
} Comparison;

static double element(const Comparison *c, int64_t i)
{
    const void *at = c->o->typed[c->operand];
    const bool wide = c->o->tensor[c->operand].dtype == DCN_F64;
    return wide ? ((const double *)at)[i] : ((const float *)at)[i];
}

/* "output[0][3][5][2]" */
static void add_place(rt_text *t, const dcn_tensor *tensor, int64_t at)
{
    int64_t block = rt_tensor_count(tensor);
    rt_text_add(t, "%s", tensor->name);
    for (int d = 0; d < tensor->rank; d++) {
        block /= tensor->dims[d];
        rt_text_add(t, "[%lld]", (long long)(at / block % tensor->dims[d]));
    }
}

/* The first failure of a case is told, of the first case that fails. */
static void describe(const Comparison *c, int64_t at, double got, const char *expected)
{
    const dcn_spec *s = &c->o->spec;
    dcn_report *r = c->report;
    if (r->what[0])
        return;
    rt_text t = rt_text_in(r->what, sizeof r->what);
    rt_text_add(&t, "%s", c->name);
    if (!rt_op_has(s->op, RT_IS_NETWORK))
        rt_text_add(&t, ", batch %lld, %lldx%lld", (long long)s->batch, (long long)s->height,
                    (long long)s->width);
    rt_text_add(&t, ": ");
    add_place(&t, &c->o->tensor[c->operand], at);
    rt_text_add(&t, " is %.9g, expected %s", got, expected);
}

static bool compare_element(const Comparison *c, int64_t at, double want, double allowed)
{
    dcn_report *r = c->report;
    const double got = element(c, at), difference = fabs(got - want);
    if (c->o->given && (got == want || (isnan(got) && isnan(want))))
        return true;
    double ratio = difference > 0 ? difference / allowed : difference;
    if (isnan(ratio))
        ratio = INFINITY;
    r->worst = fmax(r->worst, ratio);
    r->max_abs = fmax(r->max_abs, difference);
    if (ratio <= 1)
        return true;
    char expected[32];
    snprintf(expected, sizeof expected, "%.9g", want);
    describe(c, at, got, expected);
    return false;
}

/* What poison of 0xff is left of; a NaN that given tensors lead to has other bits. */
static bool is_unwritten(const Comparison *c, int64_t i)
{
    static const unsigned char poison[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    const size_t bytes = dcn_dtype_bytes(c->o->tensor[c->operand].dtype);
    const char *at = (const char *)c->o->typed[c->operand] + (size_t)i * bytes;
    return c->o->given ? !memcmp(at, poison, bytes) : isnan(element(c, i));
}

/* Elements that the sample leaves out must at least have been written. */
static bool all_written(const Comparison *c)
{
    for (int64_t i = 0; i < c->o->count[c->operand]; i++)
        if (is_unwritten(c, i)) {
            c->report->worst = INFINITY;
            describe(c, i, NAN, "a number");
            return false;
        }
    return true;
}

/* The terms of gradients of offsets have a mask as a factor.  They cancel where a map has one row or
** one column, and leave their rounding: it is judged by the largest mask, not by what is left. */
static double largest_factor(const Comparison *c)
{
    const Operands *o = c->o;
    const rt_operand of = o->which[c->operand];
    double largest = 1;
    if (rt_op_has(o->spec.op, RT_IS_NETWORK) ||
        (of != rt_grad_of(RT_OFFSET) && of != rt_grad_of(RT_TRANS)))
        return largest;
    for (int i = 0; i < o->n; i++) {
        const Comparison mask = { .o = o, .operand = i };
        for (int64_t k = 0; o->which[i] == RT_MASK && k < o->count[i]; k++)
            if (isfinite(element(&mask, k)))
                largest = fmax(largest, fabs(element(&mask, k)));
    }
    return largest;
}

static bool compare_output(const ExpectedOutput *x, const Comparison *c)
{
    double largest = largest_factor(c);
    for (int64_t i = 0; i < x->n; i++)
        if (isfinite(x->value[i]))
            largest = fmax(largest, fabs(x->value[i]));
    const double atol = c->tolerance.atol * largest;
    bool passed = true;
    for (int64_t i = 0; i < x->n; i++) {
        const double want = x->value[i];
        const double usual = atol + c->tolerance.rtol * fabs(want);
        passed &= compare_element(c, x->at[i], want, x->allowed ? x->allowed[i] : usual);
    }
    passed &= all_written(c);
    c->report->checked += x->n;
    c->report->outputs += c->o->count[c->operand];
    return passed;
}

bool expected_compare(const Expected *x, const Operands *o, const char *name, dcn_report *report)
{
    bool passed = true;
    for (int i = 0; i < x->n; i++) {
        const int at = x->output[i].operand;
        const Comparison c = {
            .o = o,
            .operand = at,
            .tolerance = expected_tolerance(o->tensor[at].dtype, rt_terms(&o->spec, o->which[at])),
            .name = name,
            .report = report,
        };
        passed &= compare_output(&x->output[i], &c);
    }
    report->cases++;
    report->failures += !passed;
    return passed;
}
