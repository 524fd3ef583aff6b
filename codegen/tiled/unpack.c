/* unpack.c: a tile of outputs, [pixel][channel] in the workspace, to nchw.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"
#include "codegen/math/math.h"
#include "codegen/tiled/tile.h"

void tiled_epilogue_of_rows(Emit *e, const TiledPlan *p, const Transpose *t, addr residual)
{
    EMIT_VECTORS (e, v, t->rows) {
        EMIT_FOR (e, c, x_const(e, 0), t->cols, 1) {
            idx at = x_add(e, x_mul(e, c.at, t->to_step), v.at);
            addr to = p_at(e, t->to, at);
            fvec x = f_add(e, p_load(e, to, v.live), p_load(e, p_at(e, residual, at), v.live));
            p_store(e, to, emit_activation(e, rt_activation_of(p->s), x), v.live);
        }
    }
}

static const Param param[] = { PARAM(TiledUnpackArgs, args),    PARAM(TiledUnpackArgs, from),
                               PARAM(TiledUnpackArgs, n),       PARAM(TiledUnpackArgs, p0),
                               PARAM(TiledUnpackArgs, q0),      PARAM(TiledUnpackArgs, rows),
                               PARAM(TiledUnpackArgs, cols),    PARAM(TiledUnpackArgs, channel),
                               PARAM(TiledUnpackArgs, channels) };
static const Params params = PARAMS(TiledUnpackArgs, param);

LLVMValueRef tiled_emit_unpack(Emit *e, const TiledPlan *p, LLVMValueRef transpose)
{
    TiledUnpackArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "unpack", 1, e->none, &params, &in);
    Problem pb = tiled_problem(e, p, in.args);
    idx channels = x_const(e, p->s->out_channels);
    Transpose t = { .rows = in.cols, .cols = in.channels };
    t.from_step = x_const(e, p->scratch.out_stride);
    t.to_step = x_mul(e, pb.p, pb.q);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in.rows, 1) {
        const idx first[4] = { in.n, in.channel, x_add(e, in.p0, row.at), in.q0 };
        idx at = problem_at(e, &pb, channels, pb.p, pb.q, first);
        idx pixel = x_mulk(e, x_mul(e, row.at, t.rows), p->scratch.out_stride);
        t.from = p_at(e, in.from, x_add(e, pixel, in.channel));
        t.to = p_at(e, pb.output, at);
        call_transpose(e, transpose, &t);
        if (tiled_epilogue_after_transpose(p))
            tiled_epilogue_of_rows(e, p, &t, p_at(e, pb.residual, at));
    }
    e_fn_end(e);
    return fn;
}

void tiled_call_unpack(Emit *e, LLVMValueRef fn, const TiledUnpackArgs *in)
{
    e_call_with(e, fn, &params, in);
}
