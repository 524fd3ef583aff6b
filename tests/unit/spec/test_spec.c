/* test_spec.c: the functions of spec.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A valid deformable convolution that tests change. */
static dcn_spec sample(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    s.batch = 2;
    s.in_channels = 8, s.out_channels = 12;
    s.height = 20, s.width = 30;
    s.kernel[0] = 3, s.kernel[1] = 5;
    s.groups = 4, s.offset_groups = 2;
    s.modulation = DCN_MODULATION_MASK;
    s.bias = true;
    return s;
}

/* Every expectation of a failing check goes through here. */
static void expect_refused(const dcn_spec *s, const char *want)
{
    dcn_error err = { .text = "" };
    cr_expect(dcn_spec_check(s, &err) == -1, "accepted; want %s", want);
    cr_expect(err.code == DCN_ESPEC && strcmp(err.text, want) == 0, "\n got %s\nwant %s", err.text,
              want);
    cr_expect(dcn_spec_check(s, NULL) == -1);
}

static void expect_accepted(const dcn_spec *s)
{
    dcn_error err = { .text = "" };
    cr_expect(dcn_spec_check(s, &err) == 0, "%s", err.text);
}

Test(spec, names)
{
    cr_expect(strcmp(dcn_op_name(DCN_OP_CONV2D), "conv2d") == 0);
    cr_expect(strcmp(dcn_op_name(DCN_OP_DEFORM_CONV2D), "deform_conv2d") == 0);
    cr_expect(strcmp(dcn_dtype_name(DCN_F64), "f64") == 0);
    cr_expect(strcmp(dcn_layout_name(DCN_NHWC), "nhwc") == 0);
    cr_expect(strcmp(dcn_modulation_name(DCN_MODULATION_SOFTMAX), "softmax") == 0);
    cr_expect(strcmp(dcn_border_name(DCN_BORDER_HYBRID), "hybrid") == 0);
    cr_expect(strcmp(dcn_offset_order_name(DCN_ORDER_XY), "xy") == 0);
    cr_expect(strcmp(dcn_activation_name(DCN_ACT_GELU), "gelu") == 0);
    cr_expect(strcmp(dcn_activation_name((dcn_activation)77), "?") == 0);
    cr_expect(strcmp(dcn_op_name((dcn_op)77), "?") == 0);
    cr_expect(dcn_dtype_bytes(DCN_F32) == 4 && dcn_dtype_bytes(DCN_F64) == 8);
}

Test(spec, an_untouched_spec_lacks_its_sizes)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    expect_refused(&s, "'in_channels' = 0 is outside 1..65536");
}

/* ---- sizes ------------------------------------------------------------------------------- */

/* Output positions counted one by one: those whose whole window lies in the padded input. */
static int64_t count_positions(int64_t in, int before, int after, int k, int stride, int dilation)
{
    int64_t n = 0;
    for (int64_t at = -before; at + (int64_t)dilation * (k - 1) < in + after; at += stride)
        n++;
    return n;
}

Test(spec, out_sizes_are_those_counted_by_hand)
{
    dcn_spec s = sample();
    srand(7);
    for (int i = 0; i < 2000; i++) {
        for (int axis = 0; axis < 2; axis++) {
            s.kernel[axis] = 1 + rand() % 7;
            s.stride[axis] = 1 + rand() % 4;
            s.dilation[axis] = 1 + rand() % 3;
            s.padding[axis] = rand() % 4;
            s.padding[axis + 2] = rand() % 4;
        }
        const int64_t h = 1 + rand() % 20, w = 1 + rand() % 20;
        cr_assert(dcn_out_height(&s, h) == count_positions(h, s.padding[0], s.padding[2],
                                                           s.kernel[0], s.stride[0],
                                                           s.dilation[0]));
        cr_assert(dcn_out_width(&s, w) == count_positions(w, s.padding[1], s.padding[3],
                                                          s.kernel[1], s.stride[1], s.dilation[1]));
    }
    cr_expect(dcn_out_height(&s, DCN_DYNAMIC) == DCN_DYNAMIC);
}

static void expect_tensors(const dcn_spec *s, const char *want)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    char got[512] = "";
    size_t used = 0;
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n; i++) {
        static const char *const roles[] = { [DCN_IN] = "", [DCN_WEIGHT] = "w", [DCN_OUT] = "o" };
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%s%s", i ? " " : "", t[i].name,
                                 roles[t[i].role]);
        for (int d = 0; d < t[i].rank; d++)
            used += (size_t)snprintf(got + used, sizeof got - used, ":%d", (int)t[i].dims[d]);
    }
    cr_expect(strcmp(got, want) == 0, "\n got %s\nwant %s", got, want);
}

