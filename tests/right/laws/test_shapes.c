/* test_shapes.c: degenerate shapes and every pair of choices, against the reference.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>

static void verify(const dcn_spec *s, const char *schedule)
{
    static const char *const names[] = { "nchw", "nhwc" };
    dcn_error err;
    dcn_report report;
    dcn_kernel *k;
    dcn_options opt = { .schedule = schedule };
    char text[1024];
    if (!thin_takes(THIN_SHAPES))
        return;
    dcn_spec_print(s, text, sizeof text);
    cr_assert_eq(dcn_compile(s, &opt, &k, &err), 0, "%s: %s", text, err.text);
    cr_assert_eq(dcn_verify(k, 5, 2, &report, &err), 0, "%s: %s", text, err.text);
    cr_expect_eq(report.failures, 0, "%s %s: %s\n%s", names[s->layout], dcn_kernel_schedule(k),
                 report.what, text);
    cr_expect_gt(report.checked, 0);
    dcn_kernel_free(k);
}

static void verify_all_ways(dcn_spec s)
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
            s.dtype = (dcn_dtype)dtype;
            s.layout = (dcn_layout)layout;
            verify(&s, "direct");
            verify(&s, "tiled");
        }
}

static void no_padding(dcn_spec *s)
{
    s->padding[0] = s->padding[1] = s->padding[2] = s->padding[3] = 0;
}

Test(shapes, everything_1)
{
    for (int op = DCN_OP_CONV2D; op <= DCN_OP_DEFORM_CONV2D; op++) {
        dcn_spec s = case_spec((dcn_op)op, 1, 1, 1, 1);
        s.kernel[0] = s.kernel[1] = 1;
        no_padding(&s);
        verify_all_ways(s);
    }
}

Test(shapes, map_of_one_pixel_under_a_larger_kernel)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3, 5, 1, 1);
    s.modulation = DCN_MODULATION_SOFTMAX;
    verify_all_ways(s);
}

Test(shapes, a_single_row_and_a_single_column)
{
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++) {
        dcn_spec row = case_spec(DCN_OP_DEFORM_CONV2D, 17, 3, 1, 37);
        dcn_spec column = case_spec(DCN_OP_DEFORM_CONV2D, 3, 17, 37, 1);
        row.border = column.border = (dcn_border)border;
        verify_all_ways(row);
        verify_all_ways(column);
    }
}

Test(shapes, all_padding)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 2, 3, 2, 2);
    s.padding[0] = 4, s.padding[1] = 0, s.padding[2] = 3, s.padding[3] = 5;
    s.kernel[0] = 4, s.kernel[1] = 2;
    s.dilation[0] = 2, s.dilation[1] = 3;
    s.stride[0] = 1, s.stride[1] = 2;
    verify_all_ways(s);
}

Test(shapes, depthwise_and_crossing_groups)
{
    static const int groups[][2] = {
        { 12, 1 }, { 12, 12 }, { 2, 3 }, { 3, 2 }, { 4, 6 }, { 1, 4 }
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 12, 24, 5, 6);
        s.groups = groups[i][0];
        s.offset_groups = groups[i][1];
        s.modulation = DCN_MODULATION_SIGMOID;
        verify_all_ways(s);
    }
}

Test(shapes, every_modulation_border_and_activation)
{
    for (int m = DCN_MODULATION_NONE; m <= DCN_MODULATION_SOFTMAX; m++)
        for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++) {
            dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 5, 19, 6, 7);
            s.modulation = (dcn_modulation)m;
            s.border = (dcn_border)border;
            s.activation = (dcn_activation)((m + border) % 4);
            s.bias = (m + border) % 2;
            s.offset_order = (dcn_offset_order)(m % 2);
            verify_all_ways(s);
        }
}

static dcn_spec long_spec(int kh, int kw, int dilation)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 2, 3, 3, 4);
    s.kernel[0] = kh, s.kernel[1] = kw;
    s.dilation[0] = s.dilation[1] = dilation;
    for (int i = 0; i < 4; i++)
        s.padding[i] = DCN_SAME;
    dcn_spec_complete(&s);
    return s;
}

Test(shapes, kernels_along_one_axis)
{
    dcn_spec s = long_spec(1, 255, 1);
    s.modulation = DCN_MODULATION_SOFTMAX;
    verify_all_ways(s);
    s = long_spec(255, 1, 1);
    s.offset_groups = 2;
    s.modulation = DCN_MODULATION_MASK;
    s.offset_order = DCN_ORDER_XXYY;
    s.offset_mask = true;
    verify_all_ways(s);
}

Test(shapes, as_many_taps_as_there_may_be)
{
    verify_all_ways(long_spec(64, 64, 1));
}

/* Positions a million pixels outside the map, and taps that meet it from there. */
Test(shapes, the_widest_dilation)
{
    verify_all_ways(long_spec(1, 255, 4096));
    dcn_spec s = long_spec(3, 1, 4096);
    s.op = DCN_OP_CONV2D;
    verify_all_ways(s);
}

Test(shapes, every_activation_after_every_epilogue)
{
    for (int a = DCN_ACT_NONE; a <= DCN_ACT_CLIP; a++)
        for (int residual = 0; residual < 2; residual++) {
            dcn_spec s = case_spec(DCN_OP_CONV2D, 5, 19, 6, 7);
            s.activation = (dcn_activation)a;
            s.activation_slope = a == DCN_ACT_LEAKY_RELU ? -0.25 : s.activation_slope;
            s.activation_min = a == DCN_ACT_CLIP ? -0.5 : s.activation_min;
            s.activation_max = a == DCN_ACT_CLIP ? 0.25 : s.activation_max;
            s.residual = residual;
            verify_all_ways(s);
        }
}

Test(shapes, dynamic_sizes)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3, 5, DCN_DYNAMIC, DCN_DYNAMIC);
    s.batch = DCN_DYNAMIC;
    s.bias = true;
    verify_all_ways(s);
    s = case_spec(DCN_OP_CONV2D, 3, 5, DCN_DYNAMIC, 8);
    s.stride[0] = 2;
    verify_all_ways(s);
}
