/* spec_fields.c: the table of keys of the spec language, and reading and writing their values.
**
** A choice's text stands at the index of its enumerator; rt_value holds that index.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec_fields.h"

#include <string.h>

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
static const char *const orders[] = { [DCN_ORDER_YX] = "yx", [DCN_ORDER_XY] = "xy", NULL };
static const char *const activations[] = { [DCN_ACT_NONE] = "none",
                                           [DCN_ACT_RELU] = "relu",
                                           [DCN_ACT_SILU] = "silu",
                                           [DCN_ACT_GELU] = "gelu",
                                           NULL };

const char *const rt_op_names[] = {
    [DCN_OP_CONV2D] = "conv2d", [DCN_OP_DEFORM_CONV2D] = "deform_conv2d", NULL
};

enum { MOST_EXTENT = 1 << 20, MOST_CHANNELS = 1 << 16, MOST_TAPS = 63, MOST_STEP = 64 };

/* Where a member is, and the bytes of one element of it. */
#define AT(member)       .offset = offsetof(dcn_spec, member), .bytes = sizeof((dcn_spec *)0)->member
#define AT_ARRAY(member) .offset = offsetof(dcn_spec, member), .bytes = sizeof(int)
#define RANGE(a, b)      .least = (a), .most = (b)

const rt_field rt_fields[] = {
    { "name", RT_FIELD_NAME, RT_ANY_OP, AT(name), RANGE(1, 47),
      .doc = "A C identifier, at most 47 letters: the prefix of every symbol of the kernel. "
             "Kernels without one are called after their operator, then `_2`, `_3`, ..." },
    { "batch", RT_FIELD_EXTENT, RT_ANY_OP, AT(batch), RANGE(1, MOST_CHANNELS), .otherwise = 1,
      .doc = "Images per call (N)." },
    { "in_channels", RT_FIELD_INT, RT_ANY_OP, AT(in_channels), RANGE(1, MOST_CHANNELS),
      .required = true, .doc = "Channels of the input (C)." },
    { "height", RT_FIELD_EXTENT, RT_ANY_OP, AT(height), RANGE(1, MOST_EXTENT), .required = true,
      .doc = "Rows of the input (H)." },
    { "width", RT_FIELD_EXTENT, RT_ANY_OP, AT(width), RANGE(1, MOST_EXTENT), .required = true,
      .doc = "Columns of the input (W)." },
    { "out_channels", RT_FIELD_INT, RT_ANY_OP, AT(out_channels), RANGE(1, MOST_CHANNELS),
      .required = true, .doc = "Channels of the output (O)." },
    { "kernel_size", RT_FIELD_SIZE, RT_ANY_OP, AT_ARRAY(kernel), RANGE(1, MOST_TAPS),
      .required = true, .doc = "Taps of the kernel (kh, kw); K = kh*kw." },
    { "stride", RT_FIELD_SIZE, RT_ANY_OP, AT_ARRAY(stride), RANGE(1, MOST_STEP), .otherwise = 1,
      .doc = "Input pixels from one output pixel to the next." },
    { "padding", RT_FIELD_PADDING, RT_ANY_OP, AT_ARRAY(padding), RANGE(0, 4096),
      .doc = "Zeros around the input." },
    { "dilation", RT_FIELD_SIZE, RT_ANY_OP, AT_ARRAY(dilation), RANGE(1, MOST_STEP), .otherwise = 1,
      .doc = "Input pixels from one tap to the next." },
    { "groups", RT_FIELD_INT, RT_ANY_OP, AT(groups), RANGE(1, MOST_CHANNELS), .otherwise = 1,
      .doc = "Weight groups (G); divides in_channels and out_channels." },
    { "offset_groups", RT_FIELD_INT, RT_DEFORM_CONV2D, AT(offset_groups), RANGE(1, MOST_CHANNELS),
      .otherwise = 1,
      .doc = "Groups of input channels that share their offsets (D); divides in_channels." },
    { "modulation", RT_FIELD_CHOICE, RT_DEFORM_CONV2D, AT(modulation), .choices = modulations,
      .doc = "What a tap is multiplied with: nothing (DCNv1); the mask tensor as given (DCNv2); "
             "the sigmoid of it; or its softmax over the K taps of a pixel and offset group." },
    { "modulation_scale", RT_FIELD_NUMBER, RT_DEFORM_CONV2D, AT(modulation_scale),
      RANGE(-1e30, 1e30), .otherwise = 1,
      .doc = "A factor of every mask value (2 in some DCNv2 models); not 0." },
    { "border", RT_FIELD_CHOICE, RT_DEFORM_CONV2D, AT(border), .choices = borders,
      .doc = "What a sample outside the map is worth. `zero`: the map continues with zeros; "
             "`clamp`: 0 outside 0 <= y < H, 0 <= x < W, the last row and column repeated; "
             "`hybrid`: 0 outside the same range, inside as `zero`." },
    { "offset_order", RT_FIELD_CHOICE, RT_DEFORM_CONV2D, AT(offset_order), .choices = orders,
      .doc = "Which of a tap's two offsets comes first: dy or dx." },
    { "bias", RT_FIELD_BOOL, RT_ANY_OP, AT(bias), .doc = "Adds a tensor `bias[O]`." },
    { "activation", RT_FIELD_CHOICE, RT_ANY_OP, AT(activation), .choices = activations,
      .doc = "Applied to every output; `gelu` is the exact one, with erf." },
    { "dtype", RT_FIELD_CHOICE, RT_ANY_OP, AT(dtype), .choices = dtypes, .later = later_dtypes,
      .doc = "Type of the elements of all tensors." },
    { "layout", RT_FIELD_CHOICE, RT_ANY_OP, AT(layout), .choices = layouts,
      .doc = "Order of the dimensions of all tensors but weight and bias." },
    { "target", RT_FIELD_TEXT, RT_ANY_OP, AT(target), RANGE(0, DCN_TEXT_MAX - 1),
      .doc = "The CPU to compile for, as `--target` takes it; empty: this machine." },
    { "schedule", RT_FIELD_SCHEDULE, RT_ANY_OP, AT(schedule), RANGE(0, DCN_TEXT_MAX - 1),
      .doc = "Fixes how the kernel is computed, as `--schedule` does: `\"tiled mr=6\"`, or "
             "`{ \"tiled\", mr = 6 }`; empty: chosen by dcngen." },
    { "gradient", RT_FIELD_NOT_YET, RT_ANY_OP,
      .doc = "Gradients; not available in this version: only `false`." },
    { NULL, .doc = NULL },
};