/* As snprintf does: the count is the whole one, and nothing beyond max is written. */
Test(spec, tensors_can_be_counted_and_cut)
{
    const dcn_spec s = sample();
    dcn_tensor t[3] = { [2] = { .name = "untouched" } };
    cr_expect_eq(dcn_spec_tensors(&s, NULL, 0), 6);
    cr_expect_eq(dcn_spec_tensors(&s, t, 2), 6);
    cr_expect_str_eq(t[1].name, "weight");
    cr_expect_str_eq(t[2].name, "untouched");
}

Test(spec, tensors_have_the_dtype_of_the_spec)
{
    dcn_spec s = sample();
    dcn_tensor t[RT_NUM_OPERANDS];
    s.dtype = DCN_F64;
    const int n = dcn_spec_tensors(&s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n; i++)
        cr_expect_eq(t[i].dtype, DCN_F64, "%s", t[i].name);
}

Test(spec, every_operand_has_a_name_of_its_own)
{
    for (int i = 0; i < RT_NUM_OPERANDS; i++) {
        cr_assert_not_null(rt_operand_names[i]);
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(rt_operand_names[i], rt_operand_names[j]);
    }
}

Test(spec, operands_are_found_by_number)
{
    const dcn_spec s = sample();
    const rt_operands o = rt_operands_of(&s);
    for (int i = 0; i < o.n; i++) {
        cr_expect_eq(rt_operand_at(&s, o.which[i]), i);
        cr_expect_str_eq(o.tensor[i].name, rt_operand_names[o.which[i]]);
    }
    cr_expect_eq(rt_operand_at(&s, RT_ROIS), -1);
}

Test(spec, tensors_and_their_shapes)
{
    dcn_spec s = sample();
    expect_tensors(&s, "input:2:8:20:30 weightw:12:2:3:5 bias:12 offset:2:60:18:26 mask:2:30:18:26 "
                       "outputo:2:12:18:26");
    s.layout = DCN_NHWC;
    expect_tensors(&s, "input:2:20:30:8 weightw:12:2:3:5 bias:12 offset:2:18:26:60 mask:2:18:26:30 "
                       "outputo:2:18:26:12");
    s.modulation = DCN_MODULATION_NONE;
    s.bias = false;
    s.batch = s.width = DCN_DYNAMIC;
    expect_tensors(&s, "input:-1:20:-1:8 weightw:12:2:3:5 offset:-1:18:-1:60 outputo:-1:18:-1:12");
    s.op = DCN_OP_CONV2D;
    s.layout = DCN_NCHW;
    s.height = DCN_DYNAMIC;
    expect_tensors(&s, "input:-1:8:-1:-1 weightw:12:2:3:5 outputo:-1:12:-1:-1");
}

Test(spec, flops_and_bytes)
{
    dcn_spec s = sample();
    cr_expect(dcn_spec_flops(&s) == 2.0 * 2 * 12 * 18 * 26 * (8 / 4) * 15);
    const double elements = 2 * 8 * 20 * 30 + 12 * 2 * 15 + 12 + 2 * (60 + 30 + 12) * 18 * 26;
    cr_expect(dcn_spec_bytes(&s) == 4 * elements);
    s.dtype = DCN_F64;
    cr_expect(dcn_spec_bytes(&s) == 8 * elements);
}

/* ---- binding ----------------------------------------------------------------------------- */

/* Sizes are refused for any spec, and in the calls of a kernel, whose spec was checked before. */
static void expect_unbound(const dcn_spec *s, int64_t n, int64_t h, int64_t w, const char *want)
{
    static int (*const all[])(const dcn_spec *, dcn_sizes, dcn_spec *,
                              dcn_error *) = { dcn_spec_bind, rt_spec_bind_checked };
    for (int i = 0; i < 2; i++) {
        dcn_spec bound;
        dcn_error err = { .text = "" };
        memset(&bound, 7, sizeof bound);
        const dcn_spec before = bound;
        cr_expect(all[i](s, (dcn_sizes){ n, h, w, 0 }, &bound, &err) == -1, "bound; want %s", want);
        cr_expect(strcmp(err.text, want) == 0, "%s", err.text);
        cr_expect(memcmp(&bound, &before, sizeof bound) == 0, "out was written");
    }
}

