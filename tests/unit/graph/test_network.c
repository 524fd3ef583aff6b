/* test_network.c: what becomes of layers on their way into a network: order, epilogues, parameters, text.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/build.h"
#include "runtime/spec/gradient.h"
#include "tests/support/nets.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE "local x = input { name = 'x', channels = 4, height = 6, width = 5 }\n"

/* The layers as "name(operand operand): activation", in order. */
static void expect_layers(const char *text, const char *want)
{
    Net net;
    char got[2048] = "";
    size_t used = 0;
    nets_open(&net, text);
    for (int i = 0; i < net.net->nlayers; i++) {
        const net_layer *l = &net.net->layer[i];
        const rt_activation a = l->spec ? rt_activation_of(l->spec) : l->activation;
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%s(", i ? " " : "", l->name);
        for (int k = 0; k < l->nargs; k++)
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%s", k ? " " : "",
                                     l->arg[k].operand);
        used += (size_t)snprintf(got + used, sizeof got - used, ")%s%s", a.kind ? ":" : "",
                                 a.kind ? dcn_activation_name(a.kind) : "");
    }
    cr_expect_str_eq(got, want, "%s\n got %s\nwant %s", text, got, want);
    nets_close(&net);
}

/* ---- epilogues ------------------------------------------------------------------------------- */

Test(network, what_follows_an_operator_is_its_epilogue)
{
    expect_layers(nets_text(0),
                  "a(input weight bias):silu b(input weight scale shift residual):gelu");
    expect_layers(IMAGE "return network { outputs = activation { conv2d { x, name = 'c',\n"
                        "out_channels = 4, kernel_size = 1 }, 'tanh' } }",
                  "c(input weight):tanh");
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1 }\n"
                        "local b = conv2d { x, name = 'b', out_channels = 4, kernel_size = 1 }\n"
                        "return network { outputs = add { a, b, activation = 'relu' } }",
                  "b(input weight) a(input weight residual):relu");
    expect_layers(IMAGE "return network { outputs = activation { add { x, mul { x, scale = 2 } },\n"
                        "'relu' } }",
                  "mul_1(a) add_1(a b):relu");
}

/* What others read stays; an order of act, scale, residual is not that of an epilogue. */
Test(network, what_does_not_fit_stays_a_layer)
{
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1 }\n"
                        "return network { outputs = { y = activation { a, 'relu' }, a = a } }",
                  "a(input weight) activation_1(a):relu");
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1,\n"
                        "activation = 'relu' }\n"
                        "return network { outputs = add { a, x } }",
                  "a(input weight):relu add_1(a b)");
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1,\n"
                        "residual = x }\n"
                        "return network { outputs = mul { a, name = 'g' } }",
                  "a(input weight residual) g(a weight)");
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1 }\n"
                        "return network { outputs = mul { a, scale = 2 } }",
                  "a(input weight) mul_1(a)");
    expect_layers(IMAGE "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1 }\n"
                        "return network { outputs = add { a, avg_pool2d { x, output_size = 1 } } }",
                  "a(input weight) avg_pool2d_1(a) add_1(a b)");
    expect_layers(IMAGE "return network { outputs = add { max_pool2d { x, kernel_size = 1 }, x } }",
                  "max_pool2d_1(a) add_1(a b)");
}

/* A network has what leads to its outputs, and nothing else of its graph. */
Test(network, only_what_is_needed_is_there)
{
    Net net;
    nets_open(&net, IMAGE "local z = input { name = 'z', channels = 1, height = 1, width = 1 }\n"
                          "local a = conv2d { x, out_channels = 2, kernel_size = 1 }\n"
                          "local b = conv2d { a, out_channels = 2, kernel_size = 1 }\n"
                          "local c = conv2d { add { z, z }, out_channels = 2, kernel_size = 1 }\n"
                          "return network { outputs = a }");
    cr_expect_eq(net.net->ninputs, 1);
    cr_expect_eq(net.net->nlayers, 1);
    cr_expect_eq(net.net->nvalues, 2);
    cr_expect_str_eq(net.net->param[0].name, "conv2d_1.weight");
    nets_close(&net);
}

/* ---- parameters ------------------------------------------------------------------------------ */

