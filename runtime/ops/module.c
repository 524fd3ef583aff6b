/* module.c: the rows of modules, which are chains of the other operators.
**
** Work: the sum of their parts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/ops/ops.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- operands ------------------------------------------------------------------------------ */

static void deform_conv2d_pack(rt_operands *l)
{
    const dcn_spec *s = l->s;
    rt_add_input(l);
    rt_add_conv_weight(l);
    rt_add_weight(l, RT_OFFSET_WEIGHT, rt_inner_channels(s), s->in_channels, s->kernel);
    rt_add_vector(l, RT_OFFSET_BIAS, rt_inner_channels(s));
    rt_add_epilogue(l);
}

static void separable_conv2d(rt_operands *l)
{
    static const int pointwise[2] = { 1, 1 };
    const dcn_spec *s = l->s;
    const int64_t between = rt_inner_channels(s);
    rt_add_input(l);
    rt_add_weight(l, RT_DW_WEIGHT, between, 1, s->kernel);
    if (s->bias)
        rt_add_vector(l, RT_DW_BIAS, between);
    rt_add_weight(l, RT_PW_WEIGHT, s->out_channels, between, pointwise);
    if (s->bias)
        rt_add_vector(l, RT_PW_BIAS, s->out_channels);
    rt_add_epilogue(l);
}

static void add_center_feature_scale(rt_operands *l)
{
    if (!l->s->center_feature_scale)
        return;
    rt_add_matrix(l, RT_CENTER_WEIGHT, l->s->offset_groups, l->s->in_channels);
    rt_add_vector(l, RT_CENTER_BIAS, l->s->offset_groups);
}

static void dcnv3_module(rt_operands *l)
{
    const int64_t c = l->s->in_channels, points = (int64_t)l->s->offset_groups * rt_points(l->s);
    rt_add_input(l);
    rt_add_weight(l, RT_DW_CONV_WEIGHT, c, 1, l->s->dw_kernel);
    rt_add_vector(l, RT_DW_CONV_BIAS, c);
    if (l->s->norm == DCN_NORM_LAYER) {
        rt_add_vector(l, RT_DW_NORM_WEIGHT, c);
        rt_add_vector(l, RT_DW_NORM_BIAS, c);
    }
    rt_add_matrix(l, RT_OFFSET_WEIGHT, 2 * points, c);
    rt_add_vector(l, RT_OFFSET_BIAS, 2 * points);
    rt_add_matrix(l, RT_MASK_WEIGHT, points, c);
    rt_add_vector(l, RT_MASK_BIAS, points);
    rt_add_matrix(l, RT_INPUT_PROJ_WEIGHT, c, c);
    rt_add_vector(l, RT_INPUT_PROJ_BIAS, c);
    rt_add_matrix(l, RT_OUTPUT_PROJ_WEIGHT, c, c);
    rt_add_vector(l, RT_OUTPUT_PROJ_BIAS, c);
    add_center_feature_scale(l);
    rt_add_like_output(l, RT_OUTPUT, c);
}

static void dcnv4_module(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int64_t c = s->in_channels;
    rt_add_input(l);
    if (s->dw_kernel[0]) {
        rt_add_weight(l, RT_OFFSET_MASK_DW_WEIGHT, c, 1, s->dw_kernel);
        rt_add_vector(l, RT_OFFSET_MASK_DW_BIAS, c);
    }
    rt_add_matrix(l, RT_OFFSET_MASK_WEIGHT, rt_packed_channels(s), c);
    rt_add_vector(l, RT_OFFSET_MASK_BIAS, rt_packed_channels(s));
    if (!s->without_pointwise) {
        rt_add_matrix(l, RT_VALUE_PROJ_WEIGHT, c, c);
        rt_add_vector(l, RT_VALUE_PROJ_BIAS, c);
        rt_add_matrix(l, RT_OUTPUT_PROJ_WEIGHT, c, c);
        if (s->output_bias)
            rt_add_vector(l, RT_OUTPUT_PROJ_BIAS, c);
    }
    add_center_feature_scale(l);
    rt_add_like_output(l, RT_OUTPUT, c);
}

static void deform_roi_pool_pack(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int64_t bins = (int64_t)s->pooled[0] * s->pooled[1], fc = s->fc_channels;
    rt_add_input(l);
    rt_add_rois(l);
    rt_add_matrix(l, RT_OFFSET_FC_0_WEIGHT, fc, s->in_channels * bins);
    rt_add_vector(l, RT_OFFSET_FC_0_BIAS, fc);
    rt_add_matrix(l, RT_OFFSET_FC_2_WEIGHT, fc, fc);
    rt_add_vector(l, RT_OFFSET_FC_2_BIAS, fc);
    rt_add_matrix(l, RT_OFFSET_FC_4_WEIGHT, 2 * bins, fc);
    rt_add_vector(l, RT_OFFSET_FC_4_BIAS, 2 * bins);
    if (s->modulation != DCN_MODULATION_NONE) {
        rt_add_matrix(l, RT_MASK_FC_0_WEIGHT, fc, s->in_channels * bins);
        rt_add_vector(l, RT_MASK_FC_0_BIAS, fc);
        rt_add_matrix(l, RT_MASK_FC_2_WEIGHT, bins, fc);
        rt_add_vector(l, RT_MASK_FC_2_BIAS, bins);
    }
    rt_add_like_output(l, RT_OUTPUT, s->out_channels);
}

