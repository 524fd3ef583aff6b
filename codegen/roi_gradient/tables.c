/* tables.c: the tables of a region, made once for all blocks of channels that read them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/roi_gradient/roi_gradient.h"

static void make(Emit *e, const RoiCtx *c)
{
    const idx first[2] = { x_const(e, 0), x_const(e, 0) };
    RoiAxis axis[2];
    roi_clear_lists(e, c);
    EMIT_TYPE (e, roi_pos_type(c->plan)) {
        for (int i = 0; i < 2; i++)
            axis[i] = roi_axis(e, c, i);
        roi_scales(e, c, axis);
        roi_tables(e, c, axis, first);
    }
}

static const Param param[] = { PARAM(RoiGradientTablesArgs, args),
                               PARAM(RoiGradientTablesArgs, tables),
                               PARAM(RoiGradientTablesArgs, r) };
static const Params params = PARAMS(RoiGradientTablesArgs, param);

LLVMValueRef roi_gradient_emit_tables(Emit *e, const RoiGradientPlan *p)
{
    RoiGradientTablesArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "tables", true, e->none, &params, &in);
    e_fn_lanes(e, p->lanes);
    RoiCtx c = { .plan = &p->bins, .scratch = in.tables, .r = in.r };
    idx image = { NULL };
    c.pb = problem_load(e, p->s, in.args);
    c.cls = c.first_bin = x_const(e, 0);
    c.bins = x_const(e, p->bins.task_bins);
    c.pixel_step = x_const(e, 1);
    c.row_step = c.pb.w;
    EMIT_TYPE (e, roi_pos_type(c.plan)) {
        image = roi_image(e, &c);
    }
    EMIT_IF (e, x_less(e, x_const(e, -1), image)) {
        make(e, &c);
    }
    e_fn_end(e);
    return fn;
}

void roi_gradient_call_tables(Emit *e, LLVMValueRef fn, const RoiGradientTablesArgs *in)
{
    e_call_with(e, fn, &params, in);
}
