/* test_reference.c: the reference against numbers worked out by hand and against laws.
**
** Hand-made cases are small enough to check on paper; the laws tie the deformable operator
** to the plain one, and groups to each other.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/operands.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1x1 kernel on one 3x3 plane: every output is one sample. */
static const double plane[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const double unit[1] = { 1 };

static dcn_spec one_sample(dcn_border border)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    s.in_channels = s.out_channels = 1;
    s.kernel[0] = s.kernel[1] = 1;
    s.height = s.width = 3;
    s.border = border;
    return s;
}

/* The sample at (y, x): output pixel (0, 0), which looks there by its offset. */
static double sample(dcn_border border, double y, double x)
{
    dcn_spec s = one_sample(border);
    double offset[18] = { y }, output[9];
    offset[9] = x;
    const double *const tensor[RT_NUM_OPERANDS] = { plane, unit, offset };
    rt_reference(&s, tensor, RT_OUTPUT, output);
    return output[0];
}

typedef struct Row {
    double y, x, want;
} Row;

static void check_rows(dcn_border border, const Row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(sample(border, rows[i].y, rows[i].x), rows[i].want, "S(%g, %g) = %g, not %g",
                     rows[i].y, rows[i].x, sample(border, rows[i].y, rows[i].x), rows[i].want);
}

#define CHECK(border, ...)                                                                         \
    check_rows(border, (const Row[]){ __VA_ARGS__ },                                               \
               sizeof((const Row[]){ __VA_ARGS__ }) / sizeof(Row))

/* ---- border rules --------------------------------------------------------- */

Test(border, zero_interpolates_to_nothing_outside)
{
    CHECK(DCN_BORDER_ZERO, { 0, 0, 1 }, { 1, 2, 6 }, { 2, 2, 9 }, { 0.5, 0.5, 3 },
          { 1.25, 0.5, 5.25 }, { -0.5, 0, 0.5 }, { -0.5, -0.5, 0.25 }, { -1, 0, 0 }, { 2.5, 1, 4 },
          { 2.75, 2.5, 1.125 }, { 3, 0, 0 }, { 0, 3, 0 }, { 0, -1, 0 }, { 0, 2.5, 1.5 });
}

Test(border, clamp_repeats_the_last_row_and_column)
{
    CHECK(DCN_BORDER_CLAMP, { 0, 0, 1 }, { 0.5, 0.5, 3 }, { 2.5, 1, 8 }, { 2.75, 2.5, 9 },
          { 0, 2.5, 3 }, { 1.5, 2.99, 7.5 }, { 3, 0, 0 }, { 0, 3, 0 }, { -0.5, 0, 0 },
          { 0, -0x1p-40, 0 }, { -1, -1, 0 });
}

Test(border, hybrid_cuts_at_0_and_fades_at_the_end)
{
    CHECK(DCN_BORDER_HYBRID, { 0, 0, 1 }, { 0.5, 0.5, 3 }, { 2.5, 1, 4 }, { 2.75, 2.5, 1.125 },
          { 3, 0, 0 }, { 0, 3, 0 }, { -0.5, 0, 0 }, { 0, -0x1p-40, 0 });
}

Test(border, far_infinite_and_nan_samples_are_0)
{
    static const double far[] = { 1e30,   -1e30,   3e38,  -3e38,    0x1p31,    -0x1p31,
                                  0x1p63, -0x1p63, 1e308, INFINITY, -INFINITY, NAN };
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++)
        for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
            cr_expect_eq(sample((dcn_border)border, far[i], 1), 0, "y = %g", far[i]);
            cr_expect_eq(sample((dcn_border)border, 1, far[i]), 0, "x = %g", far[i]);
            cr_expect_eq(sample((dcn_border)border, far[i], far[i]), 0, "both %g", far[i]);
        }
}

/* ---- hand-made ------------------------------------------------------------ */

