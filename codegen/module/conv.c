/* conv.c: convolution layers as stages.
**
**     deform_conv2d_pack     offset = conv(x);  out = deform(x, offset)
**     separable_conv2d       t = depthwise(x);  out = pointwise(t)
**
** The offset convolution makes offsets and mask logits in one tensor, and the deformable one reads it as it is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

#include <string.h>

void stages_deform_conv2d_pack(Stages *g)
{
    const dcn_spec *s = g->s;
    int masked = s->modulation != DCN_MODULATION_NONE;
    int64_t channels = (int64_t)(masked ? 3 : 2) * s->offset_groups * problem_taps(s);
    StageRef x = stage_named(g, "input"), offset = stage_between(g, GRID_OUT, channels);
    stage_window(stage_add_conv(g, &(Conv){ "offset", "offset_weight", "offset_bias", GRID_IN,
                                            s->in_channels, channels, x, offset }),
                 s);
    Stage *st = stage_add(g, "deform", DCN_OP_DEFORM_CONV2D, GRID_IN);
    stage_is_core(g, st);
    char name[DCN_NAME_MAX];
    memcpy(name, st->s.name, sizeof name);
    st->s = *s;
    st->s.op = DCN_OP_DEFORM_CONV2D;
    memcpy(st->s.name, name, sizeof name);
    st->s.offset_mask = masked;
    stage_bind(st, "input", x);
    stage_bind(st, "weight", stage_named(g, "weight"));
    stage_bind(st, "bias", stage_named(g, "bias"));
    stage_bind(st, masked ? "offset_mask" : "offset", offset);
    stage_bind(st, "output", stage_named(g, "output"));
    stage_finish(g, st);
}

void stages_separable_conv2d(Stages *g)
{
    const dcn_spec *s = g->s;
    int64_t channels = s->in_channels * s->depth_multiplier;
    StageRef deep = stage_between(g, GRID_OUT, channels);
    Stage *st =
        stage_add_conv(g, &(Conv){ "depthwise", "dw_weight", "dw_bias", GRID_IN, s->in_channels,
                                   channels, stage_named(g, "input"), deep });
    st->s.groups = (int)s->in_channels;
    stage_window(st, s);
    st = stage_add_conv(g, &(Conv){ "pointwise", "pw_weight", "pw_bias", GRID_OUT, channels,
                                    s->out_channels, deep, stage_named(g, "output") });
    stage_is_core(g, st);
    stage_finish(g, st);
}
