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
** the reference, but a user's may, and inside a network hostile offsets may: then the kernel must give what the
** reference gives.  What is beyond the range of the dtype is infinite there, or no number.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/expected.h"
#include "runtime/base/text.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/check/network.h"

#include <float.h>
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
    bool told; /* of the first failure */
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
static void describe(Comparison *c, int64_t at, double got, const char *expected)
{
    const dcn_spec *s = &c->o->spec;
    dcn_report *r = c->report;
    if (c->told || r->failures)
        return;
    c->told = true;
    rt_text t = rt_text_in(r->what, sizeof r->what);
    rt_text_add(&t, "%s", c->name);
    if (!rt_op_has(s->op, RT_IS_NETWORK))
        rt_text_add(&t, ", batch %lld, %lldx%lld", (long long)s->batch, (long long)s->height,
                    (long long)s->width);
    rt_text_add(&t, ": ");
    add_place(&t, &c->o->tensor[c->operand], at);
    rt_text_add(&t, " is %.9g, expected %s", got, expected);
}

/* Whether what is expected may be no number. */
static bool is_free(const Comparison *c)
{
    return c->o->given || rt_op_has(c->o->spec.op, RT_IS_NETWORK);
}

/* Beyond the range a sum is infinite, or, of terms of both signs, none. */
static bool agrees(const Comparison *c, double got, double want)
{
    const double most = c->o->tensor[c->operand].dtype == DCN_F32 ? (double)FLT_MAX : DBL_MAX;
    if (!is_free(c) || isnan(want))
        return is_free(c) && isnan(got);
    if (got == want)
        return true;
    const bool beyond = isfinite(want) && fabs(want) > most;
    return beyond && (isnan(got) || (isinf(got) && (got > 0) == (want > 0)));
}

/* How far off an element is: 1 is allowed. */
static double ratio_of(const Comparison *c, int64_t at, double want, double allowed)
{
    const double got = element(c, at), difference = fabs(got - want);
    if (agrees(c, got, want))
        return 0;
    const double ratio = difference > 0 ? difference / allowed : difference;
    return isnan(ratio) ? INFINITY : ratio;
}

static bool compare_element(Comparison *c, int64_t at, double want, double allowed)
{
    dcn_report *r = c->report;
    const double got = element(c, at), ratio = ratio_of(c, at, want, allowed);
    r->worst = fmax(r->worst, ratio);
    if (!agrees(c, got, want))
        r->max_abs = fmax(r->max_abs, fabs(got - want));
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
    return is_free(c) ? !memcmp(at, poison, bytes) : isnan(element(c, i));
}

/* Elements that the sample leaves out must at least have been written. */
static bool all_written(Comparison *c)
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

/* What any element may be off by, where that is not measured. */
static double usual_atol(const ExpectedOutput *x, const Comparison *c)
{
    double largest = largest_factor(c);
    for (int64_t i = 0; i < x->n; i++)
        if (isfinite(x->value[i]))
            largest = fmax(largest, fabs(x->value[i]));
    return c->tolerance.atol * largest;
}

static double allowed(const ExpectedOutput *x, const Comparison *c, double atol, int64_t i)
{
    return x->allowed ? x->allowed[i] : atol + c->tolerance.rtol * fabs(x->value[i]);
}

static bool compare_output(const ExpectedOutput *x, Comparison *c)
{
    const double atol = usual_atol(x, c);
    bool passed = true;
    for (int64_t i = 0; i < x->n; i++)
        passed &= compare_element(c, x->at[i], x->value[i], allowed(x, c, atol, i));
    c->report->checked += x->n;
    return passed;
}

static Comparison comparison(const Expected *x, int i, const Operands *o)
{
    const int at = x->output[i].operand;
    return (Comparison){
        .o = o,
        .operand = at,
        .tolerance = expected_tolerance(o->tensor[at].dtype, rt_terms(&o->spec, o->which[at])),
    };
}

/* A word about what was left out stays where nothing has failed. */
static void report_left_out(const Expected *x, const char *name, dcn_report *report)
{
    if (x->left_out[0] && !report->what[0])
        snprintf(report->what, sizeof report->what, "%s: %s", name, x->left_out);
}

bool expected_compare(const Expected *x, const Operands *o, const char *name, dcn_report *report)
{
    bool passed = true;
    for (int i = 0; i < x->n; i++) {
        Comparison c = comparison(x, i, o);
        c.name = name;
        c.report = report;
        c.told = !passed;
        passed &= x->left_out[0] || compare_output(&x->output[i], &c);
        passed &= all_written(&c);
        report->outputs += o->count[c.operand];
    }
    if (passed)
        report_left_out(x, name, report);
    report->cases++;
    report->failures += !passed;
    return passed;
}

int64_t expected_beyond(const Expected *x, const Operands *o)
{
    int64_t beyond = 0;
    for (int i = 0; i < x->n; i++) {
        const ExpectedOutput *out = &x->output[i];
        const Comparison c = comparison(x, i, o);
        const double atol = usual_atol(out, &c);
        for (int64_t k = 0; k < out->n; k++)
            beyond += !(ratio_of(&c, out->at[k], out->value[k], allowed(out, &c, atol, k)) <= 1);
    }
    return beyond;
}
