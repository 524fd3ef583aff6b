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
#include "runtime/spec/shape.h"

/* A matrix product over the channels of every pixel: `out` channels from all those of the
** module. */
static Stage *add_linear(Stages *g, const char *word, const char *param, int64_t out, StageRef from,
                         StageRef to)
{
    const Conv c = { word, param, GRID_IN, g->module->in_channels, out, from, to };
    return stage_add_conv(g, &c);
}

/* The depthwise convolution that offsets are made from. */
static Stage *add_depthwise(Stages *g, const char *name, StageRef to)
{
    const dcn_spec *s = g->module;
    const int64_t c = s->in_channels;
    const Conv conv = { "depthwise", name, GRID_IN, c, c, stage_tensor(g, "input"), to };
    Stage *st = stage_add_conv(g, &conv);
    st->spec.groups = (int)c;
    for (int axis = 0; axis < 2; axis++) {
        st->spec.kernel[axis] = s->dw_kernel[axis];
        st->spec.padding[axis] = st->spec.padding[axis + 2] = (s->dw_kernel[axis] - 1) / 2;
    }
    return st;
}

static Stage *add_norm(Stages *g, StageRef x)
{
    const Rowwise rows = { .channels = g->module->in_channels, .eps = g->module->norm_eps };
    Stage *st = stage_add_rows(g, "norm", STAGE_NORM, &rows, GRID_IN);
    stage_bind(st, "x", x);
    stage_bind(st, "weight", stage_tensor(g, "dw_conv_1_1_weight"));
    stage_bind(st, "bias", stage_tensor(g, "dw_conv_1_1_bias"));
    return st;
}

/* y*(1 - c) + x*c, c made from `from`. */
static Stage *add_blend(Stages *g, StageRef y, StageRef x, StageRef from)
{
    const dcn_spec *s = g->module;
    const Rowwise rows = { .channels = s->in_channels, .groups = s->offset_groups };
    StageRef logits = stage_temp(g, GRID_IN, s->offset_groups);
    add_linear(g, "share", "center_feature_scale_proj", s->offset_groups, from, logits);
    Stage *st = stage_add_rows(g, "blend", STAGE_BLEND, &rows, GRID_IN);
    stage_bind(st, "y", y);
    stage_bind(st, "x", x);
    stage_bind(st, "logits", logits);
    return st;
}

static void set_activation(Stage *st, rt_activation a)
{
    if (st->kind == STAGE_OPERATOR)
        rt_set_activation(&st->spec, a);
    else
        st->rows.activation = a;
}

/* The core operator from x to y, or with the output projection to the output. */
static Stage *add_core(Stages *g, dcn_op op, StageRef x, StageRef y)
{
    const dcn_spec *s = g->module;
    Stage *st = stage_add(g, "core", op, GRID_IN);
    stage_copy_window(st, s);
    st->spec.in_channels = st->spec.out_channels = s->in_channels;
    st->spec.offset_groups = s->offset_groups;
    st->spec.offset_scale = s->offset_scale;
    st->spec.remove_center = s->remove_center;
    stage_bind(st, "input", x);
    stage_bind(st, "output", y);
    return st;
}

static void take_projection(Stages *g, Stage *st)
{
    const StageRef bias = stage_tensor(g, "output_proj_bias");
    st->spec.projection = st->spec.out_channels;
    st->spec.bias = !stage_is_absent(bias);
    rt_set_activation(&st->spec, rt_activation_of(g->module));
    stage_bind(st, "weight", stage_tensor(g, "output_proj_weight"));
    stage_bind(st, "bias", bias);
}

void stages_dcnv3_module(Stages *g)
{
    const dcn_spec *s = g->module;
    int64_t c = s->in_channels, points = (int64_t)s->offset_groups * rt_points(s);
    const bool blended = s->center_feature_scale;
    StageRef in = stage_tensor(g, "input"), out = stage_tensor(g, "output");
    StageRef x1 = stage_temp(g, GRID_IN, c);
    Stage *st = add_depthwise(g, "dw_conv_0", x1);
    if (s->norm == DCN_NORM_LAYER)
        st = add_norm(g, x1);
    set_activation(st, rt_plain_activation(s->branch_activation));
    StageRef offset = stage_temp(g, GRID_IN, 2 * points), logits = stage_temp(g, GRID_IN, points);
    StageRef x = stage_temp(g, GRID_IN, c), y = blended ? stage_temp(g, GRID_IN, c) : out;
    add_linear(g, "offset", "offset", 2 * points, x1, offset);
    add_linear(g, "mask", "mask", points, x1, logits);
    add_linear(g, "value", "input_proj", c, in, x);
    st = add_core(g, DCN_OP_DCNV3, x, y);
    st->spec.modulation = DCN_MODULATION_SOFTMAX;
    stage_bind(st, "offset", offset);
    stage_bind(st, "mask", logits);
    if (!blended) {
        take_projection(g, st);
        return;
    }
    add_blend(g, y, x, x1);
    set_activation(add_linear(g, "project", "output_proj", c, y, out), rt_activation_of(s));
}

void stages_dcnv4_module(Stages *g)
{
    const dcn_spec *s = g->module;
    int64_t c = s->in_channels, packed = rt_packed_channels(s);
    const bool bare = s->without_pointwise, blended = s->center_feature_scale;
    StageRef in = stage_tensor(g, "input"), out = stage_tensor(g, "output"), from = in, x = in;
    if (s->dw_kernel[0]) {
        from = stage_temp(g, GRID_IN, c);
        add_depthwise(g, "offset_mask_dw", from);
    }
    StageRef offset_mask = stage_temp(g, GRID_IN, packed);
    add_linear(g, "offset_mask", "offset_mask", packed, from, offset_mask);
    if (!bare) {
        x = stage_temp(g, GRID_IN, c);
        add_linear(g, "value", "value_proj", c, in, x);
    }
    StageRef y = blended && !bare ? stage_temp(g, GRID_IN, c) : out;
    Stage *st = add_core(g, DCN_OP_DCNV4, x, y);
    st->spec.modulation = DCN_MODULATION_MASK;
    stage_bind(st, "offset_mask", offset_mask);
    if (!blended && !bare)
        take_projection(g, st);
    if (blended)
        st = add_blend(g, y, x, y);
    if (blended && !bare)
        st = add_linear(g, "project", "output_proj", c, y, out);
    set_activation(st, rt_activation_of(s));
}
