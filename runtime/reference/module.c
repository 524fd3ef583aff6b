/* module.c: modules, each made of the operators that it consists of.
**
**     deform_conv2d_pack    maps = conv(input, offset_weight) + offset_bias, with the same kernel,
**                           stride, padding and dilation; offset = their first 2*D*K channels, mask
**                           the rest; then deform_conv2d
**     separable_conv2d      depthwise, output channel o from input channel o div m; then pointwise
**     dcnv3_module          x1 = act(LN(dwconv(x))); offset, mask = linear(x1); xp = linear(x)
**                           y = dcnv3(xp, offset, softmax mask); out = linear(blend(y, xp))
**     dcnv4_module          offset_mask = linear(x), or linear(dwconv(x)); value = linear(x)
**                           y = dcnv4(value, offset_mask); out = linear(blend(y, value))
**     deform_roi_pool_pack  x0 = the pooling without offsets, [C][ph][pw] in a row per region
**                           offset = fc(relu(fc(relu(fc(x0))))), mask = sigmoid(fc(relu(fc(x0))))
**
** blend, with center_feature_scale: y*(1 - c) + value*c for each group, c = sigmoid of one linear
** map of x1 in dcnv3_module and of y in dcnv4_module.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <math.h>
#include <string.h>

/* A convolution without padding on maps of the same images. */
static dcn_spec conv_spec(const dcn_spec *s, int64_t ins, int64_t outs)
{
    dcn_spec conv;
    dcn_spec_init(&conv, DCN_OP_CONV2D);
    conv.batch = s->batch;
    conv.height = s->height;
    conv.width = s->width;
    conv.layout = s->layout;
    conv.in_channels = ins;
    conv.out_channels = outs;
    conv.kernel[0] = conv.kernel[1] = 1;
    return conv;
}

/* The output of a whole operator, in memory of r; NULL without memory, also if an operand is. */
static double *run(rt_ref *r, const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS])
{
    const rt_operands o = rt_operands_of(s);
    double *to = NULL;
    for (int i = 0; i < o.n; i++) {
        if (o.which[i] == RT_OUTPUT)
            to = ref_make(r, rt_tensor_count(&o.tensor[i]));
        else if (!tensor[o.which[i]])
            return NULL;
    }
    rt_ref *part = to ? ref_open(s, tensor) : NULL;
    const bool failed = !part || rt_ref_values(part, RT_OUTPUT, to);
    rt_ref_close(part);
    return failed ? NULL : to;
}

/* outs numbers per pixel from the ins of x, by a weight and a bias. */
static double *linear(rt_ref *r, const double *x, int64_t ins, int64_t outs,
                      const rt_operand name[2])
{
    dcn_spec conv = conv_spec(&r->s, ins, outs);
    const double *const tensor[RT_NUM_OPERANDS] = {
        [RT_INPUT] = x, [RT_WEIGHT] = r->tensor[name[0]], [RT_BIAS] = r->tensor[name[1]]
    };
    conv.bias = tensor[RT_BIAS] != NULL;
    return run(r, &conv, tensor);
}

static const rt_operand input_proj[] = { RT_INPUT_PROJ_WEIGHT, RT_INPUT_PROJ_BIAS };
static const rt_operand value_proj[] = { RT_VALUE_PROJ_WEIGHT, RT_VALUE_PROJ_BIAS };
static const rt_operand offset_proj[] = { RT_OFFSET_WEIGHT, RT_OFFSET_BIAS };
static const rt_operand mask_proj[] = { RT_MASK_WEIGHT, RT_MASK_BIAS };
static const rt_operand offset_mask[] = { RT_OFFSET_MASK_WEIGHT, RT_OFFSET_MASK_BIAS };
static const rt_operand centre[] = { RT_CENTER_WEIGHT, RT_CENTER_BIAS };

/* The operator that computes the pixels of the module. */
static int finish_with(rt_ref *r, const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS])
{
    r->last = ref_open(s, tensor);
    return r->last ? 0 : -1;
}

/* ---- convolutions ------------------------------------------------------------------------- */

/* Channels first .. first + count of a map, in memory of r. */
static double *channels_of(rt_ref *r, const ref_map *from, int64_t first, int64_t count)
{
    const int64_t all = r->s.batch * from->h * from->w;
    ref_map to = *from;
    double *v = ref_make(r, all * count);
    to.c = count;
    for (int64_t i = 0; v && i < all * count; i++) {
        const int64_t c = i / all, x = i % from->w, y = i / from->w % from->h,
                      n = i / (from->w * from->h) % r->s.batch;
        v[ref_at(&to, n, c, y, x)] = from->v[ref_at(from, n, first + c, y, x)];
    }
    return v;
}

