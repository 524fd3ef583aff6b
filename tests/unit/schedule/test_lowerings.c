/* test_lowerings.c: which lowering a guess takes, where two can compile a spec.
**
** The winners below were measured with dcngen_lowerings (bench/lowerings.c), which times both over a
** grid of shapes; these are some where one is at least a third faster.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct Shape {
    dcn_op op;
    dcn_layout layout;
    int channels, outputs, kernel, groups;
} Shape;

static dcn_spec spec_of(const Shape *shape)
{
    dcn_spec s = case_spec(shape->op, shape->channels, shape->outputs, 128, 128);
    s.layout = shape->layout;
    s.kernel[0] = s.kernel[1] = shape->kernel;
    for (int i = 0; i < 4; i++)
        s.padding[i] = shape->kernel / 2;
    s.groups = shape->groups;
    return s;
}

static dcn_target target_of(const char *cpu)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, NULL), 0);
    return t;
}

static void expect_lowering(const Shape *shape, const char *cpu, const char *lowering)
{
    dcn_spec s = spec_of(shape);
    dcn_target t = target_of(cpu);
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 0, NULL }, &sc, &err), 0, "%s", err.text);
    cr_expect_str_eq(sc.lowering->name, lowering, "%s %s, %d -> %d channels, kernel %d, groups %d",
                     cpu, dcn_op_name(s.op), shape->channels, shape->outputs, shape->kernel,
                     shape->groups);
    sched_free(&sc);
}

Test(lowerings, few_output_channels_are_tiled)
{
    static const char *const cpus[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2" };
    static const Shape shapes[] = {
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 64, 3, 3, 1 },
        { DCN_OP_DEFORM_CONV2D, DCN_NCHW, 64, 3, 3, 1 },
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 64, 1, 1, 1 },
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 8, 1, 7, 1 },
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 512, 2, 1, 1 },
        { DCN_OP_CONV2D, DCN_NHWC, 64, 3, 3, 1 },
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 64, 64, 3, 64 },
        { DCN_OP_CONV2D, DCN_NHWC, 64, 64, 3, 64 },
        { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 64, 64, 3, 1 },
    };
    for (size_t i = 0; i < 3 * sizeof shapes / sizeof *shapes; i++)
        expect_lowering(&shapes[i / 3], cpus[i % 3], "tiled");
}

/* A sample that serves one or two multiply-adds does not pay for its place in a column. */
Test(lowerings, few_channels_of_one_tap_are_direct)
{
    static const struct {
        const char *cpu;
        Shape shape;
    } rows[] = {
        { "x86-64-v4", { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 1, 1, 1, 1 } },
        { "x86-64-v4", { DCN_OP_DEFORM_CONV2D, DCN_NCHW, 1, 1, 1, 1 } },
        { "x86-64-v4", { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 2, 4, 1, 2 } },
        { "x86-64-v4", { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 3, 3, 1, 3 } },
        { "x86-64-v3", { DCN_OP_DEFORM_CONV2D, DCN_NHWC, 1, 3, 1, 1 } },
        { "x86-64-v3", { DCN_OP_CONV2D, DCN_NHWC, 1, 2, 1, 1 } },
        { "x86-64-v3", { DCN_OP_CONV2D, DCN_NCHW, 3, 3, 1, 3 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_lowering(&rows[i].shape, rows[i].cpu, "direct");
}

/* Where a gather is an instruction, a column is not worth its place for a few outputs of a plain convolution. */
Test(lowerings, gathers_by_an_instruction_are_direct)
{
    static const Shape shapes[] = {
        { DCN_OP_CONV2D, DCN_NHWC, 16, 2, 7, 1 },
        { DCN_OP_CONV2D, DCN_NHWC, 3, 2, 3, 1 },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        expect_lowering(&shapes[i], "x86-64-v4", "direct");
}

/* Nor, on any machine, where the samples of a vector lie side by side, unless there is much to sum. */
Test(lowerings, plain_planes_of_few_channels_are_direct)
{
    static const char *const cpus[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2", "neoverse-n1" };
    static const Shape shapes[] = {
        { DCN_OP_CONV2D, DCN_NCHW, 2, 2, 7, 1 },
        { DCN_OP_CONV2D, DCN_NCHW, 8, 8, 3, 4 },
        { DCN_OP_CONV2D, DCN_NCHW, 16, 16, 1, 1 },
        { DCN_OP_CONV2D, DCN_NCHW, 4, 4, 3, 4 },
    };
    const Shape large = { DCN_OP_CONV2D, DCN_NCHW, 256, 256, 3, 1 };
    for (size_t c = 0; c < sizeof cpus / sizeof *cpus; c++) {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            expect_lowering(&shapes[i], cpus[c], "direct");
        expect_lowering(&large, cpus[c], "tiled");
    }
}

/* ---- the rule ----------------------------------------------------------------------------------- */

static double cost_of_guess(const char *lowering, const dcn_spec *s, const dcn_target *t)
{
    Schedule sc;
    cr_assert_eq(sched_parse(lowering, &(SchedFor){ s, t, 0, NULL }, &sc, NULL), 0);
    double cost = sched_cost(&sc, s, t, 1);
    sched_free(&sc);
    return cost;
}

Test(lowerings, the_cheaper_guess_is_taken)
{
    static const int counts[] = { 1, 3, 8, 64 };
    for (int i = 0; i < 96; i++) {
        const Shape shape = { i % 2 ? DCN_OP_CONV2D : DCN_OP_DEFORM_CONV2D,
                              i / 2 % 2 ? DCN_NCHW : DCN_NHWC,
                              counts[i / 4 % 4],
                              counts[i / 16 % 4],
                              i < 64 ? 1 : 3,
                              1 };
        dcn_spec s = spec_of(&shape);
        dcn_target t = target_of("x86-64-v3");
        double direct = cost_of_guess("direct", &s, &t), tiled = cost_of_guess("tiled", &s, &t);
        cr_expect_gt(direct, 0);
        expect_lowering(&shape, "x86-64-v3", direct < tiled ? "direct" : "tiled");
    }
}
