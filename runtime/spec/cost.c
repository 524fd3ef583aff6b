/* cost.c: how much work a spec is, and how many bytes its operands have.
**
** Multiply-adds count 2.  With N images, P Q output pixels, R regions, ph pw bins, K' taps, C O
** channels:
**
**     convolution       2 * N*O*P*Q * (C/G)*K      its samples are not counted
**     dcnv3, dcnv4      2 * 4*N*P*Q*C*K'           + 2 * N*P*Q*C*O of the projection
**     regions, sampled  2 * 4*R*O*ph*pw * samples  adaptive: 4 samples of a bin
**     regions, rounded  R*O*H*W                    as if each region were the map
**     separable         2 * N*P*Q * C*m*(K + O)
**     packs, modules    the sum of their parts
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"

static double pixels(const dcn_spec *s)
{
    return (double)s->batch * (double)dcn_out_height(s, s->height) *
           (double)dcn_out_width(s, s->width);
}

static double conv(const dcn_spec *s)
{
    return 2 * pixels(s) * (double)s->out_channels * (double)(s->in_channels / s->groups) *
           s->kernel[0] * s->kernel[1];
}

static double pack(const dcn_spec *s)
{
    return conv(s) + 2 * pixels(s) * (double)rt_inner_channels(s) * (double)s->in_channels *
                         s->kernel[0] * s->kernel[1];
}

static double separable(const dcn_spec *s)
{
    const double between = (double)s->in_channels * s->depth_multiplier;
    return 2 * pixels(s) * between *
           ((double)s->kernel[0] * s->kernel[1] + (double)s->out_channels);
}

static double core(const dcn_spec *s)
{
    const double projected = s->projection ? (double)s->in_channels * (double)s->projection : 0;
    return 2 * pixels(s) * (4 * (double)s->in_channels * rt_points(s) + projected);
}

/* The core, the depthwise branch, the maps made from it, two projections and the blend. */
static double module(const dcn_spec *s)
{
    const double c = (double)s->in_channels, blend = s->center_feature_scale ? s->offset_groups : 0;
    double terms = (double)s->dw_kernel[0] * s->dw_kernel[1] + (double)rt_inner_channels(s) + blend;
    if (!s->without_pointwise)
        terms += 2 * c;
    return core(s) + 2 * pixels(s) * c * terms;
}

static double bins(const dcn_spec *s)
{
    return (double)s->rois * (double)s->out_channels * s->pooled[0] * s->pooled[1];
}

static double rounded(const dcn_spec *s)
{
    return (double)s->rois * (double)s->out_channels * (double)s->height * (double)s->width;
}

static double sampled(const dcn_spec *s)
{
    const int per_axis = s->op == DCN_OP_DEFORM_PS_ROI_POOL ? s->sample_per_part
                         : s->sampling_ratio > 0            ? s->sampling_ratio
                                                            : 2;
    return 8 * bins(s) * per_axis * per_axis;
}

/* The pooling twice, once to make the offsets, and the fully connected layers. */
static double roi_pack(const dcn_spec *s)
{
    const double fc = s->fc_channels, n = (double)s->pooled[0] * s->pooled[1];
    double terms = (double)s->in_channels * n * fc + fc * fc + 2 * n * fc;
    if (s->modulation != DCN_MODULATION_NONE)
        terms += (double)s->in_channels * n * fc + n * fc;
    return 2 * sampled(s) + 2 * (double)s->rois * terms;
}

double dcn_spec_flops(const dcn_spec *s)
{
    static double (*const work[DCN_NUM_OPS])(const dcn_spec *) = {
        [DCN_OP_CONV2D] = conv,
        [DCN_OP_DEFORM_CONV2D] = conv,
        [DCN_OP_DCNV3] = core,
        [DCN_OP_DCNV4] = core,
        [DCN_OP_ROI_POOL] = rounded,
        [DCN_OP_PS_ROI_POOL] = rounded,
        [DCN_OP_ROI_ALIGN] = sampled,
        [DCN_OP_PS_ROI_ALIGN] = sampled,
        [DCN_OP_DEFORM_ROI_POOL] = sampled,
        [DCN_OP_DEFORM_PS_ROI_POOL] = sampled,
        [DCN_OP_DEFORM_CONV2D_PACK] = pack,
        [DCN_OP_SEPARABLE_CONV2D] = separable,
        [DCN_OP_DCNV3_MODULE] = module,
        [DCN_OP_DCNV4_MODULE] = module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = roi_pack,
    };
    return work[s->op](s);
}

double dcn_spec_bytes(const dcn_spec *s)
{
    dcn_tensor tensor[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, tensor, RT_NUM_OPERANDS);
    double bytes = 0;
    for (int i = 0; i < n; i++) {
        double elements = 1;
        for (int d = 0; d < tensor[i].rank; d++)
            elements *= (double)tensor[i].dims[d];
        bytes += elements * (double)dcn_dtype_bytes(s->dtype);
    }
    return bytes;
}
