/* test_family.c: specs of the operators beside the two convolutions: operands, rules, printing.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"
#include "tests/support/golden.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <stdio.h>
#include <string.h>

static dcn_spec core(dcn_op op)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    s.in_channels = 8, s.height = 5, s.width = 6;
    s.offset_groups = 2;
    dcn_spec_complete(&s);
    return s;
}

static dcn_spec regions(dcn_op op)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    s.in_channels = 18, s.height = 5, s.width = 6, s.rois = 4;
    s.pooled[0] = s.pooled[1] = 3;
    dcn_spec_complete(&s);
    return s;
}

static void expect_tensors(const dcn_spec *s, const char *want)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    char got[1024] = "";
    size_t used = 0;
    dcn_error err = { .text = "" };
    cr_expect_eq(dcn_spec_check(s, &err), 0, "%s", err.text);
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n; i++) {
        static const char *const roles[] = { [DCN_IN] = "", [DCN_WEIGHT] = "*", [DCN_OUT] = "!" };
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%s%s", i ? " " : "", t[i].name,
                                 roles[t[i].role]);
        for (int d = 0; d < t[i].rank; d++)
            used += (size_t)snprintf(got + used, sizeof got - used, ":%d", (int)t[i].dims[d]);
    }
    cr_expect_str_eq(got, want);
}

Test(family, operands_of_cores)
{
    dcn_spec s = core(DCN_OP_DCNV3);
    expect_tensors(&s, "input:1:5:6:8 offset:1:5:6:36 mask:1:5:6:18 output!:1:5:6:8");
    s.projection = 12, s.bias = s.scale_shift = s.residual = true;
    dcn_spec_complete(&s);
    expect_tensors(&s, "input:1:5:6:8 weight*:12:8 bias:12 offset:1:5:6:36 mask:1:5:6:18 scale:12 "
                       "shift:12 residual:1:5:6:12 output!:1:5:6:12");
    s = core(DCN_OP_DCNV4);
    expect_tensors(&s, "input:1:5:6:8 offset_mask:1:5:6:56 output!:1:5:6:8");
    s.remove_center = true;
    expect_tensors(&s, "input:1:5:6:8 offset_mask:1:5:6:48 output!:1:5:6:8");
}

Test(family, operands_of_regions)
{
    dcn_spec s = regions(DCN_OP_ROI_ALIGN);
    expect_tensors(&s, "input:1:18:5:6 rois:4:5 output!:4:18:3:3");
    s.roi_format = DCN_ROI_XYXY;
    expect_tensors(&s, "input:1:18:5:6 rois:4:4 output!:4:18:3:3");
    s = regions(DCN_OP_PS_ROI_ALIGN);
    expect_tensors(&s, "input:1:18:5:6 rois:4:5 output!:4:2:3:3");
    s = regions(DCN_OP_DEFORM_ROI_POOL);
    s.modulation = DCN_MODULATION_MASK, s.layout = DCN_NHWC, s.rois = DCN_DYNAMIC;
    expect_tensors(&s, "input:1:5:6:18 rois:-1:5 offset:-1:3:3:2 mask:-1:3:3:1 output!:-1:3:3:18");
    s.no_offset = true;
    expect_tensors(&s, "input:1:5:6:18 rois:-1:5 mask:-1:3:3:1 output!:-1:3:3:18");
    s = regions(DCN_OP_DEFORM_PS_ROI_POOL);
    s.num_classes = 2, s.part_size[0] = s.part_size[1] = 2;
    expect_tensors(&s, "input:1:18:5:6 rois:4:5 trans:4:4:2:2 output!:4:2:3:3");
    s.no_trans = true;
    expect_tensors(&s, "input:1:18:5:6 rois:4:5 output!:4:2:3:3");
}

Test(family, sizes_that_are_not_square)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_PS_ROI_POOL);
    s.in_channels = 18, s.height = 5, s.width = 6, s.rois = 4;
    s.pooled[0] = 2, s.pooled[1] = 3, s.part_size[1] = 5, s.group_size[0] = 1;
    dcn_spec_complete(&s);
    expect_tensors(&s, "input:1:18:5:6 rois:4:5 trans:4:2:2:5 output!:4:6:2:3");
    cr_expect(s.group_size[0] == 1 && s.group_size[1] == 3, "what is 0 is as pooled_size");
}

Test(family, operands_of_modules)
{
    dcn_spec s = core(DCN_OP_DCNV4_MODULE);
    expect_tensors(&s, "input:1:5:6:8 offset_mask_weight*:56:8 offset_mask_bias:56 "
                       "value_proj_weight*:8:8 value_proj_bias:8 output_proj_weight*:8:8 "
                       "output_proj_bias:8 output!:1:5:6:8");
    s.without_pointwise = s.center_feature_scale = true;
    s.dw_kernel[0] = s.dw_kernel[1] = 3;
    expect_tensors(&s, "input:1:5:6:8 offset_mask_dw_weight*:8:1:3:3 offset_mask_dw_bias:8 "
                       "offset_mask_weight*:56:8 offset_mask_bias:56 "
                       "center_feature_scale_proj_weight*:2:8 center_feature_scale_proj_bias:2 "
                       "output!:1:5:6:8");
    s = core(DCN_OP_DCNV3_MODULE);
    cr_expect(s.dw_kernel[0] == 3 && s.dw_kernel[1] == 3, "as kernel_size");
    cr_expect_eq(dcn_spec_check(&s, NULL), 0);
}

/* ---- rules -------------------------------------------------------------------------------- */

static void expect_refused(const dcn_spec *s, const char *want)
{
    dcn_error err = { .text = "accepted" };
    cr_expect_eq(dcn_spec_check(s, &err), -1);
    cr_expect_str_eq(err.text, want);
}

