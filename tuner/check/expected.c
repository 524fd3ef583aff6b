/* expected.c: what the double-precision reference says a kernel must compute, and whether it did.
**
** Passes when every element has |got - want| <= atol * max(1, max |want|) + rtol * |want|.
**
**     f32  rtol 2e-4, atol 5e-5   the tolerance of the golden cases
**     f64  rtol 1e-9, atol 1e-10  sums of 1e4 rounded terms and 4-ulp exp are off by 1e-12; a wrong
**                                 weight, border or tap by more than 1e-6
**
** The output is filled with NaN first, so an element that was not written fails.  Cheap cases are
** compared in full, others on the corners and a random sample.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/expected.h"
#include "runtime/base/base.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 1024, CORNERS = 16 };
static const double FULL_COST = 2e8; /* multiply-adds of the reference, counted as 2 */

static const struct {
    double rtol, atol;
} tolerance[] = { [DCN_F32] = { 2e-4, 5e-5 }, [DCN_F64] = { 1e-9, 1e-10 } };

/* ---- what the reference says ---------------------------------------------- */

static int64_t flat(const Operands *o, const int64_t nopq[4])
{
    const int64_t *d = o->tensor[o->n - 1].dims;
    if (o->spec.layout == DCN_NHWC)
        return ((nopq[0] * d[1] + nopq[2]) * d[2] + nopq[3]) * d[3] + nopq[1];
    return ((nopq[0] * d[1] + nopq[1]) * d[2] + nopq[2]) * d[3] + nopq[3];
}

/* The i-th element to look at: first the 16 corners, then any. */
static void choose(const dcn_spec *s, rt_rng *r, int64_t i, int64_t nopq[4])
{
    const int64_t size[4] = { rt_has_rois(s->op) ? s->rois : s->batch, s->out_channels,
                              dcn_out_height(s, s->height), dcn_out_width(s, s->width) };
    for (int d = 0; d < 4; d++) {
        uint64_t any = rt_rng_next(r) % (uint64_t)size[d];
        nopq[d] = i >= CORNERS ? (int64_t)any : (i >> d & 1) * (size[d] - 1);
    }
}

static const double *const *reference_operands(const Operands *o)
{
    return (const double *const *)o->exact;
}

static int want_all(Wanted *w, const Operands *o)
{
    for (int64_t i = 0; i < w->n; i++)
        w->at[i] = i;
    return rt_reference(&o->spec, reference_operands(o), w->value);
}

static int want_some(Wanted *w, const Operands *o, rt_rng *r)
{
    rt_ref *ref = rt_ref_open(&o->spec, reference_operands(o));
    if (!ref)
        return -1;
    for (int64_t i = 0; i < w->n; i++) {
        int64_t nopq[4];
        choose(&o->spec, r, i, nopq);
        w->at[i] = flat(o, nopq);
        w->value[i] = rt_ref_at(ref, nopq);
    }
    rt_ref_close(ref);
    return 0;
}

/* Of the reference.  An adaptive grid has a sample per pixel of the region, here as large as the map. */
static double cost(const dcn_spec *s)
{
    const bool samples = s->op == DCN_OP_ROI_ALIGN || s->op == DCN_OP_PS_ROI_ALIGN ||
                         s->op == DCN_OP_DEFORM_ROI_POOL || s->op == DCN_OP_DEFORM_ROI_POOL_PACK;
    if (!samples || s->sampling_ratio > 0)
        return dcn_spec_flops(s);
    return 8.0 * (double)s->rois * (double)s->out_channels * (double)s->height * (double)s->width;
}

int wanted_open(Wanted *w, const Operands *o, rt_rng *r, dcn_error *err)
{
    bool all = cost(&o->spec) <= FULL_COST;
    int64_t n = all ? o->count[o->n - 1] : SAMPLES + CORNERS;
    *w = (Wanted){ n, calloc((size_t)n + 1, sizeof(int64_t)),
                   calloc((size_t)n + 1, sizeof(double)) };
    if (!w->at || !w->value || (all ? want_all(w, o) : want_some(w, o, r)))
        return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", o->spec.name);
    return 0;
}

void wanted_close(Wanted *w)
{
    free(w->at);
    free(w->value);
    *w = (Wanted){ 0 };
}

/* ---- what the kernel says ------------------------------------------------- */

typedef struct Comparison {
    const Operands *o;
    const char *name;
    dcn_report *report;
} Comparison;

static double output_at(const Operands *o, int64_t i)
{
    const void *output = o->typed[o->n - 1];
    return o->spec.dtype == DCN_F64 ? ((const double *)output)[i] : ((const float *)output)[i];
}

/* The first failure of a case is told, of the first case that fails. */
static void describe(const Comparison *c, int64_t at, double got, const char *expected)
{
    const dcn_spec *s = &c->o->spec;
    const int64_t *d = c->o->tensor[c->o->n - 1].dims;
    dcn_report *r = c->report;
    if (r->what[0])
        return;
    snprintf(r->what, sizeof r->what,
             "%s, batch %lld, %lldx%lld: output[%lld][%lld][%lld][%lld] is %.9g, expected %s",
             c->name, (long long)s->batch, (long long)s->height, (long long)s->width,
             (long long)(at / (d[1] * d[2] * d[3])), (long long)(at / (d[2] * d[3]) % d[1]),
             (long long)(at / d[3] % d[2]), (long long)(at % d[3]), got, expected);
}

static bool compare_element(const Comparison *c, int64_t at, double want, double atol)
{
    dcn_report *r = c->report;
    double got = output_at(c->o, at), difference = fabs(got - want);
    double ratio = difference / (atol + tolerance[c->o->spec.dtype].rtol * fabs(want));
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

/* Elements that the sample leaves out must at least have been written. */
static bool all_written(const Comparison *c)
{
    for (int64_t i = 0; i < c->o->count[c->o->n - 1]; i++)
        if (isnan(output_at(c->o, i))) {
            c->report->worst = INFINITY;
            describe(c, i, NAN, "a number");
            return false;
        }
    return true;
}

bool wanted_compare(const Wanted *w, const Operands *o, const char *name, dcn_report *report)
{
    const Comparison c = { o, name, report };
    double largest = 1;
    for (int64_t i = 0; i < w->n; i++)
        largest = fmax(largest, fabs(w->value[i]));
    double atol = tolerance[o->spec.dtype].atol * largest;
    bool passed = true;
    for (int64_t i = 0; i < w->n; i++)
        passed &= compare_element(&c, w->at[i], w->value[i], atol);
    passed &= all_written(&c);
    report->checked += w->n;
    report->cases++;
    report->failures += !passed;
    return passed;
}
