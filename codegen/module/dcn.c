/* dcn.c: the modules of DCNv3 and DCNv4 as stages.
**
**     dcnv3_module     x1 = act(LN(depthwise(x)));  xp = Linear(x);  c = Linear(x1)
**                      y = blend(core(xp, Linear(x1), Linear(x1)), xp, c);  out = Linear(y)
**     dcnv4_module     m = Linear(x or depthwise(x));  xp = Linear(x)
**                      y = core(xp, m);  out = Linear(blend(y, xp, Linear(y)))
**
** Where nothing is blended, the last Linear is the projection of the core operator.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"
#include "runtime/spec/fields.h"

static Stage *add_rows(Stages *g, const char *word, StageKind kind)
{
    Stage *st = stage_add(g, word, DCN_OP_CONV2D, GRID_IN);
    st->kind = kind;
    st->s.in_channels = g->s->in_channels;
    st->s.offset_groups = g->s->offset_groups;
    return st;
}

/* A matrix product over the channels of every pixel: the tensors are `name`_weight and `name`_bias. */
#define LINEAR(word_, name, in_, out_, from_, to_)                                                 \
    &(Conv)                                                                                        \
    {                                                                                              \
        .word = word_, .weight = name "_weight", .bias = name "_bias", .grid = GRID_IN, .in = in_, \
        .out = out_, .from = from_, .to = to_                                                      \
    }

/* The depthwise convolution that offsets are made from. */
static Stage *depthwise(Stages *g, const char *weight, const char *bias, StageRef to)
{
    const dcn_spec *s = g->s;
    int64_t c = s->in_channels;
    Stage *st = stage_add_conv(
        g, &(Conv){ "depthwise", weight, bias, GRID_IN, c, c, stage_named(g, "input"), to });
    st->s.groups = (int)c;
    for (int axis = 0; axis < 2; axis++) {
        st->s.kernel[axis] = s->dw_kernel[axis];
        st->s.padding[axis] = st->s.padding[axis + 2] = (s->dw_kernel[axis] - 1) / 2;
    }
    return st;
}

/* y*(1 - c) + x*c, c made from `from`. */
static Stage *blend(Stages *g, StageRef y, StageRef x, StageRef from)
{
    const dcn_spec *s = g->s;
    StageRef logits = stage_between(g, GRID_IN, s->offset_groups);
    stage_add_conv(g, LINEAR("share", "center_feature_scale_proj", s->in_channels, s->offset_groups,
                             from, logits));
    Stage *st = add_rows(g, "blend", STAGE_BLEND);
    stage_bind(st, "y", y);
    stage_bind(st, "x", x);
    stage_bind(st, "logits", logits);
    return st;
}

/* The core operator from x to y, or with the output projection to the output. */
static Stage *core(Stages *g, dcn_op op, StageRef x, StageRef y)
{
    const dcn_spec *s = g->s;
    Stage *st = stage_add(g, "core", op, GRID_IN);
    stage_is_core(g, st);
    stage_window(st, s);
    st->s.in_channels = st->s.out_channels = s->in_channels;
    st->s.offset_groups = s->offset_groups;
    st->s.offset_scale = s->offset_scale;
    st->s.remove_center = s->remove_center;
    stage_bind(st, "input", x);
    stage_bind(st, "output", y);
    return st;
}

static void project(Stages *g, Stage *st)
{
    st->s.projection = st->s.out_channels;
    st->s.bias = stage_named(g, "output_proj_bias") != STAGE_ABSENT;
    st->s.activation = g->s->activation;
    stage_bind(st, "weight", stage_named(g, "output_proj_weight"));
    stage_bind(st, "bias", stage_named(g, "output_proj_bias"));
}

void stages_dcnv3_module(Stages *g)
{
    const dcn_spec *s = g->s;
    int64_t c = s->in_channels, points = (int64_t)s->offset_groups * rt_points(s);
    int blended = s->center_feature_scale;
    StageRef in = stage_named(g, "input"), out = stage_named(g, "output"),
             x1 = stage_between(g, GRID_IN, c);
    Stage *st = depthwise(g, "dw_conv_0_weight", "dw_conv_0_bias", x1);
    if (s->norm == DCN_NORM_LAYER) {
        st = add_rows(g, "norm", STAGE_NORM);
        st->s.norm_eps = s->norm_eps;
        stage_bind(st, "x", x1);
        stage_bind(st, "weight", stage_named(g, "dw_conv_1_1_weight"));
        stage_bind(st, "bias", stage_named(g, "dw_conv_1_1_bias"));
    }
    st->s.activation = s->branch_activation;
    StageRef offset = stage_between(g, GRID_IN, 2 * points),
             shares = stage_between(g, GRID_IN, points);
    StageRef x = stage_between(g, GRID_IN, c), y = blended ? stage_between(g, GRID_IN, c) : out;
    stage_add_conv(g, LINEAR("offset", "offset", c, 2 * points, x1, offset));
    stage_add_conv(g, LINEAR("mask", "mask", c, points, x1, shares));
    stage_add_conv(g, LINEAR("value", "input_proj", c, c, in, x));
    st = core(g, DCN_OP_DCNV3, x, y);
    st->s.modulation = DCN_MODULATION_SOFTMAX;
    stage_bind(st, "offset", offset);
    stage_bind(st, "mask", shares);
    if (!blended) {
        project(g, st);
        return;
    }
    blend(g, y, x, x1);
    stage_add_conv(g, LINEAR("project", "output_proj", c, c, y, out))->s.activation = s->activation;
}

void stages_dcnv4_module(Stages *g)
{
    const dcn_spec *s = g->s;
    int64_t c = s->in_channels, packed = rt_packed_channels(s);
    int bare = s->without_pointwise, blended = s->center_feature_scale;
    StageRef in = stage_named(g, "input"), out = stage_named(g, "output"), from = in, x = in;
    if (s->dw_kernel[0]) {
        from = stage_between(g, GRID_IN, c);
        depthwise(g, "offset_mask_dw_weight", "offset_mask_dw_bias", from);
    }
    StageRef shares = stage_between(g, GRID_IN, packed);
    stage_add_conv(g, LINEAR("offset_mask", "offset_mask", c, packed, from, shares));
    if (!bare) {
        x = stage_between(g, GRID_IN, c);
        stage_add_conv(g, LINEAR("value", "value_proj", c, c, in, x));
    }
    StageRef y = blended && !bare ? stage_between(g, GRID_IN, c) : out;
    Stage *st = core(g, DCN_OP_DCNV4, x, y);
    st->s.modulation = DCN_MODULATION_MASK;
    stage_bind(st, "offset_mask", shares);
    if (!blended && !bare)
        project(g, st);
    if (blended)
        st = blend(g, y, x, y);
    if (blended && !bare)
        st = stage_add_conv(g, LINEAR("project", "output_proj", c, c, y, out));
    st->s.activation = s->activation;
}
