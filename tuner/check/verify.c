/* verify.c: a compiled kernel against the double-precision reference, on every case and size.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/verify.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/check/expected.h"
#include "tuner/check/network.h"

typedef struct Verify {
    Operands o;
    rt_rng rng;
    const TuneTeam *team;
    bool full;
    dcn_report *report;
} Verify;

static int open_size(Verify *v, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err)
{
    const int failed = tune_operands_open(&v->o, k, bound, err);
    v->o.parallel_for = v->team->parallel_for;
    v->o.parallel_self = v->team->self;
    v->o.all_threads = true;
    v->o.full = v->full;
    v->o.layers = v->report;
    return failed;
}

/* What rounds a network is looked at again while its outputs are off by more than was seen, unless that does not
** help. */
static int settle(Verify *v, Expected *x, dcn_error *err)
{
    enum { MOST_LOOKS = 30, SOME_LOOKS = 5 };
    const int64_t first = x->left_out[0] ? 0 : expected_beyond(x, &v->o);
    int64_t beyond = first;
    for (int i = 0; i < MOST_LOOKS && beyond; i++) {
        if (i >= SOME_LOOKS && 2 * beyond > first)
            break;
        if (tune_net_look_again(x, &v->o, &v->rng, err))
            return -1;
        beyond = expected_beyond(x, &v->o);
    }
    return 0;
}

static int run_and_compare(Verify *v, const char *name, dcn_error *err)
{
    Expected x = { .n = 0 };
    tune_poison_outputs(&v->o);
    int failed =
        tune_run(&v->o, v->team->threads, NULL, err) || expected_open(&x, &v->o, &v->rng, err);
    if (!failed && rt_op_has(v->o.spec.op, RT_IS_NETWORK))
        failed = settle(v, &x, err);
    if (!failed)
        expected_compare(&x, &v->o, name, v->report);
    expected_close(&x);
    return failed;
}

static int verify_size(Verify *v, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err)
{
    int ncases;
    const TuneCase *cases = tune_cases_of(bound, &ncases);
    int failed = open_size(v, k, bound, err) || tune_fill_inputs(&v->o, &v->rng, err);
    for (int i = 0; i < ncases && !failed; i++) {
        tune_fill_case(&v->o, &cases[i], &v->rng);
        failed = tune_avoid_kinks(&v->o, err) || run_and_compare(v, cases[i].name, err);
    }
    tune_operands_close(&v->o);
    return failed ? -1 : 0;
}

static int verify_given(Verify *v, const dcn_kernel *k, const dcn_verify_options *opt,
                        dcn_error *err)
{
    dcn_spec bound;
    if (dcn_spec_bind(&k->spec, opt->sizes, &bound, err))
        return -1;
    int ncases;
    int failed = open_size(v, k, &bound, err) || tune_fill_inputs(&v->o, &v->rng, err);
    v->o.given = true;
    if (!failed) {
        tune_fill_case(&v->o, &tune_cases_of(&bound, &ncases)[0], &v->rng);
        tune_take_inputs(&v->o, opt->tensor);
        failed = run_and_compare(v, "given tensors", err);
    }
    tune_operands_close(&v->o);
    return failed ? -1 : 0;
}

/* The smallest input that gives one output row (axis 0) or column (axis 1). */
static int64_t smallest(const dcn_spec *s, int axis)
{
    const int64_t size = rt_covered(s, axis) - rt_padded(s, axis, 0);
    return size > 1 ? size : 1;
}

/* Dynamic sizes are tried at the smallest, an odd and an even one. */
static int verify_sizes(Verify *v, const dcn_kernel *k, dcn_error *err)
{
    static const int64_t more[][3] = { { 1, 0, 0 }, { 2, 6, 11 }, { 3, 17, 4 } };
    const dcn_spec *s = &k->spec;
    bool dynamic = s->batch < 0 || s->height < 0 || s->width < 0 || s->rois < 0;
    for (int i = 0; i < (dynamic ? 3 : 1); i++) {
        dcn_spec bound;
        const dcn_sizes sizes = { s->batch < 0 ? more[i][0] : s->batch,
                                  s->height < 0 ? smallest(s, 0) + more[i][1] : s->height,
                                  s->width < 0 ? smallest(s, 1) + more[i][2] : s->width,
                                  s->rois < 0 ? more[i][0] * 3 : s->rois };
        if (dcn_spec_bind(s, sizes, &bound, err) || verify_size(v, k, &bound, err))
            return -1;
    }
    return 0;
}

int tune_verify(const dcn_kernel *k, uint64_t seed, const TuneTeam *team, dcn_report *report,
                dcn_error *err)
{
    Verify v = { .rng = rt_rng_seed(seed), .team = team, .report = report };
    *report = (dcn_report){ 0 };
    return verify_sizes(&v, k, err);
}

int dcn_verify_with(const dcn_kernel *k, const dcn_verify_options *opt, dcn_report *report,
                    dcn_error *err)
{
    const dcn_verify_options none = { .seed = 0 };
    const dcn_verify_options *o = opt ? opt : &none;
    const TuneTeam team = { .threads = o->threads };
    Verify v = { .rng = rt_rng_seed(o->seed), .team = &team, .full = o->full, .report = report };
    *report = (dcn_report){ 0 };
    return o->tensor ? verify_given(&v, k, o, err) : verify_sizes(&v, k, err);
}

int dcn_verify(const dcn_kernel *k, uint64_t seed, int threads, dcn_report *report, dcn_error *err)
{
    const dcn_verify_options opt = { .seed = seed, .threads = threads };
    return dcn_verify_with(k, &opt, report, err);
}
