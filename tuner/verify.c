/* verify.c: a compiled kernel against the double-precision reference.
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
#include "operands.h"
#include "runtime/base.h"
#include "runtime/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1024, CORNERS = 16 };
static const double FULL_COST = 2e8; /* multiply-adds of the reference, counted as 2 */

static const struct {
    double rtol, atol;
} tolerance[] = { [DCN_F32] = { 2e-4, 5e-5 }, [DCN_F64] = { 1e-9, 1e-10 } };

/* Elements of the output that are compared. */
typedef struct Wanted {
    int64_t n;
    int64_t *at;   /* flat index in the output tensor */
    double *value; /* of the reference */
} Wanted;

typedef struct Verify {
    Operands o;
    const TuneCase *c;
    Wanted wanted;
    rt_rng rng;
    int threads;
    dcn_report *report;
} Verify;

/* ---- what the reference says ---------------------------------------------- */

static int64_t flat(const Operands *o, const int64_t nopq[4])
{
    const int64_t *d = o->tensor[o->n - 1].dims;
    if (o->spec.layout == DCN_NHWC)
        return ((nopq[0] * d[1] + nopq[2]) * d[2] + nopq[3]) * d[3] + nopq[1];
    return ((nopq[0] * d[1] + nopq[1]) * d[2] + nopq[2]) * d[3] + nopq[3];
}

/* The i-th element to look at: first the 16 corners, then any. */
static void choose(Verify *v, int64_t i, int64_t nopq[4])
{
    const dcn_spec *s = &v->o.spec;
    const int64_t size[4] = { s->batch, s->out_channels, dcn_out_height(s, s->height),
                              dcn_out_width(s, s->width) };
    for (int d = 0; d < 4; d++) {
        uint64_t any = rt_rng_next(&v->rng) % (uint64_t)size[d];
        nopq[d] = i >= CORNERS ? (int64_t)any : (i >> d & 1) * (size[d] - 1);
    }
}

static const double *const *reference_operands(const Operands *o)
{
    return (const double *const *)o->exact;
}

static int want_all(Verify *v)
{
    Wanted *w = &v->wanted;
    for (int64_t i = 0; i < w->n; i++)
        w->at[i] = i;
    return rt_reference(&v->o.spec, reference_operands(&v->o), w->value);
}

static int want_some(Verify *v)
{
    Wanted *w = &v->wanted;
    for (int64_t i = 0; i < w->n; i++) {
        int64_t nopq[4];
        choose(v, i, nopq);
        w->at[i] = flat(&v->o, nopq);
        w->value[i] = rt_reference_at(&v->o.spec, reference_operands(&v->o), nopq);
    }
    return 0;
}

static int open_wanted(Verify *v, dcn_error *err)
{
    bool all = dcn_spec_flops(&v->o.spec) <= FULL_COST;
    int64_t n = all ? v->o.count[v->o.n - 1] : SAMPLES + CORNERS;
    v->wanted = (Wanted){ n, calloc((size_t)n + 1, sizeof(int64_t)),
                          calloc((size_t)n + 1, sizeof(double)) };
    if (!v->wanted.at || !v->wanted.value)
        return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", v->o.spec.name);
    return 0;
}

static int compute_wanted(Verify *v, dcn_error *err)
{
    bool all = dcn_spec_flops(&v->o.spec) <= FULL_COST;
    if (all ? want_all(v) : want_some(v))
        return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", v->o.spec.name);
    return 0;
}

/* ---- what the kernel says ------------------------------------------------- */

static double output_at(const Operands *o, int64_t i)
{
    const void *output = o->typed[o->n - 1];
    return o->spec.dtype == DCN_F64 ? ((const double *)output)[i] : ((const float *)output)[i];
}

/* The first failure of a case is told, of the first case that fails. */
static void describe(Verify *v, int64_t at, double got, const char *expected)
{
    const int64_t *d = v->o.tensor[v->o.n - 1].dims;
    dcn_report *r = v->report;
    if (r->what[0])
        return;
    snprintf(r->what, sizeof r->what,
             "%s, batch %lld, %lldx%lld: output[%lld][%lld][%lld][%lld] is %.9g, expected %s",
             v->c->name, (long long)v->o.spec.batch, (long long)v->o.spec.height,
             (long long)v->o.spec.width, (long long)(at / (d[1] * d[2] * d[3])),
             (long long)(at / (d[2] * d[3]) % d[1]), (long long)(at / d[3] % d[2]),
             (long long)(at % d[3]), got, expected);
}