Test(byhand, conv2d_with_stride_dilation_and_uneven_padding)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 1;
    s.height = s.width = 3;
    s.kernel[0] = s.kernel[1] = 2;
    s.stride[0] = 2;
    s.dilation[1] = 2;
    s.padding[0] = 1; /* top */
    s.padding[3] = 1; /* right */
    s.bias = true;
    /* rows -1,0 and 1,2; columns 0,2 and 1,3 */
    const double w[4] = { 1, 10, 100, 1000 }, bias[1] = { 0.5 };
    const double *const tensor[RT_NUM_OPERANDS] = { plane, w, bias };
    const double want[4] = { 100 * 1 + 1000 * 3 + 0.5, 100 * 2 + 0.5,
                             4 + 10 * 6 + 100 * 7 + 1000 * 9 + 0.5, 5 + 100 * 8 + 0.5 };
    double output[4];
    cr_assert_eq(dcn_out_height(&s, 3), 2);
    cr_assert_eq(dcn_out_width(&s, 3), 2);
    rt_reference(&s, tensor, RT_OUTPUT, output);
    cr_expect_arr_eq(output, want, sizeof want);
}

/* Pair (a, b) moves by a rows and b columns, or the other way round. */
Test(byhand, offset_order)
{
    dcn_spec s = one_sample(DCN_BORDER_ZERO);
    double offset[18] = { 0 }, output[9];
    const double *const tensor[RT_NUM_OPERANDS] = { plane, unit, offset };
    offset[0] = 1;
    offset[9] = 2;
    rt_reference(&s, tensor, RT_OUTPUT, output);
    cr_expect_eq(output[0], 6);
    s.offset_order = DCN_ORDER_XY;
    rt_reference(&s, tensor, RT_OUTPUT, output);
    cr_expect_eq(output[0], 8);
}

/* Two offset groups of one channel and one tap each: the first moves down, the second right. */
static double moved(dcn_offset_order order, const double offset[4])
{
    dcn_spec s = one_sample(DCN_BORDER_ZERO);
    s.height = s.width = 2;
    s.in_channels = s.offset_groups = 2;
    s.stride[0] = s.stride[1] = 2;
    s.offset_order = order;
    const double input[8] = { 1, 2, 3, 4, 50, 60, 70, 80 }, w[2] = { 1, 1 };
    const double *const tensor[RT_NUM_OPERANDS] = { input, w, offset };
    double output;
    cr_assert_eq(dcn_out_height(&s, 2) * dcn_out_width(&s, 2), 1);
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    return output;
}

Test(byhand, offset_order_of_two_groups)
{
    cr_expect_eq(moved(DCN_ORDER_YX, (const double[4]){ 1, 0, 0, 1 }), 3 + 60);
    cr_expect_eq(moved(DCN_ORDER_XY, (const double[4]){ 0, 1, 1, 0 }), 3 + 60);
    cr_expect_eq(moved(DCN_ORDER_YYXX, (const double[4]){ 1, 0, 0, 1 }), 3 + 60);
    cr_expect_eq(moved(DCN_ORDER_XXYY, (const double[4]){ 0, 1, 1, 0 }), 3 + 60);
    cr_expect_eq(moved(DCN_ORDER_YYXX, (const double[4]){ 0, 1, 1, 0 }), 2 + 70);
    cr_expect_eq(moved(DCN_ORDER_XXYY, (const double[4]){ 0, 0, 1, 0 }), 3 + 50);
}

/* Two taps of a 1x2 kernel and one output pixel: mask channels are the taps. */
static double modulated(dcn_modulation m, double scale, double a, double b)
{
    dcn_spec s = one_sample(DCN_BORDER_ZERO);
    s.height = 1;
    s.width = s.kernel[1] = 2;
    s.modulation = m;
    s.modulation_scale = scale;
    const double input[2] = { 1, 1 }, w[2] = { 1, 100 }, offset[4] = { 0 }, mask[2] = { a, b };
    const double *const tensor[RT_NUM_OPERANDS] = { input, w, offset, mask };
    double output;
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    return output;
}

Test(byhand, modulations)
{
    cr_expect_eq(modulated(DCN_MODULATION_NONE, 1, 5, 5), 101);
    cr_expect_eq(modulated(DCN_MODULATION_MASK, 1, 3, -2), 3 - 200);
    cr_expect_eq(modulated(DCN_MODULATION_MASK, 2, 3, -2), 6 - 400);
    cr_expect_eq(modulated(DCN_MODULATION_SIGMOID, 2, 0, INFINITY), 1 + 200);
    cr_expect_float_eq(modulated(DCN_MODULATION_SIGMOID, 1, log(3), -log(3)), 0.75 + 25, 1e-12);
    cr_expect_float_eq(modulated(DCN_MODULATION_SOFTMAX, 1, 700, 700 + log(3)), 0.25 + 75, 1e-10);
    cr_expect_eq(modulated(DCN_MODULATION_SOFTMAX, 4, -5000, -5000), 2 + 200);
    cr_expect_eq(modulated(DCN_MODULATION_SOFTMAX, 1, 1e308, -1e308), 1);
    cr_expect(isnan(modulated(DCN_MODULATION_MASK, 1, NAN, 1)));
    cr_expect(isnan(modulated(DCN_MODULATION_SOFTMAX, 1, NAN, 1)));
}

