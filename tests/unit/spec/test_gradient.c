/* test_gradient.c: specs of gradients: what they read and write, how they are asked for and printed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/spec/shape.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <stdio.h>
#include <string.h>

static dcn_spec load_one(const char *text)
{
    dcn_module *m;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_load_text(text, "spec", NULL, 0, &m, &err), 0, "%s\n%s", err.text, text);
    const dcn_spec s = *dcn_module_spec(m, 0);
    dcn_module_free(m);
    return s;
}

/* The names of what the kernel reads, `;`, and of what it writes. */
static void expect_operands(const char *text, const char *want)
{
    const dcn_spec s = load_one(text);
    const rt_operands o = rt_operands_of(&s);
    char got[1024] = "";
    size_t used = 0;
    for (int out = 0; out < 2; out++)
        for (int i = 0; i < o.n; i++)
            if ((o.tensor[i].role == DCN_OUT) == out)
                used += (size_t)snprintf(got + used, sizeof got - used, "%s%s",
                                         used == 0                  ? ""
                                         : out && !strchr(got, ';') ? "; "
                                                                    : " ",
                                         o.tensor[i].name);
    cr_expect_str_eq(got, want, "%s\n got %s\nwant %s", text, got, want);
}

#define DEFORM                                                                                     \
    "return deform_conv2d { in_channels = 8, height = 9, width = 9, out_channels = 8, "            \
    "kernel_size = 3, "
#define CORE "{ channels = 8, height = 9, width = 9, groups = 2, "
#define POOL "{ channels = 8, height = 9, width = 9, rois = 3, output_size = 2, "

Test(gradient, only_what_is_needed_is_read)
{
    expect_operands(DEFORM "gradient = { 'input' } }", "weight offset grad_output; grad_input");
    expect_operands(DEFORM "gradient = { 'weight' } }", "input offset grad_output; grad_weight");
    expect_operands(DEFORM "gradient = { 'offset' } }",
                    "input weight offset grad_output; grad_offset");
    expect_operands(DEFORM "bias = true, gradient = { 'bias' } }", "grad_output; grad_bias");
    expect_operands(DEFORM "modulation = 'mask', gradient = { 'mask' } }",
                    "input weight offset grad_output; grad_mask");
    expect_operands(DEFORM "modulation = 'sigmoid', gradient = { 'mask' } }",
                    "input weight offset mask grad_output; grad_mask");
    expect_operands(DEFORM "modulation = 'softmax', offset_mask = true, "
                           "gradient = { 'offset_mask' } }",
                    "input weight offset_mask grad_output; grad_offset_mask");
    expect_operands(DEFORM "scale_shift = true, residual = true, "
                           "gradient = { 'residual', 'shift' } }",
                    "grad_output; grad_shift grad_residual");
    expect_operands(DEFORM "scale_shift = true, bias = true, gradient = { 'bias' } }",
                    "scale grad_output; grad_bias");
    expect_operands(DEFORM "scale_shift = true, bias = true, gradient = { 'scale' } }",
                    "input weight bias offset grad_output; grad_scale");
    expect_operands(
        DEFORM "bias = true, gradient = true }",
        "input weight offset grad_output; grad_input grad_weight grad_bias grad_offset");
}

Test(gradient, an_activation_is_made_again_from_all_operands)
{
    expect_operands(DEFORM "bias = true, activation = 'relu', gradient = { 'bias' } }",
                    "input weight bias offset grad_output; grad_bias");
    expect_operands("return roi_align " POOL "activation = 'silu', gradient = true }",
                    "input rois grad_output; grad_input");
}

