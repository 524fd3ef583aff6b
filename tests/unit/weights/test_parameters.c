/* test_parameters.c: the public functions about parameters of a network.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>
#include <dcngen/network.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char network[] =
    "local x = input { name = 'x', channels = 2, height = 3, width = 4, dtype = 'f64' }\n"
    "local a = conv2d { x, name = 'a.b', out_channels = 3, kernel_size = 1, bias = true }\n"
    "local y = linear { mul { a, name = 'scale' }, name = 'head', out_features = 2 }\n"
    "return { network { name = 'net', outputs = { y = y } }, network { name = 'none', outputs = { "
    "z = add { x, x } } },\n"
    "  network { name = 'grad', outputs = { y = y }, gradient = { 'x', 'head.weight' } },\n"
    "  conv2d { name = 'conv', in_channels = 2, out_channels = 2, height = 3, width = 3, "
    "kernel_size = 1 } }\n";

static dcn_module *load(void)
{
    dcn_module *m = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_load_text(network, "net", NULL, 0, &m, &err), 0, "%s", err.text);
    return m;
}

static const struct {
    const char *name;
    int rank;
    int64_t dims[4], at, count;
} want[] = { { "a.b.weight", 4, { 3, 2, 1, 1 }, 0, 6 },
             { "a.b.bias", 1, { 3 }, 6, 3 },
             { "scale.weight", 1, { 3 }, 9, 3 },
             { "head.weight", 2, { 2, 3 }, 12, 6 } };
enum { NWANT = sizeof want / sizeof *want, TOTAL = 18 };

Test(parameters, are_listed_in_their_order)
{
    dcn_module *m = load();
    dcn_parameter p[NWANT + 1];
    cr_assert_eq(dcn_spec_parameters(dcn_module_spec(m, 0), NULL, 0), NWANT);
    cr_assert_eq(dcn_spec_parameters(dcn_module_spec(m, 0), p, NWANT + 1), NWANT);
    for (int i = 0; i < NWANT; i++) {
        cr_expect_str_eq(p[i].name, want[i].name);
        cr_expect(p[i].rank == want[i].rank && p[i].at == want[i].at &&
                      p[i].count == want[i].count && p[i].dtype == DCN_F64 && p[i].grad_at == -1,
                  "%s", want[i].name);
        cr_expect(!memcmp(p[i].dims, want[i].dims, (size_t)p[i].rank * sizeof *p[i].dims));
    }
    dcn_module_free(m);
}

/* The epilogue of a.b is the product's parameter, which keeps its name; a zero beside it has none. */
Test(parameters, gradients_have_places_of_their_own)
{
    dcn_module *m = load();
    dcn_parameter p[NWANT];
    cr_assert_eq(dcn_spec_parameters(dcn_module_spec(m, 2), p, NWANT), NWANT);
    cr_expect_eq(p[0].grad_at, -1);
    cr_expect_eq(p[NWANT - 1].grad_at, 0);
    dcn_module_free(m);
}

Test(parameters, what_is_written_is_read_again)
{
    dcn_module *m = load();
    double values[TOTAL];
    void *got = NULL;
    char path[] = "parameters-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    for (int i = 0; i < TOTAL; i++)
        values[i] = 0.1 * i;
    cr_assert_eq(dcn_write_parameters(dcn_module_spec(m, 0), path, values, NULL), 0);
    cr_assert_eq(dcn_read_parameters(dcn_module_spec(m, 0), path, &got, NULL), 0);
    cr_expect(!memcmp(got, values, sizeof values));
    free(got);
    close(fd);
    unlink(path);
    dcn_module_free(m);
}

static void refuse(const dcn_spec *s, const char *message)
{
    void *got = NULL;
    dcn_error err = { .text = "" };
    cr_expect_eq(dcn_read_parameters(s, "no/such", &got, &err), -1);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
}

Test(parameters, belong_to_networks)
{
    dcn_module *m = load();
    dcn_error err;
    cr_expect_eq(dcn_spec_parameters(dcn_module_spec(m, 1), NULL, 0), 0);
    cr_expect_eq(dcn_spec_parameters(dcn_module_spec(m, 3), NULL, 0), 0);
    refuse(dcn_module_spec(m, 0), "cannot read no/such: No such file or directory");
    refuse(dcn_module_spec(m, 3),
           "kernel 'conv' is a conv2d: only a network has parameters that a file names");
    cr_expect_eq(dcn_write_parameters(dcn_module_spec(m, 3), "no/such", "", &err), -1);
    dcn_module_free(m);
}

/* Only a network can have them as constants. */
Test(parameters, of_a_kernel_are_no_constants)
{
    dcn_module *m = load();
    const dcn_options opt = { .parameters = "" };
    dcn_kernel *k = NULL;
    void *bytes = NULL;
    size_t size;
    dcn_error err = { .text = "" };
    cr_expect_eq(dcn_compile(dcn_module_spec(m, 3), &opt, &k, &err), -1);
    cr_expect_str_eq(err.text, "kernel 'conv' has no parameters that could be constants");
    cr_expect_eq(dcn_emit(dcn_module_spec(m, 1), &opt, DCN_EMIT_OBJ, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text, "kernel 'none' has no parameters that could be constants");
    cr_expect_eq(dcn_emit(dcn_module_spec(m, 2), &opt, DCN_EMIT_OBJ, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text,
                     "kernel 'grad' computes gradients: its parameters cannot be constants");
    dcn_module_free(m);
}
