/* conv.c: convolution layers as stages.
**
**     deform_conv2d_pack     offset = conv(x);  out = deform(x, offset)
**     separable_conv2d       t = depthwise(x);  out = pointwise(t)
**
** The offset convolution makes offsets and mask logits in one tensor, and the deformable one reads
** it as it is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

static void add_offset_conv(Stages *g, int64_t channels, StageRef to)
{
    const Conv c = {
        "offset", "offset", GRID_IN, g->module->in_channels, channels, stage_tensor(g, "input"), to
    };
    stage_copy_window(stage_add_conv(g, &c), g->module);
}

void stages_deform_conv2d_pack(Stages *g)
{
    const dcn_spec *s = g->module;
    const bool masked = s->modulation != DCN_MODULATION_NONE;
    int64_t channels = (int64_t)(masked ? 3 : 2) * s->offset_groups * problem_taps(s);
    StageRef offset = stage_temp(g, GRID_OUT, channels);
    add_offset_conv(g, channels, offset);
    Stage *st = stage_add(g, "deform", DCN_OP_DEFORM_CONV2D, GRID_IN);
    stage_copy_keys(st, s);
    st->spec.offset_mask = masked;
    stage_bind(st, "input", stage_tensor(g, "input"));
    stage_bind(st, "weight", stage_tensor(g, "weight"));
    stage_bind(st, "bias", stage_tensor(g, "bias"));
    stage_bind(st, masked ? "offset_mask" : "offset", offset);
    stage_bind(st, "output", stage_tensor(g, "output"));
    stage_take_epilogue(g, st);
}

void stages_separable_conv2d(Stages *g)
{
    const dcn_spec *s = g->module;
    int64_t channels = s->in_channels * s->depth_multiplier;
    StageRef in = stage_tensor(g, "input"), out = stage_tensor(g, "output"),
             deep = stage_temp(g, GRID_OUT, channels);
    const Conv depthwise = { "depthwise", "dw", GRID_IN, s->in_channels, channels, in, deep };
    const Conv pointwise = { "pointwise", "pw", GRID_OUT, channels, s->out_channels, deep, out };
    Stage *st = stage_add_conv(g, &depthwise);
    st->spec.groups = (int)s->in_channels;
    stage_copy_window(st, s);
    stage_take_epilogue(g, stage_add_conv(g, &pointwise));
}
