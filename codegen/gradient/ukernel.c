/* ukernel.c: both products, as register tiles of mr rows x nv vectors of columns.
**
**     dx:            a[r, i] = g[pixel r][output i]     b = packed weights    out = dx rows
**     grad_weight:   a[r, i] = g[pixel i][output r]     b = samples           out += its block
**
** b is in panels of nr columns, [i][column]; a is the g tile both times, read along its rows or
** along its columns.  The channels are the vectors of both, so that whole lines are used whatever
** the number of outputs.  Where groups are packed, each vector of channels multiplies with the outputs of
** its own group; where its lanes are channels of several groups, a is a vector in place of an element, and
** another one for each vector of channels: [vector][pixel][output][lane].
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

#include <assert.h>

enum { MAX_SUMS = 64, UNROLL = 2 };

/* Elements between what a register tile reads and writes; where groups are packed, `shares` columns have
** the same a, and the next ones theirs a_next elements on. */
typedef struct ProductSteps {
    int a_row, a_depth, out_row, shares;
    int64_t a_next;
    bool adds;
} ProductSteps;

/* The register tile. */
typedef struct ProductTile {
    const GradientPlan *plan;
    ProductSteps step;
    int nv;
    addr a, b, out;
    var sum[MAX_SUMS];
} ProductTile;

static ProductSteps steps_of(const GradientPlan *p, GradientProduct which, int shape)
{
    const GradientShape *s = &p->blocks.shape[shape];
    const int group = p->blocks.in_channels;
    int output = p->lanes_are_groups ? p->lanes : 1;
    int pixel = p->lanes_are_groups ? p->outputs * p->lanes : p->g_stride;
    ProductSteps to = { .shares = s->vector_taps * (p->lanes_are_groups ? p->lanes : group) };
    to.a_next = p->lanes_are_groups ? (int64_t)p->panel_pixels * pixel : p->blocks.out_channels;
    to.adds = which == GRADIENT_OF_WEIGHT;
    to.a_row = to.adds ? output : pixel;
    to.a_depth = to.adds ? pixel : output;
    to.out_row = to.adds ? s->columns : s->dx_stride;
    return to;
}

/* Elements from a row of a panel of b to the next: those of samples are all of one width. */
static int b_row(const ProductTile *t)
{
    return t->step.adds ? t->plan->nr : t->nv * t->plan->lanes;
}

static addr out_at(Emit *e, const ProductTile *t, int r, int v)
{
    return p_at(e, t->out, x_const(e, (int64_t)r * t->step.out_row + (int64_t)v * e->lanes));
}

static void update(Emit *e, ProductTile *t, idx i)
{
    fvec b[MAX_SUMS];
    addr row = p_at(e, t->b, x_mulk(e, i, b_row(t)));
    addr a = p_at(e, t->a, x_mulk(e, i, t->step.a_depth));
    for (int v = 0; v < t->nv; v++)
        b[v] = p_load(e, p_at(e, row, x_const(e, (int64_t)v * e->lanes)), all_lanes);
    for (int r = 0; r < t->plan->mr; r++) {
        addr at = p_at(e, a, x_const(e, (int64_t)r * t->step.a_row));
        fvec x = t->plan->lanes_are_groups ? p_load(e, at, all_lanes) : p_splat(e, at);
        for (int v = 0; v < t->nv; v++) {
            var sum = t->sum[r * t->nv + v];
            v_set(e, sum, f_fma(e, x, b[v], v_get(e, sum)));
        }
    }
}

/* ---- the micro-kernel -------------------------------------------------------------------- */

typedef struct UkernelArgs {
    addr a, b, out;
    idx depth;
} UkernelArgs;

static const Param ukernel_param[] = { PARAM(UkernelArgs, a), PARAM(UkernelArgs, b),
                                       PARAM(UkernelArgs, out), PARAM(UkernelArgs, depth) };
static const Params ukernel_params = PARAMS(UkernelArgs, ukernel_param);

