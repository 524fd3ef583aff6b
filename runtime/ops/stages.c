/* stages.c: the modules as lists of stages.
**
**     deform_conv2d_pack    maps = conv(input), with the same kernel, stride, padding and dilation;
**                           deform_conv2d of them
**     separable_conv2d      depthwise, output channel o from input channel o div m; then pointwise
**     dcnv3_module          x1 = act(LN(dwconv(x))); offset, mask = linear(x1); xp = linear(x)
**                           y = dcnv3(xp, offset, softmax mask); out = linear(blend(y, centre of xp))
**     dcnv4_module          offset_mask = linear(centre of x), or linear(dwconv(x)); value = linear(x)
**                           y = dcnv4(value, offset_mask); out = linear(blend(y, centre of value))
**                           of both: where nothing is blended and pixels are many, the last linear is the
**                           core's projection; with a stride, dwconv has it too, and the centre of a map is what
**                           lies at (p*sh, q*sw), a linear with that stride
**     deform_roi_pool_pack  x0 = the pooling without offsets, [C][ph][pw] in a row per region
**                           offset = fc(relu(fc(relu(fc(x0))))), mask = sigmoid(fc(relu(fc(x0))))
**
** blend, with center_feature_scale: y*(1 - c) + value*c for each group, c = sigmoid of one linear
** map of x1 in dcnv3_module and of y in dcnv4_module.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/stages.h"
#include "runtime/ops/ops.h"
#include "runtime/spec/activation.h"
#include "runtime/spec/fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the parts ------------------------------------------------------------------------------ */

static rt_stage *add(rt_stages *g, const char *word, rt_stage_kind kind, const dcn_spec *spec,
                     int x)
{
    assert(g->n < RT_MAX_STAGES);
    rt_stage *st = &g->stage[g->n++];
    st->kind = kind;
    st->word = word;
    st->spec = *spec;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        st->arg[i] = RT_NO_VALUE;
    st->arg[RT_INPUT] = x;
    st->out = g->nvalues++;
    return st;
}

/* An operator with the keys that it has in common with the module. */
static dcn_spec like_module(const dcn_spec *s, dcn_op op)
{
    dcn_spec own;
    dcn_spec_init(&own, op);
    rt_fields_copy(s, &own);
    return own;
}

/* A pointwise convolution on maps of the same images, of the size of the input. */
static dcn_spec conv_spec(const dcn_spec *s, int64_t ins, int64_t outs)
{
    dcn_spec conv;
    dcn_spec_init(&conv, DCN_OP_CONV2D);
    conv.dtype = s->dtype;
    conv.batch = s->batch;
    conv.height = s->height;
    conv.width = s->width;
    conv.layout = s->layout;
    conv.in_channels = ins;
    conv.out_channels = outs;
    conv.kernel[0] = conv.kernel[1] = 1;
    return conv;
}

/* An operand of the module that a stage takes as its own, if there is one. */
static void bind(const rt_stages *g, rt_stage *st, rt_operand as, rt_operand from)
{
    const rt_operands o = rt_plain_operands_of(g->module);
    for (int i = 0; i < o.n; i++)
        if (o.which[i] == from)
            st->arg[as] = (int)from;
}

/* A convolution, with a bias if the module has one for it. */
static rt_stage *convolve(rt_stages *g, const char *word, const dcn_spec *conv, int x,
                          const rt_operand name[2])
{
    rt_stage *st = add(g, word, RT_STAGE_OPERATOR, conv, x);
    bind(g, st, RT_WEIGHT, name[0]);
    bind(g, st, RT_BIAS, name[1]);
    st->spec.bias = st->arg[RT_BIAS] != RT_NO_VALUE;
    return st;
}

/* The rows and columns of a value: those of the input, or what the stage that makes it makes of its own. */
static void take_size(const rt_stages *g, int value, dcn_spec *to)
{
    for (int i = 0; i < g->n; i++) {
        const rt_stage *st = &g->stage[i];
        const bool operates = st->kind == RT_STAGE_OPERATOR;
        if (st->out != value)
            continue;
        to->height = operates ? dcn_out_height(&st->spec, st->spec.height) : st->spec.height;
        to->width = operates ? dcn_out_width(&st->spec, st->spec.width) : st->spec.width;
    }
}

/* outs numbers per pixel from the ins of x. */
static rt_stage *linear(rt_stages *g, const char *word, int x, const int64_t size[2],
                        const rt_operand name[2])
{
    dcn_spec conv = conv_spec(g->module, size[0], size[1]);
    take_size(g, x, &conv);
    return convolve(g, word, &conv, x, name);
}