bool rt_field_is_of(const rt_field *f, dcn_op op)
{
    return (unsigned)op <= DCN_OP_DEFORM_CONV2D && (f->ops & 1u << op) != 0;
}

const rt_field *rt_field_find(const char *key, dcn_op op)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op) && strcmp(f->key, key) == 0)
            return f;
    }
    return NULL;
}

int rt_field_count(const rt_field *f)
{
    static const int count[] = {
        [RT_FIELD_INT] = 1,     [RT_FIELD_EXTENT] = 1,   [RT_FIELD_SIZE] = 2,
        [RT_FIELD_PADDING] = 4, [RT_FIELD_CHOICE] = 1,   [RT_FIELD_BOOL] = 1,
        [RT_FIELD_NUMBER] = 1,  [RT_FIELD_NOT_YET] = 1,  [RT_FIELD_NAME] = 0,
        [RT_FIELD_TEXT] = 0,    [RT_FIELD_SCHEDULE] = 0,
    };
    return count[f->type];
}

static bool is_text(const rt_field *f)
{
    return rt_field_count(f) == 0;
}

/* A spec filled in C may hold any bits, also in an enum or a bool: read them as numbers. */
static int64_t get_int(const char *at, size_t bytes)
{
    int64_t wide;
    int32_t narrow;
    unsigned char flag;
    if (bytes == sizeof wide)
        return memcpy(&wide, at, sizeof wide), wide;
    if (bytes == sizeof narrow)
        return memcpy(&narrow, at, sizeof narrow), narrow;
    return memcpy(&flag, at, sizeof flag), flag;
}

static void set_int(char *at, size_t bytes, int64_t n)
{
    int32_t narrow = (int32_t)n;
    bool flag = n != 0;
    if (bytes == sizeof n)
        memcpy(at, &n, sizeof n);
    else if (bytes == sizeof narrow)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, &flag, sizeof flag);
}

rt_value rt_field_get(const rt_field *f, const dcn_spec *s)
{
    rt_value v = { .x = 0 };
    const char *at = (const char *)s + f->offset;
    if (is_text(f))
        memcpy(v.text, at, f->bytes);
    else if (f->type == RT_FIELD_NUMBER)
        memcpy(&v.x, at, sizeof v.x);
    else if (f->type != RT_FIELD_NOT_YET)
        for (int i = 0; i < rt_field_count(f); i++)
            v.n[i] = get_int(at + (size_t)i * f->bytes, f->bytes);
    return v;
}

void rt_field_set(const rt_field *f, const rt_value *v, dcn_spec *s)
{
    char *at = (char *)s + f->offset;
    if (is_text(f))
        memcpy(at, v->text, f->bytes);
    else if (f->type == RT_FIELD_NUMBER)
        memcpy(at, &v->x, sizeof v->x);
    else if (f->type != RT_FIELD_NOT_YET)
        for (int i = 0; i < rt_field_count(f); i++)
            set_int(at + (size_t)i * f->bytes, f->bytes, v->n[i]);
}

rt_value rt_field_default(const rt_field *f)
{
    rt_value v = { .x = f->otherwise };
    for (int i = 0; i < 4; i++)
        v.n[i] = (int64_t)f->otherwise;
    return v;
}
