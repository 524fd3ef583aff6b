/* table.c: the keys of the spec language, for all operators.
**
** A key is a row for each set of operators that read it in the same way; rows with different keys
** may lead to the same member (`channels` is in_channels).  The first row of a member has the
** value that the member must keep in specs of operators that have no key for it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/activation.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/limits.h"

static const char *const dtypes[] = { [DCN_F32] = "f32", [DCN_F64] = "f64", NULL };
static const char *const later_dtypes[] = { "bf16", "f16", NULL };
static const char *const layouts[] = { [DCN_NCHW] = "nchw", [DCN_NHWC] = "nhwc", NULL };
static const char *const modulations[] = { [DCN_MODULATION_NONE] = "none",
                                           [DCN_MODULATION_MASK] = "mask",
                                           [DCN_MODULATION_SIGMOID] = "sigmoid",
                                           [DCN_MODULATION_SOFTMAX] = "softmax",
                                           NULL };
static const char *const borders[] = {
    [DCN_BORDER_ZERO] = "zero", [DCN_BORDER_CLAMP] = "clamp", [DCN_BORDER_HYBRID] = "hybrid", NULL
};
static const char *const orders[] = { [DCN_ORDER_YX] = "yx",
                                      [DCN_ORDER_XY] = "xy",
                                      [DCN_ORDER_YYXX] = "yyxx",
                                      [DCN_ORDER_XXYY] = "xxyy",
                                      NULL };
static const char *const activations[] = { [DCN_ACT_NONE] = "none",
                                           [DCN_ACT_RELU] = "relu",
                                           [DCN_ACT_SILU] = "silu",
                                           [DCN_ACT_GELU] = "gelu",
                                           [DCN_ACT_LEAKY_RELU] = "leaky_relu",
                                           [DCN_ACT_HARDSWISH] = "hardswish",
                                           [DCN_ACT_CLIP] = "clip",
                                           [DCN_ACT_SIGMOID] = "sigmoid",
                                           [DCN_ACT_TANH] = "tanh",
                                           NULL };
static const char *const gradient_borders[] = {
    [DCN_GRADIENT_MMCV] = "mmcv", [DCN_GRADIENT_TORCHVISION] = "torchvision", NULL
};
static const char *const modes[] = { [DCN_ROI_AVERAGE] = "average", [DCN_ROI_MAX] = "max", NULL };
/* One wording for both operators that have it. */
#define VARIANT_DOC                                                                                \
    "Whose rounding of regions and bins: `torchvision` rounds in the `dtype`, as upstream does, "  \
    "the others in f64. The default is that of the Deformable ConvNets papers, whose average "     \
    "pooling this operator is by default; set it for a model from elsewhere."

static const char *const variants[] = {
    [DCN_ROI_MXNET] = "mxnet", [DCN_ROI_TORCHVISION] = "torchvision", [DCN_ROI_MMCV] = "mmcv", NULL
};
static const char *const roi_formats[] = {
    [DCN_ROI_BATCH_XYXY] = "batch_xyxy", [DCN_ROI_XYXY] = "xyxy", NULL
};
/* Upstream's words. */
static const char *const norms[] = { [DCN_NORM_LAYER] = "LN", [DCN_NORM_NONE] = "none", NULL };
static const char *const act_layers[] = { [DCN_ACT_NONE] = "none",
                                          [DCN_ACT_RELU] = "ReLU",
                                          [DCN_ACT_SILU] = "SiLU",
                                          [DCN_ACT_GELU] = "GELU",
                                          NULL };

/* Images and regions are counted in 32 bits where they meet lanes; how many fit into memory is a
** rule of its own, rt_check_elements. */
enum {
    MAX_COUNT = INT32_MAX,
    MAX_LENGTH = 255, /* taps of a convolution along an axis */
    MAX_TAPS = 63,
    MAX_STEP = 64,
    MAX_DILATION = 4096,
};