/* What the module does to its output is done by its last stage. */
static void finish(rt_stages *g, rt_stage *st)
{
    rt_set_activation(&st->spec, rt_activation_of(g->module));
    st->spec.scale_shift = g->module->scale_shift;
    st->spec.residual = g->module->residual;
    bind(g, st, RT_SCALE, RT_SCALE);
    bind(g, st, RT_SHIFT, RT_SHIFT);
    bind(g, st, RT_RESIDUAL, RT_RESIDUAL);
    st->out = RT_OUTPUT;
}

#define NAMES(id) ((const rt_operand[2]){ RT_##id##_WEIGHT, RT_##id##_BIAS })

/* ---- convolutions --------------------------------------------------------------------------- */

void rt_stages_pack(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const bool masked = s->modulation != DCN_MODULATION_NONE;
    dcn_spec conv = conv_spec(s, s->in_channels, rt_inner_channels(s));
    dcn_spec deform = like_module(s, DCN_OP_DEFORM_CONV2D);
    memcpy(conv.kernel, s->kernel, sizeof conv.kernel);
    memcpy(conv.stride, s->stride, sizeof conv.stride);
    memcpy(conv.padding, s->padding, sizeof conv.padding);
    memcpy(conv.dilation, s->dilation, sizeof conv.dilation);
    deform.offset_mask = masked;
    const int maps = convolve(g, "offset", &conv, RT_INPUT, NAMES(OFFSET))->out;
    const rt_operand own[2] = { RT_WEIGHT, RT_BIAS };
    rt_stage *st = convolve(g, "deform", &deform, RT_INPUT, own);
    st->arg[masked ? RT_OFFSET_MASK : RT_OFFSET] = maps;
    finish(g, st);
}

void rt_stages_separable(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const int64_t between = rt_inner_channels(s);
    dcn_spec first = like_module(s, DCN_OP_CONV2D), second = conv_spec(s, between, s->out_channels);
    first.groups = (int)s->in_channels;
    first.out_channels = between;
    first.scale_shift = first.residual = false;
    rt_set_activation(&first, rt_plain_activation(DCN_ACT_NONE));
    const int deep = convolve(g, "depthwise", &first, RT_INPUT, NAMES(DW))->out;
    take_size(g, deep, &second);
    finish(g, convolve(g, "pointwise", &second, deep, NAMES(PW)));
}

/* ---- dcnv3_module and dcnv4_module ---------------------------------------------------------- */

/* A depthwise convolution of the input whose kernel stands where that of the core does. */
static rt_stage *depthwise(rt_stages *g, const rt_operand name[2])
{
    const dcn_spec *s = g->module;
    dcn_spec conv = conv_spec(s, s->in_channels, s->in_channels);
    conv.groups = (int)s->in_channels;
    for (int i = 0; i < 4; i++) {
        conv.kernel[i % 2] = s->dw_kernel[i % 2];
        conv.stride[i % 2] = s->stride[i % 2];
        conv.padding[i] = (s->dw_kernel[i % 2] - 1) / 2;
    }
    return convolve(g, "depthwise", &conv, RT_INPUT, name);
}

/* An operation on maps of the module's channels. */
static rt_stage *add_rows(rt_stages *g, const char *word, rt_stage_kind kind, int x,
                          rt_activation a)
{
    dcn_spec rows = *g->module;
    take_size(g, x, &rows);
    rt_set_activation(&rows, a);
    return add(g, word, kind, &rows, x);
}

/* The features that offsets and masks of DCNv3 are made from. */
static int features(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const rt_activation a = rt_plain_activation(s->branch_activation);
    rt_stage *st = depthwise(g, NAMES(DW_CONV));
    if (s->norm != DCN_NORM_LAYER) {
        rt_set_activation(&st->spec, a);
        return st->out;
    }
    st = add_rows(g, "norm", RT_STAGE_NORM, st->out, a);
    bind(g, st, RT_WEIGHT, RT_DW_NORM_WEIGHT);
    bind(g, st, RT_BIAS, RT_DW_NORM_BIAS);
    return st->out;
}

/* A linear map of the input at the pixels on which the core's kernel stands. */
static rt_stage *linear_at_centre(rt_stages *g, const char *word, const int64_t size[2],
                                  const rt_operand name[2])
{
    rt_stage *st = linear(g, word, RT_INPUT, size, name);
    memcpy(st->spec.stride, g->module->stride, sizeof st->spec.stride);
    return st;
}

