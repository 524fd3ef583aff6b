/* test_build.c: the graph refuses what does not fit, with the layer's name and both shapes.
**
** Here are the messages that the spec language does not reach, because it checks before; the others are
** in tests/unit/dsl.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/build.h"

#include <criterion/criterion.h>
#include <string.h>

static net_graph *g;
static int small, large, single, other;

static int add_input(const char *name, net_shape shape, dcn_dtype dtype)
{
    net_value v = { .shape = shape, .dtype = dtype, .rank = 4 };
    int value;
    strcpy(v.name, name);
    cr_assert_eq(net_graph_input(g, &v, &value, NULL), 0);
    return value;
}

static void open_graph(void)
{
    g = net_graph_new();
    small = add_input("small", (net_shape){ 1, 2, 3, 4 }, DCN_F32);
    large = add_input("large", (net_shape){ 1, 6, 6, 4 }, DCN_F32);
    single = add_input("single", (net_shape){ 1, 1, 1, 4 }, DCN_F32);
    other = add_input("other", (net_shape){ 1, 6, 6, 4 }, DCN_F64);
}

static void close_graph(void)
{
    net_graph_free(g);
}

static void expect_refused(const net_layer *l, const char *want)
{
    dcn_error err = { .text = "" };
    int value;
    cr_expect_eq(net_graph_layer(g, l, &value, &err), -1, "%s", want);
    cr_expect_str_eq(err.text, want, "\n got %s\nwant %s", err.text, want);
}

TestSuite(build, .init = open_graph, .fini = close_graph);

Test(build, shapes_that_do_not_fit)
{
    net_layer l = { .kind = NET_ADD, .name = "sum", .nargs = 2, .scale = 1 };
    l.arg[0] = (net_arg){ "a", small, -1 };
    l.arg[1] = (net_arg){ "b", large, -1 };
    expect_refused(&l, "sum: add of 1x4x2x3 and 1x4x6x6: the shapes do not fit");
    l.kind = NET_CONCAT;
    l.arg[1].operand = "a";
    expect_refused(&l, "sum: value 2 is 1x4x6x6, but value 1 is 1x4x2x3: they may differ in "
                       "channels only");
    l.kind = NET_SLICE;
    l.nargs = 1;
    l.from = 2, l.count = 3;
    expect_refused(&l, "sum: 3 channels from 2 on are not among the 4 that there are");
}

Test(build, arguments_that_a_layer_does_not_read)
{
    net_layer l = { .kind = NET_RESIZE, .nargs = 1, .size = { 0, 4 } };
    l.arg[0] = (net_arg){ "a", small, -1 };
    expect_refused(&l, "resize: 'size' = 0 is outside 1..1048576");
    l.arg[0].operand = "b";
    expect_refused(&l, "resize: resize reads no 'b'");
    l = (net_layer){ .kind = NET_ADD, .nargs = 1 };
    l.arg[0] = (net_arg){ "a", small, -1 };
    expect_refused(&l, "add: add takes two values, not 1");
    l = (net_layer){ .kind = NET_ADD, .nargs = 2 };
    l.arg[0] = (net_arg){ "a", large, -1 };
    l.arg[1] = (net_arg){ "b", other, -1 };
    expect_refused(&l, "add: one of its values is of dtype \"f32\", another of \"f64\"");
}

Test(build, windows_that_have_no_pixel)
{
    net_layer l = { .kind = NET_MAX_POOL, .name = "p", .nargs = 1 };
    l.arg[0] = (net_arg){ "a", small, -1 };
    l.pool = (net_pool){ { 3, 3 }, { 1, 1 }, { 0, 0, 0, 0 }, { 1, 1 }, false, false, false };
    expect_refused(&l, "p: 'kernel_size' = 3 does not fit into 2 rows with their padding");
    l.pool.kernel[0] = 2;
    l.pool.padding[0] = 2;
    expect_refused(&l, "p: 'padding' = 2 leaves a window of 'kernel_size' = 2 no rows");
    l.pool.padding[0] = 0;
    l.pool.stride[1] = 0;
    expect_refused(&l, "p: 'stride' = 0 is outside 1..1048576");
}

Test(build, operands_of_an_operator)
{
    dcn_spec s;
    net_layer l = { .kind = NET_OPERATOR, .name = "c", .spec = &s, .nargs = 1 };
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    s.out_channels = 2;
    s.kernel[0] = s.kernel[1] = 3;
    cr_assert_eq(net_graph_fit(g, large, -1, &s, NULL), 0);
    l.arg[0] = (net_arg){ "input", large, -1 };
    expect_refused(&l, "c: deform_conv2d needs 'offset', a value of 1x18x4x4");
    l.arg[l.nargs++] = (net_arg){ "offset", large, -1 };
    expect_refused(&l, "c: 'offset' is 1x4x6x6, but 1x18x4x4 is needed");
    l.arg[l.nargs++] = (net_arg){ "mask", large, -1 };
    expect_refused(&l, "c: 'mask' is no value that it reads; these are input, offset");
    l.arg[2].operand = "offset";
    expect_refused(&l, "c: 'offset' is given twice");
    s.groups = 3;
    expect_refused(&l, "c: 'groups' = 3 does not divide in_channels = 4");
    s.batch = DCN_DYNAMIC;
    expect_refused(&l, "c: a size is dynamic; those of a network are numbers");
    dcn_spec_init(&s, DCN_OP_NETWORK);
    expect_refused(&l, "c: a layer is no network");
}

/* Sums and products are the same in either order; a pool that rounds up starts no window behind the map. */
Test(build, shapes_follow)
{
    net_layer l = { .kind = NET_ADD, .nargs = 2, .scale = 1 };
    int value;
    l.arg[0] = (net_arg){ "a", single, -1 };
    l.arg[1] = (net_arg){ "b", large, -1 };
    cr_assert_eq(net_graph_layer(g, &l, &value, NULL), 0);
    cr_expect_eq(net_graph_value(g, value)->shape.h, 6);
    l = (net_layer){ .kind = NET_MAX_POOL, .nargs = 1 };
    l.arg[0] = (net_arg){ "a", large, -1 };
    l.pool = (net_pool){ { 1, 2 }, { 4, 5 }, { 0, 0, 0, 0 }, { 1, 1 }, true, false, false };
    cr_assert_eq(net_graph_layer(g, &l, &value, NULL), 0);
    cr_expect_eq(net_graph_value(g, value)->shape.h, 2);
    cr_expect_eq(net_graph_value(g, value)->shape.w, 2);
}

