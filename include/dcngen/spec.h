/* spec.h: what to compute.  One plain struct describes one kernel.
**
** A dcn_spec comes from a Lua file (dcn_load_file) or is filled in C:
**
**     dcn_spec s;
**     dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
**     s.in_channels = s.out_channels = 64;  s.height = s.width = 56;  ...
**     if (dcn_spec_check(&s, &err)) ...
**
** Everything here is a number or a fixed-size string, but for `network`: copy it with `=`.
** Letters used in all comments: N batch, C channels in, O channels out, H W
** input size, P Q output size, K = kh*kw taps, G weight groups, D offset groups.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_SPEC_H
#define DCNGEN_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A size that is known only when the kernel is called. */
#define DCN_DYNAMIC (-1)

/* In all of `padding`: as much as makes the output ceil(input / stride) pixels, half of it before,
** an odd one after.  dcn_spec_complete puts the numbers in its place. */
#define DCN_SAME (-1)

enum { DCN_NAME_MAX = 64, DCN_TEXT_MAX = 256, DCN_MAX_RANK = 4 };

/* Bytes of a schedule's text, where that of a module lists those of its stages; bytes of any text
** that dcn_spec_print writes. */
enum {
    DCN_SCHEDULE_MAX = 4096,
    DCN_SPEC_TEXT_MAX = 2048 + 2 * DCN_TEXT_MAX + 2 * DCN_SCHEDULE_MAX
};

typedef enum {
    DCN_OP_CONV2D,
    DCN_OP_DEFORM_CONV2D,
    DCN_OP_DCNV3,
    DCN_OP_DCNV4,
    DCN_OP_ROI_POOL,
    DCN_OP_PS_ROI_POOL,
    DCN_OP_ROI_ALIGN,
    DCN_OP_PS_ROI_ALIGN,
    DCN_OP_DEFORM_ROI_POOL,
    DCN_OP_DEFORM_PS_ROI_POOL,
    DCN_OP_DEFORM_CONV2D_PACK,
    DCN_OP_SEPARABLE_CONV2D,
    DCN_OP_DCNV3_MODULE,
    DCN_OP_DCNV4_MODULE,
    DCN_OP_DEFORM_ROI_POOL_PACK,
    DCN_OP_NETWORK, /* the layers of `network`; of the other members name, dtype, target, schedule and
                     ** gradient have a meaning */
    DCN_NUM_OPS
} dcn_op;
typedef enum { DCN_F32, DCN_F64 } dcn_dtype;
typedef enum { DCN_NCHW, DCN_NHWC } dcn_layout;

/* How a tap's mask m is made from the mask tensor; always times modulation_scale. */
typedef enum {
    DCN_MODULATION_NONE,    /* no mask tensor, m = 1 */
    DCN_MODULATION_MASK,    /* as given */
    DCN_MODULATION_SIGMOID, /* 1 / (1 + exp(-logit)) */
    DCN_MODULATION_SOFTMAX, /* softmax of the logits over the taps of a pixel and offset group */
} dcn_modulation;

/* What a sample outside the map is worth (SEMANTICS 1.1 to 1.3). */
typedef enum {
    DCN_BORDER_ZERO,  /* bilinear on the zero-extended map; the usual rule */
    DCN_BORDER_CLAMP, /* 0 unless 0 <= y < H and 0 <= x < W; the last row and column are repeated */
    DCN_BORDER_HYBRID, /* 0 unless 0 <= y < H and 0 <= x < W, then as ZERO */
} dcn_border;

/* Where the offsets (dy, dx) of a tap are among the channels: side by side, or all dy before all dx,
** or the reverse. */
typedef enum { DCN_ORDER_YX, DCN_ORDER_XY, DCN_ORDER_YYXX, DCN_ORDER_XXYY } dcn_offset_order;
typedef enum {
    DCN_ACT_NONE,
    DCN_ACT_RELU,
    DCN_ACT_SILU,
    DCN_ACT_GELU,
    DCN_ACT_LEAKY_RELU, /* x < 0 ? activation_slope * x : x */
    DCN_ACT_HARDSWISH,  /* x * min(max(x + 3, 0), 6) / 6 */
    DCN_ACT_CLIP,       /* min(max(x, activation_min), activation_max); by default 0 and 6: relu6 */
    DCN_ACT_SIGMOID,    /* 1 / (1 + exp(-x)) */
    DCN_ACT_TANH,
} dcn_activation;