Test(network, parameters_have_names_and_shapes_of_a_state_dict)
{
    static const struct {
        const char *name;
        int rank;
        int64_t dims[4], at;
    } want[] = { { "dcn.dw_conv_0_weight", 4, { 8, 1, 3, 3 }, 0 },
                 { "dcn.dw_conv_0_bias", 1, { 8 }, 72 },
                 { "dcn.offset_weight", 2, { 36, 8 }, 96 },
                 { "gamma1.weight", 1, { 8 }, 0 },
                 { "fc1.weight", 2, { 6, 8 }, 0 },
                 { "fc1.bias", 1, { 6 }, 0 },
                 { "fc2.weight", 2, { 8, 6 }, 0 },
                 { "gamma2.weight", 1, { 8 }, 0 } };
    Net net;
    nets_open(&net, nets_text(4));
    const dcn_network *n = net.net;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const int at = nets_param(&net, want[i].name);
        cr_assert_geq(at, 0, "%s", want[i].name);
        cr_expect_eq(n->param[at].rank, want[i].rank, "%s", want[i].name);
        for (int d = 0; d < want[i].rank; d++)
            cr_expect_eq(n->param[at].dims[d], want[i].dims[d], "%s", want[i].name);
        cr_expect(want[i].at == 0 || n->param[at].at == want[i].at, "%s", want[i].name);
    }
    int64_t at = 0;
    for (int i = 0; i < n->nparams; at += n->param[i++].count)
        cr_expect_eq(n->param[i].at, at, "%s", n->param[i].name);
    cr_expect_eq(n->parameters, at);
    nets_close(&net);
}

/* The shift beside a scale that was a product is zeros, which nobody has to give. */
Test(network, zeros_are_no_parameters)
{
    Net net;
    nets_open(&net, nets_text(0));
    const dcn_network *n = net.net;
    cr_assert_eq(n->nzeros, 1);
    cr_expect_str_eq(n->param[n->nparams].name, "");
    cr_expect_eq(n->param[n->nparams].count, 4);
    cr_expect_eq(n->parameters, 4 * 4 * 9 + 4 + 4 * 4 + 4);
    nets_close(&net);
}

/* ---- operands -------------------------------------------------------------------------------- */

static void expect_operands(const dcn_spec *s, const char *want)
{
    static const char *const roles[] = { [DCN_IN] = "", [DCN_WEIGHT] = "w", [DCN_OUT] = "o" };
    dcn_tensor t[RT_NUM_OPERANDS];
    char got[1024] = "";
    size_t used = 0;
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n; i++) {
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%s%s", i ? " " : "", t[i].name,
                                 roles[t[i].role]);
        for (int d = 0; d < t[i].rank; d++)
            used += (size_t)snprintf(got + used, sizeof got - used, ":%d", (int)t[i].dims[d]);
    }
    cr_expect_str_eq(got, want, "\n got %s\nwant %s", got, want);
}

Test(network, operands_are_few)
{
    Net net;
    nets_open(&net, nets_text(1));
    expect_operands(&net.spec, "image:2:6:7:3 parametersw:897 mapo:2:4:6:7 scoreso:2:5");
    dcn_spec s = net.spec;
    s.gradient = DCN_GRADIENT_ALL;
    expect_operands(&s, "image:2:6:7:3 parametersw:897 grad_map:2:4:6:7 grad_scores:2:5 "
                        "grad_imageo:2:6:7:3 grad_parameterso:897");
    nets_close(&net);
}

