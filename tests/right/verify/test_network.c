/* test_network.c: verify passes a right network, rounded as code rounds it, and finds planted mistakes.
**
** The kernel is the reference behind the binary interface of generated code: what every layer makes is
** rounded to f32, and there is one mistake.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/network.h"
#include "tests/right/verify/fake.h"
#include "tests/support/nets.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Net net;
static char text[4096];

/* What is wrong: a share that a parameter is off by, or, of the largest, an element of the last output. */
static const char *off_param;
static double off_share, off_output;

static void round_value(void *self, int value, double *v)
{
    (void)self;
    for (int64_t i = 0; i < net_elements(net.net->value[value].shape); i++)
        v[i] = rt_round_to(RT_F32, v[i]);
}

static void spoil_parameters(double *v)
{
    for (int i = 0; off_param && i < net.net->nparams; i++) {
        const net_param *p = &net.net->param[i];
        for (int64_t k = 0; k < p->count && strcmp(p->name, off_param) == 0; k++)
            v[p->at + k] *= 1 + off_share;
    }
}

static void spoil_element(double *v, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(v[i]));
    v[n / 2] += off_output * largest;
}

static void compute(const dcn_spec *s, const rt_operands *o, double *const *v)
{
    const ref_hooks rounded = { .value = round_value, .gradient = round_value };
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role == DCN_WEIGHT)
            spoil_parameters(v[i]);
    cr_assert_eq(ref_network(s, (const double *const *)v, &rounded, v), 0);
    spoil_element(v[o->n - 1], rt_tensor_count(&o->tensor[o->n - 1]));
}

/* Network i in f32, with gradients or without. */
static void open_net(int i, bool gradients)
{
    snprintf(text, sizeof text, "%s", nets_text(i));
    for (char *at = text; (at = strstr(at, "'f64'"));)
        memcpy(at, "'f32'", 5);
    if (gradients)
        strcpy(strrchr(text, '}'), ", gradient = true }\n");
    nets_open(&net, text);
    off_param = NULL;
    off_share = off_output = 0;
}

static dcn_report verify(void)
{
    const dcn_kernel k = fake_kernel(&net.spec, compute);
    dcn_report r;
    dcn_error err;
    cr_assert_eq(dcn_verify(&k, 1, 1, &r, &err), 0, "%s", err.text);
    return r;
}

/* Its rounding is neither beyond what was measured nor so far below that a mistake could hide. */
Test(network, what_is_rounded_as_code_passes)
{
    for (int i = 0; i < nets_count(); i++)
        for (int gradients = 0; gradients < 2; gradients++) {
            open_net(i, gradients);
            const dcn_report r = verify();
            cr_expect_eq(r.failures, 0, "%s: %s", net.spec.name, r.what);
            cr_expect(r.worst > 0.005 && r.worst < 0.5, "%s: %g", net.spec.name, r.worst);
            nets_close(&net);
        }
}

static void expect_found(const char *what)
{
    const dcn_report r = verify();
    cr_expect_gt(r.failures, 0, "%s of %s: worst %g", what, net.spec.name, r.worst);
    cr_expect(!r.failures || r.what[0]);
}