/* Elements of all images are counted with the batch of the call. */
Test(spec, bind_counts_elements)
{
    dcn_spec s = sample();
    s.batch = s.height = s.width = DCN_DYNAMIC;
    expect_unbound(&s, INT32_MAX, 1 << 10, 1 << 10,
                   "tensor 'input' would have 18014398501093376 elements; at most 140737488355328 "
                   "are possible");
}

Test(spec, bind)
{
    dcn_spec s = sample(), bound;
    s.batch = s.height = DCN_DYNAMIC;
    cr_expect(dcn_spec_bind(&s, (dcn_sizes){ 5, 6, 30, 0 }, &bound, NULL) == 0);
    cr_expect(bound.batch == 5 && bound.height == 6 && bound.width == 30);
    cr_expect(s.batch == DCN_DYNAMIC);
    memset(&bound, 7, sizeof bound);
    cr_expect(rt_spec_bind_checked(&s, (dcn_sizes){ 5, 6, 30, 0 }, &bound, NULL) == 0);
    cr_expect(bound.batch == 5 && bound.height == 6 && bound.width == 30);
    cr_expect(dcn_spec_bind(&s, (dcn_sizes){ 0, 6, 30, 0 }, &bound, NULL) == 0 && bound.batch == 0,
              "an empty batch");
    cr_expect(dcn_spec_bind(&s, (dcn_sizes){ 1, 3, 30, 0 }, &s, NULL) == 0 && s.height == 3,
              "in place");
    s.height = DCN_DYNAMIC;
    expect_unbound(&s, 2, 6, 30, "'batch' = 2, but the kernel was made for 1");
    expect_unbound(&s, 1, 6, 31, "'width' = 31, but the kernel was made for 30");
    expect_unbound(&s, 1, DCN_DYNAMIC, 30, "batch, height and width must be numbers here");
    expect_unbound(&s, 1, 0, 30, "'height' = 0 is outside 1..1048576 and not dynamic");
    expect_unbound(
        &s, 1, 2, 30,
        "'kernel_size' = 3 with dilation = 1 covers 3 rows, but height = 2 and the padding "
        "make only 2");
    s = sample();
    expect_unbound(&s, 0, 20, 30, "'batch' = 0, but the kernel was made for 2");
}

/* ---- checking ---------------------------------------------------------------------------- */

Test(spec, check_of_what_only_c_can_write)
{
    dcn_spec s = sample();
    s.op = (dcn_op)99;
    expect_refused(&s, "op = 99 is not the enumerator of an operator");
    s = sample();
    s.border = (dcn_border)3;
    expect_refused(&s,
                   "'border' = 3 is not the enumerator of one of \"zero\", \"clamp\", \"hybrid\"");
    s.border = (dcn_border)-1;
    expect_refused(&s,
                   "'border' = -1 is not the enumerator of one of \"zero\", \"clamp\", \"hybrid\"");
    s = sample();
    memset(&s.bias, 2, sizeof s.bias);
    expect_refused(&s, "'bias' = 2 is not true or false");
    s = sample();
    memset(s.name, 'n', sizeof s.name);
    expect_refused(&s, "'name' = \"nnnnnnnnnnnnnnnnnnnn...\" is longer than 47 letters");
    s = sample();
    memset(s.target, 't', sizeof s.target);
    expect_refused(&s, "'target' = \"tttttttttttttttttttt...\" is longer than 255 letters");
    s = sample();
    s.schedule[0] = '\n';
    expect_refused(&s, "'schedule' = \" \" has a letter that is not printable ASCII");
    s = sample();
    s.height = INT64_MIN;
    expect_refused(&s, "'height' = -9223372036854775808 is outside 1..1048576 and not dynamic");
    s = sample();
    s.padding[3] = INT32_MIN;
    expect_refused(&s, "'padding' = {0, 0, 0, -2147483648} is outside 0..1048576");
}

Test(spec, check_of_keys_that_conv2d_has_not)
{
    dcn_spec s = sample();
    s.op = DCN_OP_CONV2D;
    expect_refused(&s, "'offset_groups' = 2 has no meaning for conv2d; leave it at 1");
    s.offset_groups = 1;
    expect_refused(&s, "'modulation' = \"mask\" has no meaning for conv2d; leave it at \"none\"");
    s.modulation = DCN_MODULATION_NONE;
    expect_accepted(&s);
}

