/* test_network.c: the reference of networks is that of their layers, one after another; its gradients are
** those that differences say.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/network.h"
#include "runtime/reference/reference.h"
#include "tests/support/nets.h"
#include "tuner/check/network.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Operands of a network in calling order, filled as verify does. */
static void fill(Operands *o, const dcn_spec *s, uint64_t seed)
{
    rt_rng r = rt_rng_seed(seed);
    dcn_error err;
    int n;
    cr_assert_eq(tune_operands_open(o, NULL, s, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(o, &r, &err), 0, "%s", err.text);
    tune_fill_case(o, &tune_cases_of(s, &n)[0], &r);
}

static void compute(Operands *o)
{
    cr_assert_eq(ref_network(&o->spec, (const double *const *)o->exact, NULL, o->exact), 0);
}

/* conv with bias and silu, conv, product, sum, gelu: by hand, on the same numbers. */
Test(network, is_its_layers_one_after_another)
{
    enum { PIXELS = 5 * 6, C = 4 };
    Net net;
    Operands o;
    nets_open(&net, nets_text(0));
    fill(&o, &net.spec, 1);
    compute(&o);
    const double *image = o.exact[0], *parameters = o.exact[1];
    dcn_spec conv = { .op = DCN_OP_CONV2D };
    dcn_spec_init(&conv, DCN_OP_CONV2D);
    conv.dtype = DCN_F64;
    conv.height = 5, conv.width = 6;
    conv.in_channels = conv.out_channels = C;
    conv.kernel[0] = conv.kernel[1] = 3;
    conv.padding[0] = conv.padding[1] = conv.padding[2] = conv.padding[3] = 1;
    conv.bias = true;
    conv.activation = DCN_ACT_SILU;
    double a[C * PIXELS], b[C * PIXELS];
    const dcn_network *n = net.net;
#define PARAM(name) (parameters + n->param[nets_param(&net, name)].at)
    const double *first[] = { image, PARAM("a.weight"), PARAM("a.bias"), NULL };
    cr_assert_eq(rt_reference(&conv, first, RT_OUTPUT, a), 0);
    conv.kernel[0] = conv.kernel[1] = 1;
    memset(conv.padding, 0, sizeof conv.padding);
    conv.bias = false;
    conv.activation = DCN_ACT_NONE;
    const double *second[] = { a, PARAM("b.weight"), NULL };
    cr_assert_eq(rt_reference(&conv, second, RT_OUTPUT, b), 0);
    for (int i = 0; i < C * PIXELS; i++) {
        const double x = b[i] * PARAM("gamma.weight")[i / PIXELS] + image[i];
        const double y = 0.5 * x * erfc(-x / sqrt(2));
        cr_expect_float_eq(o.exact[2][i], y, 1e-12, "element %d: %g, by hand %g", i, o.exact[2][i],
                           y);
    }
    tune_operands_close(&o);
    nets_close(&net);
}

/* ---- gradients ------------------------------------------------------------------------------- */

static int64_t find(const Operands *o, const char *name)
{
    int i = o->n - 1;
    while (i >= 0 && strcmp(o->tensor[i].name, name) != 0)
        i--;
    return i;
}

/* The sum of all outputs, each times its element of grad_output. */
static double weighted(const Operands *plain, const Operands *grad)
{
    double sum = 0;
    for (int i = 0; i < plain->n; i++) {
        char name[DCN_NAME_MAX + 8];
        if (plain->tensor[i].role != DCN_OUT)
            continue;
        snprintf(name, sizeof name, "grad_%s", plain->tensor[i].name);
        const double *g = grad->exact[find(grad, name)];
        for (int64_t k = 0; k < plain->count[i]; k++)
            sum += plain->exact[i][k] * g[k];
    }
    return sum;
}

/* Along a random direction, which no entry of an operand escapes. */
static void expect_slope(Operands *plain, const Operands *grad, int of, rt_rng *r)
{
    char name[DCN_NAME_MAX + 8];
    snprintf(name, sizeof name, "grad_%s", plain->tensor[of].name);
    const int64_t at = find(grad, name), n = plain->count[of];
    double *from = malloc((size_t)n * sizeof *from), *along = malloc((size_t)n * sizeof *along);
    double slope = 0, value[2];
    if (at < 0)
        cr_assert_fail("no %s", name);
    memcpy(from, plain->exact[of], (size_t)n * sizeof *from);
    for (int64_t i = 0; i < n; i++) {
        along[i] = rt_rng_normal(r);
        slope += along[i] * grad->exact[at][i];
    }
    const double h = 1e-6;
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < n; i++)
            plain->exact[of][i] = from[i] + (side ? h : -h) * along[i];
        compute(plain);
        value[side] = weighted(plain, grad);
    }
    memcpy(plain->exact[of], from, (size_t)n * sizeof *from);
    const double measured = (value[1] - value[0]) / (2 * h);
    cr_expect(fabs(measured - slope) <= 1e-5 * (1 + fabs(slope)),
              "%s: %s %.9g, differences say %.9g", plain->spec.name, name, slope, measured);
    free(from);
    free(along);
}

