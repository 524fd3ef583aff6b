/* conv.c: the rows of conv2d and deform_conv2d.
**
** Work: 2 * N*O*P*Q * (C/G)*K; samples are not counted.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/ops/ops.h"

#include <math.h>

/* ---- operands ------------------------------------------------------------------------------ */

void rt_add_conv_weight(rt_operands *l)
{
    const dcn_spec *s = l->s;
    rt_add_weight(l, RT_WEIGHT, s->out_channels, s->in_channels / s->groups, s->kernel);
    if (s->bias)
        rt_add_vector(l, RT_BIAS, s->out_channels);
}

static void conv2d(rt_operands *l)
{
    rt_add_input(l);
    rt_add_conv_weight(l);
    rt_add_epilogue(l);
}

static void deform_conv2d(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int64_t points = (int64_t)s->offset_groups * rt_points(s);
    rt_add_input(l);
    rt_add_conv_weight(l);
    if (s->offset_mask)
        rt_add_like_output(l, RT_OFFSET_MASK, 3 * points);
    else
        rt_add_like_output(l, RT_OFFSET, 2 * points);
    if (!s->offset_mask && s->modulation != DCN_MODULATION_NONE)
        rt_add_like_output(l, RT_MASK, points);
    rt_add_epilogue(l);
}

/* ---- work ---------------------------------------------------------------------------------- */

double rt_conv_terms(const dcn_spec *s)
{
    return (double)(s->in_channels / s->groups) * s->kernel[0] * s->kernel[1];
}

double rt_conv_flops(const dcn_spec *s)
{
    return 2 * rt_pixels(s) * (double)s->out_channels * rt_conv_terms(s);
}

/* ---- rules --------------------------------------------------------------------------------- */

int rt_check_groups(const dcn_spec *s, dcn_error *err)
{
    return rt_check_divides("groups", s->groups, "in_channels", s->in_channels, err) ||
                   rt_check_divides("groups", s->groups, "out_channels", s->out_channels, err)
               ? -1
               : 0;
}

int rt_check_modulation_scale(const dcn_spec *s, dcn_error *err)
{
    if (fabs(s->modulation_scale) < 1e-30)
        return dcn_fail(err, DCN_ESPEC, "'modulation_scale' = %g is nearer to 0 than 1e-30",
                        s->modulation_scale);
    if (s->modulation == DCN_MODULATION_NONE && s->modulation_scale != 1)
        return dcn_fail(err, DCN_ESPEC,
                        "'modulation_scale' = %g has nothing to scale: modulation is \"none\"",
                        s->modulation_scale);
    return 0;
}

static int check_offset_mask(const dcn_spec *s, dcn_error *err)
{
    if (!s->offset_mask || s->modulation != DCN_MODULATION_NONE)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'offset_mask' = true has no mask: modulation is \"none\"");
}

int rt_check_gradient_border(const dcn_spec *s, dcn_error *err)
{
    if (s->gradient_border == DCN_GRADIENT_MMCV || s->border == DCN_BORDER_ZERO)
        return 0;
    return dcn_fail(
        err, DCN_ESPEC,
        "'gradient_border' = \"torchvision\" is of border \"zero\": with \"%s\" nothing "
        "rises at -1",
        dcn_border_name(s->border));
}

static const rt_rule conv_rules[] = {
    { RT_MEMBER(groups), rt_check_groups },
    { RT_MEMBER(kernel), rt_check_window },
    { 0, NULL },
};

static const rt_rule deform_rules[] = {
    { RT_MEMBER(groups), rt_check_groups },
    { RT_MEMBER(offset_groups), rt_check_offset_groups },
    { RT_MEMBER(modulation_scale), rt_check_modulation_scale },
    { RT_MEMBER(offset_mask), check_offset_mask },
    { RT_MEMBER(gradient_border), rt_check_gradient_border },
    { RT_MEMBER(kernel), rt_check_window },
    { 0, NULL },
};

/* ---- rows ---------------------------------------------------------------------------------- */

const rt_op rt_conv_ops[] = {
    {
        .op = DCN_OP_CONV2D,
        .name = "conv2d",
        .operands = conv2d,
        .rules = conv_rules,
        .flops = rt_conv_flops,
        .terms = rt_conv_terms,
        .reference = ref_open_conv,
        .backward = ref_back_conv,
    },
    {
        .op = DCN_OP_DEFORM_CONV2D,
        .name = "deform_conv2d",
        .traits = RT_DEFORMS,
        .operands = deform_conv2d,
        .rules = deform_rules,
        .flops = rt_conv_flops,
        .terms = rt_conv_terms,
        .reference = ref_open_conv,
        .backward = ref_back_conv,
    },
    { .name = NULL },
};