/* ---- maps inside --------------------------------------------------------------------------- */

static int64_t pack_channels(const dcn_spec *s)
{
    const int per_point = s->modulation == DCN_MODULATION_NONE ? 2 : 3;
    return per_point * (int64_t)s->offset_groups * rt_points(s);
}

static int64_t separable_channels(const dcn_spec *s)
{
    return s->in_channels * s->depth_multiplier;
}

static int64_t dcnv3_channels(const dcn_spec *s)
{
    return 3 * (int64_t)s->offset_groups * rt_points(s);
}

/* ---- what follows from other members ------------------------------------------------------- */

static void complete_dcnv3(dcn_spec *s)
{
    if (s->dw_kernel[0] == 0 && s->dw_kernel[1] == 0)
        memcpy(s->dw_kernel, s->kernel, sizeof s->dw_kernel);
}

/* ---- work ---------------------------------------------------------------------------------- */

static double pack_flops(const dcn_spec *s)
{
    return rt_conv_flops(s) + 2 * rt_pixels(s) * (double)rt_inner_channels(s) *
                                  (double)s->in_channels * s->kernel[0] * s->kernel[1];
}

static double separable_flops(const dcn_spec *s)
{
    return 2 * rt_pixels(s) * (double)rt_inner_channels(s) *
           ((double)s->kernel[0] * s->kernel[1] + (double)s->out_channels);
}

/* The core, the depthwise branch, the maps made from it, two projections and the blend; with a stride the blend needs
** the projection of the input again, of some of its pixels. */
static double module_flops(const dcn_spec *s)
{
    const double c = (double)s->in_channels, blend = s->center_feature_scale ? s->offset_groups : 0;
    const double in_pixels = (double)s->batch * (double)s->height * (double)s->width;
    double terms = (double)s->dw_kernel[0] * s->dw_kernel[1] + (double)rt_inner_channels(s) + blend;
    if (s->without_pointwise)
        return rt_dcn_flops(s) + 2 * rt_pixels(s) * c * terms;
    terms += s->center_feature_scale && rt_is_strided(s) ? 2 * c : c;
    return rt_dcn_flops(s) + 2 * c * (rt_pixels(s) * terms + in_pixels * c);
}

/* The pooling twice, once to make the offsets, and the fully connected layers. */
static double roi_flops(const dcn_spec *s)
{
    const double fc = s->fc_channels, n = (double)s->pooled[0] * s->pooled[1];
    double terms = (double)s->in_channels * n * fc + fc * fc + 2 * n * fc;
    if (s->modulation != DCN_MODULATION_NONE)
        terms += (double)s->in_channels * n * fc + n * fc;
    return 2 * rt_sampled_flops(s) + 2 * (double)s->rois * terms;
}

/* The longest sum on the way. */
static double separable_terms(const dcn_spec *s)
{
    return (double)rt_inner_channels(s);
}

static double module_terms(const dcn_spec *s)
{
    return (double)s->in_channels * (s->without_pointwise ? 1 : 4.0 * rt_points(s));
}

static double roi_terms(const dcn_spec *s)
{
    return (double)s->in_channels * s->pooled[0] * s->pooled[1];
}

/* ---- rules --------------------------------------------------------------------------------- */

/* Offsets are made at the pixel of the input on which the kernel stands. */
static int check_same_size(const dcn_spec *s, dcn_error *err)
{
    for (int axis = 0; axis < 2; axis++) {
        const int pads = s->padding[axis] + s->padding[axis + 2];
        const int wanted = s->dilation[axis] * (s->kernel[axis] - 1);
        if (pads != wanted)
            return dcn_fail(err, DCN_ESPEC,
                            "'padding' = %d + %d makes the output of %s differ in size from the "
                            "input, at a stride of 1; %d + %d does not",
                            s->padding[axis], s->padding[axis + 2], dcn_op_name(s->op), wanted / 2,
                            wanted - wanted / 2);
    }
    return 0;
}

/* A blend takes the input's pixels again where the kernel stands, which only a projection picks out of all. */
static int check_strided_blend(const dcn_spec *s, dcn_error *err)
{
    if (!s->center_feature_scale || !s->without_pointwise || !rt_is_strided(s))
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'center_feature_scale' with 'without_pointwise' needs a stride of 1, not "
                    "{%d, %d}",
                    s->stride[0], s->stride[1]);
}