static LLVMValueRef emit_ukernel(Emit *e, const char *name, const GradientPlan *p,
                                 ProductSteps step, int nv)
{
    UkernelArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, name, 1, e->none, &ukernel_params, &in);
    ProductTile t = { .plan = p, .step = step, .nv = nv, .a = in.a, .b = in.b, .out = in.out };
    assert(p->mr * nv <= MAX_SUMS);
    for (int i = 0; i < p->mr * nv; i++) {
        bool adds = step.adds;
        t.sum[i] =
            v_float(e, adds ? p_load(e, out_at(e, &t, i / nv, i % nv), all_lanes) : f_const(e, 0));
    }
    idx whole = x_mulk(e, x_div(e, in.depth, x_const(e, UNROLL)), UNROLL);
    EMIT_FOR (e, i, x_const(e, 0), whole, UNROLL) {
        for (int u = 0; u < UNROLL; u++)
            update(e, &t, x_addk(e, i.at, u));
    }
    EMIT_FOR (e, i, whole, in.depth, 1) {
        update(e, &t, i.at);
    }
    for (int i = 0; i < p->mr * nv; i++)
        p_store(e, out_at(e, &t, i / nv, i % nv), v_get(e, t.sum[i]), all_lanes);
    e_fn_end(e);
    return fn;
}

/* ---- all of a product -------------------------------------------------------------------- */

static const Param param[] = { PARAM(GradientProductArgs, a), PARAM(GradientProductArgs, b),
                               PARAM(GradientProductArgs, out), PARAM(GradientProductArgs, rows),
                               PARAM(GradientProductArgs, depth) };
static const Params params = PARAMS(GradientProductArgs, param);

/* The product in hand. */
typedef struct Product {
    const GradientPlan *plan;
    const GradientShape *shape;
    const GradientProductArgs *in;
    ProductSteps step;
} Product;

/* A panel of columns from `first`, whose part of b stands `depth` rows deep. */
static void panel(Emit *e, const Product *p, LLVMValueRef fn, idx first)
{
    const GradientProductArgs *in = p->in;
    UkernelArgs k = { .depth = in->depth };
    addr a = in->a;
    if (p->plan->packs) {
        idx nth = x_div(e, first, x_const(e, p->step.shares));
        a = p_at(e, a, x_mulk(e, nth, p->step.a_next));
    }
    k.b = p_at(e, in->b, x_mul(e, first, in->depth));
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in->rows, p->plan->mr) {
        k.a = p_at(e, a, x_mulk(e, row.at, p->step.a_row));
        k.out = p_at(e, in->out, x_add(e, x_mulk(e, row.at, p->step.out_row), first));
        e_call_with(e, fn, &ukernel_params, &k);
    }
}

LLVMValueRef gradient_emit_product(Emit *e, const GradientPlan *p, GradientProduct which, int shape)
{
    static const char *const name[NGRADIENT_PRODUCTS][2] = {
        [GRADIENT_OF_SAMPLES] = { "product_samples", "ukernel_samples" },
        [GRADIENT_OF_WEIGHT] = { "product_weight", "ukernel_weight" },
    };
    const GradientShape *s = &p->blocks.shape[shape];
    ProductSteps step = steps_of(p, which, shape);
    LLVMValueRef last = emit_ukernel(e, name[which][1], p, step, s->last_nv), inner = last;
    if (s->panels > 1 && s->last_nv != p->nv)
        inner = emit_ukernel(e, name[which][1], p, step, p->nv);
    GradientProductArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, name[which][0], 1, e->none, &params, &in);
    const Product all = { p, s, &in, step };
    idx before = x_const(e, (int64_t)(s->panels - 1) * p->nr);
    EMIT_FOR_OPAQUE (e, first, x_const(e, 0), before, p->nr) {
        panel(e, &all, inner, first.at);
    }
    panel(e, &all, last, before);
    e_fn_end(e);
    return fn;
}

void gradient_call_product(Emit *e, LLVMValueRef fn, const GradientProductArgs *in)
{
    e_call_with(e, fn, &params, in);
}
