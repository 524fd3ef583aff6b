/* tensors.c: the operands of every operator in calling order, and what they and the work come to.
**
** Parameters of modules are called as upstream's state_dict calls them, with _ for the dots.  What
** kernels read in an order of their own has role DCN_WEIGHT.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"

typedef struct List {
    const dcn_spec *s;
    dcn_tensor *t;
    int n;
} List;

int rt_points(const dcn_spec *s)
{
    return s->kernel[0] * s->kernel[1] - s->remove_center;
}

int64_t rt_packed_channels(const dcn_spec *s)
{
    return (3 * (int64_t)s->offset_groups * rt_points(s) + 7) / 8 * 8;
}

int64_t rt_inner_channels(const dcn_spec *s)
{
    const int64_t points = (int64_t)s->offset_groups * rt_points(s);
    if (s->op == DCN_OP_DCNV4_MODULE)
        return rt_packed_channels(s);
    if (s->op == DCN_OP_DEFORM_CONV2D_PACK && s->modulation == DCN_MODULATION_NONE)
        return 2 * points;
    return s->op == DCN_OP_DEFORM_CONV2D_PACK || s->op == DCN_OP_DCNV3_MODULE ? 3 * points : 0;
}

/* ---- the kinds of tensors ----------------------------------------------------------------- */

/* `count` maps of `channels` planes of size[0] x size[1], in the spec's layout. */
static dcn_tensor *add_map(List *l, const char *name, int64_t count, int64_t channels,
                           const int64_t size[2])
{
    const bool nchw = l->s->layout == DCN_NCHW;
    dcn_tensor *t = &l->t[l->n++];
    *t = (dcn_tensor){ .name = name, .role = DCN_IN, .rank = 4, .dims = { count } };
    t->dims[1] = nchw ? channels : size[0];
    t->dims[2] = nchw ? size[0] : size[1];
    t->dims[3] = nchw ? size[1] : channels;
    return t;
}

static void add_vector(List *l, const char *name, int64_t n)
{
    l->t[l->n++] = (dcn_tensor){ .name = name, .rank = 1, .dims = { n } };
}

static void add_matrix(List *l, const char *name, int64_t rows, int64_t columns)
{
    l->t[l->n++] =
        (dcn_tensor){ .name = name, .role = DCN_WEIGHT, .rank = 2, .dims = { rows, columns } };
}

static void add_weight(List *l, const char *name, int64_t outs, int64_t ins, const int kernel[2])
{
    l->t[l->n++] = (dcn_tensor){
        .name = name, .role = DCN_WEIGHT, .rank = 4, .dims = { outs, ins, kernel[0], kernel[1] }
    };
}

static void add_input(List *l)
{
    const dcn_spec *s = l->s;
    add_map(l, "input", s->batch, s->in_channels, (int64_t[2]){ s->height, s->width });
}

/* A map as large as the output of a convolution. */
static dcn_tensor *add_like_output(List *l, const char *name, int64_t channels)
{
    const dcn_spec *s = l->s;
    const int64_t size[2] = { dcn_out_height(s, s->height), dcn_out_width(s, s->width) };
    return add_map(l, name, s->batch, channels, size);
}

static void add_output(List *l)
{
    add_like_output(l, "output", l->s->out_channels)->role = DCN_OUT;
}

/* What is done to the sums of a convolution, and where they go. */
static void add_finish(List *l)
{
    const dcn_spec *s = l->s;
    if (s->scale_shift) {
        add_vector(l, "scale", s->out_channels);
        add_vector(l, "shift", s->out_channels);
    }
    if (s->residual)
        add_like_output(l, "residual", s->out_channels);
    add_output(l);
}

/* ---- convolutions ------------------------------------------------------------------------- */

static void add_weight_and_bias(List *l)
{
    const dcn_spec *s = l->s;
    add_weight(l, "weight", s->out_channels, s->in_channels / s->groups, s->kernel);
    if (s->bias)
        add_vector(l, "bias", s->out_channels);
}