/* What the module does to the output of its last operator is done with its own operands. */
static void hand_on(const rt_ref *r, const double *tensor[RT_NUM_OPERANDS])
{
    static const rt_operand epilogue[] = { RT_SCALE, RT_SHIFT, RT_RESIDUAL };
    for (int i = 0; i < 3; i++)
        tensor[epilogue[i]] = r->tensor[epilogue[i]];
}

int ref_open_pack(rt_ref *r)
{
    const dcn_spec *s = &r->s;
    const int64_t points = (int64_t)s->offset_groups * rt_points(s), all = rt_inner_channels(s);
    dcn_spec conv = conv_spec(s, s->in_channels, all), deform = *s;
    memcpy(conv.kernel, s->kernel, sizeof conv.kernel);
    memcpy(conv.stride, s->stride, sizeof conv.stride);
    memcpy(conv.padding, s->padding, sizeof conv.padding);
    memcpy(conv.dilation, s->dilation, sizeof conv.dilation);
    conv.bias = true;
    deform.op = DCN_OP_DEFORM_CONV2D;
    const double *const made[RT_NUM_OPERANDS] = { [RT_INPUT] = r->input.v,
                                                  [RT_WEIGHT] = r->tensor[RT_OFFSET_WEIGHT],
                                                  [RT_BIAS] = r->tensor[RT_OFFSET_BIAS] };
    const ref_map maps = { run(r, &conv, made), all, r->output.h, r->output.w, r->output.nhwc };
    const double *offset = maps.v ? channels_of(r, &maps, 0, 2 * points) : NULL;
    const double *mask = maps.v ? channels_of(r, &maps, 2 * points, all - 2 * points) : NULL;
    if (!offset || !mask)
        return -1;
    const double *tensor[RT_NUM_OPERANDS] = {
        [RT_INPUT] = r->input.v, [RT_WEIGHT] = r->weight, [RT_BIAS] = r->bias, [RT_OFFSET] = offset
    };
    if (s->modulation != DCN_MODULATION_NONE)
        tensor[RT_MASK] = mask;
    hand_on(r, tensor);
    return finish_with(r, &deform, tensor);
}

int ref_open_separable(rt_ref *r)
{
    const dcn_spec *s = &r->s;
    const int64_t between = s->in_channels * s->depth_multiplier;
    dcn_spec first = *s, second = *s;
    first.op = second.op = DCN_OP_CONV2D;
    first.groups = (int)s->in_channels;
    first.out_channels = second.in_channels = between;
    first.scale_shift = first.residual = false;
    first.activation = DCN_ACT_NONE;
    for (int i = 0; i < 4; i++) {
        second.kernel[i % 2] = second.stride[i % 2] = second.dilation[i % 2] = 1;
        second.padding[i] = 0;
    }
    second.height = r->output.h;
    second.width = r->output.w;
    const double *const made[RT_NUM_OPERANDS] = { [RT_INPUT] = r->input.v,
                                                  [RT_WEIGHT] = r->tensor[RT_DW_WEIGHT],
                                                  [RT_BIAS] = r->tensor[RT_DW_BIAS] };
    const double *tensor[RT_NUM_OPERANDS] = { [RT_INPUT] = run(r, &first, made),
                                              [RT_WEIGHT] = r->tensor[RT_PW_WEIGHT],
                                              [RT_BIAS] = r->tensor[RT_PW_BIAS] };
    hand_on(r, tensor);
    return tensor[RT_INPUT] ? finish_with(r, &second, tensor) : -1;
}

/* ---- dcnv3_module and dcnv4_module -------------------------------------------------------- */

/* A depthwise convolution of the input that keeps its size. */
static double *depthwise(rt_ref *r, rt_operand weight, rt_operand bias)
{
    const dcn_spec *s = &r->s;
    dcn_spec conv = conv_spec(s, s->in_channels, s->in_channels);
    conv.groups = (int)s->in_channels;
    conv.bias = true;
    for (int i = 0; i < 4; i++) {
        conv.kernel[i % 2] = s->dw_kernel[i % 2];
        conv.padding[i] = (s->dw_kernel[i % 2] - 1) / 2;
    }
    const double *const tensor[RT_NUM_OPERANDS] = {
        [RT_INPUT] = r->input.v, [RT_WEIGHT] = r->tensor[weight], [RT_BIAS] = r->tensor[bias]
    };
    return run(r, &conv, tensor);
}

static int64_t pixels(const rt_ref *r)
{
    return r->s.batch * r->s.height * r->s.width;
}

