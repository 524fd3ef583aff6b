/* ops.c: ai.onnx's DeformConv, and what mmcv, mmdeploy and InternImage export.
**
** Attributes that are absent have their defaults here, too: ONNX Runtime fills in those of ai.onnx for execution
** providers only.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/ops.h"
#include "onnxruntime/fail.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- attributes -------------------------------------------------------------------------- */

/* The numbers of an attribute; how many there are, 0 if it is absent, -1 if they are too many. */
static int get_ints(const OrtNodeInfo *n, const char *name, int64_t *v, int max)
{
    const OrtCalls *c = n->calls;
    size_t count = 0;
    if (!ort_succeeded(c, c->attribute_ints(n->info, name, NULL, &count)) || count == 0)
        return 0;
    if (count > (size_t)max || !ort_succeeded(c, c->attribute_ints(n->info, name, v, &count)))
        return -1;
    return (int)count;
}

static int64_t get_int(const OrtNodeInfo *n, const char *name, int64_t absent)
{
    int64_t v;
    return name && ort_succeeded(n->calls, n->calls->attribute_int(n->info, name, &v)) ? v : absent;
}

static int narrow(const char *name, const int64_t *v, int n, int *to, dcn_error *err)
{
    for (int i = 0; i < n; i++) {
        if (v[i] < 0 || v[i] > INT_MAX)
            return ort_error(err, DCN_ESPEC, "'%s' has %lld, expected 0 to %d", name,
                             (long long)v[i], INT_MAX);
        to[i] = (int)v[i];
    }
    return 0;
}

/* ---- deformable convolutions ----------------------------------------------------------------- */

static int read_pair(const OrtNodeInfo *n, const char *name, int pair[2], dcn_error *err)
{
    int64_t v[2] = { 1, 1 };
    const int count = get_ints(n, name, v, 2);
    if (count != 0 && count != 2)
        return ort_error(err, DCN_ESPEC, "'%s' has not two numbers", name);
    return narrow(name, v, 2, pair, err);
}

/* Two numbers are of the axes. */
static int read_padding(const OrtNodeInfo *n, int padding[4], dcn_error *err)
{
    const char *name = n->op->padding;
    int64_t v[4] = { 0, 0, 0, 0 };
    const int count = get_ints(n, name, v, 4);
    if (count != 0 && count != 2 && count != 4)
        return ort_error(err, DCN_ESPEC, "'%s' has not two or four numbers", name);
    if (count == 2) {
        v[2] = v[0];
        v[3] = v[1];
    } else if (n->op->padding_by_axis) {
        const int64_t bottom = v[1];
        v[1] = v[2];
        v[2] = bottom;
    }
    return narrow(name, v, 4, padding, err);
}

/* Some exporters lose the attribute: then the channels of the offset say how many groups there are. */
static int64_t read_offset_groups(const OrtNodeInfo *n, int64_t taps)
{
    const char *const *names = n->op->offset_groups;
    const OrtShape *offset = &n->shape[ORT_OFFSET];
    const int64_t groups = get_int(n, names[0], get_int(n, names[1], 1));
    const int64_t channels = offset->rank == 4 ? offset->dims[1] : -1;
    return groups == 1 && channels > 0 && channels % (2 * taps) == 0 ? channels / (2 * taps)
                                                                     : groups;
}

static int check_kernel_shape(const OrtNodeInfo *n, const int64_t *kernel, dcn_error *err)
{
    int64_t v[2];
    const int count = get_ints(n, "kernel_shape", v, 2);
    if (count == 0 || (count == 2 && v[0] == kernel[0] && v[1] == kernel[1]))
        return 0;
    return ort_error(err, DCN_ESPEC, "'kernel_shape' is not that of the weight, %lld x %lld",
                     (long long)kernel[0], (long long)kernel[1]);
}

static int read_groups(const OrtNodeInfo *n, dcn_spec *s, dcn_error *err)
{
    const int64_t *w = n->shape[ORT_W].dims;
    const int64_t groups[2] = { get_int(n, n->op->groups, 1), read_offset_groups(n, w[2] * w[3]) };
    if (narrow(n->op->groups, &groups[0], 1, &s->groups, err) ||
        narrow(n->op->offset_groups[0], &groups[1], 1, &s->offset_groups, err))
        return -1;
    s->in_channels = w[1] * groups[0];
    s->out_channels = w[0];
    return 0;
}

static bool weight_known(const OrtShape *w)
{
    bool known = w->rank == 4;
    for (int i = 0; i < 4; i++)
        known = known && w->dims[i] > 0 && w->dims[i] <= INT_MAX;
    return known;
}

static int fill_deform_conv(const OrtNodeInfo *n, dcn_spec *s, dcn_error *err)
{
    const OrtOp *op = n->op;
    const int64_t *kernel = &n->shape[ORT_W].dims[2];
    s->bias = n->shape[ORT_BIAS].rank >= 0;
    s->modulation = n->shape[ORT_MASK].rank >= 0 ? DCN_MODULATION_MASK : DCN_MODULATION_NONE;
    if (!weight_known(&n->shape[ORT_W]))
        return ort_error(err, DCN_ESPEC, "the model does not tell the shape of the weight");
    return narrow("kernel_shape", kernel, 2, s->kernel, err) ||
           check_kernel_shape(n, kernel, err) || read_pair(n, op->stride, s->stride, err) ||
           read_pair(n, op->dilation, s->dilation, err) || read_padding(n, s->padding, err) ||
           read_groups(n, s, err);
}

/* ---- DCNv3 --------------------------------------------------------------------------------- */

