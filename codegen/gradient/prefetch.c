/* prefetch.c: what the pass over a tile's samples will read and add to, asked for before.
**
** Samples are scattered, so no hardware prefetcher foresees them, and each would wait for L3.  But
** they stay near their pixels: the rows and columns that the tile's taps cover, and `prefetch`
** pixels around.  Until they are needed there is a product to compute.
**
** In nchw the offsets and masks of a tile are pieces of as many planes as there are taps, which nobody
** foresees either: those of an offset group are fetched while the one before is worked on.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/workspace.h"
#include "runtime/spec/shape.h"

/* The lines of a block's channels of a pixel. */
static void lines(Emit *e, addr from, int channels)
{
    for (int i = 0; i < channels; i += CACHE_LINE / e->fp_bytes)
        p_prefetch(e, p_at(e, from, x_const(e, i)), 2);
}

/* ---- planes of offsets and masks ----------------------------------------------------------- */

bool gradient_fetches_planes(const GradientPlan *p, int spans)
{
    return p->transposes && p->deformed && p->prefetch >= 0 && spans > 1;
}

static void pixel_of_plane(Emit *e, const Problem *pb, const OutPixels *at, addr map,
                           const idx channel[2], int level)
{
    const idx pixel[4] = { at->n, channel[0], at->p, at->q };
    p_prefetch(e, p_at(e, map, problem_at(e, pb, channel[1], pb->p, pb->q, pixel)), level);
}

void gradient_fetch_tap(Emit *e, const GradientPlan *p, const Problem *pb, const GradientTap *tap)
{
    const dcn_spec *s = p->s;
    idx next = x_addk(e, tap->flat, p->blocks.taps);
    idx at = x_mulk(e, next, rt_offset_planes(s) ? 1 : 2);
    for (int axis = 0; axis < 2 && tap->offset.v; axis++) {
        const idx channel[2] = { x_addk(e, at, rt_offset_channel(s, 0, axis)),
                                 x_const(e, pb->offset_channels) };
        pixel_of_plane(e, pb, tap->at, tap->offset, channel, tap->level);
    }
    const idx channel[2] = { x_addk(e, next, tap->mask_first), x_const(e, pb->mask_channels) };
    if (tap->mask.v)
        pixel_of_plane(e, pb, tap->at, tap->mask, channel, tap->level);
}

/* ---- the function ---------------------------------------------------------------------------- */

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
    const GradientSteps to = gradient_steps(e, p, &pb, shape);
    TapRange y = emit_tap_range(e, &pb, 0, (const idx[]){ in.p0, in.rows }, p->prefetch);
    TapRange x = emit_tap_range(e, &pb, 1, (const idx[]){ in.q0, in.cols }, p->prefetch);
    EMIT_FOR_OPAQUE (e, row, y.first, y.end, 1) {
        EMIT_FOR (e, col, x.first, x.end, 1) {
            idx at = x_add(e, x_mul(e, row.at, to.row), x_mulk(e, col.at, to.pixel));
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