/* LayerNorm over the channels of every pixel, then the activation, in place. */
static void normalise(const rt_ref *r, double *x)
{
    const int64_t c = r->s.in_channels;
    const double *weight = r->tensor[RT_DW_NORM_WEIGHT];
    const double *bias = r->tensor[RT_DW_NORM_BIAS];
    for (int64_t i = 0; i < pixels(r); i++, x += c) {
        double mean = 0, variance = 0;
        for (int64_t k = 0; k < c; k++)
            mean += x[k] / (double)c;
        for (int64_t k = 0; k < c; k++)
            variance += (x[k] - mean) * (x[k] - mean) / (double)c;
        const double scale = 1 / sqrt(variance + r->s.norm_eps);
        for (int64_t k = 0; k < c; k++) {
            const double v = weight ? (x[k] - mean) * scale * weight[k] + bias[k] : x[k];
            x[k] = ref_activate(rt_plain_activation(r->s.branch_activation), v);
        }
    }
}

/* y = y*(1 - c) + value*c, with c from the features x1. */
static int blend(rt_ref *r, double *y, const double *value, const double *x1)
{
    const int64_t c = r->s.in_channels, groups = r->s.offset_groups;
    if (!r->s.center_feature_scale)
        return 0;
    const double *logit = linear(r, x1, c, groups, centre);
    if (!logit)
        return -1;
    for (int64_t i = 0; i < pixels(r) * c; i++) {
        const double share = ref_sigmoid(logit[i / (c / groups)]);
        y[i] = y[i] * (1 - share) + value[i] * share;
    }
    return 0;
}

static dcn_spec core_spec(const dcn_spec *s, dcn_op op, dcn_modulation m)
{
    dcn_spec core = *s;
    core.op = op;
    core.modulation = m;
    core.activation = DCN_ACT_NONE;
    return core;
}

/* The output projection of y. */
static int project(rt_ref *r, const double *y)
{
    dcn_spec conv = conv_spec(&r->s, r->s.in_channels, r->s.in_channels);
    const double *const tensor[RT_NUM_OPERANDS] = { [RT_INPUT] = y,
                                                    [RT_WEIGHT] = r->tensor[RT_OUTPUT_PROJ_WEIGHT],
                                                    [RT_BIAS] = r->tensor[RT_OUTPUT_PROJ_BIAS] };
    conv.bias = tensor[RT_BIAS] != NULL;
    rt_set_activation(&conv, rt_activation_of(&r->s));
    return finish_with(r, &conv, tensor);
}

int ref_open_dcnv3_module(rt_ref *r)
{
    const dcn_spec *s = &r->s, core = core_spec(s, DCN_OP_DCNV3, DCN_MODULATION_SOFTMAX);
    const int64_t c = s->in_channels, points = (int64_t)s->offset_groups * rt_points(s);
    double *x1 = depthwise(r, RT_DW_CONV_WEIGHT, RT_DW_CONV_BIAS);
    if (!x1)
        return -1;
    normalise(r, x1);
    const double *const tensor[RT_NUM_OPERANDS] = {
        [RT_INPUT] = linear(r, r->input.v, c, c, input_proj),
        [RT_OFFSET] = linear(r, x1, c, 2 * points, offset_proj),
        [RT_MASK] = linear(r, x1, c, points, mask_proj),
    };
    double *y = run(r, &core, tensor);
    return !y || blend(r, y, tensor[RT_INPUT], x1) ? -1 : project(r, y);
}

/* The module without its projections: a pixel is one of y, which is the input here. */
static void copy_pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                       double *value)
{
    for (int64_t o = outs[0]; o < outs[1]; o++)
        value[o - outs[0]] =
            ref_activate(rt_activation_of(&r->s), ref_value(&r->input, n, o, pq[0], pq[1]));
}

int ref_open_dcnv4_module(rt_ref *r)
{
    const dcn_spec *s = &r->s, core = core_spec(s, DCN_OP_DCNV4, DCN_MODULATION_MASK);
    const int64_t c = s->in_channels;
    const double *x = r->input.v, *features = x;
    if (s->dw_kernel[0])
        features = depthwise(r, RT_OFFSET_MASK_DW_WEIGHT, RT_OFFSET_MASK_DW_BIAS);
    if (!features)
        return -1;
    const double *const tensor[RT_NUM_OPERANDS] = {
        [RT_INPUT] = s->without_pointwise ? x : linear(r, x, c, c, value_proj),
        [RT_OFFSET_MASK] = linear(r, features, c, rt_packed_channels(s), offset_mask),
    };
    double *y = run(r, &core, tensor);
    if (!y || blend(r, y, tensor[RT_INPUT], y))
        return -1;
    if (!s->without_pointwise)
        return project(r, y);
    r->input.v = y;
    r->pixel = copy_pixel;
    return 0;
}