Test(spec, check_at_the_limits)
{
    dcn_spec s = sample();
    s.kernel[0] = s.kernel[1] = 64;
    s.dilation[0] = s.dilation[1] = 4096;
    s.stride[0] = s.stride[1] = 64;
    for (int i = 0; i < 4; i++)
        s.padding[i] = 63 * 4096 / 2;
    s.height = s.width = 1;
    s.modulation_scale = -1e30;
    expect_accepted(&s);
    s.batch = 65536;
    expect_accepted(&s);
    s.batch = s.height = s.width = DCN_DYNAMIC;
    expect_accepted(&s);
    s.kernel[1] = 65;
    expect_refused(&s, "'kernel_size' = {64, 65} makes 4160 taps; at most 4096 are possible");
    s.kernel[0] = 1, s.kernel[1] = 255;
    expect_accepted(&s);
    s.dilation[1] = 4097;
    expect_refused(&s, "'dilation' = {4096, 4097} is outside 1..4096");
    s.kernel[1] = 256;
    expect_refused(&s, "'kernel_size' = {1, 256} is outside 1..255");
}

static void expect_padding(const dcn_spec *s, int top, int left, int bottom, int right)
{
    const int want[4] = { top, left, bottom, right };
    cr_expect(memcmp(s->padding, want, sizeof want) == 0, "{%d, %d, %d, %d}, not {%d, %d, %d, %d}",
              s->padding[0], s->padding[1], s->padding[2], s->padding[3], top, left, bottom, right);
}

static dcn_spec same(int kernel, int stride, int dilation, int64_t size)
{
    dcn_spec s = sample();
    s.height = s.width = size;
    for (int i = 0; i < 4; i++)
        s.padding[i] = DCN_SAME;
    for (int i = 0; i < 2; i++) {
        s.kernel[i] = kernel;
        s.stride[i] = stride;
        s.dilation[i] = dilation;
    }
    dcn_spec_complete(&s);
    return s;
}

Test(spec, complete_makes_same_padding)
{
    dcn_spec s = same(3, 1, 1, 20);
    expect_padding(&s, 1, 1, 1, 1);
    s = same(4, 1, 1, DCN_DYNAMIC);
    expect_padding(&s, 1, 1, 2, 2);
    s = same(3, 1, 4, DCN_DYNAMIC);
    expect_padding(&s, 4, 4, 4, 4);
    s = same(3, 2, 1, 20); /* 10 outputs from 21 pixels */
    expect_padding(&s, 0, 0, 1, 1);
    s = same(3, 2, 1, 21);
    expect_padding(&s, 1, 1, 1, 1);
    s = same(1, 3, 1, 20);
    expect_padding(&s, 0, 0, 0, 0);
    s = same(2, 5, 1, 20); /* fewer pixels than there are */
    expect_padding(&s, 0, 0, 0, 0);
    expect_accepted(&s);
}

Test(spec, same_padding_gives_ceil_of_size_over_stride)
{
    for (int kernel = 1; kernel <= 5; kernel++)
        for (int stride = 1; stride <= 4; stride++)
            for (int size = 1; size <= 12; size++) {
                const dcn_spec s = same(kernel, stride, 1 + size % 3, size);
                expect_accepted(&s);
                cr_expect_eq(dcn_out_height(&s, size), (size + stride - 1) / stride);
                cr_expect(s.padding[2] - s.padding[0] == 0 || s.padding[2] - s.padding[0] == 1);
            }
}

Test(spec, same_padding_may_need_a_size)
{
    dcn_spec s = same(3, 2, 1, DCN_DYNAMIC);
    expect_refused(&s, "'padding' = \"same\" hangs on height, which is dynamic, because stride = 2 "
                       "is not 1; write {top, left, bottom, right}");
    s = same(3, 2, 1, 20);
    for (int i = 0; i < 4; i++)
        s.padding[i] = DCN_SAME;
    expect_refused(&s, "'padding' = \"same\" stands for {0, 0, 1, 1}; call dcn_spec_complete");
    s = same(255, 1, 4096, 1 << 20);
    s.kernel[0] = s.dilation[0] = 1;
    for (int i = 0; i < 4; i++)
        s.padding[i] = DCN_SAME;
    dcn_spec_complete(&s);
    expect_padding(&s, 0, 520192, 0, 520192);
}