/* y*(1 - c) + value*c, with c from the features x1. */
static int blend(rt_stages *g, int y, int value, int x1)
{
    const dcn_spec *s = g->module;
    const int64_t size[2] = { s->in_channels, s->offset_groups };
    const int logits = linear(g, "share", x1, size, NAMES(CENTER))->out;
    rt_stage *st = add_rows(g, "blend", RT_STAGE_BLEND, y, rt_plain_activation(DCN_ACT_NONE));
    st->arg[RT_RESIDUAL] = value;
    st->arg[RT_MASK] = logits;
    return st->out;
}

static rt_stage *core(rt_stages *g, dcn_op op, dcn_modulation m, int value)
{
    dcn_spec spec = like_module(g->module, op);
    spec.modulation = m;
    rt_set_activation(&spec, rt_plain_activation(DCN_ACT_NONE));
    dcn_spec_complete(&spec);
    return add(g, "core", RT_STAGE_OPERATOR, &spec, value);
}

/* Whether the samples of a core are as nothing beside its projection, and pixels so few that tasks must share their
** outputs: then each of them would make all sums again, or read all weights for a few pixels. */
static bool is_projected_apart(const dcn_spec *s)
{
    enum { FEW_PIXELS = 100, MANY_CHANNELS = 256 };
    if (s->batch <= 0 || s->height <= 0 || s->width <= 0 || s->in_channels < MANY_CHANNELS)
        return false;
    return s->batch * dcn_out_height(s, s->height) * dcn_out_width(s, s->width) <= FEW_PIXELS;
}

/* The core's value at the pixels on which its kernel stands.  With a stride they are few, and made again by the
** projection `name`, which costs less than a step that picks them. */
static int centre_of(rt_stages *g, const rt_stage *core, const rt_operand name[2])
{
    const dcn_spec *s = g->module;
    const int64_t same[2] = { s->in_channels, s->in_channels };
    return rt_is_strided(s) ? linear_at_centre(g, "centre", same, name)->out : core->arg[RT_INPUT];
}

/* What follows the core, whose value, made by the projection `name`, is blended with what it makes as the features
** x1 say: the output projection, of the core itself where nothing is blended and pixels are many. */
static void project(rt_stages *g, rt_stage *core, int x1, const rt_operand name[2])
{
    const dcn_spec *s = g->module;
    const int64_t same[2] = { s->in_channels, s->in_channels };
    if (s->center_feature_scale || is_projected_apart(s)) {
        int y = core->out;
        if (s->center_feature_scale)
            y = blend(g, y, centre_of(g, core, name), x1);
        finish(g, linear(g, "project", y, same, NAMES(OUTPUT_PROJ)));
        return;
    }
    bind(g, core, RT_WEIGHT, RT_OUTPUT_PROJ_WEIGHT);
    bind(g, core, RT_BIAS, RT_OUTPUT_PROJ_BIAS);
    core->spec.projection = s->in_channels;
    core->spec.bias = core->arg[RT_BIAS] != RT_NO_VALUE;
    dcn_spec_complete(&core->spec);
    finish(g, core);
}

void rt_stages_dcnv3(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const int64_t c = s->in_channels, points = (int64_t)s->offset_groups * rt_points(s);
    const int64_t same[2] = { c, c }, offsets[2] = { c, 2 * points }, masks[2] = { c, points };
    const int x1 = features(g);
    const int offset = linear(g, "offset", x1, offsets, NAMES(OFFSET))->out;
    const int mask = linear(g, "mask", x1, masks, NAMES(MASK))->out;
    const int value = linear(g, "value", RT_INPUT, same, NAMES(INPUT_PROJ))->out;
    rt_stage *st = core(g, DCN_OP_DCNV3, DCN_MODULATION_SOFTMAX, value);
    st->arg[RT_OFFSET] = offset;
    st->arg[RT_MASK] = mask;
    project(g, st, x1, NAMES(INPUT_PROJ));
}

/* Without projections what is done to the output is done by the core, or follows the blend. */
static void finish_bare(rt_stages *g, rt_stage *core)
{
    const rt_activation a = rt_activation_of(g->module);
    if (g->module->center_feature_scale) {
        const int y = blend(g, core->out, core->arg[RT_INPUT], core->out);
        add_rows(g, "finish", RT_STAGE_ACTIVATE, y, a)->out = RT_OUTPUT;
        return;
    }
    rt_set_activation(&core->spec, a);
    core->out = RT_OUTPUT;
}

