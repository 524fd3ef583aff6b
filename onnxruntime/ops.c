/* ops.c: ai.onnx's DeformConv, and what mmcv and mmdeploy export.
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

#define MMCV_NAMES                                                                                 \
    .stride = "stride", .padding = "padding", .dilation = "dilation", .groups = "groups",          \
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
    { .domain = "",
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
};

enum { NUM_OPS = sizeof ops / sizeof *ops };

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

/* ---- attributes -------------------------------------------------------------------------- */

/* The numbers of an attribute; how many there are, 0 if it is absent, -1 if they are too many. */
static int get_ints(const OrtCalls *c, const OrtKernelInfo *info, const char *name, int64_t *v,
                    int max)
{
    size_t n = 0;
    if (!ort_succeeded(c, c->attribute_ints(info, name, NULL, &n)) || n == 0)
        return 0;
    if (n > (size_t)max || !ort_succeeded(c, c->attribute_ints(info, name, v, &n)))
        return -1;
    return (int)n;
}

static int64_t get_int(const OrtCalls *c, const OrtKernelInfo *info, const char *name,
                       int64_t absent)
{
    int64_t v;
    return name && ort_succeeded(c, c->attribute_int(info, name, &v)) ? v : absent;
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

static int read_pair(const OrtCalls *c, const OrtKernelInfo *info, const char *name, int pair[2],
                     dcn_error *err)
{
    int64_t v[2] = { 1, 1 };
    const int n = get_ints(c, info, name, v, 2);
    if (n != 0 && n != 2)
        return ort_error(err, DCN_ESPEC, "'%s' has not two numbers", name);
    return narrow(name, v, 2, pair, err);
}

/* Two numbers are of the axes. */
static int read_padding(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                        int padding[4], dcn_error *err)
{
    int64_t v[4] = { 0, 0, 0, 0 };
    const int n = get_ints(c, info, op->padding, v, 4);
    if (n != 0 && n != 2 && n != 4)
        return ort_error(err, DCN_ESPEC, "'%s' has not two or four numbers", op->padding);
    if (n == 2) {
        v[2] = v[0];
        v[3] = v[1];
    } else if (op->padding_by_axis) {
        const int64_t bottom = v[1];
        v[1] = v[2];
        v[2] = bottom;
    }
    return narrow(op->padding, v, 4, padding, err);
}

/* Some exporters lose the attribute: then the channels of the offset say how many groups there are. */
static int64_t read_offset_groups(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                                  const OrtShape *offset, int64_t taps)
{
    const int64_t second = get_int(c, info, op->offset_groups[1], 1);
    const int64_t groups = get_int(c, info, op->offset_groups[0], second);
    const int64_t channels = offset->rank == 4 ? offset->dims[1] : -1;
    return groups == 1 && channels > 0 && channels % (2 * taps) == 0 ? channels / (2 * taps)
                                                                     : groups;
}

static int check_kernel_shape(const OrtCalls *c, const OrtKernelInfo *info, const int64_t *kernel,
                              dcn_error *err)
{
    int64_t v[2];
    const int n = get_ints(c, info, "kernel_shape", v, 2);
    if (n == 0 || (n == 2 && v[0] == kernel[0] && v[1] == kernel[1]))
        return 0;
    return ort_error(err, DCN_ESPEC, "'kernel_shape' is not that of the weight, %lld x %lld",
                     (long long)kernel[0], (long long)kernel[1]);
}

static int read_groups(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                       const OrtShape shape[ORT_NUM_INPUTS], dcn_spec *s, dcn_error *err)
{
    const int64_t *w = shape[ORT_W].dims;
    const int64_t groups[2] = { get_int(c, info, op->groups, 1),
                                read_offset_groups(op, c, info, &shape[ORT_OFFSET], w[2] * w[3]) };
    s->in_channels = w[1] * groups[0];
    s->out_channels = w[0];
    return narrow(op->groups, &groups[0], 1, &s->groups, err) ||
           narrow(op->offset_groups[0], &groups[1], 1, &s->offset_groups, err);
}

static bool weight_known(const OrtShape *w)
{
    bool known = w->rank == 4;
    for (int i = 0; i < 4; i++)
        known = known && w->dims[i] > 0 && w->dims[i] <= INT_MAX;
    return known;
}

static int fill_spec(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                     const OrtShape shape[ORT_NUM_INPUTS], dcn_spec *s, dcn_error *err)
{
    const int64_t *kernel = &shape[ORT_W].dims[2];
    s->batch = s->height = s->width = DCN_DYNAMIC;
    s->bias = shape[ORT_BIAS].rank >= 0;
    s->modulation = shape[ORT_MASK].rank >= 0 ? DCN_MODULATION_MASK : DCN_MODULATION_NONE;
    if (!weight_known(&shape[ORT_W]))
        return ort_error(err, DCN_ESPEC, "the model does not tell the shape of the weight");
    return narrow("kernel_shape", kernel, 2, s->kernel, err) ||
           check_kernel_shape(c, info, kernel, err) ||
           read_pair(c, info, op->stride, s->stride, err) ||
           read_pair(c, info, op->dilation, s->dilation, err) ||
           read_padding(op, c, info, s->padding, err) || read_groups(op, c, info, shape, s, err) ||
           dcn_spec_check(s, err);
}

OrtStatus *ort_op_spec(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                       const OrtShape shape[ORT_NUM_INPUTS], dcn_dtype dtype, dcn_spec *s)
{
    dcn_error err;
    dcn_spec_init(s, DCN_OP_DEFORM_CONV2D);
    snprintf(s->name, sizeof s->name, "deform_conv2d");
    s->dtype = dtype;
    return fill_spec(op, c, info, shape, s, &err) ? ort_fail(c, op->name, &err) : NULL;
}