/* Boxes have no gradient, and what is asked for by name is what is computed. */
Test(network, gradients_are_asked_for_by_name)
{
    static const char *const image[] = { "image" }, *const boxes[] = { "boxes" },
                             *const weights[] = { "o.weight", "f.weight" },
                             *const wrong[] = { "o.weigth" };
    Net net;
    dcn_error err;
    dcn_network *got;
    uint64_t set;
    nets_open(&net, nets_text(3));
    cr_expect_eq(net_differentiable(net.net), 1 | 4);
    cr_assert_eq(net_want_gradients(net.net, image, 1, &got, &set, &err), 0);
    cr_expect_eq(set, 1);
    cr_expect_eq(got->grad_parameters, 0);
    net_release(got);
    cr_assert_eq(net_want_gradients(net.net, weights, 2, &got, &set, &err), 0);
    cr_expect_eq(set, 4);
    cr_expect_eq(got->grad_parameters, 8 * 8 + 2 * 8);
    net_release(got);
    cr_expect_eq(net_want_gradients(net.net, boxes, 1, &got, &set, &err), -1);
    cr_expect_str_eq(err.text, "'gradient': 'boxes' is read as rois only, which have none");
    cr_expect_eq(net_want_gradients(net.net, wrong, 1, &got, &set, &err), -1);
    cr_expect_str_eq(err.text,
                     "'gradient': the network has no 'o.weigth' (did you mean 'o.weight'?)");
    nets_close(&net);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void expect_same_params(const dcn_network *a, const dcn_network *b)
{
    cr_assert_eq(a->nparams, b->nparams);
    for (int i = 0; i < a->nparams; i++) {
        cr_expect_str_eq(a->param[i].name, b->param[i].name);
        cr_expect_eq(a->param[i].at, b->param[i].at);
        cr_expect_eq(a->param[i].wanted, b->param[i].wanted);
    }
}

Test(network, text_makes_the_same_network)
{
    for (int i = 0; i < nets_count(); i++) {
        Net first, again;
        nets_open(&first, nets_text(i));
        char *text = net_print(&first.spec);
        nets_open(&again, text);
        char *twice = net_print(&again.spec);
        cr_expect_str_eq(twice, text);
        cr_expect_eq(first.net->nlayers, again.net->nlayers);
        expect_same_params(first.net, again.net);
        char a[DCN_SPEC_TEXT_MAX], b[DCN_SPEC_TEXT_MAX];
        dcn_spec_print(&first.spec, a, sizeof a);
        dcn_spec_print(&again.spec, b, sizeof b);
        cr_expect_str_eq(a, b);
        free(text);
        free(twice);
        nets_close(&first);
        nets_close(&again);
    }
}

/* The short form of two networks differs where a layer does, and not by their names. */
Test(network, short_form_tells_networks_apart)
{
    static const char *const texts[] = {
        IMAGE
        "return network { name = 'n', outputs = conv2d { x, out_channels = 2, kernel_size = 1 } }",
        IMAGE
        "return network { name = 'n', outputs = conv2d { x, out_channels = 2, kernel_size = 1,\n"
        "activation = 'clip', activation_max = 5 } }",
        IMAGE "return network { name = 'n', outputs = max_pool2d { x, kernel_size = 2 } }",
        IMAGE
        "return network { name = 'n', outputs = max_pool2d { x, kernel_size = 2, stride = 1 } }",
        IMAGE "return network { name = 'n', layout = 'nhwc', outputs = max_pool2d { x, kernel_size "
              "= 2 } }",
    };
    enum { N = sizeof texts / sizeof *texts };
    char print[N][DCN_SPEC_TEXT_MAX];
    for (int i = 0; i < N; i++) {
        Net net;
        nets_open(&net, texts[i]);
        dcn_spec_print(&net.spec, print[i], sizeof print[i]);
        for (int k = 0; k < i; k++)
            cr_expect_str_neq(print[i], print[k], "%d and %d", i, k);
        nets_close(&net);
    }
}

/* ---- who holds it ---------------------------------------------------------------------------- */

Test(network, copies_share_nothing)
{
    Net net;
    nets_open(&net, nets_text(4));
    dcn_network *copy = net_copy(net.net), *held = net_hold(copy);
    char *before = net_print(&net.spec);
    nets_close(&net);
    net_release(copy);
    dcn_spec s = { .op = DCN_OP_NETWORK };
    dcn_spec_init(&s, DCN_OP_NETWORK);
    strcpy(s.name, "stage");
    s.dtype = held->dtype;
    s.network = held;
    cr_expect_eq(dcn_spec_check(&s, NULL), 0);
    char *after = net_print(&s);
    cr_expect_str_eq(after, before);
    free(before);
    free(after);
    net_release(held);
    net_release(NULL);
}

/* A spec of a network that has none is an error, and nothing asks what is not there. */
Test(network, specs_without_a_network_are_refused)
{
    dcn_spec s, conv;
    dcn_error err;
    char text[256];
    dcn_spec_init(&s, DCN_OP_NETWORK);
    cr_expect_eq(dcn_spec_check(&s, &err), -1);
    cr_expect_str_eq(err.text, "'network' has no network: the spec language makes one");
    cr_expect_eq(dcn_spec_tensors(&s, NULL, 0), 0);
    cr_expect_eq(dcn_spec_flops(&s), 0);
    cr_expect_eq(dcn_spec_want_gradient(&s, "input", &err), -1);
    cr_expect_gt(dcn_spec_print(&s, text, sizeof text), 0);
    Net net;
    nets_open(&net, nets_text(0));
    dcn_spec_init(&conv, DCN_OP_CONV2D);
    conv.network = net.net;
    cr_expect_eq(dcn_spec_check(&conv, &err), -1);
    cr_expect_str_eq(err.text, "conv2d has a network, which only a network has");
    nets_close(&net);
}