void rt_stages_dcnv4(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const int64_t c = s->in_channels, same[2] = { c, c }, maps[2] = { c, rt_packed_channels(s) };
    const rt_stage *made = s->dw_kernel[0]
                               ? linear(g, "offset_mask", depthwise(g, NAMES(OFFSET_MASK_DW))->out,
                                        maps, NAMES(OFFSET_MASK))
                               : linear_at_centre(g, "offset_mask", maps, NAMES(OFFSET_MASK));
    const int offset_mask = made->out;
    const int value = s->without_pointwise
                          ? RT_INPUT
                          : linear(g, "value", RT_INPUT, same, NAMES(VALUE_PROJ))->out;
    rt_stage *st = core(g, DCN_OP_DCNV4, DCN_MODULATION_MASK, value);
    st->arg[RT_OFFSET_MASK] = offset_mask;
    if (s->without_pointwise)
        finish_bare(g, st);
    else
        project(g, st, st->out, NAMES(VALUE_PROJ));
}

/* ---- deform_roi_pool_pack ------------------------------------------------------------------- */

/* A fully connected layer: regions are images of one pixel. */
static int layer(rt_stages *g, const char *word, int x, const int64_t size[2],
                 const rt_operand name[2], dcn_activation a)
{
    rt_stage *st = linear(g, word, x, size, name);
    st->spec.batch = g->module->rois;
    st->spec.height = st->spec.width = 1;
    st->spec.activation = a;
    return st->out;
}

/* Maps of bins, x, between the layout of the spec and [channel][ph][pw], which weights are made
** for. */
static int reorder(rt_stages *g, rt_stage_kind kind, int x, int64_t channels)
{
    const dcn_spec *s = g->module;
    dcn_spec maps = conv_spec(s, channels, channels);
    maps.batch = s->rois;
    maps.height = s->pooled[0];
    maps.width = s->pooled[1];
    const char *word = kind == RT_STAGE_TO_NCHW ? "flatten" : "unflatten";
    return s->layout == DCN_NCHW ? x : add(g, word, kind, &maps, x)->out;
}

static int pool(rt_stages *g, dcn_modulation m, int offset, int mask)
{
    const bool plain = offset == RT_NO_VALUE;
    dcn_spec spec = like_module(g->module, plain ? DCN_OP_ROI_ALIGN : DCN_OP_DEFORM_ROI_POOL);
    spec.aligned = plain;
    spec.modulation = m;
    rt_set_activation(&spec, rt_plain_activation(DCN_ACT_NONE));
    dcn_spec_complete(&spec);
    rt_stage *st = add(g, plain ? "align" : "pool", RT_STAGE_OPERATOR, &spec, RT_INPUT);
    st->arg[RT_ROIS] = RT_ROIS;
    st->arg[RT_OFFSET] = offset;
    st->arg[RT_MASK] = mask;
    return st->out;
}

void rt_stages_roi_pack(rt_stages *g)
{
    const dcn_spec *s = g->module;
    const int64_t bins = (int64_t)s->pooled[0] * s->pooled[1], fc = s->fc_channels;
    const int64_t in[2] = { s->in_channels * bins, fc }, on[2] = { fc, fc };
    const int64_t offsets[2] = { fc, 2 * bins }, masks[2] = { fc, bins };
    const bool masked = s->modulation != DCN_MODULATION_NONE;
    const int plain = pool(g, DCN_MODULATION_NONE, RT_NO_VALUE, RT_NO_VALUE);
    const int x0 = reorder(g, RT_STAGE_TO_NCHW, plain, s->in_channels);
    int offset = layer(g, "offset_0", x0, in, NAMES(OFFSET_FC_0), DCN_ACT_RELU);
    offset = layer(g, "offset_2", offset, on, NAMES(OFFSET_FC_2), DCN_ACT_RELU);
    offset = layer(g, "offset_4", offset, offsets, NAMES(OFFSET_FC_4), DCN_ACT_NONE);
    offset = reorder(g, RT_STAGE_FROM_NCHW, offset, 2);
    int mask = RT_NO_VALUE;
    if (masked)
        mask = layer(g, "mask_0", x0, in, NAMES(MASK_FC_0), DCN_ACT_RELU);
    if (masked)
        mask = layer(g, "mask_2", mask, masks, NAMES(MASK_FC_2), DCN_ACT_NONE);
    pool(g, masked ? DCN_MODULATION_SIGMOID : DCN_MODULATION_NONE, offset, mask);
    rt_set_activation(&g->stage[g->n - 1].spec, rt_activation_of(s));
    g->stage[g->n - 1].out = RT_OUTPUT;
}

/* ---- opening -------------------------------------------------------------------------------- */

rt_stages *rt_stages_of(const dcn_spec *module)
{
    rt_stages *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->module = module;
    g->nvalues = RT_NUM_PLAIN;
    rt_op_of(module->op)->stages(g);
    return g;
}