static bool compare_element(Verify *v, int64_t at, double want, double atol)
{
    dcn_report *r = v->report;
    double got = output_at(&v->o, at), difference = fabs(got - want);
    double ratio = difference / (atol + tolerance[v->o.spec.dtype].rtol * fabs(want));
    if (isnan(ratio))
        ratio = INFINITY;
    r->worst = fmax(r->worst, ratio);
    r->max_abs = fmax(r->max_abs, difference);
    if (ratio <= 1)
        return true;
    char expected[32];
    snprintf(expected, sizeof expected, "%.9g", want);
    describe(v, at, got, expected);
    return false;
}

/* Elements that the sample leaves out must at least have been written. */
static bool all_written(Verify *v)
{
    for (int64_t i = 0; i < v->o.count[v->o.n - 1]; i++)
        if (isnan(output_at(&v->o, i))) {
            v->report->worst = INFINITY;
            describe(v, i, NAN, "a number");
            return false;
        }
    return true;
}

static void compare(Verify *v)
{
    const Wanted *w = &v->wanted;
    double largest = 1;
    for (int64_t i = 0; i < w->n; i++)
        largest = fmax(largest, fabs(w->value[i]));
    double atol = tolerance[v->o.spec.dtype].atol * largest;
    bool passed = true;
    for (int64_t i = 0; i < w->n; i++)
        passed &= compare_element(v, w->at[i], w->value[i], atol);
    passed &= all_written(v);
    v->report->checked += w->n;
    v->report->cases++;
    v->report->failures += !passed;
}

/* ---- sizes and cases ------------------------------------------------------ */

static int verify_size(Verify *v, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err)
{
    int ncases = bound->op == DCN_OP_CONV2D ? 1 : tune_ncases;
    v->wanted = (Wanted){ 0 };
    int failed = tune_operands_open(&v->o, k, bound, err) || open_wanted(v, err) ||
                 tune_fill_inputs(&v->o, &v->rng, err);
    for (int i = 0; i < ncases && !failed; i++) {
        v->c = &tune_cases[i];
        tune_fill_case(&v->o, v->c, &v->rng);
        tune_poison_output(&v->o);
        failed = tune_run(&v->o, v->threads, NULL, err) || compute_wanted(v, err);
        if (!failed)
            compare(v);
    }
    free(v->wanted.at);
    free(v->wanted.value);
    tune_operands_close(&v->o);
    return failed;
}

/* The smallest input that gives one output row (axis 0) or column (axis 1). */
static int64_t smallest(const dcn_spec *s, int axis)
{
    int64_t size = (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) + 1 - s->padding[axis] -
                   s->padding[axis + 2];
    return size > 1 ? size : 1;
}

/* Dynamic sizes are tried at the smallest, an odd and an even one. */
int dcn_verify(const dcn_kernel *k, uint64_t seed, int threads, dcn_report *report, dcn_error *err)
{
    static const int64_t more[][3] = { { 1, 0, 0 }, { 2, 6, 11 }, { 3, 17, 4 } };
    const dcn_spec *s = &k->spec;
    bool dynamic = s->batch < 0 || s->height < 0 || s->width < 0;
    Verify v = { .rng = rt_rng_seed(seed), .threads = threads, .report = report };
    *report = (dcn_report){ 0 };
    for (int i = 0; i < (dynamic ? 3 : 1); i++) {
        dcn_spec bound;
        if (dcn_spec_bind(s, s->batch < 0 ? more[i][0] : s->batch,
                          s->height < 0 ? smallest(s, 0) + more[i][1] : s->height,
                          s->width < 0 ? smallest(s, 1) + more[i][2] : s->width, &bound, err) ||
            verify_size(&v, k, &bound, err))
            return -1;
    }
    return 0;
}
