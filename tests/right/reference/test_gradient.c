/* test_gradient.c: the reference's gradients are derivatives of what it computes.
**
** With L = <g, out> and D a direction in which one operand moves, L's slope along D is <gradient, D>:
** by central differences, and exactly, at any distance, where the output is linear in the operand.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONV                                                                                       \
    "in_channels = 6, height = 6, width = 7, out_channels = 4, kernel_size = {3, 2}, "             \
    "stride = {1, 2}, padding = {2, 1, 1, 0}, dilation = {1, 2}, batch = 2, "
#define CORE   "channels = 6, height = 5, width = 6, batch = 2, groups = 2, "
#define REGION "channels = 8, height = 9, width = 10, batch = 2, rois = 3, "

/* Every operator with every option that a gradient passes through. */
static const char *const specs[] = {
    "conv2d { " CONV "}",
    "conv2d { " CONV "groups = 2, bias = true, layout = 'nhwc' }",
    "conv2d { " CONV "bias = true, scale_shift = true, residual = true, activation = 'gelu' }",
    "conv2d { " CONV "bias = true, scale_shift = true, residual = true }",
    "conv2d { " CONV "bias = true, activation = 'leaky_relu', activation_slope = 0.2 }",
    "conv2d { " CONV "bias = true, activation = 'hardswish' }",
    "conv2d { " CONV "activation = 'clip', activation_min = -0.5, activation_max = 1.5 }",
    "conv2d { " CONV "scale_shift = true, activation = 'sigmoid' }",
    "conv2d { " CONV "residual = true, activation = 'tanh' }",
    "deform_conv2d { " CONV "offset_order = 'yyxx', offset_groups = 2, modulation = 'mask' }",
    "deform_conv2d { " CONV "offset_order = 'xxyy', offset_groups = 3, layout = 'nhwc' }",
    "deform_conv2d { " CONV "}",
    "deform_conv2d { " CONV "offset_groups = 3, groups = 2, bias = true, layout = 'nhwc' }",
    "deform_conv2d { " CONV "border = 'clamp', offset_order = 'xy' }",
    "deform_conv2d { " CONV "border = 'hybrid', modulation = 'mask', layout = 'nhwc' }",
    "deform_conv2d { " CONV "modulation = 'mask', modulation_scale = 2, offset_groups = 2 }",
    "deform_conv2d { " CONV "modulation = 'sigmoid', modulation_scale = 2, activation = 'silu' }",
    "deform_conv2d { " CONV "modulation = 'softmax', offset_groups = 2, layout = 'nhwc' }",
    "deform_conv2d { " CONV "modulation = 'softmax', offset_groups = 2, offset_mask = true }",
    "deform_conv2d { " CONV "modulation = 'sigmoid', offset_mask = true, layout = 'nhwc', "
    "gradient_border = 'torchvision' }",
    "deform_conv2d { " CONV "modulation = 'mask', offset_mask = true, bias = true, "
    "scale_shift = true, residual = true, activation = 'relu' }",
    "dcnv3 { " CORE "}",
    "dcnv3 { " CORE "modulation = 'mask', offset_scale = 0.75, remove_center = true }",
    "dcnv3 { " CORE "projection = 5, bias = true, stride = 2, activation = 'silu' }",
    "dcnv3 { " CORE "projection = 5, bias = true, scale_shift = true, residual = true }",
    "dcnv4 { " CORE "activation = 'gelu', dilation = 2, padding = 2 }",
    "dcnv4 { " CORE "modulation = 'softmax', remove_center = true, projection = 3 }",
    "roi_pool { " REGION "output_size = 3 }",
    "roi_pool { " REGION "output_size = {2, 3}, mode = 'max', variant = 'torchvision', "
    "layout = 'nhwc' }",
    "roi_pool { " REGION "output_size = 2, mode = 'max', variant = 'mmcv', activation = 'relu' }",
    "ps_roi_pool { " REGION "output_size = 2 }",
    "ps_roi_pool { " REGION "output_size = 2, variant = 'torchvision', layout = 'nhwc' }",
    "roi_align { " REGION "output_size = 3, sampling_ratio = 2, activation = 'silu' }",
    "roi_align { " REGION "output_size = 2, aligned = true, layout = 'nhwc' }",
    "ps_roi_align { " REGION "output_size = 2 }",
    "deform_roi_pool { " REGION "output_size = 2 }",
    "deform_roi_pool { " REGION "output_size = 3, modulation = 'mask', sampling_ratio = 2, "
    "layout = 'nhwc', activation = 'gelu' }",
    "deform_roi_pool { " REGION "output_size = 3, modulation = 'sigmoid', gamma = 0.2 }",
    "deform_ps_roi_pool { " REGION "pooled_size = 2, num_classes = 2, layout = 'nhwc' }",
    "deform_ps_roi_pool { " REGION "pooled_size = 4, group_size = 2, part_size = 2, "
    "modulation = 'mask', sample_per_part = 3 }",
    "deform_ps_roi_pool { " REGION "pooled_size = 2, no_trans = true }",
    "deform_conv2d_pack { " CONV "modulation = 'sigmoid', bias = true, activation = 'silu' }",
    "deform_conv2d_pack { " CONV "offset_groups = 2, groups = 2, layout = 'nhwc', "
    "scale_shift = true, residual = true }",
    "separable_conv2d { " CONV "depth_multiplier = 2, bias = true }",
    "separable_conv2d { " CONV "activation = 'gelu', scale_shift = true, layout = 'nhwc' }",
    "dcnv3_module { " CORE "}",
    "dcnv3_module { " CORE "center_feature_scale = true, activation = 'silu', act_layer = 'SiLU' }",
    "dcnv3_module { " CORE "norm_layer = 'none', remove_center = true, act_layer = 'none' }",
    "dcnv3_module { " CORE "stride = {2, 3}, center_feature_scale = true }",
    "dcnv4_module { " CORE "}",
    "dcnv4_module { " CORE "stride = {1, 2}, center_feature_scale = true }",
    "dcnv4_module { " CORE "stride = 2, dw_kernel_size = 3, without_pointwise = true }",
    "dcnv4_module { " CORE "center_feature_scale = true, dw_kernel_size = 3 }",
    "dcnv4_module { " CORE "without_pointwise = true, center_feature_scale = true, "
    "activation = 'gelu' }",
    "dcnv4_module { " CORE "without_pointwise = true, output_bias = false }",
    "deform_roi_pool_pack { " REGION "output_size = 2, modulation = 'mask', "
    "deform_fc_channels = 5 }",
    "deform_roi_pool_pack { " REGION "output_size = 2, deform_fc_channels = 5, layout = 'nhwc', "
    "activation = 'silu' }",
};
enum { NSPECS = sizeof specs / sizeof *specs };