Test(network, gradients_are_what_differences_say)
{
    for (int i = 0; i < nets_count(); i++) {
        Net net;
        Operands plain, grad;
        rt_rng r = rt_rng_seed(7);
        nets_open(&net, nets_text(i));
        dcn_spec s = net.spec;
        s.gradient = DCN_GRADIENT_ALL;
        fill(&plain, &net.spec, 3);
        fill(&grad, &s, 3);
        for (int k = 0; k < grad.n; k++)
            for (int p = 0; p < plain.n; p++)
                if (grad.tensor[k].role != DCN_OUT && grad.tensor[k].name[0] &&
                    strcmp(grad.tensor[k].name, plain.tensor[p].name) == 0)
                    memcpy(grad.exact[k], plain.exact[p],
                           (size_t)plain.count[p] * sizeof *plain.exact[p]);
        compute(&grad);
        for (int p = 0; p < plain.n; p++)
            if (plain.tensor[p].role != DCN_OUT && strcmp(plain.tensor[p].name, "boxes") != 0)
                expect_slope(&plain, &grad, p, &r);
        tune_operands_close(&plain);
        tune_operands_close(&grad);
        nets_close(&net);
    }
}

/* One parameter alone has the gradient that it has among all. */
Test(network, a_gradient_alone_is_that_among_all)
{
    Net all, one;
    Operands a, b;
    char text[2048];
    snprintf(text, sizeof text, "%s", nets_text(1));
    nets_open(&all, text);
    char *end = strstr(text, "return network {");
    cr_assert_not_null(end);
    strcpy(strrchr(text, '}'), ", gradient = { 'd.weight', 'image' } }\n");
    nets_open(&one, text);
    dcn_spec s = all.spec;
    s.gradient = DCN_GRADIENT_ALL;
    fill(&a, &s, 5);
    fill(&b, &one.spec, 5);
    for (int i = 0; i < b.n; i++)
        if (b.tensor[i].role != DCN_OUT)
            memcpy(a.exact[i], b.exact[i], (size_t)b.count[i] * sizeof(double));
    compute(&a);
    compute(&b);
    const net_param *p = &all.net->param[nets_param(&all, "d.weight")];
    const double *among = a.exact[find(&a, "grad_parameters")] + p->at;
    const double *alone = b.exact[find(&b, "grad_parameters")];
    cr_assert_eq(b.count[find(&b, "grad_parameters")], p->count);
    for (int64_t i = 0; i < p->count; i++)
        cr_expect_eq(alone[i], among[i]);
    tune_operands_close(&a);
    tune_operands_close(&b);
    nets_close(&all);
    nets_close(&one);
}
