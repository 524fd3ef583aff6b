/* prefetch.c: what the pass over a tile's samples will read and add to, asked for before.
**
** Samples are scattered, so no hardware prefetcher foresees them, and each would wait for L3.  But
** they stay near their pixels: the rows and columns that the tile's taps cover, and `prefetch`
** pixels around.  Until they are needed there is a product to compute.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/workspace.h"

/* The lines of a block's channels of a pixel. */
static void lines(Emit *e, addr from, int channels)
{
    for (int i = 0; i < channels; i += CACHE_LINE / e->fp_bytes)
        p_prefetch(e, p_at(e, from, x_const(e, i)), 2);
}

static const Param param[] = {
    PARAM(GradientPrefetchArgs, args),       PARAM(GradientPrefetchArgs, input),
    PARAM(GradientPrefetchArgs, grad_input), PARAM(GradientPrefetchArgs, p0),
    PARAM(GradientPrefetchArgs, q0),         PARAM(GradientPrefetchArgs, rows),
    PARAM(GradientPrefetchArgs, cols),       PARAM(GradientPrefetchArgs, step)
};
static const Params params = PARAMS(GradientPrefetchArgs, param);

LLVMValueRef gradient_emit_prefetch(Emit *e, const GradientPlan *p, int shape)
{
    GradientPrefetchArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "prefetch", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    const int channels = p->blocks.shape[shape].channels;
    TapRange y = emit_tap_range(e, &pb, 0, (const idx[]){ in.p0, in.rows }, p->prefetch);
    TapRange x = emit_tap_range(e, &pb, 1, (const idx[]){ in.q0, in.cols }, p->prefetch);
    EMIT_FOR_OPAQUE (e, row, y.first, y.end, 1) {
        EMIT_FOR (e, col, x.first, x.end, 1) {
            idx at = x_mulk(e, x_add(e, x_mul(e, row.at, pb.w), col.at), p->s->in_channels);
            if (p->want.dots || p->want.weight)
                lines(e, p_at(e, in.input, at), channels);
            if (p->want.input)
                lines(e, p_at(e, in.grad_input, x_mul(e, at, in.step)), channels);
        }
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_prefetch(Emit *e, LLVMValueRef fn, const GradientPrefetchArgs *in)
{
    e_call_with(e, fn, &params, in);
}