/* An invalid sample is 0 and still multiplied by its mask. */
Test(byhand, invalid_samples_keep_the_ieee_product)
{
    dcn_spec s = one_sample(DCN_BORDER_ZERO);
    s.height = s.width = 1;
    s.modulation = DCN_MODULATION_MASK;
    double offset[2] = { NAN, 0 }, mask = 1e300, output;
    const double *const tensor[RT_NUM_OPERANDS] = { plane, unit, offset, &mask };
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    cr_expect_eq(output, 0);
    mask = INFINITY;
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    cr_expect(isnan(output));
}

static double activated(dcn_activation a, double x)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 1;
    s.height = s.width = s.kernel[0] = s.kernel[1] = 1;
    s.activation = a;
    const double *const tensor[RT_NUM_OPERANDS] = { &x, unit };
    double output;
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    return output;
}

static double limited(double min, double max, double x)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 1;
    s.height = s.width = s.kernel[0] = s.kernel[1] = 1;
    s.activation = DCN_ACT_CLIP;
    s.activation_min = min;
    s.activation_max = max;
    const double *const tensor[RT_NUM_OPERANDS] = { &x, unit };
    double output;
    rt_reference(&s, tensor, RT_OUTPUT, &output);
    return output;
}

Test(byhand, activations_with_parameters)
{
    cr_expect_eq(activated(DCN_ACT_LEAKY_RELU, -2), -0.02);
    cr_expect_eq(activated(DCN_ACT_LEAKY_RELU, 2), 2);
    cr_expect(isnan(activated(DCN_ACT_LEAKY_RELU, NAN)));
    cr_expect_eq(activated(DCN_ACT_CLIP, -1), 0);
    cr_expect_eq(activated(DCN_ACT_CLIP, 5.5), 5.5);
    cr_expect_eq(activated(DCN_ACT_CLIP, INFINITY), 6);
    cr_expect(isnan(activated(DCN_ACT_CLIP, NAN)));
    cr_expect_eq(limited(-1, 1, -1.5), -1);
    cr_expect_eq(limited(-1, 1, 1.5), 1);
    cr_expect_eq(limited(2, 2, 0), 2);
}

Test(byhand, hardswish)
{
    cr_expect_eq(activated(DCN_ACT_HARDSWISH, -4), 0);
    cr_expect_eq(activated(DCN_ACT_HARDSWISH, -INFINITY), 0);
    cr_expect_eq(activated(DCN_ACT_HARDSWISH, 1e300), 1e300);
    cr_expect_eq(activated(DCN_ACT_HARDSWISH, -1.5), -0.375);
    cr_expect_eq(activated(DCN_ACT_HARDSWISH, 1.5), 1.125);
    cr_expect(isnan(activated(DCN_ACT_HARDSWISH, NAN)));
}

Test(byhand, sigmoid_and_tanh)
{
    cr_expect_float_eq(activated(DCN_ACT_SIGMOID, 1), 0.7310585786300049, 1e-15);
    cr_expect_eq(activated(DCN_ACT_SIGMOID, -INFINITY), 0);
    cr_expect_eq(activated(DCN_ACT_SIGMOID, INFINITY), 1);
    cr_expect(isnan(activated(DCN_ACT_SIGMOID, NAN)));
    cr_expect_float_eq(activated(DCN_ACT_TANH, -0.5), -0.46211715726000979, 1e-15);
    cr_expect_eq(activated(DCN_ACT_TANH, INFINITY), 1);
    cr_expect(isnan(activated(DCN_ACT_TANH, NAN)));
}

