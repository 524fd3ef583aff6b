/* roi.c: deformable RoI pooling with its fully connected branches, as stages.
**
**     x0 = align(x);  offset = FC(relu(FC(relu(FC(x0)))));  mask = sigmoid(FC(relu(FC(x0))))
**     out = pool(x, offset) * mask
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

#include <string.h>

/* Rois side by side in one row of a channels-last map are a matrix: a fully connected layer is a 1x1 convolution.  The
** pooled features of an nhwc map have their bins outside their channels, but the weights were made for the
** reverse: there the bins are the taps of the first layer. */
static Stage *add_fc(Stages *g, const Conv *c)
{
    Stage *st = stage_add_conv(g, c);
    st->s.layout = DCN_NHWC;
    return st;
}

static Stage *add_first_fc(Stages *g, const Conv *c)
{
    const dcn_spec *s = g->s;
    int bins = s->pooled[0] * s->pooled[1];
    Stage *st = add_fc(g, c);
    st->s.activation = DCN_ACT_RELU;
    if (s->layout == DCN_NCHW)
        return st;
    st->s.in_channels = s->in_channels;
    st->s.kernel[1] = st->s.stride[1] = bins;
    st->per_roi = bins;
    stage_size(s, st);
    return st;
}

#define FC(word_, name, in_, out_, from_, to_)                                                     \
    &(Conv)                                                                                        \
    {                                                                                              \
        .word = word_, .weight = name "_weight", .bias = name "_bias", .grid = GRID_ROIS,          \
        .in = in_, .out = out_, .from = from_, .to = to_                                           \
    }

/* The part of a spec that every operator on regions has. */
static Stage *add_pool(Stages *g, const char *word, dcn_op op, StageRef to)
{
    const dcn_spec *s = g->s;
    Stage *st = stage_add(g, word, op, GRID_IN);
    stage_is_core(g, st); /* the last one remains */
    st->s.rois = s->rois;
    st->s.in_channels = st->s.out_channels = s->in_channels;
    memcpy(st->s.pooled, s->pooled, sizeof s->pooled);
    st->s.spatial_scale = s->spatial_scale;
    st->s.sampling_ratio = s->sampling_ratio;
    st->s.gamma = s->gamma;
    st->s.aligned = true;
    stage_bind(st, "input", stage_named(g, "input"));
    stage_bind(st, "rois", stage_named(g, "rois"));
    stage_bind(st, "output", to);
    return st;
}

/* Offsets come as [2][bins], which is the order of nchw. */
static StageRef turned(Stages *g, StageRef offset, int64_t bins)
{
    if (g->s->layout == DCN_NCHW)
        return offset;
    StageRef to = stage_between(g, GRID_ROIS, 2 * bins);
    Stage *st = stage_add(g, "turn", DCN_OP_CONV2D, GRID_ROIS);
    st->kind = STAGE_TURN;
    st->s.in_channels = 2 * bins;
    stage_bind(st, "x", offset);
    stage_bind(st, "y", to);
    return to;
}

void stages_deform_roi_pool_pack(Stages *g)
{
    const dcn_spec *s = g->s;
    int64_t bins = (int64_t)s->pooled[0] * s->pooled[1], all = s->in_channels * bins;
    int64_t fc = s->fc_channels;
    int masked = s->modulation != DCN_MODULATION_NONE;
    StageRef x0 = stage_between(g, GRID_ROIS, all), a = stage_between(g, GRID_ROIS, fc);
    add_pool(g, "align", DCN_OP_ROI_ALIGN, x0);
    add_first_fc(g, FC("offset_0", "offset_fc_0", all, fc, x0, a));
    StageRef b = stage_between(g, GRID_ROIS, fc);
    add_fc(g, FC("offset_2", "offset_fc_2", fc, fc, a, b))->s.activation = DCN_ACT_RELU;
    StageRef offset = stage_between(g, GRID_ROIS, 2 * bins), shares = STAGE_ABSENT;
    add_fc(g, FC("offset_4", "offset_fc_4", fc, 2 * bins, b, offset));
    offset = turned(g, offset, bins);
    if (masked) {
        StageRef c = stage_between(g, GRID_ROIS, fc);
        add_first_fc(g, FC("mask_0", "mask_fc_0", all, fc, x0, c));
        shares = stage_between(g, GRID_ROIS, bins);
        add_fc(g, FC("mask_2", "mask_fc_2", fc, bins, c, shares));
    }
    Stage *st = add_pool(g, "pool", DCN_OP_DEFORM_ROI_POOL, stage_named(g, "output"));
    st->s.modulation = masked ? DCN_MODULATION_SIGMOID : DCN_MODULATION_NONE;
    st->s.activation = s->activation;
    stage_bind(st, "offset", offset);
    stage_bind(st, "mask", shares);
}
