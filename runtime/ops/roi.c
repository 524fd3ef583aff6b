/* roi.c: the rows of the operators that pool regions.
**
** Work, R regions of O channels and ph*pw bins: 2 * 4*R*O*ph*pw * samples, of an adaptive grid 4 in
** a bin; quantised, R*O*H*W as if each region were the map.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/ops/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- operands ------------------------------------------------------------------------------ */

/* The output, and the mask of its bins if there is one. */
static void add_bins(rt_operands *l)
{
    if (l->s->modulation != DCN_MODULATION_NONE)
        rt_add_like_output(l, RT_MASK, 1);
    rt_add_like_output(l, RT_OUTPUT, l->s->out_channels);
}

static void pool(rt_operands *l)
{
    rt_add_input(l);
    rt_add_rois(l);
    add_bins(l);
}

static void deform_roi_pool(rt_operands *l)
{
    rt_add_input(l);
    rt_add_rois(l);
    if (!l->s->no_offset)
        rt_add_like_output(l, RT_OFFSET, 2);
    add_bins(l);
}

static void deform_ps_roi_pool(rt_operands *l)
{
    const dcn_spec *s = l->s;
    rt_add_input(l);
    rt_add_rois(l);
    if (!s->no_trans)
        rt_add_map(l, RT_TRANS, s->rois, 2 * (int64_t)s->num_classes,
                   (int64_t[2]){ s->part_size[0], s->part_size[1] });
    add_bins(l);
}

/* ---- what follows from other members ------------------------------------------------------- */

static void complete_pair(int to[2], const int from[2])
{
    for (int axis = 0; axis < 2; axis++)
        to[axis] = to[axis] ? to[axis] : from[axis];
}

/* Without a number, the output has all the channels that the input has for each bin. */
static void complete_channels(dcn_spec *s)
{
    const int64_t bins = (int64_t)s->group_size[0] * s->group_size[1];
    if (s->out_channels == 0)
        s->out_channels = bins > 0 ? s->in_channels / bins : 0;
}

static void complete_align(dcn_spec *s)
{
    memcpy(s->group_size, s->pooled, sizeof s->group_size);
    complete_channels(s);
}

static void complete_pool(dcn_spec *s)
{
    complete_pair(s->group_size, s->pooled);
    complete_channels(s);
}

static void complete_by_part(dcn_spec *s)
{
    complete_pool(s);
    complete_pair(s->part_size, s->pooled);
}

/* ---- work ---------------------------------------------------------------------------------- */

static double quantised_terms(const dcn_spec *s)
{
    return (double)s->height * (double)s->width;
}

static double quantised_flops(const dcn_spec *s)
{
    return (double)s->rois * (double)s->out_channels * quantised_terms(s);
}

static double sampled_terms(const dcn_spec *s)
{
    const int ratio = s->sampling_ratio > 0 ? s->sampling_ratio : 2, each[2] = { ratio, ratio };
    const int *along = rt_op_has(s->op, RT_BY_PART) ? s->sample_per_part : each;
    return 4.0 * along[0] * along[1];
}

double rt_sampled_flops(const dcn_spec *s)
{
    const double bins = (double)s->pooled[0] * s->pooled[1];
    return 2 * (double)s->rois * (double)s->out_channels * bins * sampled_terms(s);
}

/* ---- rules --------------------------------------------------------------------------------- */

int rt_check_roi_format(const dcn_spec *s, dcn_error *err)
{
    char batch[24] = "dynamic";
    if (s->roi_format == DCN_ROI_BATCH_XYXY || s->batch == 1)
        return 0;
    if (s->batch != DCN_DYNAMIC)
        snprintf(batch, sizeof batch, "%" PRId64, s->batch);
    return dcn_fail(err, DCN_ESPEC,
                    "'roi_format' = \"xyxy\" names no image, which needs batch = 1, but batch = %s",
                    batch);
}

static int check_torchvision_groups(const dcn_spec *s, dcn_error *err)
{
    const int *g = s->group_size, *p = s->pooled;
    if (s->variant != DCN_ROI_TORCHVISION || (g[0] == p[0] && g[1] == p[1]))
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'group_size' = {%d, %d} is not output_size = {%d, %d}, as variant "
                    "\"torchvision\" has it",
                    g[0], g[1], p[0], p[1]);
}

