/* roi.c: deformable RoI pooling with its fully connected branches, as stages.
**
**     x0 = align(x);  offset = FC(relu(FC(relu(FC(x0)))));  mask = sigmoid(FC(relu(FC(x0))))
**     out = pool(x, offset) * mask
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

#include <string.h>

/* ---- fully connected layers ------------------------------------------------------------------ */

/* A matrix from `in` to `out` values of every region. */
typedef struct Fc {
    const char *word, *param;
    int64_t in, out;
    dcn_activation activation;
} Fc;

/* Rois side by side in one row of a channels-last map are a matrix: a fully connected layer is a
** 1x1 convolution. */
static Stage *add_fc(Stages *g, const Fc *fc, StageRef from, StageRef to)
{
    const Conv c = { fc->word, fc->param, GRID_ROIS, fc->in, fc->out, from, to };
    Stage *st = stage_add_conv(g, &c);
    st->spec.layout = DCN_NHWC;
    st->spec.activation = fc->activation;
    return st;
}

/* The pooled features of an nhwc map have their bins outside their channels, but the weights were
** made for the reverse: there the bins are the taps of the first layer. */
static void add_first_fc(Stages *g, const Fc *fc, StageRef from, StageRef to)
{
    const dcn_spec *s = g->module;
    const int bins = s->pooled[0] * s->pooled[1];
    Stage *st = add_fc(g, fc, from, to);
    if (s->layout == DCN_NCHW)
        return;
    st->spec.in_channels = s->in_channels;
    st->spec.kernel[1] = st->spec.stride[1] = bins;
    st->per_roi = bins;
    stage_set_sizes(s, st);
}

/* ---- the layer ------------------------------------------------------------------------------- */

/* The part of a spec that every operator on regions has. */
static Stage *add_pool(Stages *g, const char *word, dcn_op op, StageRef to)
{
    const dcn_spec *s = g->module;
    Stage *st = stage_add(g, word, op, GRID_IN);
    st->spec.rois = s->rois;
    st->spec.roi_format = s->roi_format;
    st->spec.in_channels = st->spec.out_channels = s->in_channels;
    memcpy(st->spec.pooled, s->pooled, sizeof s->pooled);
    st->spec.spatial_scale = s->spatial_scale;
    st->spec.sampling_ratio = s->sampling_ratio;
    st->spec.gamma = s->gamma;
    stage_bind(st, "input", stage_tensor(g, "input"));
    stage_bind(st, "rois", stage_tensor(g, "rois"));
    stage_bind(st, "output", to);
    return st;
}

/* Offsets come as [2][bins], which is the order of nchw. */
static StageRef in_layout(Stages *g, StageRef offset, int64_t bins)
{
    if (g->module->layout == DCN_NCHW)
        return offset;
    const Rowwise rows = { .channels = 2 * bins };
    StageRef to = stage_temp(g, GRID_ROIS, 2 * bins);
    Stage *st = stage_add_rows(g, "interleave", STAGE_INTERLEAVE, &rows, GRID_ROIS);
    stage_bind(st, "x", offset);
    stage_bind(st, "y", to);
    return to;
}

static StageRef add_offset_branch(Stages *g, int64_t bins, StageRef x0)
{
    const dcn_spec *s = g->module;
    const int64_t fc = s->fc_channels, all = s->in_channels * bins;
    const Fc first = { "offset_0", "offset_fc_0", all, fc, DCN_ACT_RELU };
    const Fc second = { "offset_2", "offset_fc_2", fc, fc, DCN_ACT_RELU };
    const Fc third = { "offset_4", "offset_fc_4", fc, 2 * bins, DCN_ACT_NONE };
    StageRef a = stage_temp(g, GRID_ROIS, fc);
    add_first_fc(g, &first, x0, a);
    StageRef b = stage_temp(g, GRID_ROIS, fc);
    add_fc(g, &second, a, b);
    StageRef offset = stage_temp(g, GRID_ROIS, 2 * bins);
    add_fc(g, &third, b, offset);
    return in_layout(g, offset, bins);
}

static StageRef add_mask_branch(Stages *g, int64_t bins, StageRef x0)
{
    const dcn_spec *s = g->module;
    const int64_t fc = s->fc_channels, all = s->in_channels * bins;
    const Fc first = { "mask_0", "mask_fc_0", all, fc, DCN_ACT_RELU };
    const Fc second = { "mask_2", "mask_fc_2", fc, bins, DCN_ACT_NONE };
    StageRef a = stage_temp(g, GRID_ROIS, fc);
    add_first_fc(g, &first, x0, a);
    StageRef logits = stage_temp(g, GRID_ROIS, bins);
    add_fc(g, &second, a, logits);
    return logits;
}

void stages_deform_roi_pool_pack(Stages *g)
{
    const dcn_spec *s = g->module;
    const int64_t bins = (int64_t)s->pooled[0] * s->pooled[1];
    const bool masked = s->modulation != DCN_MODULATION_NONE;
    StageRef x0 = stage_temp(g, GRID_ROIS, s->in_channels * bins);
    add_pool(g, "align", DCN_OP_ROI_ALIGN, x0)->spec.aligned = true;
    StageRef offset = add_offset_branch(g, bins, x0);
    StageRef logits = masked ? add_mask_branch(g, bins, x0) : (StageRef){ REF_ABSENT, 0 };
    Stage *st = add_pool(g, "pool", DCN_OP_DEFORM_ROI_POOL, stage_tensor(g, "output"));
    st->spec.modulation = masked ? DCN_MODULATION_SIGMOID : DCN_MODULATION_NONE;
    rt_set_activation(&st->spec, rt_activation_of(s));
    stage_bind(st, "offset", offset);
    stage_bind(st, "mask", logits);
}
