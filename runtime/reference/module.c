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
** blend, with center_feature_scale: y*(1 - c) + value*c for each group, c = sigmoid of one linear map
** of x1 in dcnv3_module and of y in dcnv4_module.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/fields.h"

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

/* A depthwise convolution that keeps the size. */
static dcn_spec depthwise_spec(const dcn_spec *s)
{
    dcn_spec conv = conv_spec(s, s->in_channels, s->in_channels);
    conv.groups = (int)s->in_channels;
    conv.bias = true;
    for (int i = 0; i < 4; i++) {
        conv.kernel[i % 2] = s->dw_kernel[i % 2];
        conv.padding[i] = (s->dw_kernel[i % 2] - 1) / 2;
    }
    return conv;
}

/* The output of a whole operator, in memory of r; NULL without memory, also if an operand is. */
static double *run(rt_ref *r, const dcn_spec *s, const double *const tensor[])
{
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n - 1; i++)
        if (!tensor[i])
            return NULL;
    double *to = ref_make(r, rt_tensor_count(&t[n - 1]));
    return to && !rt_reference(s, tensor, to) ? to : NULL;
}

/* outs numbers per pixel from the ins of x, by the parameters NAME_weight and NAME_bias. */
static double *linear(rt_ref *r, const double *x, int64_t ins, int64_t outs,
                      const char *const name[2])
{
    dcn_spec conv = conv_spec(&r->s, ins, outs);
    const double *bias = ref_tensor(r, name[1]);
    conv.bias = bias != NULL;
    return run(r, &conv, (const double *[RT_NUM_OPERANDS]){ x, ref_tensor(r, name[0]), bias });
}

static const char *const input_proj[] = { "input_proj_weight", "input_proj_bias" };
static const char *const value_proj[] = { "value_proj_weight", "value_proj_bias" };
static const char *const offset_proj[] = { "offset_weight", "offset_bias" };
static const char *const mask_proj[] = { "mask_weight", "mask_bias" };
static const char *const offset_mask[] = { "offset_mask_weight", "offset_mask_bias" };
static const char *const centre[] = { "center_feature_scale_proj_weight",
                                      "center_feature_scale_proj_bias" };

/* The operator that computes the pixels of the module. */
static int finish_with(rt_ref *r, const dcn_spec *s, const double *const tensor[])
{
    r->last = rt_ref_open(s, tensor);
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

/* Put the operands that both operators have into the places that s wants. */
static void hand_on(const rt_ref *r, const dcn_spec *s, const double *tensor[RT_NUM_OPERANDS])
{
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n; i++)
        tensor[i] = tensor[i] ? tensor[i] : ref_tensor(r, t[i].name);
}

/* Where the operand of that name is. */
static const double **place(const dcn_spec *s, const double *tensor[], const char *name)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    int i = dcn_spec_tensors(s, t, RT_NUM_OPERANDS) - 1;
    while (i > 0 && strcmp(t[i].name, name) != 0)
        i--;
    return &tensor[i];
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
    const double *made[RT_NUM_OPERANDS] = { r->input.v, ref_tensor(r, "offset_weight"),
                                            ref_tensor(r, "offset_bias") };
    const ref_map maps = { run(r, &conv, made), all, r->output.h, r->output.w, r->output.nhwc };
    const double *offset = maps.v ? channels_of(r, &maps, 0, 2 * points) : NULL;
    const double *mask = maps.v ? channels_of(r, &maps, 2 * points, all - 2 * points) : NULL;
    if (!offset || !mask)
        return -1;
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    *place(&deform, tensor, "offset") = offset;
    if (s->modulation != DCN_MODULATION_NONE)
        *place(&deform, tensor, "mask") = mask;
    hand_on(r, &deform, tensor);
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
    const double *made[RT_NUM_OPERANDS] = { r->input.v, ref_tensor(r, "dw_weight"),
                                            ref_tensor(r, "dw_bias") };
    const double *tensor[RT_NUM_OPERANDS] = { run(r, &first, made), ref_tensor(r, "pw_weight"),
                                              ref_tensor(r, "pw_bias") };
    hand_on(r, &second, tensor);
    return tensor[0] ? finish_with(r, &second, tensor) : -1;
}

/* ---- dcnv3_module and dcnv4_module -------------------------------------------------------- */

static int64_t pixels(const rt_ref *r)
{
    return r->s.batch * r->s.height * r->s.width;
}