static void expect_no_network(net_output *out, int n, const char *want)
{
    dcn_error err = { .text = "" };
    dcn_network *net;
    cr_expect_eq(net_graph_network(g, out, n, &net, &err), -1, "%s", want);
    cr_expect_null(net);
    cr_expect_str_eq(err.text, want, "\n got %s\nwant %s", err.text, want);
}

Test(build, outputs_have_names_of_their_own)
{
    net_output out[NET_MAX_OPERANDS + 1] = { { large, "y", DCN_NCHW }, { small, "y", DCN_NCHW } };
    expect_no_network(out, 2, "two outputs are called 'y'");
    expect_no_network(out, 0, "a network has 1 to 20 outputs, not 0");
    expect_no_network(out, NET_MAX_OPERANDS + 1, "a network has 1 to 20 outputs, not 21");
    out[0].name = "large";
    expect_no_network(out, 1, "an input and an output are called 'large'");
    out[0].name = "int";
    expect_no_network(out, 1, "'name' = \"int\" is a keyword of C");
    out[0].name = "parameters";
    expect_no_network(out, 1, "an output cannot be called 'parameters', which means all of them");
    out[0].name = "height";
    expect_no_network(out, 1,
                      "an output cannot be called 'height', which the header has for itself");
    out[0].name = "class";
    expect_no_network(out, 1, "an output cannot be called 'class', a keyword of C++");
    out[0].name = "Large";
    expect_no_network(
        out, 1, "an input and an output are called 'large' and 'Large': the same in capitals");
    out[0].name = "Y";
    expect_no_network(out, 2, "two outputs are called 'Y' and 'y': the same in capitals");
    out[0].name = "grad_x";
    expect_no_network(out, 1, "an output cannot be called 'grad_x': so are gradients");
    out[0] = (net_output){ large, "y", DCN_NHWC };
    expect_no_network(out, 1, "output 'y' is 'large' in another layout");
    out[0] = (net_output){ large, "a", DCN_NCHW };
    out[1] = (net_output){ other, "b", DCN_NCHW };
    expect_no_network(out, 2,
                      "'dtype' of input 'other' is \"f64\", but that of 'large' is \"f32\"");
}