static int read_numbers(const OrtNodeInfo *n, dcn_spec *s, dcn_error *err)
{
    const struct {
        const char *name;
        int64_t absent;
        int *to;
    } number[] = {
        { "kernel_h", 3, &s->kernel[0] },     { "kernel_w", 3, &s->kernel[1] },
        { "stride_h", 1, &s->stride[0] },     { "stride_w", 1, &s->stride[1] },
        { "dilation_h", 1, &s->dilation[0] }, { "dilation_w", 1, &s->dilation[1] },
        { "pad_h", 1, &s->padding[0] },       { "pad_w", 1, &s->padding[1] },
        { "group", 1, &s->offset_groups },
    };
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        const int64_t v = get_int(n, number[i].name, number[i].absent);
        if (narrow(number[i].name, &v, 1, number[i].to, err))
            return -1;
    }
    s->padding[2] = s->padding[0];
    s->padding[3] = s->padding[1];
    return 0;
}

/* Maps are nhwc.  Models that are older than remove_center do not have it. */
static int fill_dcnv3(const OrtNodeInfo *n, dcn_spec *s, dcn_error *err)
{
    float scale = 1;
    int channels = 0;
    const int64_t group_channels = get_int(n, "group_channels", 0);
    ort_succeeded(n->calls, n->calls->attribute_float(n->info, "offset_scale", &scale));
    s->layout = DCN_NHWC;
    s->offset_scale = (double)scale;
    s->remove_center = get_int(n, "remove_center", 0) != 0;
    s->modulation = DCN_MODULATION_MASK;
    if (read_numbers(n, s, err) || narrow("group_channels", &group_channels, 1, &channels, err))
        return -1;
    s->in_channels = (int64_t)channels * s->offset_groups;
    return 0;
}

/* ---- the operators ----------------------------------------------------------------------------- */

#define MMCV_NAMES                                                                                 \
    .computes = DCN_OP_DEFORM_CONV2D, .fill = fill_deform_conv, .stride = "stride",                \
    .padding = "padding", .dilation = "dilation", .groups = "groups",                              \
    .offset_groups = { "deform_groups", "deformable_groups" }
#define MMCV_DEFORM(from)                                                                          \
    {                                                                                              \
        .domain = (from), .name = "MMCVDeformConv2d", .first_version = 1, .last_version = 1,       \
        .input = { [ORT_X] = 0, [ORT_OFFSET] = 1, [ORT_W] = 2, [ORT_BIAS] = -1, [ORT_MASK] = -1 }, \
        .inputs = 3, .required = 3, .padding_by_axis = true, MMCV_NAMES                            \
    }
#define MMCV_MODULATED(from)                                                                       \
    {                                                                                              \
        .domain = (from), .name = "MMCVModulatedDeformConv2d", .first_version = 1,                 \
        .last_version = 1,                                                                         \
        .input = { [ORT_X] = 0, [ORT_OFFSET] = 1, [ORT_MASK] = 2, [ORT_W] = 3, [ORT_BIAS] = 4 },   \
        .inputs = 5, .required = 4, MMCV_NAMES                                                     \
    }

static const OrtOp ops[] = {
    { .computes = DCN_OP_DEFORM_CONV2D,
      .fill = fill_deform_conv,
      .domain = "",
      .name = "DeformConv",
      .first_version = 19,
      .last_version = 22,
      .constraint = "T",
      .input = { [ORT_X] = 0, [ORT_W] = 1, [ORT_OFFSET] = 2, [ORT_BIAS] = 3, [ORT_MASK] = 4 },
      .inputs = 5,
      .required = 3,
      .stride = "strides",
      .padding = "pads",
      .dilation = "dilations",
      .groups = "group",
      .offset_groups = { "offset_group" } },
    MMCV_DEFORM("mmcv"),
    MMCV_MODULATED("mmcv"),
    MMCV_DEFORM("mmdeploy"),
    MMCV_MODULATED("mmdeploy"),
    { .computes = DCN_OP_DCNV3,
      .fill = fill_dcnv3,
      .domain = "mmdeploy",
      .name = "TRTDCNv3",
      .first_version = 1,
      .last_version = 1,
      .input = { [ORT_X] = 0, [ORT_OFFSET] = 1, [ORT_MASK] = 2, [ORT_W] = -1, [ORT_BIAS] = -1 },
      .inputs = 3,
      .required = 3 },
};

enum { NUM_OPS = sizeof ops / sizeof *ops };
_Static_assert((int)NUM_OPS <= (int)ORT_MAX_OPS, "a provider has room for every operator");

const OrtOp *ort_op(int i)
{
    return i < NUM_OPS ? &ops[i] : NULL;
}

const OrtOp *ort_op_find(const char *domain, const char *name)
{
    if (!strcmp(domain, "ai.onnx"))
        domain = "";
    for (int i = 0; i < NUM_OPS; i++) {
        if (!strcmp(ops[i].domain, domain) && !strcmp(ops[i].name, name))
            return &ops[i];
    }
    return NULL;
}

const char *ort_input_name(OrtInput i)
{
    static const char *const names[ORT_NUM_INPUTS] = { "input", "weight", "offset", "bias",
                                                       "mask" };
    return names[i];
}

OrtStatus *ort_op_spec(const OrtNodeInfo *n, dcn_dtype dtype, dcn_spec *s)
{
    dcn_error err;
    dcn_spec_init(s, n->op->computes);
    snprintf(s->name, sizeof s->name, "%s", dcn_op_name(n->op->computes));
    s->dtype = dtype;
    s->batch = s->height = s->width = DCN_DYNAMIC;
    const int failed = n->op->fill(n, s, &err);
    dcn_spec_complete(s);
    return failed || dcn_spec_check(s, &err) ? ort_fail(n->calls, n->op->name, &err) : NULL;
}