Test(gradient, other_operators_read_what_they_need)
{
    expect_operands("return dcnv3 " CORE "modulation = 'mask', gradient = { 'input' } }",
                    "offset mask grad_output; grad_input");
    expect_operands("return dcnv3 " CORE "modulation = 'mask', gradient = { 'mask' } }",
                    "input offset grad_output; grad_mask");
    expect_operands("return dcnv4 " CORE "projection = 4, gradient = { 'weight' } }",
                    "input offset_mask grad_output; grad_weight");
    expect_operands("return roi_align " POOL "gradient = true }", "rois grad_output; grad_input");
    expect_operands("return roi_pool " POOL "mode = 'max', gradient = true }",
                    "input rois grad_output; grad_input");
    expect_operands("return deform_roi_pool " POOL "modulation = 'mask', gradient = true }",
                    "input rois offset mask grad_output; grad_input grad_offset grad_mask");
}

Test(gradient, modules_read_what_their_stages_do)
{
    static const char separable[] =
        "return separable_conv2d { in_channels = 8, height = 9, width = 9, out_channels = 8, "
        "kernel_size = 3, bias = true, ";
    char text[512];
    snprintf(text, sizeof text, "%s%s", separable, "gradient = { 'dw_weight' } }");
    expect_operands(text, "input pw_weight grad_output; grad_dw_weight");
    snprintf(text, sizeof text, "%s%s", separable, "gradient = { 'pw_weight' } }");
    expect_operands(text, "input dw_weight dw_bias grad_output; grad_pw_weight");
    snprintf(text, sizeof text, "%s%s", separable, "gradient = { 'pw_bias' } }");
    expect_operands(text, "grad_output; grad_pw_bias");
    expect_operands("return dcnv3_module " CORE "gradient = { 'input_proj_bias' } }",
                    "input dw_conv_0_weight dw_conv_0_bias dw_conv_1_1_weight dw_conv_1_1_bias "
                    "offset_weight offset_bias mask_weight mask_bias output_proj_weight "
                    "grad_output; grad_input_proj_bias");
    expect_operands("return dcnv3_module " CORE "gradient = { 'output_proj_bias' } }",
                    "grad_output; grad_output_proj_bias");
    expect_operands("return dcnv4_module " CORE "gradient = { 'value_proj_weight' } }",
                    "input offset_mask_weight offset_mask_bias output_proj_weight grad_output; "
                    "grad_value_proj_weight");
}

Test(gradient, shapes_and_layouts_are_those_of_the_operands)
{
    const dcn_spec s = load_one(DEFORM "layout = 'nhwc', dtype = 'f64', gradient = true }");
    const dcn_spec plain = rt_plain_spec(&s);
    const rt_operands o = rt_operands_of(&s), of = rt_operands_of(&plain);
    int gradients = 0;
    for (int i = 0; i < o.n; i++) {
        if (!rt_operand_is_grad(o.which[i]))
            continue;
        const dcn_tensor *t = &of.tensor[rt_operand_at(&plain, rt_operand_of_grad(o.which[i]))];
        cr_expect(!memcmp(t->dims, o.tensor[i].dims, sizeof t->dims) &&
                  t->rank == o.tensor[i].rank);
        cr_expect_eq(o.tensor[i].dtype, DCN_F64);
        cr_expect_eq(o.tensor[i].role, o.which[i] == RT_GRAD_OUTPUT ? DCN_IN : DCN_OUT);
        gradients++;
    }
    cr_expect_eq(gradients, 4);
    cr_expect(rt_operand_is_weight(&s, RT_GRAD_WEIGHT) && !rt_operand_is_weight(&s, RT_GRAD_INPUT));
}

Test(gradient, printing_and_loading_gives_the_same_spec)
{
    static const char *const specs[] = {
        DEFORM "gradient = true }",
        DEFORM "bias = true, gradient = { 'bias', 'input' }, gradient_border = 'torchvision' }",
        DEFORM "gradient_border = 'torchvision' }",
        DEFORM "}",
        "return dcnv4_module " CORE "gradient = { 'input' } }",
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const dcn_spec s = load_one(specs[i]);
        char text[DCN_SPEC_TEXT_MAX];
        dcn_spec_print(&s, text, sizeof text);
        const dcn_spec again = load_one(text);
        cr_expect(memcmp(&s, &again, sizeof s) == 0, "%s", text);
        cr_expect_eq(strstr(text, "gradient = ") != NULL, s.gradient != 0, "%s", text);
    }
}

