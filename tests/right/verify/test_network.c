/* test_network.c: verify passes a right network, rounded as code rounds it, and finds planted mistakes.
**
** The kernel is the reference behind the binary interface of generated code: what every layer makes is
** rounded to f32, and there is one mistake.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "runtime/reference/network.h"
#include "tests/support/nets.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Net net;
static char text[4096];

/* What is wrong: a share that a parameter is off by, or an element of the last output. */
static const char *off_param;
static double off_share, off_output;

static void round_layer(void *self, const net_layer *layer, double *v, int64_t n)
{
    (void)self, (void)layer;
    for (int64_t i = 0; i < n; i++)
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

static void run(const void *args, int64_t phase, int64_t first, int64_t last, void *workspace,
                int64_t thread)
{
    (void)phase, (void)first, (void)last, (void)workspace, (void)thread;
    const ref_noise rounded = { round_layer, NULL };
    const rt_operands o = rt_operands_of(&net.spec);
    void *const *tensor = args;
    double *v[RT_NUM_OPERANDS];
    for (int i = 0; i < o.n; i++) {
        const int64_t n = rt_tensor_count(&o.tensor[i]);
        v[i] = calloc((size_t)n + 1, sizeof(double));
        rt_convert(v[i], RT_F64, tensor[i], RT_F32, n);
        if (o.tensor[i].role == DCN_WEIGHT)
            spoil_parameters(v[i]);
    }
    cr_assert_eq(ref_network(&net.spec, (const double *const *)v, &rounded, v), 0);
    v[o.n - 1][rt_tensor_count(&o.tensor[o.n - 1]) / 2] += off_output;
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role == DCN_OUT)
            rt_convert(tensor[i], RT_F32, v[i], RT_F64, rt_tensor_count(&o.tensor[i]));
        free(v[i]);
    }
}

static int64_t tasks(const void *args, int64_t phase)
{
    (void)args;
    return phase == 0 ? 1 : -1;
}

static int64_t workspace_bytes(int64_t batch, int64_t height, int64_t width, int64_t rois,
                               int64_t threads)
{
    (void)batch, (void)height, (void)width, (void)rois, (void)threads;
    return 0;
}

static int64_t packed_bytes(int64_t which)
{
    (void)which;
    return net.net->parameters * (int64_t)sizeof(float);
}

static void pack(int64_t which, const void *plain, void *packed)
{
    memcpy(packed, plain, (size_t)packed_bytes(which));
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
    const dcn_kernel k = { .spec = net.spec,
                           .entry = { run, tasks, workspace_bytes, pack, packed_bytes } };
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

static int64_t no_tasks(const void *args, int64_t phase)
{
    (void)args, (void)phase;
    return -1;
}

Test(network, gradients_of_large_ones_are_left_to_full)
{
    static const char want[] = "gradients of 'big' take ";
    dcn_report r;
    dcn_error err = { .text = "" };
    snprintf(text, sizeof text, "%sreturn network { name = 'big', outputs = c, gradient = true }",
             large);
    nets_open(&net, text);
    const dcn_kernel k = { .spec = net.spec,
                           .entry = { run, no_tasks, workspace_bytes, pack, packed_bytes } };
    cr_expect_eq(dcn_verify(&k, 1, 1, &r, &err), -1);
    cr_expect_eq(strncmp(err.text, want, strlen(want)), 0, "%s", err.text);
    nets_close(&net);
}
