/* gtile.c: the gradient of the output at a tile of pixels, [pixel][output] of a block's weight groups.
**
** It is copied because it is read several times, in nchw its channels lie far apart, and the scale
** of an epilogue goes into it.  Rows have zeros beyond the outputs, which the task has put there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"

typedef struct GTile {
    const GradientPlan *plan;
    const GradientGTileArgs *in;
    Problem pb;
    int outputs;
    idx first; /* output channel */
    var seen;  /* lanes that were not 0 somewhere */
} GTile;

static addr g_at(Emit *e, const GTile *t, idx row, idx col)
{
    const idx at[4] = { t->in->n, t->first, x_add(e, t->in->p0, row), x_add(e, t->in->q0, col) };
    idx channels = x_const(e, t->plan->s->out_channels);
    addr g = t->pb.operand[RT_GRAD_OUTPUT];
    return p_at(e, g, problem_at(e, &t->pb, channels, t->pb.p, t->pb.q, at));
}

static void transpose_row(Emit *e, const GTile *t, LLVMValueRef transpose, idx row, addr to)
{
    Transpose all = { .from = g_at(e, t, row, x_const(e, 0)), .to = to };
    all.rows = x_const(e, t->outputs);
    all.cols = t->in->cols;
    all.from_step = x_mul(e, t->pb.p, t->pb.q);
    all.to_step = x_const(e, t->plan->g_stride);
    call_transpose(e, transpose, &all);
}

/* The outputs of one pixel. */
static void copy_pixel(Emit *e, const GTile *t, addr from, addr to)
{
    fvec zero = f_const(e, 0), one = f_const(e, 1);
    EMIT_VECTORS (e, v, x_const(e, t->outputs)) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live);
        mask none = f_equal(e, x, zero);
        v_set(e, t->seen, f_select(e, none, v_get(e, t->seen), one));
        if (t->plan->s->scale_shift) {
            idx at = x_add(e, t->first, v.at);
            x = f_mul(e, x, p_load(e, p_at(e, t->pb.scale, at), v.live));
        }
        p_store(e, p_at(e, to, v.at), x, v.live);
    }
}

static const Param param[] = { PARAM(GradientGTileArgs, args), PARAM(GradientGTileArgs, to),
                               PARAM(GradientGTileArgs, n),    PARAM(GradientGTileArgs, p0),
                               PARAM(GradientGTileArgs, q0),   PARAM(GradientGTileArgs, rows),
                               PARAM(GradientGTileArgs, cols), PARAM(GradientGTileArgs, group) };
static const Params params = PARAMS(GradientGTileArgs, param);

LLVMValueRef gradient_emit_gtile(Emit *e, const GradientPlan *p, LLVMValueRef transpose, int shape)
{
    GradientGTileArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "g_tile", 1, e->i64, &params, &in);
    GTile t = { .plan = p, .in = &in, .pb = problem_load(e, p->s, in.args) };
    t.outputs = p->blocks.shape[shape].g_outputs;
    t.first = x_mulk(e, in.group, p->blocks.out_channels);
    t.seen = v_float(e, f_const(e, 0));
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in.rows, 1) {
        addr to = p_at(e, in.to, x_mulk(e, x_mul(e, row.at, in.cols), p->g_stride));
        if (p->transposes)
            transpose_row(e, &t, transpose, row.at, to);
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), in.cols, 1) {
            addr pixel = p_at(e, to, x_mulk(e, col.at, p->g_stride));
            copy_pixel(e, &t, p->transposes ? pixel : g_at(e, &t, row.at, col.at), pixel);
        }
    }
    mask any = f_less(e, f_const(e, 0), v_get(e, t.seen));
    e_return(e, x_select(e, c_any(e, any), x_const(e, 1), x_const(e, 0)));
    return fn;
}

idx gradient_call_gtile(Emit *e, LLVMValueRef fn, const GradientGTileArgs *in)
{
    return (idx){ e_call_with(e, fn, &params, in) };
}

/* ---- packed groups ------------------------------------------------------------------------- */

static const Param g_lanes_param[] = { PARAM(GradientGLanesArgs, from),
                                       PARAM(GradientGLanesArgs, to),
                                       PARAM(GradientGLanesArgs, pixels) };
static const Params g_lanes_params = PARAMS(GradientGLanesArgs, g_lanes_param);

/* Output i of every lane's group; group: that of lane 0.  Lanes that are padding have the last one's. */
static fvec outputs_of_lanes(Emit *e, const GradientPlan *p, const GradientShape *a, addr row,
                             idx group, idx i)
{
    int each = p->blocks.in_channels;
    idx last = x_const(e, a->groups - 1);
    fvec all = { NULL };
    for (int lane = 0; lane < e->lanes; lane += each) {
        idx of = x_min(e, x_addk(e, group, lane / each), last);
        fvec x = p_splat(e, p_at(e, row, x_add(e, x_mulk(e, of, p->blocks.out_channels), i)));
        all = lane ? f_select(e, m_first(e, lane), all, x) : x;
    }
    return all;
}

LLVMValueRef gradient_emit_g_lanes(Emit *e, const GradientPlan *p, int shape)
{
    const GradientShape *a = &p->blocks.shape[shape];
    GradientGLanesArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "g_lanes", 1, e->none, &g_lanes_params, &in);
    EMIT_FOR_OPAQUE (e, vector, x_const(e, 0), x_const(e, a->vectors), 1) {
        idx group = x_mulk(e, vector.at, p->lanes / p->blocks.in_channels);
        idx before = x_mulk(e, vector.at, p->panel_pixels);
        EMIT_FOR_OPAQUE (e, pixel, x_const(e, 0), in.pixels, 1) {
            addr row = p_at(e, in.from, x_mulk(e, pixel.at, p->g_stride));
            idx nth = x_mulk(e, x_add(e, before, pixel.at), p->outputs);
            EMIT_FOR (e, i, x_const(e, 0), x_const(e, p->blocks.out_channels), 1) {
                fvec x = outputs_of_lanes(e, p, a, row, group, i.at);
                idx at = x_mulk(e, x_add(e, nth, i.at), p->lanes);
                p_store(e, p_at(e, in.to, at), x, all_lanes);
            }
        }
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_g_lanes(Emit *e, LLVMValueRef fn, const GradientGLanesArgs *in)
{
    e_call_with(e, fn, &g_lanes_params, in);
}