/* A parameter that is a ten-thousandth off, or one that is not read. */
Test(network, wrong_parameters_are_found)
{
    static const struct {
        int net;
        const char *param;
    } rows[] = { { 0, "a.weight" },   { 0, "gamma.weight" },      { 1, "o.weight" },
                 { 1, "n.weight" },   { 1, "head.weight" },       { 2, "d.weight" },
                 { 3, "f.weight" },   { 4, "dcn.offset_weight" }, { 4, "gamma2.weight" },
                 { 4, "fc1.weight" }, { 4, "w.weight" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_net(rows[i].net, false);
        off_param = rows[i].param;
        cr_assert_geq(nets_param(&net, off_param), 0);
        off_share = 1e-4;
        expect_found(off_param);
        off_share = -1;
        expect_found(off_param);
        nets_close(&net);
    }
}

Test(network, a_single_wrong_element_is_found)
{
    for (int i = 0; i < nets_count(); i++)
        for (int gradients = 0; gradients < 2; gradients++) {
            open_net(i, gradients);
            off_output = 1e-3;
            expect_found("an element");
            nets_close(&net);
        }
}

/* ---- large ones ------------------------------------------------------------------------------ */

/* Three thousand million operations: compared layer by layer, one for each spec. */
static const char large[] =
    "local x = input { name = 'image', channels = 64, height = 128, width = 128 }\n"
    "local a = conv2d { x, name = 'a', out_channels = 64, kernel_size = 3, padding = 1 }\n"
    "local b = conv2d { a, name = 'b', out_channels = 64, kernel_size = 3, padding = 1 }\n"
    "local c = conv2d { add { b, a }, name = 'c', out_channels = 8, kernel_size = 3, padding = 1 "
    "}\n";

Test(network, large_ones_are_walked)
{
    dcn_kernel *k;
    dcn_report r;
    dcn_error err;
    snprintf(text, sizeof text, "%sreturn network { outputs = max_pool2d { c, kernel_size = 8 } }",
             large);
    nets_open(&net, text);
    cr_assert_gt(dcn_spec_flops(&net.spec), 2e9);
    cr_assert_eq(dcn_compile(&net.spec, NULL, &k, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_verify(k, 1, 2, &r, &err), 0, "%s", err.text);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.cases, 4, "a, b with its sum, c, and all of it: %d", r.cases);
    cr_expect(r.worst > 0 && r.worst < 1, "%g", r.worst);
    dcn_kernel_free(k);
    nets_close(&net);
}

/* a, b, c and their gradients, and the whole. */
Test(network, gradients_of_large_ones_are_walked)
{
    dcn_kernel *k;
    dcn_report r;
    dcn_error err;
    snprintf(text, sizeof text, "%sreturn network { outputs = c, gradient = true }", large);
    nets_open(&net, text);
    cr_assert_eq(dcn_compile(&net.spec, NULL, &k, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_verify(k, 1, 2, &r, &err), 0, "%s", err.text);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.cases, 7, "%d", r.cases);
    cr_expect(r.worst > 0 && r.worst < 1, "%g", r.worst);
    dcn_kernel_free(k);
    nets_close(&net);
}

/* ---- numbers that are none ------------------------------------------------------------------- */

/* Verifies the network of a text whose parameters all are `value`. */
static dcn_report with_parameters(const char *spec, float value)
{
    dcn_report r;
    dcn_error err;
    dcn_kernel *k;
    const void *tensor[8] = { NULL };
    nets_open(&net, spec);
    float *parameters = malloc((size_t)net.net->parameters * sizeof *parameters);
    for (int64_t i = 0; i < net.net->parameters; i++)
        parameters[i] = value;
    tensor[net_parameters_at(net.net)] = parameters;
    const dcn_verify_options opt = { .tensor = tensor };
    cr_assert_eq(dcn_compile(&net.spec, NULL, &k, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_verify_with(k, &opt, &r, &err), 0, "%s", err.text);
    dcn_kernel_free(k);
    free(parameters);
    nets_close(&net);
    return r;
}

static const char two_layers[] =
    "local x = input { name = 'image', channels = 3, height = 4, width = 5 }\n"
    "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1 }\n"
    "local y = conv2d { a, name = 'b', out_channels = 2, kernel_size = 1 }\n"
    "return network { outputs = y }\n";

Test(network, numbers_too_large_for_the_dtype_are_left_out_with_a_word)
{
    dcn_report r = with_parameters(two_layers, 1e30F);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.checked, 0);
    cr_expect_str_eq(r.what,
                     "given tensors: not compared: numbers of b are too large for sums in f32");
    r = with_parameters(two_layers, 1e12F);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.checked, 2 * 4 * 5);
    cr_expect_str_eq(r.what, "");
}

Test(network, what_is_no_number_must_be_none)
{
    dcn_report r = with_parameters(two_layers, NAN);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.checked, 2 * 4 * 5);
}