static void conv2d(List *l)
{
    add_input(l);
    add_weight_and_bias(l);
    add_finish(l);
}

static void add_offset_and_mask(List *l)
{
    const int64_t points = (int64_t)l->s->offset_groups * rt_points(l->s);
    if (l->s->offset_mask) {
        add_like_output(l, "offset_mask", 3 * points);
        return;
    }
    add_like_output(l, "offset", 2 * points);
    if (l->s->modulation != DCN_MODULATION_NONE)
        add_like_output(l, "mask", points);
}

static void deform_conv2d(List *l)
{
    add_input(l);
    add_weight_and_bias(l);
    add_offset_and_mask(l);
    add_finish(l);
}

static void deform_conv2d_pack(List *l)
{
    const dcn_spec *s = l->s;
    add_input(l);
    add_weight_and_bias(l);
    add_weight(l, "offset_weight", rt_inner_channels(s), s->in_channels, s->kernel);
    add_vector(l, "offset_bias", rt_inner_channels(s));
    add_finish(l);
}

static void separable_conv2d(List *l)
{
    static const int pointwise[2] = { 1, 1 };
    const dcn_spec *s = l->s;
    const int64_t between = s->in_channels * s->depth_multiplier;
    add_input(l);
    add_weight(l, "dw_weight", between, 1, s->kernel);
    if (s->bias)
        add_vector(l, "dw_bias", between);
    add_weight(l, "pw_weight", s->out_channels, between, pointwise);
    if (s->bias)
        add_vector(l, "pw_bias", s->out_channels);
    add_finish(l);
}

/* ---- dcnv3 and dcnv4 ---------------------------------------------------------------------- */

static void add_projection(List *l)
{
    const dcn_spec *s = l->s;
    if (s->projection)
        add_matrix(l, "weight", s->out_channels, s->in_channels);
    if (s->bias)
        add_vector(l, "bias", s->out_channels);
}

static void dcnv3(List *l)
{
    add_input(l);
    add_projection(l);
    add_offset_and_mask(l);
    add_finish(l);
}

static void dcnv4(List *l)
{
    add_input(l);
    add_projection(l);
    add_like_output(l, "offset_mask", rt_packed_channels(l->s));
    add_finish(l);
}

static void add_center_feature_scale(List *l)
{
    if (!l->s->center_feature_scale)
        return;
    add_matrix(l, "center_feature_scale_proj_weight", l->s->offset_groups, l->s->in_channels);
    add_vector(l, "center_feature_scale_proj_bias", l->s->offset_groups);
}

static void dcnv3_module(List *l)
{
    const int64_t c = l->s->in_channels, points = (int64_t)l->s->offset_groups * rt_points(l->s);
    add_input(l);
    add_weight(l, "dw_conv_0_weight", c, 1, l->s->dw_kernel);
    add_vector(l, "dw_conv_0_bias", c);
    if (l->s->norm == DCN_NORM_LAYER) {
        add_vector(l, "dw_conv_1_1_weight", c);
        add_vector(l, "dw_conv_1_1_bias", c);
    }
    add_matrix(l, "offset_weight", 2 * points, c);
    add_vector(l, "offset_bias", 2 * points);
    add_matrix(l, "mask_weight", points, c);
    add_vector(l, "mask_bias", points);
    add_matrix(l, "input_proj_weight", c, c);
    add_vector(l, "input_proj_bias", c);
    add_matrix(l, "output_proj_weight", c, c);
    add_vector(l, "output_proj_bias", c);
    add_center_feature_scale(l);
    add_output(l);
}

static void dcnv4_module(List *l)
{
    const dcn_spec *s = l->s;
    const int64_t c = s->in_channels;
    add_input(l);
    if (s->dw_kernel[0]) {
        add_weight(l, "offset_mask_dw_weight", c, 1, s->dw_kernel);
        add_vector(l, "offset_mask_dw_bias", c);
    }
    add_matrix(l, "offset_mask_weight", rt_packed_channels(s), c);
    add_vector(l, "offset_mask_bias", rt_packed_channels(s));
    if (!s->without_pointwise) {
        add_matrix(l, "value_proj_weight", c, c);
        add_vector(l, "value_proj_bias", c);
        add_matrix(l, "output_proj_weight", c, c);
        if (s->output_bias)
            add_vector(l, "output_proj_bias", c);
    }
    add_center_feature_scale(l);
    add_output(l);
}