/* LayerNorm over the channels of every pixel, then the activation, in place. */
static void normalise(const rt_ref *r, double *x)
{
    const int64_t c = r->s.in_channels;
    const double *weight = ref_tensor(r, "dw_conv_1_1_weight");
    const double *bias = ref_tensor(r, "dw_conv_1_1_bias");
    for (int64_t i = 0; i < pixels(r); i++, x += c) {
        double mean = 0, variance = 0;
        for (int64_t k = 0; k < c; k++)
            mean += x[k] / (double)c;
        for (int64_t k = 0; k < c; k++)
            variance += (x[k] - mean) * (x[k] - mean) / (double)c;
        const double scale = 1 / sqrt(variance + r->s.norm_eps);
        for (int64_t k = 0; k < c; k++) {
            const double v = weight ? (x[k] - mean) * scale * weight[k] + bias[k] : x[k];
            x[k] = ref_activate(r->s.branch_activation, v);
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
    const double *tensor[RT_NUM_OPERANDS] = { y, ref_tensor(r, "output_proj_weight"),
                                              ref_tensor(r, "output_proj_bias") };
    conv.bias = tensor[2] != NULL;
    conv.activation = r->s.activation;
    return finish_with(r, &conv, tensor);
}

int ref_open_dcnv3_module(rt_ref *r)
{
    const dcn_spec *s = &r->s, dw = depthwise_spec(s),
                   core = core_spec(s, DCN_OP_DCNV3, DCN_MODULATION_SOFTMAX);
    const int64_t c = s->in_channels, points = (int64_t)s->offset_groups * rt_points(s);
    double *x1 =
        run(r, &dw,
            (const double *[RT_NUM_OPERANDS]){ r->input.v, ref_tensor(r, "dw_conv_0_weight"),
                                               ref_tensor(r, "dw_conv_0_bias") });
    if (!x1)
        return -1;
    normalise(r, x1);
    const double *tensor[RT_NUM_OPERANDS] = { linear(r, r->input.v, c, c, input_proj),
                                              linear(r, x1, c, 2 * points, offset_proj),
                                              linear(r, x1, c, points, mask_proj) };
    double *y = run(r, &core, tensor);
    return !y || blend(r, y, tensor[0], x1) ? -1 : project(r, y);
}

/* The module without its projections: a pixel is one of y, which is the input here. */
static void copy_pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                       double *value)
{
    for (int64_t o = outs[0]; o < outs[1]; o++)
        value[o - outs[0]] =
            ref_activate(r->s.activation, ref_value(&r->input, n, o, pq[0], pq[1]));
}

int ref_open_dcnv4_module(rt_ref *r)
{
    const dcn_spec *s = &r->s, dw = depthwise_spec(s),
                   core = core_spec(s, DCN_OP_DCNV4, DCN_MODULATION_MASK);
    const int64_t c = s->in_channels;
    const double *x = r->input.v, *features = x;
    if (s->dw_kernel[0])
        features = run(r, &dw,
                       (const double *[RT_NUM_OPERANDS]){ x, ref_tensor(r, "offset_mask_dw_weight"),
                                                          ref_tensor(r, "offset_mask_dw_bias") });
    if (!features)
        return -1;
    const double *tensor[RT_NUM_OPERANDS] = {
        s->without_pointwise ? x : linear(r, x, c, c, value_proj),
        linear(r, features, c, rt_packed_channels(s), offset_mask),
    };
    double *y = run(r, &core, tensor);
    if (!y || blend(r, y, tensor[0], y))
        return -1;
    if (!s->without_pointwise)
        return project(r, y);
    r->input.v = y;
    r->pixel = copy_pixel;
    return 0;
}

/* ---- deform_roi_pool_pack ----------------------------------------------------------------- */

/* One fully connected layer of n rows: act(x w^T + b), NAME_weight [outs][ins]. */
static double *layer(rt_ref *r, const double *x, const int64_t size[2], const char *const name[2],
                     double (*act)(double))
{
    const int64_t ins = size[0], outs = size[1];
    const double *weight = ref_tensor(r, name[0]), *bias = ref_tensor(r, name[1]);
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
    return ref_activate(DCN_ACT_RELU, x);
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
    static const char *const name[3][2] = { { "offset_fc_0_weight", "offset_fc_0_bias" },
                                            { "offset_fc_2_weight", "offset_fc_2_bias" },
                                            { "offset_fc_4_weight", "offset_fc_4_bias" } };
    const int64_t fc = r->s.fc_channels, outs = 2 * r->output.h * r->output.w;
    x = layer(r, x, (int64_t[2]){ ins, fc }, name[0], relu);
    x = layer(r, x, (int64_t[2]){ fc, fc }, name[1], relu);
    x = layer(r, x, (int64_t[2]){ fc, outs }, name[2], as_is);
    return reorder(r, x, 2, false);
}

static double *pack_mask(rt_ref *r, const double *x, int64_t ins)
{
    static const char *const name[2][2] = { { "mask_fc_0_weight", "mask_fc_0_bias" },
                                            { "mask_fc_2_weight", "mask_fc_2_bias" } };
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
    const double *tensor[RT_NUM_OPERANDS] = { r->input.v, ref_tensor(r, "rois"),
                                              ref_make(r, r->s.rois * 2 * bins) };
    const double *x0 = reorder(r, run(r, &plain, tensor), r->s.in_channels, true);
    tensor[2] = pack_offset(r, x0, ins);
    if (pool.modulation != DCN_MODULATION_NONE)
        tensor[3] = pack_mask(r, x0, ins);
    const bool made = tensor[2] && (tensor[3] || pool.modulation == DCN_MODULATION_NONE);
    return made ? finish_with(r, &pool, tensor) : -1;
}