Test(spec, check_of_element_counts)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 1;
    s.kernel[0] = s.kernel[1] = 1;
    s.height = 1 << 16, s.width = 1 << 15;
    expect_refused(&s,
                   "tensor 'input' would have 2147483648 elements per image; at most 2147483647 "
                   "are possible");
    s.width--;
    s.batch = 1 << 16;
    expect_accepted(&s);
    s.batch = 1 << 17;
    expect_refused(&s, "tensor 'input' would have 281466386776064 elements; at most "
                       "140737488355328 are possible");
    s.batch = 1;
    s.out_channels = 2;
    expect_refused(&s,
                   "tensor 'output' would have 4294836224 elements per image; at most 2147483647 "
                   "are possible");
    s.stride[0] = 2;
    expect_accepted(&s);
}

/* ---- printing ---------------------------------------------------------------------------- */

Test(spec, print_writes_every_key)
{
    dcn_spec s = sample();
    char text[2048];
    s.padding[0] = s.padding[2] = 1;
    s.modulation_scale = 0.1;
    s.height = DCN_DYNAMIC;
    snprintf(s.target, sizeof s.target, "a\"\\b");
    const int n = dcn_spec_print(&s, text, sizeof text);
    cr_expect(strcmp(text,
                     "return deform_conv2d { name = \"deform_conv2d\", batch = 2, in_channels = 8, "
                     "height = dynamic, width = 30, out_channels = 12, kernel_size = {3, 5}, "
                     "stride = 1, padding = {1, 0}, dilation = 1, groups = 4, "
                     "offset_groups = 2, modulation = \"mask\", modulation_scale = 0.1, "
                     "border = \"zero\", offset_order = \"yx\", offset_mask = false, bias = true, "
                     "activation = \"none\", scale_shift = false, residual = false, dtype = "
                     "\"f32\", layout = \"nchw\", "
                     "target = \"a\\\"\\\\b\", schedule = \"\" }") == 0,
              "%s", text);
    cr_expect(n == (int)strlen(text));
}

/* Results of tuning are found by this text: it stays as it was where a new key says nothing. */
Test(spec, print_leaves_new_keys_out_at_their_defaults)
{
    dcn_spec s = sample();
    char text[2048];
    s.activation = DCN_ACT_CLIP;
    dcn_spec_print(&s, text, sizeof text);
    cr_expect(strstr(text, "activation = \"clip\", scale_shift") != NULL, "%s", text);
    s.activation_max = 1;
    dcn_spec_print(&s, text, sizeof text);
    cr_expect(strstr(text, "activation = \"clip\", activation_max = 1, scale_shift") != NULL, "%s",
              text);
}

Test(spec, print_cuts_as_snprintf_does)
{
    const dcn_spec s = sample();
    char whole[2048], part[2048];
    const int n = dcn_spec_print(&s, whole, sizeof whole);
    cr_expect(dcn_spec_print(&s, NULL, 0) == n);
    for (size_t size = 1; size <= (size_t)n + 1; size++) {
        memset(part, 'x', sizeof part);
        cr_assert(dcn_spec_print(&s, part, size) == n);
        cr_assert(strlen(part) == size - 1 && memcmp(part, whole, size - 1) == 0);
        cr_assert(part[size] == 'x');
    }
}

Test(spec, print_of_what_is_no_operator_is_safe)
{
    dcn_spec s = sample();
    char text[64];
    s.op = (dcn_op)40;
    dcn_spec_print(&s, text, sizeof text);
    cr_expect(strcmp(text, "return ? { }") == 0, "%s", text);
}

static int64_t extent(void)
{
    return rand() % 4 ? 1 + rand() % 50 : DCN_DYNAMIC;
}

static void random_text(char *text, size_t size)
{
    const size_t length = (size_t)rand() % (rand() % 8 ? 12 : size);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(' ' + rand() % ('~' - ' ' + 1));
}

/* Any spec; most are valid. */
static dcn_spec random_spec(void)
{
    dcn_spec s;
    dcn_spec_init(&s, rand() % 4 ? DCN_OP_DEFORM_CONV2D : DCN_OP_CONV2D);
    memset(s.name, 0, sizeof s.name);
    snprintf(s.name, sizeof s.name, "k%d", rand());
    s.dtype = (dcn_dtype)(rand() % 2);
    s.layout = (dcn_layout)(rand() % 2);
    s.batch = extent(), s.height = extent(), s.width = extent();
    s.groups = 1 << rand() % 3;
    s.in_channels = s.groups * (1 + rand() % 9);
    s.out_channels = s.groups * (1 + rand() % 9);
    for (int i = 0; i < 4; i++)
        s.padding[i] = rand() % 3 ? rand() % 3 : rand() % 4097;
    for (int i = 0; i < 2; i++) {
        s.kernel[i] = 1 + rand() % 5;
        s.stride[i] = 1 + rand() % 64;
        s.dilation[i] = 1 + rand() % 3;
    }
    s.bias = rand() % 2;
    s.activation = (dcn_activation)(rand() % 7);
    if (s.activation == DCN_ACT_LEAKY_RELU)
        s.activation_slope = ((double)rand() - 1e9) / (1.0 + rand());
    if (s.activation == DCN_ACT_CLIP)
        s.activation_min = -(double)rand() / 7;
    random_text(s.target, sizeof s.target);
    random_text(s.schedule, sizeof s.schedule);
    if (s.op == DCN_OP_CONV2D)
        return s;
    s.offset_groups = (int)s.in_channels / s.groups;
    s.modulation = (dcn_modulation)(rand() % 4);
    s.modulation_scale = rand() % 2 ? 1 : ((double)rand() - 1e9) / (1.0 + rand());
    s.border = (dcn_border)(rand() % 3);
    s.offset_order = (dcn_offset_order)(rand() % 4);
    return s;
}

