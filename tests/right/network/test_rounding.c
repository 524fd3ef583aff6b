/* test_rounding.c: what verify allows a network whose code rounds more than the products of its sums.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#include <criterion/criterion.h>

static void expect_right(const char *spec)
{
    dcn_module *m;
    dcn_kernel *k;
    dcn_report r;
    dcn_error err;
    cr_assert_eq(dcn_load_text(spec, "spec", NULL, 0, &m, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
    for (uint64_t seed = 0; seed < 4; seed++) {
        cr_assert_eq(dcn_verify(k, seed, 1, &r, &err), 0, "%s", err.text);
        cr_expect_eq(r.failures, 0, "%s", r.what);
    }
    dcn_kernel_free(k);
    dcn_module_free(m);
}

/* Two products in a sum, and places of up to 40 pixels. */
Test(network_rounding, places_are_rounded)
{
    expect_right("local x = input { name = 'image', channels = 2, height = 40, width = 40 }\n"
                 "local y = dcnv4_module { x, groups = 2, without_pointwise = true,\n"
                 "                         dw_kernel_size = 1 }\n"
                 "return network { name = 'places', outputs = { y = y } }\n");
}

/* Through the softmax of one number nothing comes back; code has products that cancel. */
Test(network_rounding, sums_are_0_in_the_end)
{
    expect_right(
        "local x = input { name = 'image', channels = 3, height = 5, width = 11 }\n"
        "local o = input { name = 'offset', channels = 6, height = 5, width = 11 }\n"
        "local m = input { name = 'mask', channels = 3, height = 5, width = 11 }\n"
        "local y = dcnv3 { x, kernel_size = 1, padding = 0, groups = 3, offset = o, mask = m }\n"
        "return network { name = 'nothing', outputs = { y = y }, gradient = { 'mask' } }\n");
}

/* 40000 products, many of them of one sign, one after another. */
Test(network_rounding, gradients_of_parameters_are_long_sums)
{
    expect_right(
        "local x = input { name = 'image', channels = 3, height = 200, width = 200 }\n"
        "local s = mul { activation { x, 'relu' }, name = 'w' }\n"
        "local m = resize { avg_pool2d { s, output_size = 1 }, size = 200 }\n"
        "local a = conv2d { m, out_channels = 3, kernel_size = 1 }\n"
        "local n = layer_norm { activation { a, 'sigmoid' } }\n"
        "local y = avg_pool2d { mul { n, s }, output_size = 1 }\n"
        "return network { name = 'sums', outputs = { y = y }, gradient = { 'parameters' } }\n");
}

/* Where both channels are nearly equal, a norm makes of their rounding three hundred times as much. */
Test(network_rounding, norms_of_two_channels)
{
    expect_right("local x = input { name = 'image', channels = 3, height = 64, width = 64 }\n"
                 "local a = conv2d { x, out_channels = 2, kernel_size = 3, padding = 1 }\n"
                 "return network { name = 'norm', outputs = { y = layer_norm { a } } }\n");
    expect_right("local x = input { name = 'image', channels = 2, height = 64, width = 64 }\n"
                 "local y = conv2d { layer_norm { x }, out_channels = 2, kernel_size = 1 }\n"
                 "return network { name = 'norm', outputs = y, gradient = true }\n");
}

/* Whether relu has a slope, and which pixel is the largest, is for rounding to say where two are nearly equal. */
Test(network_rounding, slopes_that_jump)
{
    expect_right("local x = input { name = 'image', channels = 16, height = 64, width = 64 }\n"
                 "local a = conv2d { x, out_channels = 32, kernel_size = 3, padding = 1,\n"
                 "                   activation = 'relu' }\n"
                 "local b = max_pool2d { a, kernel_size = 3, stride = 2 }\n"
                 "local y = conv2d { b, out_channels = 32, kernel_size = 1, activation = 'relu' }\n"
                 "return network { name = 'jumps', outputs = y, gradient = true }\n");
}

/* A mean of 40000 numbers of one sign. */
Test(network_rounding, means_are_long_sums)
{
    expect_right("local x = input { name = 'image', channels = 5, height = 200, width = 200 }\n"
                 "local a = activation { x, 'sigmoid' }\n"
                 "local y = linear { avg_pool2d { a, output_size = 1 }, out_features = 3 }\n"
                 "return network { name = 'mean', outputs = y }\n");
}