Test(byhand, activations)
{
    cr_expect_eq(activated(DCN_ACT_NONE, -3), -3);
    cr_expect_eq(activated(DCN_ACT_RELU, -3), 0);
    cr_expect_eq(activated(DCN_ACT_RELU, 3), 3);
    cr_expect(isnan(activated(DCN_ACT_RELU, NAN)));
    cr_expect_float_eq(activated(DCN_ACT_SILU, 1), 0.7310585786300049, 1e-15);
    cr_expect_float_eq(activated(DCN_ACT_SILU, -2), -0.23840584404423515, 1e-15);
    cr_expect_float_eq(activated(DCN_ACT_GELU, 1), 0.8413447460685429, 1e-15);
    cr_expect_float_eq(activated(DCN_ACT_GELU, -1), -0.15865525393145707, 1e-15);
    cr_expect_float_eq(activated(DCN_ACT_GELU, 10), 10, 1e-15);
}

/* ---- laws on random problems ---------------------------------------------- */

typedef struct Problem {
    dcn_spec s;
    dcn_tensor t[RT_NUM_OPERANDS];
    double *v[RT_NUM_OPERANDS]; /* by operand; outputs too */
    int n;
} Problem;

static Problem problem(dcn_op op, dcn_layout layout)
{
    Problem p = { .n = 0 };
    dcn_spec_init(&p.s, op);
    p.s.batch = 2;
    p.s.in_channels = 12;
    p.s.out_channels = 6;
    p.s.height = 5;
    p.s.width = 7;
    p.s.kernel[0] = 3;
    p.s.kernel[1] = 2;
    p.s.stride[1] = 2;
    p.s.dilation[0] = 2;
    p.s.padding[0] = p.s.padding[1] = 2;
    p.s.padding[2] = p.s.padding[3] = 1;
    p.s.groups = 3;
    p.s.offset_groups = op == DCN_OP_CONV2D ? 1 : 2; /* crosses the groups */
    p.s.layout = layout;
    return p;
}

static void allocate(Problem *p)
{
    rt_rng r = rt_rng_seed(3);
    p->n = dcn_spec_tensors(&p->s, p->t, RT_NUM_OPERANDS);
    for (int i = 0; i < p->n; i++) {
        int64_t count = rt_tensor_count(&p->t[i]);
        p->v[i] = malloc((size_t)count * sizeof *p->v[i]);
        for (int64_t at = 0; at < count; at++)
            p->v[i][at] = rt_rng_normal(&r);
    }
}

static void release(Problem *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->v[i]);
}

static int find(const Problem *p, const char *name)
{
    int i = 0;
    while (strcmp(p->t[i].name, name))
        i++;
    return i;
}

static double *tensor(const Problem *p, const char *name)
{
    return p->v[find(p, name)];
}

static void fill(Problem *p, const char *name, double value)
{
    int i = find(p, name);
    for (int64_t at = 0; at < rt_tensor_count(&p->t[i]); at++)
        p->v[i][at] = value;
}

static double *output(const Problem *p)
{
    return tensor(p, "output");
}

static int64_t output_count(const Problem *p)
{
    return rt_tensor_count(&p->t[find(p, "output")]);
}

static void compute(Problem *p)
{
    cr_assert_eq(rt_reference(&p->s, (const double *const *)p->v, RT_OUTPUT, output(p)), 0);
}

static void expect_same(const Problem *a, const Problem *b)
{
    const int64_t n = output_count(a);
    cr_assert_eq(n, output_count(b));
    for (int64_t i = 0; i < n; i++)
        cr_expect_float_eq(output(a)[i], output(b)[i], 1e-12, "element %ld", (long)i);
}

static void copy(const Problem *from, Problem *to, const char *name)
{
    size_t bytes = (size_t)rt_tensor_count(&from->t[find(from, name)]) * sizeof(double);
    memcpy(tensor(to, name), tensor(from, name), bytes);
}

Test(law, zero_offsets_are_a_plain_convolution)
{
    for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
        Problem a = problem(DCN_OP_CONV2D, (dcn_layout)layout);
        Problem b = problem(DCN_OP_DEFORM_CONV2D, (dcn_layout)layout);
        allocate(&a);
        allocate(&b);
        copy(&a, &b, "input");
        copy(&a, &b, "weight");
        fill(&b, "offset", 0);
        compute(&a);
        compute(&b);
        expect_same(&a, &b);
        release(&a);
        release(&b);
    }
}

