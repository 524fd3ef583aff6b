/* test_roi_guard.c: kernels that pool regions touch nothing but their tensors, whatever regions hold.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/guard/fenced.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

typedef struct Shape {
    dcn_op op;
    int channels, outputs, height, width;
    int pooled[2], group, ratio;
    int mode, variant, classes, modulation, dynamic;
} Shape;

static const Shape shapes[] = {
    { DCN_OP_ROI_POOL, 1, 1, 1, 1, { 1, 1 }, 0, 0, 0, 0, 1, 0, 0 },
    { DCN_OP_ROI_POOL, 19, 19, 5, 9, { 3, 2 }, 0, 0, DCN_ROI_MAX, DCN_ROI_TORCHVISION, 1, 0, 0 },
    { DCN_OP_ROI_POOL, 33, 33, 7, 4, { 5, 7 }, 0, 0, DCN_ROI_MAX, DCN_ROI_MMCV, 1, 0, 1 },
    { DCN_OP_PS_ROI_POOL, 12, 3, 6, 5, { 3, 3 }, 2, 0, 0, DCN_ROI_MXNET, 1, 0, 0 },
    { DCN_OP_ROI_ALIGN, 3, 3, 1, 7, { 2, 2 }, 0, 0, 0, 0, 1, 0, 0 },
    { DCN_OP_ROI_ALIGN, 35, 35, 9, 8, { 7, 3 }, 0, 5, 0, 0, 1, 0, 1 },
    { DCN_OP_ROI_ALIGN, 21, 21, 5, 6, { 3, 4 }, 0, 0, DCN_ROI_MAX, 0, 1, 0, 0 },
    { DCN_OP_ROI_ALIGN, 2, 2, 7, 3, { 2, 2 }, 0, 2, DCN_ROI_MAX, 0, 1, 0, 1 },
    { DCN_OP_PS_ROI_ALIGN, 36, 9, 8, 6, { 2, 2 }, 2, 0, 0, 0, 1, 0, 0 },
    { DCN_OP_DEFORM_ROI_POOL, 17, 17, 6, 1, { 4, 4 }, 0, 2, 0, 0, 1, 1, 0 },
    { DCN_OP_DEFORM_ROI_POOL, 20, 20, 9, 11, { 7, 7 }, 0, 0, 0, 0, 1, 0, 1 },
    { DCN_OP_DEFORM_PS_ROI_POOL, 54, 6, 7, 8, { 5, 5 }, 3, 3, 0, 0, 3, 1, 0 },
    { DCN_OP_DEFORM_PS_ROI_POOL, 5, 5, 2, 9, { 3, 3 }, 1, 1, 0, 0, 5, 0, 1 },
};
enum { NSHAPES = sizeof shapes / sizeof *shapes };

static const char *const schedules[] = { "roi", "roi bin_rows=1 repack=0", "roi nv=1 bin_rows=2",
                                         "roi nv=1 task_channels=16 repack=0" };
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static const char *const backward[] = {
    "roi_gradient", "roi_gradient nv=1 bin_rows=1 table_samples=1 share_tables=0",
    "roi_gradient nv=1 channels=16 table_samples=1 share_tables=0"
};
enum { NBACKWARD = sizeof backward / sizeof *backward };

static dcn_spec spec_of(const Shape *f, dcn_dtype dtype, dcn_layout layout)
{
    dcn_spec s;
    dcn_spec_init(&s, f->op);
    strcpy(s.name, "k");
    s.dtype = dtype;
    s.layout = layout;
    s.batch = 2;
    s.in_channels = f->channels;
    s.out_channels = f->outputs;
    s.height = f->height;
    s.width = f->width;
    s.rois = 5;
    memcpy(s.pooled, f->pooled, sizeof s.pooled);
    if (f->op == DCN_OP_PS_ROI_POOL || f->op == DCN_OP_DEFORM_PS_ROI_POOL)
        s.group_size[0] = s.group_size[1] = f->group;
    if (f->op == DCN_OP_DEFORM_PS_ROI_POOL)
        s.sample_per_part[0] = s.sample_per_part[1] = f->ratio;
    else
        s.sampling_ratio = f->ratio;
    s.mode = (dcn_roi_mode)f->mode;
    s.variant = (dcn_roi_variant)f->variant;
    s.num_classes = f->classes;
    s.modulation = f->modulation ? DCN_MODULATION_MASK : DCN_MODULATION_NONE;
    s.spatial_scale = 0.5;
    s.activation = (dcn_activation)(f->channels % 7);
    dcn_spec_complete(&s);
    return s;
}

ParameterizedTestParameters(guard_roi, nothing_outside_is_touched)
{
    return cr_make_param_array(Shape, (Shape *)shapes, NSHAPES);
}

ParameterizedTest(Shape *shape, guard_roi, nothing_outside_is_touched)
{
    dcn_target t;
    for (int m = 0; fenced_machine(m, &t); m++)
        for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
            for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
                dcn_spec s = spec_of(shape, (dcn_dtype)dtype, (dcn_layout)layout);
                int used = 0;
                for (int i = 0; i < NSCHEDULES; i++)
                    used += fenced_kernel(&s, shape->dynamic, schedules[i], &t);
                cr_expect_gt(used, 0);
            }
}

ParameterizedTestParameters(guard_roi, nothing_outside_gets_a_gradient)
{
    return cr_make_param_array(Shape, (Shape *)shapes, NSHAPES);
}

ParameterizedTest(Shape *shape, guard_roi, nothing_outside_gets_a_gradient)
{
    dcn_target t;
    for (int m = 0; fenced_machine(m, &t); m++)
        for (int i = 0; i < 4; i++) {
            dcn_spec s = spec_of(shape, (dcn_dtype)(i % 2), (dcn_layout)(i / 2));
            s.activation = DCN_ACT_NONE;
            s.gradient = DCN_GRADIENT_ALL;
            int used = 0;
            for (int j = 0; j < NBACKWARD; j++)
                used += fenced_kernel(&s, shape->dynamic, backward[j], &t);
            cr_expect_gt(used, 0);
        }
}