/* What becomes of the pixels of a bin of roi_pool, and of the samples of one of roi_align. */
typedef enum { DCN_ROI_AVERAGE, DCN_ROI_MAX } dcn_roi_mode;
/* How roi_pool and ps_roi_pool turn a region into bins of whole pixels (SEMANTICS 6). */
typedef enum { DCN_ROI_MXNET, DCN_ROI_TORCHVISION, DCN_ROI_MMCV } dcn_roi_variant;
/* A row of rois: the index of its image first, or the box alone, which needs a batch of 1. */
typedef enum { DCN_ROI_BATCH_XYXY, DCN_ROI_XYXY } dcn_roi_format;
typedef enum { DCN_NORM_LAYER, DCN_NORM_NONE } dcn_norm;

/* The slope of a sample that stands at exactly -1 along an axis, where its value begins to rise. */
typedef enum {
    DCN_GRADIENT_MMCV,       /* 0 */
    DCN_GRADIENT_TORCHVISION /* that of what is to the right of it, or below */
} dcn_gradient_border;

/* All operands that have a gradient, in dcn_spec.gradient. */
#define DCN_GRADIENT_ALL (~(uint64_t)0)

struct dcn_network;

typedef struct dcn_spec {
    char name[DCN_NAME_MAX]; /* a C identifier; the prefix of every symbol of the kernel */
    dcn_op op;
    dcn_dtype dtype;
    dcn_layout layout;

    int64_t batch, height, width; /* >= 1 or DCN_DYNAMIC */
    int64_t in_channels, out_channels;

    int kernel[2], stride[2], dilation[2]; /* {h, w} */
    int padding[4];                        /* {top, left, bottom, right}, or DCN_SAME in all */
    int groups, offset_groups;

    dcn_modulation modulation;
    double modulation_scale;
    dcn_border border;
    dcn_offset_order offset_order;
    bool offset_mask; /* deform_conv2d: offset and mask are one tensor, 2*D*K channels, then D*K */

    bool bias;
    dcn_activation activation;
    bool scale_shift; /* folded batch norm: act((sum + bias) * scale[o] + shift[o] + residual) */
    bool residual;    /* a tensor like the output, added before the activation */
    double activation_slope, activation_min, activation_max;

    /* dcnv3, dcnv4 and their modules: offset_groups is the operator's `groups`, in_channels its
    ** `channels`.  Taps run column by column (SEMANTICS 4); K' = K - remove_center. */
    double offset_scale;
    bool remove_center;
    int64_t projection; /* channels of the pointwise projection of dcnv3, dcnv4; 0: there is none */

    /* RoI family: in_channels is `channels`, out_channels `output_dim` (or `channels`).  A row of
    ** rois is batch index, x1, y1, x2, y2, or as roi_format says. */
    int64_t rois; /* >= 1 or DCN_DYNAMIC */
    dcn_roi_format roi_format;
    int pooled[2]; /* output_size or pooled_size, {h, w} */
    int group_size[2];
    double spatial_scale;
    dcn_roi_mode mode;
    dcn_roi_variant variant;
    int sampling_ratio; /* samples per bin and axis; <= 0: as many as the bin has pixels */
    bool aligned;
    double gamma;                         /* deform_roi_pool */
    bool no_offset;                       /* deform_roi_pool: bins stay where they are */
    int part_size[2], sample_per_part[2]; /* deform_ps_roi_pool, {h, w} */
    double trans_std;
    bool no_trans;
    int num_classes;

    /* Modules */
    int dw_kernel[2]; /* of the depthwise branch; 0: none (dcnv4_module) */
    dcn_norm norm;    /* after the depthwise branch, then branch_activation */
    double norm_eps;
    dcn_activation branch_activation;
    bool center_feature_scale, without_pointwise, output_bias;
    int depth_multiplier; /* separable_conv2d */
    int fc_channels;      /* width of the hidden layers of deform_roi_pool_pack */

    /* Not 0: a kernel that computes gradients in place of the output.  A set of operands, made by
    ** dcn_spec_want_gradient, or DCN_GRADIENT_ALL. */
    uint64_t gradient;
    dcn_gradient_border gradient_border; /* deform_conv2d and its pack, of their gradients */

    char target[DCN_TEXT_MAX];       /* "" or what --target takes */
    char schedule[DCN_SCHEDULE_MAX]; /* "" or knobs that the choice of schedule must respect */

    /* What DCN_OP_NETWORK is made of, borrowed from the dcn_module or dcn_kernel that the spec
    ** comes from; NULL in all others.  The spec language makes it, and nobody else can. */
    const struct dcn_network *network;
} dcn_spec;