Test(spec, printing_and_loading_gives_the_same_spec)
{
    int valid = 0;
    srand(1);
    for (int i = 0; i < 3000; i++) {
        const dcn_spec s = random_spec();
        if (dcn_spec_check(&s, NULL))
            continue;
        char text[DCN_SPEC_TEXT_MAX];
        dcn_module *m;
        dcn_error err;
        dcn_spec_print(&s, text, sizeof text);
        cr_assert(strchr(text, '\n') == NULL);
        cr_assert(dcn_load_text(text, "printed", NULL, 0, &m, &err) == 0, "%s\n%s", err.text, text);
        cr_assert(memcmp(dcn_module_spec(m, 0), &s, sizeof s) == 0, "%s", text);
        dcn_module_free(m);
        valid++;
    }
    cr_expect(valid > 1000, "%d", valid);
}

/* Whatever bits a spec has, checking it is safe, and so is all else if the check passes. */
Test(spec, check_survives_random_bits)
{
    srand(3);
    for (int i = 0; i < 20000; i++) {
        dcn_spec s = random_spec();
        unsigned char *bytes = (unsigned char *)&s;
        for (int n = 1 + rand() % 3; n > 0; n--)
            bytes[(size_t)rand() % sizeof s] = (unsigned char)rand();
        dcn_error err = { .text = "" };
        dcn_tensor tensor[RT_NUM_OPERANDS];
        if (dcn_spec_check(&s, &err)) {
            cr_assert(err.code == DCN_ESPEC && err.text[0]);
            continue;
        }
        /* The gradient of a bias needs grad_output alone, and others begin with a weight. */
        const int n = dcn_spec_tensors(&s, tensor, RT_NUM_OPERANDS);
        cr_assert(s.gradient ? n >= 2 : n >= 3 && tensor[0].dims[0] == s.batch, "%d tensors", n);
    }
}

/* Traits that say what keys say, too, agree with them. */
Test(spec, traits_are_those_of_the_keys)
{
    static const struct {
        uint64_t trait;
        size_t member;
    } rows[] = { { RT_HAS_ROIS, offsetof(dcn_spec, rois) },
                 { RT_ADAPTIVE_GRID, offsetof(dcn_spec, sampling_ratio) },
                 { RT_BY_PART, offsetof(dcn_spec, sample_per_part) },
                 { RT_XY_OFFSETS, offsetof(dcn_spec, offset_scale) } };
    for (int op = 0; op < DCN_NUM_OPS; op++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            cr_expect_eq(rt_op_has((dcn_op)op, rows[i].trait),
                         rt_field_at((dcn_op)op, rows[i].member) != NULL, "%s, row %zu",
                         dcn_op_name((dcn_op)op), i);
}

Test(spec, every_operator_has_one_row)
{
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        const rt_op *row = rt_op_of((dcn_op)op);
        cr_assert_not_null(row, "operator %d", op);
        cr_expect(row->operands && row->flops && row->terms && row->reference, "%s", row->name);
        for (int other = 0; other < op; other++)
            cr_expect_str_neq(row->name, dcn_op_name((dcn_op)other));
        cr_expect(rt_op_in((dcn_op)op, RT_ANY_SPEC));
    }
    cr_expect_null(rt_op_of(DCN_NUM_OPS));
    cr_expect_not(rt_op_has(DCN_NUM_OPS, 0));
    cr_expect_not(rt_op_in(DCN_NUM_OPS, RT_ANY_SPEC));
    cr_expect_eq(RT_ANY_SPEC >> DCN_NUM_OPS, 0);
}