/* One wording for all that have it. */
#define PADDING_DOC                                                                                \
    "Zeros around the input. `\"same\"`: as many as make the output ceil(size / stride), half of " \
    "them before, an odd one after; `\"valid\"`: none."

/* Sets of operators. */
#define OP(x)        RT_OP(x)
#define ANY          RT_ANY_OP
#define ALL          RT_ANY_SPEC
#define DEFORMED     (OP(DEFORM_CONV2D) | OP(DEFORM_CONV2D_PACK))
#define CONVS        (OP(CONV2D) | DEFORMED | OP(SEPARABLE_CONV2D))
#define V3           (OP(DCNV3) | OP(DCNV3_MODULE))
#define V4           (OP(DCNV4) | OP(DCNV4_MODULE))
#define CORES        (OP(DCNV3) | OP(DCNV4))
#define MODULES      (OP(DCNV3_MODULE) | OP(DCNV4_MODULE))
#define QUANTISED    (OP(ROI_POOL) | OP(PS_ROI_POOL))
#define BY_OFFSET    (OP(DEFORM_ROI_POOL) | OP(DEFORM_ROI_POOL_PACK))
#define BY_TRANS     OP(DEFORM_PS_ROI_POOL)
#define ALIGNED      (OP(ROI_ALIGN) | OP(PS_ROI_ALIGN) | BY_OFFSET)
#define ROIS         (QUANTISED | ALIGNED | BY_TRANS)
#define ANY_SIZE_OUT (ROIS & ~BY_TRANS)
#define PS           (OP(PS_ROI_POOL) | OP(PS_ROI_ALIGN) | BY_TRANS)

/* Where a member is, and the bytes of one element of it. */
#define AT(member)       .offset = offsetof(dcn_spec, member), .bytes = sizeof((dcn_spec *)0)->member
#define AT_ARRAY(member) .offset = offsetof(dcn_spec, member), .bytes = sizeof(int)
#define RANGE(a, b)      .min = (a), .max = (b)
#define ONLY(a, b)       .allowed = 1u << (a) | 1u << (b)