static int check_bin_channels(const dcn_spec *s, dcn_error *err)
{
    const int h = s->group_size[0], w = s->group_size[1];
    if (s->out_channels > 0 && s->out_channels * h * w <= s->in_channels)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'output_dim' = %" PRId64 " for %d x %d bins needs %" PRId64
                    " channels, but channels = %" PRId64,
                    s->out_channels, h, w, (s->out_channels ? s->out_channels : 1) * h * w,
                    s->in_channels);
}

static int check_classes(const dcn_spec *s, dcn_error *err)
{
    return rt_check_divides("num_classes", s->num_classes, "output_dim", s->out_channels, err);
}

static const rt_rule plain_rules[] = {
    { RT_MEMBER(roi_format), rt_check_roi_format },
    { 0, NULL },
};

static const rt_rule ps_pool_rules[] = {
    { RT_MEMBER(roi_format), rt_check_roi_format },
    { RT_MEMBER(group_size), check_torchvision_groups },
    { RT_MEMBER(out_channels), check_bin_channels },
    { 0, NULL },
};

static const rt_rule ps_align_rules[] = {
    { RT_MEMBER(roi_format), rt_check_roi_format },
    { RT_MEMBER(out_channels), check_bin_channels },
    { 0, NULL },
};

static const rt_rule by_part_rules[] = {
    { RT_MEMBER(roi_format), rt_check_roi_format },
    { RT_MEMBER(out_channels), check_bin_channels },
    { RT_MEMBER(num_classes), check_classes },
    { 0, NULL },
};

/* ---- rows ---------------------------------------------------------------------------------- */

const rt_op rt_roi_ops[] = {
    {
        .op = DCN_OP_ROI_POOL,
        .name = "roi_pool",
        .traits = RT_HAS_ROIS | RT_DEFORMS | RT_QUANTISED,
        .operands = pool,
        .rules = plain_rules,
        .flops = quantised_flops,
        .terms = quantised_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    {
        .op = DCN_OP_PS_ROI_POOL,
        .name = "ps_roi_pool",
        .traits = RT_HAS_ROIS | RT_DEFORMS | RT_QUANTISED | RT_POSITION_SENSITIVE,
        .operands = pool,
        .complete = complete_pool,
        .rules = ps_pool_rules,
        .flops = quantised_flops,
        .terms = quantised_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    {
        .op = DCN_OP_ROI_ALIGN,
        .name = "roi_align",
        .traits = RT_HAS_ROIS | RT_DEFORMS | RT_ADAPTIVE_GRID,
        .operands = pool,
        .rules = plain_rules,
        .flops = rt_sampled_flops,
        .terms = sampled_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    {
        .op = DCN_OP_PS_ROI_ALIGN,
        .name = "ps_roi_align",
        .traits =
            RT_HAS_ROIS | RT_DEFORMS | RT_ADAPTIVE_GRID | RT_HALF_PIXEL | RT_POSITION_SENSITIVE,
        .operands = pool,
        .complete = complete_align,
        .rules = ps_align_rules,
        .flops = rt_sampled_flops,
        .terms = sampled_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    {
        .op = DCN_OP_DEFORM_ROI_POOL,
        .name = "deform_roi_pool",
        .traits = RT_HAS_ROIS | RT_DEFORMS | RT_ADAPTIVE_GRID | RT_HALF_PIXEL,
        .operands = deform_roi_pool,
        .rules = plain_rules,
        .flops = rt_sampled_flops,
        .terms = sampled_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    {
        .op = DCN_OP_DEFORM_PS_ROI_POOL,
        .name = "deform_ps_roi_pool",
        .traits = RT_HAS_ROIS | RT_DEFORMS | RT_POSITION_SENSITIVE | RT_BY_PART,
        .operands = deform_ps_roi_pool,
        .complete = complete_by_part,
        .rules = by_part_rules,
        .flops = rt_sampled_flops,
        .terms = sampled_terms,
        .reference = ref_open_roi,
        .backward = ref_back_roi,
    },
    { .name = NULL },
};