/* ---- a kernel of all gradients, and the plain one ------------------------------------------ */

typedef struct Case {
    const char *text;
    dcn_spec plain, spec;
    rt_operands operands; /* of the plain kernel */
    double *v[RT_NUM_OPERANDS];
    double *g; /* gradient of the output */
    int output;
    rt_rng rng;
} Case;

static double *make(int64_t n)
{
    double *v = calloc((size_t)n + 1, sizeof *v);
    cr_assert_not_null(v);
    return v;
}

static int64_t count(const Case *c, int i)
{
    return rt_tensor_count(&c->operands.tensor[i]);
}

/* Regions well inside the map, where upstream's slopes of aligned samples are the derivative. */
static void fill_rois(Case *c, double *v)
{
    for (int64_t i = 0; i < c->plain.rois; i++, v += 5) {
        v[0] = (double)(i % c->plain.batch);
        for (int axis = 0; axis < 2; axis++) {
            v[1 + axis] = 1.6 + 1.3 * rt_rng_uniform(&c->rng);
            v[3 + axis] = 4.1 + 2 * rt_rng_uniform(&c->rng);
        }
    }
}

static Case open_case(const char *text, uint64_t seed)
{
    Case c = { .text = text, .rng = rt_rng_seed(seed) };
    char lua[1024];
    dcn_module *m;
    dcn_error err = { .text = "" };
    snprintf(lua, sizeof lua, "return %s", text);
    cr_assert_eq(dcn_load_text(lua, "spec", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    c.plain = c.spec = *dcn_module_spec(m, 0);
    dcn_module_free(m);
    c.plain.dtype = c.spec.dtype = DCN_F64;
    c.spec.gradient = DCN_GRADIENT_ALL;
    c.operands = rt_operands_of(&c.plain);
    c.operands.s = NULL;
    for (int i = 0; i < c.operands.n; i++) {
        const rt_operand which = c.operands.which[i];
        const bool shift = which == RT_OFFSET || which == RT_TRANS;
        const double deviation = rt_op_has(c.plain.op, RT_HAS_ROIS) && shift ? 0.5 : 0.9;
        c.v[i] = make(count(&c, i));
        for (int64_t at = 0; at < count(&c, i); at++)
            c.v[i][at] = deviation * rt_rng_normal(&c.rng);
        if (which == RT_ROIS)
            fill_rois(&c, c.v[i]);
        if (which == RT_OUTPUT)
            c.output = i;
    }
    c.g = make(count(&c, c.output));
    for (int64_t at = 0; at < count(&c, c.output); at++)
        c.g[at] = rt_rng_normal(&c.rng);
    return c;
}

static void close_case(Case *c)
{
    for (int i = 0; i < c->operands.n; i++)
        free(c->v[i]);
    free(c->g);
}

/* The reference of all gradients. */
static rt_ref *gradients(const Case *c)
{
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    const rt_operands o = rt_operands_of(&c->spec);
    for (int i = 0; i < o.n; i++)
        tensor[i] = o.which[i] == RT_GRAD_OUTPUT     ? c->g
                    : rt_operand_is_grad(o.which[i]) ? NULL
                                                     : c->v[rt_operand_at(&c->plain, o.which[i])];
    rt_ref *r = rt_ref_open(&c->spec, tensor);
    cr_assert_not_null(r, "%s", c->text);
    return r;
}

static double *gradient_of(const Case *c, const rt_ref *r, int i)
{
    double *to = make(count(c, i));
    cr_assert_eq(rt_ref_values(r, rt_grad_of(c->operands.which[i]), to), 0);
    return to;
}

static double loss(const Case *c)
{
    double sum = 0;
    cr_assert_eq(rt_reference(&c->plain, (const double *const *)c->v, RT_OUTPUT, c->v[c->output]),
                 0);
    for (int64_t i = 0; i < count(c, c->output); i++)
        sum += c->g[i] * c->v[c->output][i];
    return sum;
}

/* L with operand i moved by h along d. */
static double moved_loss(Case *c, int i, const double *d, double h)
{
    double *kept = c->v[i], *moved = make(count(c, i));
    for (int64_t at = 0; at < count(c, i); at++)
        moved[at] = kept[at] + h * d[at];
    c->v[i] = moved;
    const double value = loss(c);
    c->v[i] = kept;
    free(moved);
    return value;
}

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double *direction(Case *c, int i)
{
    double *d = make(count(c, i));
    for (int64_t at = 0; at < count(c, i); at++)
        d[at] = rt_rng_normal(&c->rng);
    return d;
}

/* ---- laws ---------------------------------------------------------------------------------- */

Test(gradient, is_the_slope_by_central_differences)
{
    static const double h = 1e-6;
    for (int k = 0; k < NSPECS; k++) {
        Case c = open_case(specs[k], 7);
        rt_ref *r = gradients(&c);
        const rt_operand_set all = rt_differentiable(&c.plain);
        for (int i = 0; i < c.operands.n; i++) {
            if (!rt_operand_in(c.operands.which[i], all))
                continue;
            double *d = direction(&c, i), *got = gradient_of(&c, r, i);
            const double slope = (moved_loss(&c, i, d, h) - moved_loss(&c, i, d, -h)) / (2 * h);
            const double want = dot(got, d, count(&c, i));
            cr_expect(fabs(slope - want) <= 2e-6 * (1 + fabs(want)), "%s, %s: %.12g, not %.12g",
                      c.text, c.operands.tensor[i].name, want, slope);
            free(d);
            free(got);
        }
        rt_ref_close(r);
        close_case(&c);
    }
}

/* In which operands the output is linear. */
static rt_operand_set linear_in(const dcn_spec *s)
{
    const bool given = s->modulation == DCN_MODULATION_MASK && !s->offset_mask;
    if (s->activation != DCN_ACT_NONE || s->mode == DCN_ROI_MAX)
        return 0;
    if (rt_op_has(s->op, RT_COMPOSITE))
        return RT_SET(WEIGHT) | RT_SET(PW_WEIGHT) | RT_SET(PW_BIAS) | RT_SET(OUTPUT_PROJ_WEIGHT);
    return RT_SET(INPUT) | RT_SET(WEIGHT) | RT_SET(BIAS) | RT_SET(SCALE) | RT_SET(SHIFT) |
           RT_SET(RESIDUAL) | (given ? RT_SET(MASK) : 0);
}

/* <g, J d> = <J^T g, d>: L moves by exactly that much, as far as d goes. */
Test(gradient, is_the_adjoint_of_what_is_linear)
{
    int checked = 0;
    for (int k = 0; k < NSPECS; k++) {
        Case c = open_case(specs[k], 11);
        rt_ref *r = gradients(&c);
        for (int i = 0; i < c.operands.n; i++) {
            if (!rt_operand_in(c.operands.which[i], linear_in(&c.plain)))
                continue;
            double *d = direction(&c, i), *got = gradient_of(&c, r, i);
            const double moved = moved_loss(&c, i, d, 1) - loss(&c);
            const double want = dot(got, d, count(&c, i));
            cr_expect(fabs(moved - want) <= 1e-10 * (1 + fabs(want)), "%s, %s: %.15g, not %.15g",
                      c.text, c.operands.tensor[i].name, want, moved);
            checked++;
            free(d);
            free(got);
        }
        rt_ref_close(r);
        close_case(&c);
    }
    cr_expect_geq(checked, 59, "%d", checked);
}

/* A gradient of 0 adds nothing, whatever it would be multiplied with. */
Test(gradient, of_nothing_is_nothing_even_beside_infinities)
{
    for (int k = 0; k < NSPECS; k++) {
        Case c = open_case(specs[k], 13);
        memset(c.g, 0, (size_t)count(&c, c.output) * sizeof *c.g);
        for (int i = 0; i < c.operands.n; i++)
            for (int64_t at = 0; at < count(&c, i); at += 3)
                if (c.operands.which[i] != RT_ROIS)
                    c.v[i][at] = at % 2 ? INFINITY : -INFINITY;
        rt_ref *r = gradients(&c);
        const rt_operand_set all = rt_differentiable(&c.plain);
        for (int i = 0; i < c.operands.n; i++) {
            if (!rt_operand_in(c.operands.which[i], all))
                continue;
            double *got = gradient_of(&c, r, i);
            for (int64_t at = 0; at < count(&c, i); at++)
                cr_assert(got[at] == 0, "%s: grad_%s is %g", c.text, c.operands.tensor[i].name,
                          got[at]);
            free(got);
        }
        rt_ref_close(r);
        close_case(&c);
    }
}

/* Offsets that lead nowhere have the gradient 0, and no other gradient suffers. */
Test(gradient, of_offsets_to_nowhere_is_nothing)
{
    static const double far[] = { NAN, INFINITY, -INFINITY, 1e30, -1e30, 0x1p63, 3e5, -3e5 };
    static const rt_operand places[] = { RT_OFFSET, RT_TRANS };
    for (int k = 0; k < NSPECS; k++) {
        Case c = open_case(specs[k], 17);
        const int i = rt_operand_at(&c.plain, places[rt_op_has(c.plain.op, RT_BY_PART)]);
        const rt_operand_set all = rt_differentiable(&c.plain);
        for (int64_t at = 0; i >= 0 && at < count(&c, i); at += 5)
            c.v[i][at] = far[at / 5 % 8];
        rt_ref *r = i >= 0 ? gradients(&c) : NULL;
        for (int j = 0; r && j < c.operands.n; j++) {
            if (!rt_operand_in(c.operands.which[j], all))
                continue;
            double *got = gradient_of(&c, r, j);
            for (int64_t at = 0; at < count(&c, j); at++) {
                cr_assert(isfinite(got[at]), "%s: grad_%s", c.text, c.operands.tensor[j].name);
                cr_assert(j != i || at % 5 || got[at] == 0, "%s: offset %g", c.text, c.v[i][at]);
            }
            free(got);
        }
        rt_ref_close(r);
        close_case(&c);
    }
}

/* ---- single numbers ------------------------------------------------------------------------ */

/* One tap, one channel, a map of 10, 20, 30 in a row, at (0, x): slopes along y and x. */
static void slopes_at(const char *options, double y, double x, double to[2])
{
    const double input[] = { 10, 20, 30 }, weight = 1, offset[] = { y, x }, g = 1;
    const double *const tensor[] = { input, &weight, offset, &g, NULL };
    char text[256];
    dcn_module *m;
    dcn_error err = { .text = "" };
    snprintf(text, sizeof text,
             "return deform_conv2d { in_channels = 1, out_channels = 1, height = 1, width = 3, "
             "kernel_size = 1, stride = {1, 3}, gradient = { 'offset' }, %s }",
             options);
    cr_assert_eq(dcn_load_text(text, "spec", NULL, 0, &m, &err), 0, "%s", err.text);
    cr_assert_eq(rt_reference(dcn_module_spec(m, 0), tensor, RT_GRAD_OFFSET, to), 0);
    dcn_module_free(m);
}

Test(gradient, slopes_at_borders_and_whole_positions)
{
    static const struct {
        const char *options;
        double y, x, dy, dx;
    } at[] = {
        { "", 0, 0, -10, 10 }, /* right-hand: towards the zeros below, and the 20 */
        { "", 0, 2, -30, -30 },
        { "", 0, 3, 0, 0 },
        { "", 0, -1, 0, 0 },
        { "gradient_border = 'torchvision'", 0, -1, 0, 10 },
        { "gradient_border = 'torchvision'", -1, 1, 20, 0 },
        { "gradient_border = 'torchvision'", -1, NAN, 0, 0 },
        { "", -1, 1, 0, 0 },
        { "", 0, -0.25, -7.5, 10 },
        { "border = 'clamp'", 0, -0.25, 0, 0 },
        { "border = 'clamp'", 0, 0, 0, 10 },
        { "border = 'clamp'", 0, 2.5, 0, 0 },
        { "border = 'hybrid'", 0, 2.5, -15, -30 },
        { "border = 'hybrid'", 0, -0.25, 0, 0 },
        { "border = 'hybrid'", 0, 1, -20, 10 },
    };
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        double got[2];
        slopes_at(at[i].options, at[i].y, at[i].x, got);
        cr_expect(got[0] == at[i].dy && got[1] == at[i].dx, "%s (%g, %g): %g, %g", at[i].options,
                  at[i].y, at[i].x, got[0], got[1]);
    }
}