/* ---- regions ------------------------------------------------------------------------------ */

static dcn_tensor *add_bins(List *l, const char *name, int64_t channels, int h, int w)
{
    return add_map(l, name, l->s->rois, channels, (int64_t[2]){ h, w });
}

static void add_rois(List *l)
{
    l->t[l->n++] = (dcn_tensor){ .name = "rois", .rank = 2, .dims = { l->s->rois, 5 } };
}

static void roi(List *l)
{
    const dcn_spec *s = l->s;
    const int h = s->pooled[0], w = s->pooled[1];
    add_input(l);
    add_rois(l);
    if (s->op == DCN_OP_DEFORM_ROI_POOL)
        add_bins(l, "offset", 2, h, w);
    if (s->op == DCN_OP_DEFORM_PS_ROI_POOL && !s->no_trans)
        add_bins(l, "trans", 2 * (int64_t)s->num_classes, s->part_size, s->part_size);
    if (s->modulation != DCN_MODULATION_NONE)
        add_bins(l, "mask", 1, h, w);
    add_bins(l, "output", s->out_channels, h, w)->role = DCN_OUT;
}

static void deform_roi_pool_pack(List *l)
{
    const dcn_spec *s = l->s;
    const int64_t bins = (int64_t)s->pooled[0] * s->pooled[1], fc = s->fc_channels;
    add_input(l);
    add_rois(l);
    add_matrix(l, "offset_fc_0_weight", fc, s->in_channels * bins);
    add_vector(l, "offset_fc_0_bias", fc);
    add_matrix(l, "offset_fc_2_weight", fc, fc);
    add_vector(l, "offset_fc_2_bias", fc);
    add_matrix(l, "offset_fc_4_weight", 2 * bins, fc);
    add_vector(l, "offset_fc_4_bias", 2 * bins);
    if (s->modulation != DCN_MODULATION_NONE) {
        add_matrix(l, "mask_fc_0_weight", fc, s->in_channels * bins);
        add_vector(l, "mask_fc_0_bias", fc);
        add_matrix(l, "mask_fc_2_weight", bins, fc);
        add_vector(l, "mask_fc_2_bias", bins);
    }
    add_bins(l, "output", s->out_channels, s->pooled[0], s->pooled[1])->role = DCN_OUT;
}

int dcn_spec_tensors(const dcn_spec *s, dcn_tensor out[DCN_MAX_TENSORS])
{
    static void (*const operands[DCN_NUM_OPS])(List *) = {
        [DCN_OP_CONV2D] = conv2d,
        [DCN_OP_DEFORM_CONV2D] = deform_conv2d,
        [DCN_OP_DCNV3] = dcnv3,
        [DCN_OP_DCNV4] = dcnv4,
        [DCN_OP_ROI_POOL] = roi,
        [DCN_OP_PS_ROI_POOL] = roi,
        [DCN_OP_ROI_ALIGN] = roi,
        [DCN_OP_PS_ROI_ALIGN] = roi,
        [DCN_OP_DEFORM_ROI_POOL] = roi,
        [DCN_OP_DEFORM_PS_ROI_POOL] = roi,
        [DCN_OP_DEFORM_CONV2D_PACK] = deform_conv2d_pack,
        [DCN_OP_SEPARABLE_CONV2D] = separable_conv2d,
        [DCN_OP_DCNV3_MODULE] = dcnv3_module,
        [DCN_OP_DCNV4_MODULE] = dcnv4_module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = deform_roi_pool_pack,
    };
    List l = { s, out, 0 };
    operands[s->op](&l);
    return l.n;
}