/* ---- deform_roi_pool_pack ----------------------------------------------------------------- */

/* One fully connected layer of n rows: act(x w^T + b), NAME_weight [outs][ins]. */
static double *layer(rt_ref *r, const double *x, const int64_t size[2], const rt_operand name[2],
                     double (*act)(double))
{
    const int64_t ins = size[0], outs = size[1];
    const double *weight = r->tensor[name[0]], *bias = r->tensor[name[1]];
    double *to = x ? ref_make(r, r->s.rois * outs) : NULL;
    for (int64_t i = 0; to && i < r->s.rois * outs; i++) {
        double sum = bias[i % outs];
        for (int64_t k = 0; k < ins; k++)
            sum += weight[i % outs * ins + k] * x[i / outs * ins + k];
        to[i] = act(sum);
    }
    return to;
}

static double as_is(double x)
{
    return x;
}

static double relu(double x)
{
    return ref_activate(rt_plain_activation(DCN_ACT_RELU), x);
}

/* Numbers [region][channel][ph][pw] to the layout of the spec, or back. */
static double *reorder(rt_ref *r, const double *x, int64_t channels, bool back)
{
    const ref_map rows = { x, channels, r->output.h, r->output.w, false };
    ref_map maps = rows;
    const int64_t n = r->s.rois * channels * rows.h * rows.w;
    double *to = x ? ref_make(r, n) : NULL;
    maps.nhwc = r->output.nhwc;
    for (int64_t i = 0; to && i < n; i++) {
        const int64_t b = i % rows.w, a = i / rows.w % rows.h, c = i / (rows.w * rows.h) % channels;
        const int64_t at = ref_at(&maps, i / (rows.w * rows.h * channels), c, a, b);
        to[back ? i : at] = x[back ? at : i];
    }
    return to;
}

static double *pack_offset(rt_ref *r, const double *x, int64_t ins)
{
    static const rt_operand name[3][2] = { { RT_OFFSET_FC_0_WEIGHT, RT_OFFSET_FC_0_BIAS },
                                           { RT_OFFSET_FC_2_WEIGHT, RT_OFFSET_FC_2_BIAS },
                                           { RT_OFFSET_FC_4_WEIGHT, RT_OFFSET_FC_4_BIAS } };
    const int64_t fc = r->s.fc_channels, outs = 2 * r->output.h * r->output.w;
    x = layer(r, x, (int64_t[2]){ ins, fc }, name[0], relu);
    x = layer(r, x, (int64_t[2]){ fc, fc }, name[1], relu);
    x = layer(r, x, (int64_t[2]){ fc, outs }, name[2], as_is);
    return reorder(r, x, 2, false);
}

static double *pack_mask(rt_ref *r, const double *x, int64_t ins)
{
    static const rt_operand name[2][2] = { { RT_MASK_FC_0_WEIGHT, RT_MASK_FC_0_BIAS },
                                           { RT_MASK_FC_2_WEIGHT, RT_MASK_FC_2_BIAS } };
    const int64_t fc = r->s.fc_channels, outs = r->output.h * r->output.w;
    x = layer(r, x, (int64_t[2]){ ins, fc }, name[0], relu);
    return layer(r, x, (int64_t[2]){ fc, outs }, name[1], ref_sigmoid);
}

int ref_open_roi_pack(rt_ref *r)
{
    const int64_t bins = r->output.h * r->output.w, ins = r->s.in_channels * bins;
    dcn_spec pool = r->s;
    pool.op = DCN_OP_DEFORM_ROI_POOL;
    if (pool.modulation != DCN_MODULATION_NONE)
        pool.modulation = DCN_MODULATION_MASK;
    dcn_spec plain = pool;
    plain.modulation = DCN_MODULATION_NONE;
    plain.activation = DCN_ACT_NONE;
    const double *tensor[RT_NUM_OPERANDS] = { [RT_INPUT] = r->input.v,
                                              [RT_ROIS] = r->tensor[RT_ROIS],
                                              [RT_OFFSET] = ref_make(r, r->s.rois * 2 * bins) };
    const double *x0 = reorder(r, run(r, &plain, tensor), r->s.in_channels, true);
    tensor[RT_OFFSET] = pack_offset(r, x0, ins);
    if (pool.modulation != DCN_MODULATION_NONE)
        tensor[RT_MASK] = pack_mask(r, x0, ins);
    const bool made =
        tensor[RT_OFFSET] && (tensor[RT_MASK] || pool.modulation == DCN_MODULATION_NONE);
    return made ? finish_with(r, &pool, tensor) : -1;
}
