/* backward.c: a gradient kernel with operands, and calls of it between guards.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/backward.h"
#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "tests/support/guarded.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- operands ---------------------------------------------------------------------------- */

/* Number i of all regions: an image, or one that is not there; or a corner, anywhere on the map. */
static double roi_number(const dcn_spec *s, int64_t i, rt_rng *r)
{
    const double at = rt_rng_uniform(r);
    const int64_t which = i % 5;
    if (which == 0)
        return floor(at * (double)s->batch * 1.25);
    const double size = (double)(which % 2 ? s->width : s->height) / s->spatial_scale;
    return (which > 2 ? 0.4 + 0.6 * at : 0.5 * at) * size;
}

static void fill(Backward *b, rt_operand which, const dcn_tensor *t, rt_rng *r)
{
    const double reach = which == RT_OFFSET || which == RT_TRANS ? 2.5 : 1;
    const rt_kind kind = rt_kind_of(b->spec.dtype);
    if (b->value[which])
        return;
    b->count[which] = rt_tensor_count(t);
    b->value[which] = calloc((size_t)b->count[which] + 1, sizeof(double));
    cr_assert(b->value[which]);
    for (int64_t i = 0; i < b->count[which]; i++)
        b->value[which][i] =
            rt_round_to(kind, which == RT_ROIS ? roi_number(&b->spec, i, r)
                                               : reach * (2 * rt_rng_uniform(r) - 1));
}

Backward backward_open(const dcn_spec *s, const dcn_spec *bound, const char *schedule, int seed)
{
    Backward b = { .spec = *bound };
    dcn_error err;
    rt_rng r = rt_rng_seed((uint64_t)seed);
    const dcn_options options = { .schedule = schedule };
    cr_assert_eq(dcn_compile(s, &options, &b.kernel, &err), 0, "%s: %s", s->name, err.text);
    b.of = rt_operands_of(&b.spec);
    const rt_operands plain = rt_plain_operands_of(&b.spec);
    for (int i = 0; i < plain.n; i++)
        fill(&b, plain.which[i], &plain.tensor[i], &r);
    for (int i = 0; i < b.of.n; i++)
        fill(&b, b.of.which[i], &b.of.tensor[i], &r);
    return b;
}

void backward_close(Backward *b)
{
    for (int i = 0; i < RT_NUM_OPERANDS; i++)
        free(b->value[i]);
    dcn_kernel_free(b->kernel);
}

/* ---- calls ------------------------------------------------------------------------------- */

/* The last index first, each on the next thread. */
static void shuffled(void *self, int64_t n, int threads,
                     void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    (void)self;
    for (int64_t i = n - 1; i >= 0; i--)
        body(arg, i, (int)(i % threads));
}

static void store(const Backward *b, void *to, const double *from, int64_t n)
{
    rt_convert(to, rt_kind_of(b->spec.dtype), from, RT_F64, n);
}

/* An operand that is read. */
static Guarded input(const Backward *b, int i, Guard side)
{
    const rt_operand which = b->of.which[i];
    const size_t bytes = (size_t)b->count[which] * dcn_dtype_bytes(b->spec.dtype);
    Guarded g = guarded_new(bytes, side);
    store(b, g.at, b->value[which], b->count[which]);
    if (b->of.tensor[i].role == DCN_WEIGHT) {
        Guarded packed = guarded_new(dcn_kernel_tensor_bytes(b->kernel, i), side);
        cr_assert_eq(dcn_pack_tensor(b->kernel, i, g.at, packed.at), 0);
        guarded_free(&g);
        g = packed;
    }
    guarded_read_only(&g);
    return g;
}

static Guarded output(const Backward *b, int i, Guard side, const BackwardResult *start)
{
    const rt_operand which = b->of.which[i], of = rt_operand_of_grad(which);
    Guarded g =
        guarded_new((size_t)b->count[which] * dcn_dtype_bytes(b->spec.dtype), side); /* of NaN */
    if (start && start->grad[of])
        store(b, g.at, start->grad[of], b->count[which]);
    return g;
}

static double *taken(const Backward *b, rt_operand grad, const Guarded *g)
{
    double *out = calloc((size_t)b->count[grad] + 1, sizeof *out);
    cr_assert(out);
    rt_convert(out, RT_F64, g->at, rt_kind_of(b->spec.dtype), b->count[grad]);
    return out;
}

BackwardResult backward_call(const Backward *b, const BackwardCall *how,
                             const BackwardResult *start)
{
    const Guard side = how->guard_before ? GUARD_BEFORE : GUARD_AFTER;
    BackwardResult r = { { NULL } };
    Guarded g[RT_NUM_OPERANDS];
    void *at[RT_NUM_OPERANDS] = { NULL };
    bool there[RT_NUM_OPERANDS];
    dcn_error err;
    dcn_call call = { .tensor = at,
                      .ntensors = b->of.n,
                      .threads = how->threads ? how->threads : 1 };
    call.batch = b->spec.batch;
    call.height = b->spec.height;
    call.width = b->spec.width;
    call.rois = b->spec.rois;
    call.parallel_for = how->shuffled ? shuffled : NULL;
    for (int i = 0; i < b->of.n; i++) {
        const bool out = b->of.tensor[i].role == DCN_OUT;
        there[i] = !out || how->wanted >> rt_operand_of_grad(b->of.which[i]) & 1;
        if (!there[i])
            continue;
        g[i] = out ? output(b, i, side, start) : input(b, i, side);
        at[i] = g[i].at;
        if (out && how->accumulate)
            call.accumulate |= (uint64_t)1 << i;
    }
    const size_t bytes = dcn_kernel_workspace_bytes(
        b->kernel, (dcn_sizes){ call.batch, call.height, call.width, call.rois }, call.threads);
    Guarded workspace = guarded_new((bytes + 63) / 64 * 64, side);
    call.workspace = bytes ? workspace.at : NULL;
    cr_assert_eq(rt_execute(b->kernel, &call, true, &err), 0, "%s: %s", b->spec.name, err.text);
    guarded_free(&workspace);
    for (int i = 0; i < b->of.n; i++) {
        if (there[i] && b->of.tensor[i].role == DCN_OUT)
            r.grad[rt_operand_of_grad(b->of.which[i])] = taken(b, b->of.which[i], &g[i]);
        if (there[i])
            guarded_free(&g[i]);
    }
    return r;
}

void backward_free(BackwardResult *r)
{
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        free(r->grad[i]);
}

bool backward_same(const Backward *b, const BackwardResult *x, const BackwardResult *y)
{
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (x->grad[i] && y->grad[i] &&
            memcmp(x->grad[i], y->grad[i],
                   (size_t)b->count[rt_grad_of((rt_operand)i)] * sizeof(double)))
            return false;
    return true;
}
