/* random_family.c: small specs of DCNv3, DCNv4 and the RoI operators over all their options.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/random_spec.h"

void random_core(rt_rng *r, dcn_spec *s)
{
    s->layout = DCN_NHWC;
    s->offset_groups = PICK(r, 1, 1, 2, 3, 4, 9);
    s->in_channels = s->offset_groups * PICK(r, 1, 2, 3, 7, 8, 16, 17, 24, 33);
    for (int axis = 0; axis < 2; axis++) {
        s->kernel[axis] = PICK(r, 1, 2, 3, 3, 3, 4, 5);
        s->stride[axis] = PICK(r, 1, 1, 1, 2, 3);
        s->dilation[axis] = PICK(r, 1, 1, 2);
        s->padding[axis] = s->padding[axis + 2] = random_below(r, 4);
    }
    s->remove_center = random_below(r, 3) == 0;
    s->offset_scale = (const double[]){ 1, 1, 2, 0.5, -1.5 }[random_below(r, 5)];
    s->modulation = random_below(r, 2) ? DCN_MODULATION_MASK : DCN_MODULATION_SOFTMAX;
    s->projection = random_below(r, 3) ? 0 : PICK(r, 1, 5, 16, 19, 40);
    s->bias = s->projection && random_below(r, 2);
    s->scale_shift = s->projection && random_below(r, 4) == 0;
    s->residual = s->projection && random_below(r, 4) == 0;
}

/* Position-sensitive operators: as many channels as they read, or more. */
static void random_groups(rt_rng *r, dcn_spec *s)
{
    const bool own = s->op != DCN_OP_PS_ROI_ALIGN;
    const bool as_bins = s->op == DCN_OP_PS_ROI_POOL && s->variant == DCN_ROI_TORCHVISION;
    int size[2] = { s->pooled[0], s->pooled[1] };
    for (int axis = 0; own && !as_bins && axis < 2; axis++)
        s->group_size[axis] = size[axis] = PICK(r, 1, 1, 2, 3, s->pooled[axis]);
    s->out_channels = s->num_classes * PICK(r, 1, 2, 3, 5, 8, 9, 17);
    s->in_channels = s->out_channels * size[0] * size[1] + PICK(r, 0, 0, 1, 5);
}

static void random_parts(rt_rng *r, dcn_spec *s)
{
    s->num_classes = PICK(r, 1, 1, 2, 3);
    for (int axis = 0; axis < 2; axis++) {
        s->part_size[axis] = PICK(r, 0, 1, 2, 3, 7);
        s->sample_per_part[axis] = PICK(r, 1, 2, 3, 4);
    }
    s->trans_std = (const double[]){ 0.1, 0, 0.5, -0.25 }[random_below(r, 4)];
    s->no_trans = random_below(r, 4) == 0;
}

static bool is_position_sensitive(dcn_op op)
{
    return op == DCN_OP_PS_ROI_POOL || op == DCN_OP_PS_ROI_ALIGN || op == DCN_OP_DEFORM_PS_ROI_POOL;
}

/* What an operator has no key for keeps its value. */
static void random_sampling(rt_rng *r, dcn_spec *s)
{
    const bool quantised = s->op == DCN_OP_ROI_POOL || s->op == DCN_OP_PS_ROI_POOL;
    const bool modulated = s->op == DCN_OP_DEFORM_ROI_POOL || s->op == DCN_OP_DEFORM_PS_ROI_POOL;
    s->spatial_scale = (const double[]){ 1, 0.5, 0.25, 1.5 }[random_below(r, 4)];
    if (quantised)
        s->variant = (dcn_roi_variant)random_below(r, s->op == DCN_OP_ROI_POOL ? 3 : 2);
    else if (s->op != DCN_OP_DEFORM_PS_ROI_POOL)
        s->sampling_ratio = PICK(r, -1, 0, 0, 1, 2, 3);
    if (s->op == DCN_OP_ROI_POOL || s->op == DCN_OP_ROI_ALIGN)
        s->mode = (dcn_roi_mode)random_below(r, 2);
    if (s->op == DCN_OP_ROI_ALIGN)
        s->aligned = random_below(r, 2);
    if (s->op == DCN_OP_DEFORM_ROI_POOL) {
        s->gamma = (const double[]){ 0.1, 0, 1, -0.5 }[random_below(r, 4)];
        s->no_offset = random_below(r, 4) == 0;
    }
    if (modulated)
        s->modulation = (dcn_modulation)random_below(r, s->op == DCN_OP_DEFORM_ROI_POOL ? 3 : 2);
}

void random_rois(rt_rng *r, dcn_spec *s)
{
    s->rois = PICK(r, 1, 1, 2, 3, 7, 17);
    s->roi_format = (dcn_roi_format)(random_below(r, 3) == 0);
    if (s->roi_format == DCN_ROI_XYXY)
        s->batch = 1;
}

void random_roi(rt_rng *r, dcn_spec *s)
{
    random_rois(r, s);
    s->pooled[0] = PICK(r, 1, 2, 3, 5, 7);
    s->pooled[1] = PICK(r, 1, 2, 3, 4, 7, 14, 17);
    s->in_channels = PICK(r, 1, 2, 3, 5, 8, 16, 17, 33, 50, 130);
    random_sampling(r, s);
    if (s->op == DCN_OP_DEFORM_PS_ROI_POOL)
        random_parts(r, s);
    if (is_position_sensitive(s->op))
        random_groups(r, s);
}