const rt_field rt_fields[] = {
    { "name", RT_FIELD_NAME, ALL, AT(name), RANGE(1, 47),
      .doc = "A C identifier, at most 47 letters, and nothing that C, C++ or OpenMP have as a word "
             "or in "
             "their headers, or that POSIX declares in its own: the prefix of every symbol of the "
             "kernel. Kernels without one are called after their operator, then "
             "`_2`, `_3`, ..." },
    { "batch", RT_FIELD_EXTENT, ANY, AT(batch), RANGE(1, MAX_COUNT), .default_value = 1,
      .doc = "Images per call (N)." },
    { "in_channels", RT_FIELD_INT, CONVS, AT(in_channels), RANGE(1, RT_MAX_CHANNELS),
      .required = true, .doc = "Channels of the input (C)." },
    { "channels", RT_FIELD_INT, V3 | V4 | ROIS, AT(in_channels), RANGE(1, RT_MAX_CHANNELS),
      .required = true, .doc = "Channels of the input (C)." },
    { "height", RT_FIELD_EXTENT, ANY, AT(height), RANGE(1, RT_MAX_EXTENT), .required = true,
      .doc = "Rows of the input (H)." },
    { "width", RT_FIELD_EXTENT, ANY, AT(width), RANGE(1, RT_MAX_EXTENT), .required = true,
      .doc = "Columns of the input (W)." },
    { "rois", RT_FIELD_EXTENT, ROIS, AT(rois), RANGE(1, MAX_COUNT), .required = true,
      .doc = "Regions per call (R)." },
    { "roi_format", RT_FIELD_CHOICE, ROIS, AT(roi_format), .choices = roi_formats,
      .doc = "What a row of `rois` holds: the index of an image and two corners (`rois[R,5]`), or "
             "the corners alone (`rois[R,4]`), which needs `batch = 1`." },
    { "out_channels", RT_FIELD_INT, CONVS, AT(out_channels), RANGE(1, RT_MAX_CHANNELS),
      .required = true, .doc = "Channels of the output (O)." },
    { "output_dim", RT_FIELD_INT, PS, AT(out_channels), RANGE(0, RT_MAX_CHANNELS),
      .doc = "Channels of the output (O); 0: all that the input has for one bin." },

    { "kernel_size", RT_FIELD_SIZE, CONVS, AT_ARRAY(kernel), RANGE(1, MAX_LENGTH), .required = true,
      .doc = "Taps of the kernel (kh, kw); K = kh*kw." },
    { "kernel_size", RT_FIELD_SIZE, V3 | V4, AT_ARRAY(kernel), RANGE(1, MAX_TAPS),
      .default_value = 3, .doc = "Taps of the kernel (kh, kw); K = kh*kw." },
    { "stride", RT_FIELD_SIZE, CONVS | V3 | V4, AT_ARRAY(stride), RANGE(1, MAX_STEP),
      .default_value = 1, .doc = "Input pixels from one output pixel to the next." },
    { "padding", RT_FIELD_PADDING, CONVS, AT_ARRAY(padding), RANGE(0, RT_MAX_EXTENT),
      .doc = PADDING_DOC },
    { "padding", RT_FIELD_PADDING, V3 | V4, AT_ARRAY(padding), RANGE(0, RT_MAX_EXTENT),
      .default_value = 1, .doc = PADDING_DOC },
    { "dilation", RT_FIELD_SIZE, CONVS, AT_ARRAY(dilation), RANGE(1, MAX_DILATION),
      .default_value = 1, .doc = "Input pixels from one tap to the next." },
    { "dilation", RT_FIELD_SIZE, V3 | V4, AT_ARRAY(dilation), RANGE(1, MAX_STEP),
      .default_value = 1, .doc = "Input pixels from one tap to the next." },
    { "groups", RT_FIELD_INT, OP(CONV2D) | DEFORMED, AT(groups), RANGE(1, RT_MAX_CHANNELS),
      .default_value = 1, .doc = "Weight groups (G); divides in_channels and out_channels." },
    { "depth_multiplier", RT_FIELD_INT, OP(SEPARABLE_CONV2D), AT(depth_multiplier),
      RANGE(1, MAX_TAPS), .default_value = 1,
      .doc = "Channels that the depthwise convolution makes of each channel of the input." },
    { "offset_groups", RT_FIELD_INT, DEFORMED, AT(offset_groups), RANGE(1, RT_MAX_CHANNELS),
      .default_value = 1,
      .doc = "Groups of input channels that share their offsets (D); divides in_channels." },
    { "groups", RT_FIELD_INT, V3 | V4, AT(offset_groups), RANGE(1, RT_MAX_CHANNELS),
      .required = true, .doc = "Groups of channels with their own offsets (D); divides channels." },
    { "offset_scale", RT_FIELD_NUMBER, V3 | V4, AT(offset_scale), RANGE(-1e6, 1e6),
      .default_value = 1, .doc = "A factor of the dilated grid and of the offsets." },
    { "remove_center", RT_FIELD_BOOL, V3 | V4, AT(remove_center),
      .doc = "Leaves out tap (kh/2, kw/2)." },
    { "modulation", RT_FIELD_CHOICE, DEFORMED, AT(modulation), .choices = modulations,
      .doc = "What a tap is multiplied with: nothing (DCNv1); the mask tensor as given (DCNv2); "
             "the sigmoid of it; or its softmax over the K taps of a pixel and offset group." },
    { "modulation", RT_FIELD_CHOICE, OP(DCNV3), AT(modulation), .choices = modulations,
      ONLY(DCN_MODULATION_MASK, DCN_MODULATION_SOFTMAX), .default_value = DCN_MODULATION_SOFTMAX,
      .doc = "What a tap is multiplied with: the mask tensor as given, or its softmax over the "
             "taps of a pixel and group." },
    { "modulation", RT_FIELD_CHOICE, OP(DCNV4), AT(modulation), .choices = modulations,
      ONLY(DCN_MODULATION_MASK, DCN_MODULATION_SOFTMAX), .default_value = DCN_MODULATION_MASK,
      .doc = "What a tap is multiplied with: the mask in `offset_mask` as given, or its softmax "
             "over the taps of a pixel and group." },
    { "modulation", RT_FIELD_CHOICE, OP(DEFORM_ROI_POOL), AT(modulation), .choices = modulations,
      ONLY(DCN_MODULATION_NONE, DCN_MODULATION_MASK) | 1u << DCN_MODULATION_SIGMOID,
      .doc = "What a bin is multiplied with: nothing, the mask tensor, or the sigmoid of it." },
    { "modulation", RT_FIELD_CHOICE, BY_TRANS, AT(modulation), .choices = modulations,
      ONLY(DCN_MODULATION_NONE, DCN_MODULATION_MASK),
      .doc = "What a bin is multiplied with: nothing, or the mask tensor." },
    { "modulation", RT_FIELD_CHOICE, OP(DEFORM_ROI_POOL_PACK), AT(modulation),
      .choices = modulations, .allowed = 7,
      .doc = "What a bin is multiplied with: nothing; or the mask that a branch of its own makes, "
             "which ends in a sigmoid, so that `mask` and `sigmoid` are the same." },
    { "modulation_scale", RT_FIELD_NUMBER, DEFORMED, AT(modulation_scale), RANGE(-1e30, 1e30),
      .default_value = 1, .doc = "A factor of every mask value (2 in some DCNv2 models); not 0." },
    { "border", RT_FIELD_CHOICE, DEFORMED, AT(border), .choices = borders,
      .doc = "What a sample outside the map is worth. `zero`: the map continues with zeros; "
             "`clamp`: 0 outside 0 <= y < H, 0 <= x < W, the last row and column repeated; "
             "`hybrid`: 0 outside the same range, inside as `zero`." },
    { "offset_order", RT_FIELD_CHOICE, DEFORMED, AT(offset_order), .choices = orders,
      .doc = "Which of a tap's two offsets comes first: dy or dx. They stand side by side, or in "
             "`yyxx` all dy, of all taps and groups, before all dx; in `xxyy` the reverse." },
    { "offset_mask", RT_FIELD_BOOL, OP(DEFORM_CONV2D), AT(offset_mask),
      .doc = "Offset and mask come as one tensor `offset_mask`, as one convolution makes them: the "
             "offsets' channels, then the masks'." },
    { "projection", RT_FIELD_INT, CORES, AT(projection), RANGE(0, RT_MAX_CHANNELS),
      .doc = "Channels of a pointwise projection of the result (O); 0: none, O is C." },

    { "dw_kernel_size", RT_FIELD_SIZE, OP(DCNV3_MODULE), AT_ARRAY(dw_kernel), RANGE(0, MAX_TAPS),
      .doc = "Taps of the depthwise convolution that offsets and masks are made from, odd; 0: as "
             "kernel_size." },
    { "dw_kernel_size", RT_FIELD_SIZE, OP(DCNV4_MODULE), AT_ARRAY(dw_kernel), RANGE(0, MAX_TAPS),
      .doc = "Taps of the depthwise convolution that offsets and masks are made from, odd; 0: "
             "there is none." },
    { "norm_layer", RT_FIELD_CHOICE, OP(DCNV3_MODULE), AT(norm), .choices = norms,
      .doc = "After the depthwise convolution: LayerNorm over the channels, or nothing." },
    { "norm_eps", RT_FIELD_NUMBER, OP(DCNV3_MODULE), AT(norm_eps), RANGE(0, 1),
      .default_value = 1e-6, .doc = "What LayerNorm adds to the variance." },
    { "act_layer", RT_FIELD_CHOICE, OP(DCNV3_MODULE), AT(branch_activation), .choices = act_layers,
      .default_value = DCN_ACT_GELU, .doc = "After norm_layer." },
    { "center_feature_scale", RT_FIELD_BOOL, MODULES, AT(center_feature_scale),
      .doc = "Blends each group with the projected input, by a share computed per pixel." },
    { "without_pointwise", RT_FIELD_BOOL, OP(DCNV4_MODULE), AT(without_pointwise),
      .doc = "Leaves out both projections." },
    { "output_bias", RT_FIELD_BOOL, OP(DCNV4_MODULE), AT(output_bias), .default_value = 1,
      .doc = "The output projection has a bias." },

    { "output_size", RT_FIELD_SIZE, ANY_SIZE_OUT, AT_ARRAY(pooled), RANGE(1, 256), .required = true,
      .doc = "Bins of a region (ph, pw)." },
    { "pooled_size", RT_FIELD_SIZE, BY_TRANS, AT_ARRAY(pooled), RANGE(1, 256), .required = true,
      .doc = "Bins of a region (ph, pw)." },
    { "group_size", RT_FIELD_SIZE, OP(PS_ROI_POOL) | BY_TRANS, AT_ARRAY(group_size), RANGE(0, 256),
      .doc = "Bins that have channels of their own (gh, gw); 0: all. Output channel o of a bin "
             "reads channel (o*gh + i)*gw + j." },
    { "spatial_scale", RT_FIELD_NUMBER, ROIS, AT(spatial_scale), RANGE(1e-6, 1e6),
      .default_value = 1,
      .doc = "Pixels of the map per pixel of the image that rois are given in." },
    { "mode", RT_FIELD_CHOICE, OP(ROI_POOL), AT(mode), .choices = modes,
      .doc = "What becomes of the pixels of a bin." },
    { "mode", RT_FIELD_CHOICE, OP(ROI_ALIGN), AT(mode), .choices = modes,
      .doc = "What becomes of the samples of a bin; `max` is that of ONNX Runtime, the largest of "
             "all pixels times their weights in a sample." },
    { "variant", RT_FIELD_CHOICE, OP(ROI_POOL), AT(variant), .choices = variants,
      .doc = VARIANT_DOC },
    { "variant", RT_FIELD_CHOICE, OP(PS_ROI_POOL), AT(variant), .choices = variants,
      ONLY(DCN_ROI_MXNET, DCN_ROI_TORCHVISION), .doc = VARIANT_DOC },
    { "sampling_ratio", RT_FIELD_INT, ALIGNED, AT(sampling_ratio), RANGE(-1, 256),
      .doc = "Samples of a bin along each axis; 0 or -1: its size in pixels, rounded up." },
    { "aligned", RT_FIELD_BOOL, OP(ROI_ALIGN), AT(aligned),
      .doc = "Moves regions by half a pixel and gives them no least size." },
    { "gamma", RT_FIELD_NUMBER, BY_OFFSET, AT(gamma), RANGE(-1e6, 1e6), .default_value = 0.1,
      .doc = "A factor of the offsets, which are shares of the region's size." },
    { "no_offset", RT_FIELD_BOOL, OP(DEFORM_ROI_POOL), AT(no_offset),
      .doc = "There is no tensor `offset`: bins stay where they are." },
    { "part_size", RT_FIELD_SIZE, BY_TRANS, AT_ARRAY(part_size), RANGE(0, 256),
      .doc = "Bins of trans (Th, Tw); 0: as pooled_size." },
    { "sample_per_part", RT_FIELD_SIZE, BY_TRANS, AT_ARRAY(sample_per_part), RANGE(1, 256),
      .default_value = 4, .doc = "Samples of a bin along each axis." },
    { "trans_std", RT_FIELD_NUMBER, BY_TRANS, AT(trans_std), RANGE(-1e6, 1e6), .default_value = 0.1,
      .doc = "A factor of trans, which is a share of the region's size." },
    { "no_trans", RT_FIELD_BOOL, BY_TRANS, AT(no_trans), .doc = "There is no tensor `trans`." },
    { "num_classes", RT_FIELD_INT, BY_TRANS, AT(num_classes), RANGE(1, RT_MAX_CHANNELS),
      .default_value = 1, .doc = "Sets of trans; divides output_dim." },
    { "deform_fc_channels", RT_FIELD_INT, OP(DEFORM_ROI_POOL_PACK), AT(fc_channels),
      RANGE(1, RT_MAX_CHANNELS), .default_value = 1024,
      .doc = "Width of the hidden layers that make offset and mask." },

    { "bias", RT_FIELD_BOOL, CONVS | CORES, AT(bias), .doc = "Adds a tensor `bias[O]`." },
    { "activation", RT_FIELD_CHOICE, ANY, AT(activation), .choices = activations,
      .doc = "Applied to every output; `gelu` is the exact one, with erf; `clip` is relu6 unless "
             "more is said." },
    { "activation_slope", RT_FIELD_NUMBER, ANY, AT(activation_slope), RANGE(-1e30, 1e30),
      .default_value = RT_DEFAULT_SLOPE, .quiet = true,
      .doc = "Of `leaky_relu`: a factor of what is below 0." },
    { "activation_min", RT_FIELD_NUMBER, ANY, AT(activation_min), RANGE(-1e30, 1e30),
      .default_value = RT_DEFAULT_MIN, .quiet = true, .doc = "Of `clip`: the least output." },
    { "activation_max", RT_FIELD_NUMBER, ANY, AT(activation_max), RANGE(-1e30, 1e30),
      .default_value = RT_DEFAULT_MAX, .quiet = true, .doc = "Of `clip`: the largest output." },
    { "scale_shift", RT_FIELD_BOOL, CONVS | CORES, AT(scale_shift),
      .doc = "A folded batch norm: before the activation, tensors `scale[O]` and `shift[O]` are "
             "multiplied and added." },
    { "residual", RT_FIELD_BOOL, CONVS | CORES, AT(residual),
      .doc = "Adds a tensor `residual` like the output, before the activation." },
    { "dtype", RT_FIELD_CHOICE, ALL, AT(dtype), .choices = dtypes, .later = later_dtypes,
      .doc = "Type of the elements of all tensors." },
    { "layout", RT_FIELD_CHOICE, CONVS | ROIS, AT(layout), .choices = layouts,
      .doc = "Order of the dimensions of all tensors of four but weights." },
    { "layout", RT_FIELD_CHOICE, V3 | V4, AT(layout), .choices = layouts, ONLY(DCN_NHWC, DCN_NHWC),
      .default_value = DCN_NHWC,
      .doc = "Order of the dimensions of all tensors of four but weights." },
    { "target", RT_FIELD_TEXT, ALL, AT(target), RANGE(0, DCN_TEXT_MAX - 1),
      .doc = "The CPU to compile for, as `--target` takes it; empty: this machine." },
    { "schedule", RT_FIELD_SCHEDULE, ALL, AT(schedule), RANGE(0, DCN_SCHEDULE_MAX - 1),
      .doc = "Fixes how the kernel is computed, as `--schedule` does: `\"tiled mr=6\"`, or "
             "`{ \"tiled\", mr = 6 }`; of a layer also by stage, `\"stages core={tiled mr=6}\"` or "
             "`{ \"stages\", core = { \"tiled\", mr = 6 } }`; empty: chosen by dcngen." },
    { "gradient", RT_FIELD_GRADIENT, ALL, AT(gradient), .quiet = true,
      .doc = "Makes the kernel that computes gradients in place of the output: of the operands "
             "named, `{ \"input\", \"offset\" }`, or with `true` of all that have one." },
    { "gradient_border", RT_FIELD_CHOICE, DEFORMED, AT(gradient_border),
      .choices = gradient_borders, .quiet = true,
      .doc =
          "The slope of a sample at exactly -1, where `border = \"zero\"` begins to rise: 0 as in "
          "`mmcv`, or that of what comes after, as in `torchvision`." },
    { NULL, .doc = NULL },
};