typedef enum {
    DCN_IN,     /* read */
    DCN_WEIGHT, /* read, but packed once with dcn_pack_tensor before it is used */
    DCN_OUT,    /* written; a kernel may have several, anywhere among its operands */
} dcn_role;

/* One operand of a kernel.  dims[] are elements, outermost first, C order. */
typedef struct dcn_tensor {
    const char *name; /* "input", "weight", ...: a string constant */
    dcn_role role;
    dcn_dtype dtype; /* of its elements; those of a packed weight are the kernel's own affair */
    int rank;
    int64_t dims[DCN_MAX_RANK];
} dcn_tensor;

struct dcn_error;

/* Defaults of the spec language; sizes that have none are 0 and fail the check. */
void dcn_spec_init(dcn_spec *s, dcn_op op);

/* Fill in what follows from other members, as the spec language does: out_channels of operators
** that have no key for it; padding that is DCN_SAME; where they are 0, also part_size, group_size and out_channels
** (output_dim) of position-sensitive pooling, and dw_kernel of dcnv3_module. */
void dcn_spec_complete(dcn_spec *s);

/* 0 if the spec can be compiled, else -1 with the key, its value and what is allowed in err. */
int dcn_spec_check(const dcn_spec *s, struct dcn_error *err);

/* Ask for the gradient of the operand of that name, beside those that s has been asked for: s is then
** a kernel of gradients.  0, or -1 with err if s has no such operand, or no gradient of it. */
int dcn_spec_want_gradient(dcn_spec *s, const char *name, struct dcn_error *err);

/* Output rows and columns for an input of height x width:
** floor((in + pads - (dil*(k-1) + 1)) / stride) + 1, or the bins of a region. */
int64_t dcn_out_height(const dcn_spec *s, int64_t height);
int64_t dcn_out_width(const dcn_spec *s, int64_t width);

/* The kernel's operands in calling order, the first `max` of them into out; a dynamic size is
** DCN_DYNAMIC.  Returns how many there are, however many fit: with out NULL and max 0 it counts.
** A kernel of gradients has those operands of the kernel without them that it needs to read; then
** `grad_output`, which it reads; then a `grad_NAME` for each gradient asked for, which it writes, in
** the order and with the shape and dtype of the operands NAME. */
int dcn_spec_tensors(const dcn_spec *s, dcn_tensor *out, int max);

/* The sizes that may be dynamic.  rois is read only by operators that have rois. */
typedef struct dcn_sizes {
    int64_t batch, height, width, rois;
} dcn_sizes;

/* s with its dynamic sizes replaced; the static ones must agree.  0, or -1 with err. */
int dcn_spec_bind(const dcn_spec *s, dcn_sizes sizes, dcn_spec *out, struct dcn_error *err);

/* Multiply-adds of the operator, counted as 2 each; sizes must be static.  A convolution counts its
** weighted sum, 2*N*O*P*Q*(C/G)*K; what only samples counts 4 per sample and channel; adaptive
** sampling counts 4 samples per bin, quantised pooling one operation per RoI, channel and pixel.
** Gradients count all of that once for those of weights, once for those of the other operands, and
** once where an activation needs the sum before it again; those of what is added or multiplied to
** sums, if no others are asked for, 2 per output. */
double dcn_spec_flops(const dcn_spec *s);

/* Bytes of all operands, each counted once.  Sizes must be static. */
double dcn_spec_bytes(const dcn_spec *s);

size_t dcn_dtype_bytes(dcn_dtype t); /* of one element */

/* The names of values in the spec language: string constants. */
const char *dcn_op_name(dcn_op op);
const char *dcn_dtype_name(dcn_dtype t);
const char *dcn_layout_name(dcn_layout l);
const char *dcn_modulation_name(dcn_modulation m);
const char *dcn_border_name(dcn_border b);
const char *dcn_offset_order_name(dcn_offset_order o);
const char *dcn_activation_name(dcn_activation a);

/* The spec as one line of the spec language, every key written, but parameters of the activation and
** gradients only where they are not at their defaults; loading it gives the same spec.  Of a network it
** is a short form that tells two networks apart and cannot be loaded: name, dtype, how many layers and
** parameters, and a digest of all of them.
** Returns the length without the NUL, as snprintf does. */
int dcn_spec_print(const dcn_spec *s, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