Test(gradient, function_gives_a_kernel_called_after_its_own)
{
    static const char text[] =
        "local k = deform_conv2d { name = 'k', in_channels = 8, height = 9, width = 9,\n"
        "  out_channels = 8, kernel_size = 3, schedule = 'tiled mr=6' }\n"
        "local c = conv2d { in_channels = 8, height = 9, width = 9, out_channels = 8,\n"
        "  kernel_size = 3 }\n"
        "return { k, gradient(k, { 'offset' }), c, gradient(c) }\n";
    static const char *const names[] = { "k", "k_grad", "conv2d", "conv2d_grad" };
    dcn_module *m;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_load_text(text, "spec", NULL, 0, &m, &err), 0, "%s", err.text);
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(dcn_module_spec(m, i)->name, names[i]);
    cr_expect_eq(dcn_module_spec(m, 1)->gradient, RT_SET(OFFSET));
    cr_expect_str_eq(dcn_module_spec(m, 1)->schedule, "");
    cr_expect_eq(dcn_module_spec(m, 3)->gradient, DCN_GRADIENT_ALL);
    dcn_module_free(m);
}

Test(gradient, can_be_asked_for_in_c)
{
    dcn_spec s = load_one(DEFORM "}");
    dcn_error err;
    cr_expect_eq(dcn_spec_want_gradient(&s, "input", &err), 0);
    cr_expect_eq(dcn_spec_want_gradient(&s, "offset", &err), 0);
    cr_expect_eq(s.gradient, RT_SET(INPUT) | RT_SET(OFFSET));
    cr_expect_eq(dcn_spec_want_gradient(&s, "wieght", &err), -1);
    cr_expect_not_null(strstr(err.text, "did you mean 'weight'?"), "%s", err.text);
    cr_expect_eq(dcn_spec_check(&s, &err), 0);
    s.gradient |= RT_SET(MASK);
    cr_expect_eq(dcn_spec_check(&s, &err), -1);
    s.gradient = (uint64_t)1 << 63;
    cr_expect_eq(dcn_spec_check(&s, &err), -1);
}

Test(gradient, work_counts_products_not_names)
{
    dcn_spec s = load_one(DEFORM "bias = true }");
    const double forward = dcn_spec_flops(&s);
    s.gradient = RT_SET(INPUT) | RT_SET(OFFSET);
    cr_expect_eq(dcn_spec_flops(&s), forward);
    s.gradient = DCN_GRADIENT_ALL;
    cr_expect_eq(dcn_spec_flops(&s), 2 * forward);
    s.activation = DCN_ACT_RELU;
    cr_expect_eq(dcn_spec_flops(&s), 3 * forward);
    s.activation = DCN_ACT_NONE;
    s.gradient = RT_SET(BIAS);
    cr_expect_eq(dcn_spec_flops(&s), 2.0 * 8 * 7 * 7);
}

Test(gradient, sums_are_as_long_as_what_they_run_over)
{
    dcn_spec s = load_one(DEFORM "gradient = true }");
    cr_expect_eq(rt_terms(&s, RT_GRAD_WEIGHT), 4 * 49);
    cr_expect_eq(rt_terms(&s, RT_GRAD_OFFSET), 4 * 8 * 8);
    cr_expect_eq(rt_terms(&s, RT_GRAD_INPUT), 72 * 49);
    s = load_one("return conv2d { in_channels = 4, height = 9, width = 9, out_channels = 8, "
                 "kernel_size = 3, gradient = true }");
    cr_expect_eq(rt_terms(&s, RT_GRAD_INPUT), 8 * 9);
}