Test(family, rules_of_modules)
{
    dcn_spec s = core(DCN_OP_DCNV3_MODULE);
    s.padding[0] = 2;
    expect_refused(&s, "'padding' = 2 + 1 makes the output of dcnv3_module differ in size from the "
                       "input, at a stride of 1; 1 + 1 does not");
    s = core(DCN_OP_DCNV3_MODULE);
    s.dw_kernel[1] = 4;
    expect_refused(&s, "'dw_kernel_size' = {3, 4} is not odd");
    s.dw_kernel[0] = s.dw_kernel[1] = 0;
    expect_refused(&s, "'dw_kernel_size' = 0 stands for 3; call dcn_spec_complete");
    s = core(DCN_OP_DCNV4_MODULE);
    s.stride[1] = 2;
    s.center_feature_scale = s.without_pointwise = true;
    expect_refused(&s, "'center_feature_scale' with 'without_pointwise' needs a stride of 1, not "
                       "{1, 2}");
    s = core(DCN_OP_DCNV3);
    s.out_channels = 5;
    expect_refused(&s, "'out_channels' = 5 has no meaning for dcnv3; leave it at 8");
}

Test(family, rules_of_regions)
{
    dcn_spec s = regions(DCN_OP_PS_ROI_POOL);
    s.out_channels = 3;
    expect_refused(&s, "'output_dim' = 3 for 3 x 3 bins needs 27 channels, but channels = 18");
    s = regions(DCN_OP_PS_ROI_POOL);
    s.variant = DCN_ROI_TORCHVISION, s.group_size[1] = 2;
    expect_refused(&s, "'group_size' = {3, 2} is not output_size = {3, 3}, as variant "
                       "\"torchvision\" has it");
    s.variant = DCN_ROI_MMCV;
    expect_refused(&s, "'variant' = \"mmcv\" is not one of \"mxnet\", \"torchvision\"");
    s = regions(DCN_OP_DEFORM_PS_ROI_POOL);
    s.num_classes = 4;
    expect_refused(&s, "'num_classes' = 4 does not divide output_dim = 2");
    s = regions(DCN_OP_ROI_POOL);
    s.spatial_scale = 0;
    expect_refused(&s, "'spatial_scale' = 0 is outside 1e-06..1e+06");
    s = regions(DCN_OP_ROI_POOL);
    s.kernel[0] = 3;
    expect_refused(&s, "'kernel_size' = {3, 0} has no meaning for roi_pool; leave it at 0");
}

Test(family, rois_are_bound)
{
    dcn_spec s = regions(DCN_OP_ROI_ALIGN), bound;
    dcn_error err = { .text = "" };
    cr_expect_eq(dcn_spec_bind(&s, (dcn_sizes){ 1, 5, 6, 3 }, &bound, &err), -1);
    cr_expect_str_eq(err.text, "'rois' = 3, but the kernel was made for 4");
    s.rois = DCN_DYNAMIC;
    cr_expect_eq(dcn_spec_bind(&s, (dcn_sizes){ 1, 5, 6, 0 }, &bound, &err), 0, "%s", err.text);
    cr_expect_eq(bound.rois, 0);
    cr_expect_eq(dcn_spec_bind(&s, (dcn_sizes){ 1, 5, 6, INT32_MAX }, &bound, &err), 0, "%s",
                 err.text);
    cr_expect_eq(dcn_spec_bind(&s, (dcn_sizes){ 1, 5, 6, INT32_MAX + INT64_C(1) }, &bound, &err),
                 -1);
    cr_expect_str_eq(err.text, "'rois' = 2147483648 is outside 1..2147483647 and not dynamic");
    cr_expect_eq(dcn_spec_bind(&s, (dcn_sizes){ 1, 5, 6, -1 }, &bound, &err), -1);
    cr_expect_str_eq(err.text, "rois must be a number here");
}

Test(family, work)
{
    dcn_spec s = core(DCN_OP_DCNV3);
    cr_expect_eq(dcn_spec_flops(&s), 2.0 * 4 * 30 * 8 * 9);
    s.projection = 12;
    dcn_spec_complete(&s);
    cr_expect_eq(dcn_spec_flops(&s), 2.0 * 4 * 30 * 8 * 9 + 2.0 * 30 * 8 * 12);
    s = regions(DCN_OP_ROI_ALIGN);
    s.sampling_ratio = 3;
    cr_expect_eq(dcn_spec_flops(&s), 2.0 * 4 * 4 * 18 * 9 * 9);
}

/* ---- printing ----------------------------------------------------------------------------- */

Test(family, printing_and_loading_gives_the_same_spec)
{
    static GoldenName all[512];
    const int n = golden_list(SOURCE_DIR, all, 512);
    int loaded = 0;
    for (int i = 0; i < n; i++) {
        Golden g;
        char text[DCN_SPEC_TEXT_MAX];
        dcn_module *m;
        dcn_error err = { .text = "" };
        if (!strstr(all[i].dir, "/tests/golden/"))
            continue;
        cr_assert_eq(golden_open(all[i].dir, &g, &err), 0, "%s", err.text);
        memset(g.spec.name, 0, sizeof g.spec.name); /* whole specs are compared */
        snprintf(g.spec.name, sizeof g.spec.name, "k");
        dcn_spec_print(&g.spec, text, sizeof text);
        if (rt_op_of(g.spec.op)) {
            cr_assert_eq(dcn_load_text(text, "printed", NULL, 0, &m, &err), 0, "%s\n%s", err.text,
                         text);
            cr_expect(memcmp(dcn_module_spec(m, 0), &g.spec, sizeof g.spec) == 0, "%s", text);
            dcn_module_free(m);
            loaded++;
        }
        golden_close(&g);
    }
    cr_expect_gt(loaded, 70);
}