/* Offsets of (1, -1) everywhere are the convolution with other padding. */
Test(law, whole_offsets_are_a_shifted_convolution)
{
    Problem a = problem(DCN_OP_CONV2D, DCN_NHWC), b = problem(DCN_OP_DEFORM_CONV2D, DCN_NHWC);
    a.s.padding[0] -= 1;
    a.s.padding[2] += 1;
    a.s.padding[1] += 1;
    a.s.padding[3] -= 1;
    allocate(&a);
    allocate(&b);
    copy(&a, &b, "input");
    copy(&a, &b, "weight");
    double *offset = tensor(&b, "offset");
    for (int64_t i = 0; i < rt_tensor_count(&b.t[find(&b, "offset")]); i++)
        offset[i] = i % 2 ? -1 : 1;
    compute(&a);
    compute(&b);
    expect_same(&a, &b);
    release(&a);
    release(&b);
}

Test(law, a_mask_of_ones_is_no_mask)
{
    Problem a = problem(DCN_OP_DEFORM_CONV2D, DCN_NCHW), b = a;
    b.s.modulation = DCN_MODULATION_MASK;
    allocate(&a);
    allocate(&b);
    copy(&a, &b, "input");
    copy(&a, &b, "weight");
    copy(&a, &b, "offset");
    fill(&b, "mask", 1);
    compute(&a);
    compute(&b);
    expect_same(&a, &b);
    release(&a);
    release(&b);
}

Test(law, samples_outside_leave_the_bias)
{
    Problem a = problem(DCN_OP_DEFORM_CONV2D, DCN_NHWC);
    a.s.bias = true;
    allocate(&a);
    fill(&a, "offset", -100);
    compute(&a);
    const double *out = output(&a), *bias = tensor(&a, "bias");
    for (int64_t i = 0; i < output_count(&a); i++)
        cr_expect_eq(out[i], bias[i % 6]);
    release(&a);
}

/* Groups are a dense convolution whose weight is 0 between groups. */
Test(law, groups_are_blocks_of_a_dense_weight)
{
    Problem a = problem(DCN_OP_DEFORM_CONV2D, DCN_NCHW), b = a;
    b.s.groups = 1;
    allocate(&a);
    allocate(&b);
    copy(&a, &b, "input");
    copy(&a, &b, "offset");
    fill(&b, "weight", 0);
    const double *w = tensor(&a, "weight");
    double *dense = tensor(&b, "weight");
    for (int o = 0; o < 6; o++)
        for (int c = 0; c < 4; c++)
            for (int k = 0; k < 6; k++)
                dense[(o * 12 + o / 2 * 4 + c) * 6 + k] = w[(o * 4 + c) * 6 + k];
    compute(&a);
    compute(&b);
    expect_same(&a, &b);
    release(&a);
    release(&b);
}

/* Numbers in the other layout give the same numbers in the other layout. */
static void transpose(const Problem *from, Problem *to, const char *name)
{
    const double *v = tensor(from, name);
    double *w = tensor(to, name);
    const int64_t *d = from->t[find(from, name)].dims; /* N C H W */
    int64_t i = 0;
    for (int64_t n = 0; n < d[0]; n++)
        for (int64_t c = 0; c < d[1]; c++)
            for (int64_t y = 0; y < d[2]; y++)
                for (int64_t x = 0; x < d[3]; x++)
                    w[((n * d[2] + y) * d[3] + x) * d[1] + c] = v[i++];
}

Test(law, layouts_agree)
{
    Problem a = problem(DCN_OP_DEFORM_CONV2D, DCN_NCHW), b, want;
    a.s.modulation = DCN_MODULATION_SOFTMAX;
    b = want = a;
    b.s.layout = want.s.layout = DCN_NHWC;
    allocate(&a);
    allocate(&b);
    allocate(&want);
    copy(&a, &b, "weight");
    transpose(&a, &b, "input");
    transpose(&a, &b, "offset");
    transpose(&a, &b, "mask");
    compute(&a);
    compute(&b);
    transpose(&a, &want, "output");
    expect_same(&b, &want);
    release(&a);
    release(&b);
    release(&want);
}

Test(law, one_element_is_that_of_the_whole)
{
    for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
        Problem a = problem(DCN_OP_DEFORM_CONV2D, (dcn_layout)layout);
        a.s.modulation = DCN_MODULATION_SIGMOID;
        a.s.activation = DCN_ACT_GELU;
        allocate(&a);
        compute(&a);
        for (int64_t i = 0; i < output_count(&a); i++)
            cr_expect_eq(rt_reference_at(&a.s, (const double *const *)a.v, RT_OUTPUT, i),
                         output(&a)[i]);
        release(&a);
    }
}
