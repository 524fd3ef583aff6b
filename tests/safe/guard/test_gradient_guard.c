/* test_gradient_guard.c: gradient kernels touch nothing but their tensors, see test_guard.c.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/guard/fenced.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

typedef struct Shape {
    dcn_op op;
    int in, out, offset_groups, height, width, kernel[2];
    dcn_modulation modulation;
    int dynamic;
} Shape;

static const Shape shapes[] = {
    { DCN_OP_DEFORM_CONV2D, 19, 7, 1, 3, 11, { 3, 3 }, DCN_MODULATION_MASK, 0 },
    { DCN_OP_DCNV3, 34, 34, 2, 5, 7, { 3, 3 }, DCN_MODULATION_SOFTMAX, 0 },
    { DCN_OP_DCNV3, 96, 96, 6, 4, 9, { 3, 2 }, DCN_MODULATION_MASK, 1 },
    { DCN_OP_DCNV3, 1, 1, 1, 1, 1, { 1, 1 }, DCN_MODULATION_SOFTMAX, 0 },
    { DCN_OP_DCNV4, 17, 17, 17, 9, 1, { 3, 3 }, DCN_MODULATION_MASK, 0 },
    { DCN_OP_DCNV4, 48, 48, 3, 5, 4, { 5, 5 }, DCN_MODULATION_SOFTMAX, 1 },
};
enum { NSHAPES = sizeof shapes / sizeof *shapes };

static const char *const schedules[] = {
    "gradient mr=2 nv=1 tile_h=2 tile_w=4 bands=2",
    "scatter",
    "scatter block=4 task_groups=1 bands=2 compact=0",
    "scatter block=4 task_groups=1 bands=2 compact=1",
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static dcn_spec spec_of(const Shape *f, dcn_dtype dtype)
{
    dcn_spec s = case_spec(f->op, f->in, f->out, f->height, f->width);
    for (int i = 0; i < 2; i++)
        s.kernel[i] = f->kernel[i];
    s.offset_groups = f->offset_groups;
    s.modulation = f->modulation;
    s.dtype = dtype;
    s.batch = 2;
    s.gradient = DCN_GRADIENT_ALL;
    dcn_spec_complete(&s);
    return s;
}

ParameterizedTestParameters(guard_gradient, nothing_outside_is_touched)
{
    return cr_make_param_array(Shape, (Shape *)shapes, NSHAPES);
}

ParameterizedTest(Shape *shape, guard_gradient, nothing_outside_is_touched)
{
    dcn_target t;
    for (int m = 0; fenced_machine(m, &t); m++)
        for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++) {
            dcn_spec s = spec_of(shape, (dcn_dtype)dtype);
            const int conv = shape->op == DCN_OP_DEFORM_CONV2D;
            int used = 0;
            for (int i = conv ? 0 : 1; i < (conv ? 1 : NSCHEDULES); i++)
                used += fenced_kernel(&s, shape->dynamic, schedules[i], &t);
            cr_expect_gt(used, 0);
        }
}