static int check_dw_kernel(const dcn_spec *s, dcn_error *err)
{
    const int h = s->dw_kernel[0], w = s->dw_kernel[1];
    if ((h == 0 && w == 0) || (h % 2 && w % 2))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'dw_kernel_size' = {%d, %d} is not odd", h, w);
}

/* The regions lie side by side in one image of the layers between the two poolings. */
static int check_layers(const dcn_spec *s, dcn_error *err)
{
    const double rois = (double)(s->rois == DCN_DYNAMIC ? 1 : s->rois);
    const double bins = (double)s->pooled[0] * s->pooled[1], fc = s->fc_channels;
    const double most = fmax(fmax((double)s->in_channels, 2) * bins, fc);
    if (rois * most <= INT32_MAX)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'rois' = %.0f with up to %.0f numbers each between the layers makes %.0f; at "
                    "most %" PRId32 " are possible",
                    rois, most, rois * most, INT32_MAX);
}

static const rt_rule roi_rules[] = {
    { RT_MEMBER(roi_format), rt_check_roi_format },
    { RT_MEMBER(rois), check_layers },
    { 0, NULL },
};

static const rt_rule pack_rules[] = {
    { RT_MEMBER(groups), rt_check_groups },
    { RT_MEMBER(offset_groups), rt_check_offset_groups },
    { RT_MEMBER(modulation_scale), rt_check_modulation_scale },
    { RT_MEMBER(gradient_border), rt_check_gradient_border },
    { RT_MEMBER(kernel), rt_check_window },
    { RT_NO_MEMBER, rt_check_inner },
    { 0, NULL },
};

static const rt_rule separable_rules[] = {
    { RT_MEMBER(kernel), rt_check_window },
    { RT_NO_MEMBER, rt_check_inner },
    { 0, NULL },
};

static const rt_rule module_rules[] = {
    { RT_MEMBER(offset_groups), rt_check_offset_groups },
    { RT_MEMBER(kernel), rt_check_window },
    { RT_MEMBER(remove_center), rt_check_center },
    { RT_MEMBER(padding), check_same_size },
    { RT_MEMBER(dw_kernel), check_dw_kernel },
    { RT_MEMBER(center_feature_scale), check_strided_blend },
    { RT_NO_MEMBER, rt_check_inner },
    { 0, NULL },
};

/* ---- rows ---------------------------------------------------------------------------------- */

const rt_op rt_module_ops[] = {
    {
        .op = DCN_OP_DEFORM_CONV2D_PACK,
        .name = "deform_conv2d_pack",
        .traits = RT_COMPOSITE | RT_DEFORMS,
        .operands = deform_conv2d_pack,
        .rules = pack_rules,
        .inner_channels = pack_channels,
        .flops = pack_flops,
        .terms = rt_conv_terms,
        .reference = ref_open_module,
        .backward = ref_back_module,
        .stages = rt_stages_pack,
    },
    {
        .op = DCN_OP_SEPARABLE_CONV2D,
        .name = "separable_conv2d",
        .traits = RT_COMPOSITE,
        .operands = separable_conv2d,
        .rules = separable_rules,
        .inner_channels = separable_channels,
        .flops = separable_flops,
        .terms = separable_terms,
        .reference = ref_open_module,
        .backward = ref_back_module,
        .stages = rt_stages_separable,
    },
    {
        .op = DCN_OP_DCNV3_MODULE,
        .name = "dcnv3_module",
        .traits = RT_COMPOSITE | RT_DEFORMS | RT_XY_OFFSETS | RT_CENTRED,
        .operands = dcnv3_module,
        .complete = complete_dcnv3,
        .rules = module_rules,
        .inner_channels = dcnv3_channels,
        .flops = module_flops,
        .terms = module_terms,
        .reference = ref_open_module,
        .backward = ref_back_module,
        .stages = rt_stages_dcnv3,
    },
    {
        .op = DCN_OP_DCNV4_MODULE,
        .name = "dcnv4_module",
        .traits = RT_COMPOSITE | RT_DEFORMS | RT_XY_OFFSETS | RT_PACKED_OFFSETS | RT_CENTRED,
        .operands = dcnv4_module,
        .rules = module_rules,
        .inner_channels = rt_packed_channels,
        .flops = module_flops,
        .terms = module_terms,
        .reference = ref_open_module,
        .backward = ref_back_module,
        .stages = rt_stages_dcnv4,
    },
    {
        .op = DCN_OP_DEFORM_ROI_POOL_PACK,
        .name = "deform_roi_pool_pack",
        .traits = RT_COMPOSITE | RT_HAS_ROIS | RT_DEFORMS | RT_ADAPTIVE_GRID | RT_HALF_PIXEL,
        .operands = deform_roi_pool_pack,
        .rules = roi_rules,
        .flops = roi_flops,
        .terms = roi_terms,
        .reference = ref_open_module,
        .backward = ref_back_module,
        .stages = rt_stages_roi_pack,
    },
    { .name = NULL },
};
