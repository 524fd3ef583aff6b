/* test_weights.c: parameters of a network are found by name in either format, and what is missing, left over
** or misshaped is listed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/weights.h"
#include "tests/unit/weights/files.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "weights-XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void leave(void)
{
    unlink("w");
    cr_assert_eq(chdir(".."), 0);
    cr_expect_eq(rmdir(dir), 0, "files are left over");
}

TestSuite(weights, .init = enter, .fini = leave);

/* ---- a network of which only the names and shapes matter ----------------------------------------------- */

enum { NLAYERS = 4, MOST_PARAMS = 64 };

typedef struct TestNet {
    dcn_network net;
    net_layer layer[NLAYERS];
    net_param param[MOST_PARAMS];
} TestNet;

static void add(TestNet *t, int layer, const char *tensor, int rank, ...)
{
    net_param *p = &t->param[t->net.nparams++];
    va_list dims;
    va_start(dims, rank);
    *p = (net_param){ .layer = layer, .rank = rank, .at = t->net.parameters, .count = 1 };
    strcat(strcat(strcpy(p->name, t->layer[layer].name), "."), tensor);
    for (int i = 0; i < rank; i++)
        p->count *= p->dims[i] = va_arg(dims, int);
    t->net.parameters += p->count;
    va_end(dims);
}

static void init(TestNet *t, dcn_dtype dtype)
{
    static const char *const names[NLAYERS] = { "stem", "s.0.dcn", "s.0", "head" };
    memset(t, 0, sizeof *t);
    t->net =
        (dcn_network){ .dtype = dtype, .nlayers = NLAYERS, .layer = t->layer, .param = t->param };
    for (int i = 0; i < NLAYERS; i++)
        snprintf(t->layer[i].name, sizeof t->layer[i].name, "%s", names[i]);
}

static void init_small(TestNet *t, dcn_dtype dtype)
{
    init(t, dtype);
    add(t, 0, "weight", 2, 2, 1);
    add(t, 1, "dw_conv_0_weight", 4, 1, 1, 1, 2);
    add(t, 3, "bias", 1, 1);
}

static void expect_read(const TestNet *t, const FileBytes bytes, const double *want)
{
    rt_tensor_file *f = file_open(bytes);
    void *got = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(net_weights_from(&t->net, "x", f, &got, &err), 0, "%s", err.text);
    for (int64_t i = 0; i < t->net.parameters; i++) {
        const double v = t->net.dtype == DCN_F64 ? ((double *)got)[i] : (double)((float *)got)[i];
        cr_expect(v == want[i] || (isnan(v) && isnan(want[i])), "%d: %g, not %g", (int)i, v,
                  want[i]);
    }
    free(got);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

static void refuse(const TestNet *t, const FileBytes bytes, const char *message)
{
    rt_tensor_file *f = file_open(bytes);
    void *got = NULL;
    dcn_error err = { .text = "" };
    cr_expect_eq(net_weights_from(&t->net, "x", f, &got, &err), -1, "accepted: %s", message);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

/* ---- read -------------------------------------------------------------------------------------------- */

/* Its bytes are 0, 1, 2, ...; a double of them would be no number that one remembers. */
#define U8(NAME, SHAPE, FROM, TO)                                                                  \
    "\"" NAME "\":{\"dtype\":\"U8\",\"shape\":" SHAPE ",\"data_offsets\":[" #FROM "," #TO "]}"

Test(weights, parameters_are_found_by_name)
{
    static const char header[] = "{" U8("head.bias", "[1]", 0, 1) "," U8(
        "stem.weight", "[2,1]", 1, 3) "," U8("s.0.dcn.dw_conv.0.weight", "[1,1,1,2]", 3, 5) "}";
    const double want[] = { 1, 2, 3, 4, 0 };
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++) {
        TestNet t;
        init_small(&t, (dcn_dtype)dtype);
        expect_read(&t, file_safetensors(header, 5), want);
    }
}

Test(weights, an_archive_is_read_too)
{
    TestNet t;
    static const float a[] = { 7, NAN }, b[] = { INFINITY, -0.5f }, c[] = { 9 };
    const double want[] = { 7, (double)NAN, (double)INFINITY, -0.5, 9 };
    const FileEntry e[] = {
        { .name = "stem.weight.npy", .rank = 2, .dims = { 2, 1 }, .data = a },
        { .name = "s.0.dcn.dw.conv_0.weight.npy", .rank = 4, .dims = { 1, 1, 1, 2 }, .data = b },
        { .name = "head.bias.npy", .rank = 1, .dims = { 1 }, .data = c },
    };
    init_small(&t, DCN_F32);
    expect_read(&t, file_npz(e, 3), want);
}

/* Both "s.0.dcn" and "s.0" are layers. */
Test(weights, a_name_to_the_letter_comes_before_one_that_is_alike)
{
    TestNet t;
    const double want[] = { 1, 0, 2 };
    init(&t, DCN_F32);
    add(&t, 1, "weight", 1, 1);
    add(&t, 2, "dcn_weight", 1, 1);
    add(&t, 2, "a_b", 1, 1);
    expect_read(
        &t,
        file_safetensors("{" U8("s.0.dcn_weight", "[1]", 0, 1) "," U8(
                             "s.0.dcn.weight", "[1]", 1, 2) "," U8("s.0.a.b", "[1]", 2, 3) "}",
                         3),
        want);
}

Test(weights, a_matrix_and_a_kernel_of_one_tap_are_one_anothers)
{
    TestNet t;
    const double want[] = { 0, 1, 2, 3 };
    init(&t, DCN_F32);
    add(&t, 0, "weight", 2, 2, 1);
    add(&t, 3, "weight", 4, 1, 2, 1, 1);
    expect_read(
        &t,
        file_safetensors(
            "{" U8("stem.weight", "[2,1,1,1]", 0, 2) "," U8("head.weight", "[1,2]", 2, 4) "}", 4),
        want);
}

Test(weights, nothing_is_read_where_there_is_nothing)
{
    TestNet t;
    init(&t, DCN_F32);
    expect_read(&t, file_safetensors("{}", 0), NULL);
}

/* ---- refused ------------------------------------------------------------------------------------------ */

Test(weights, missing_and_left_over_names_and_shapes_are_listed)
{
    TestNet t;
    init_small(&t, DCN_F32);
    refuse(&t, file_safetensors("{}", 0),
           "x: missing: stem.weight, s.0.dcn.dw_conv_0_weight, head.bias");
    refuse(&t,
           file_safetensors(
               "{" U8("stem.weight", "[3]", 0, 3) "," U8("Head.bias", "[1]", 3, 4) "," U8(
                   "s_0.dcn.dw_conv_0_weight", "[1]", 4, 5) "," U8("head.bias", "[1,1]", 5, 6) "}",
               6),
           "x: missing: s.0.dcn.dw_conv_0_weight; not in the network: Head.bias, "
           "s_0.dcn.dw_conv_0_weight; "
           "stem.weight is [3], but must be [2,1], head.bias is [1,1], but must be [1]");
}

Test(weights, a_shape_is_that_of_pytorch_and_no_other)
{
    TestNet t;
    init(&t, DCN_F32);
    add(&t, 0, "weight", 4, 2, 3, 1, 1);
    refuse(&t, file_safetensors("{" U8("stem.weight", "[3,2]", 0, 6) "}", 6),
           "x: stem.weight is [3,2], but must be [2,3,1,1]");
    refuse(&t, file_safetensors("{" U8("stem.weight", "[2,3,1]", 0, 6) "}", 6),
           "x: stem.weight is [2,3,1], but must be [2,3,1,1]");
    refuse(&t, file_safetensors("{" U8("stem.weight", "[2,3,1,2]", 0, 12) "}", 12),
           "x: stem.weight is [2,3,1,2], but must be [2,3,1,1]");
}

Test(weights, two_names_of_one_parameter_are_refused)
{
    TestNet t;
    init(&t, DCN_F32);
    add(&t, 0, "a_weight", 1, 1);
    refuse(&t,
           file_safetensors(
               "{" U8("stem.a_weight", "[1]", 0, 1) "," U8("stem.a.weight", "[1]", 1, 2) "}", 2),
           "x: 'stem.a_weight' and 'stem.a.weight' are the same parameter");
}

Test(weights, no_more_than_eight_names_are_listed)
{
    TestNet t;
    init(&t, DCN_F32);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        add(&t, 0, name, 1, 1);
    }
    refuse(&t, file_safetensors("{}", 0),
           "x: missing: stem.w0, stem.w1, stem.w2, stem.w3, stem.w4, stem.w5, stem.w6, stem.w7 and "
           "12 more");
}

/* The number of those that are not listed is never cut off. */
Test(weights, long_names_are_counted)
{
    TestNet t;
    char name[60], header[4096] = "{", *at = header + 1;
    memset(name, 'n', sizeof name);
    init(&t, DCN_F32);
    for (int i = 0; i < 20; i++) {
        snprintf(name + 50, sizeof name - 50, "%d", i);
        add(&t, 0, name, 1, 1);
        at += sprintf(at, "%s\"left.%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
                      i ? "," : "", name);
    }
    strcpy(at, "}");
    rt_tensor_file *f;
    const FileBytes bytes = file_safetensors(header, 0);
    f = file_open(bytes);
    void *out;
    dcn_error err;
    cr_assert_eq(net_weights_from(&t.net, "x", f, &out, &err), -1);
    cr_expect(strstr(err.text, " and 16 more; not in the network: left.") &&
                  !strcmp(err.text + strlen(err.text) - 12, " and 16 more"),
              "%s", err.text);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

Test(weights, a_broken_tensor_of_an_archive_is_named)
{
    TestNet t;
    const FileEntry e = { .name = "stem.w.npy", .raw = "junk", .raw_size = 4 };
    init(&t, DCN_F32);
    add(&t, 0, "w", 1, 1);
    refuse(&t, file_npz(&e, 1),
           "x: tensor 'stem.w': not an npy file: it does not begin with \\x93NUMPY");
}

/* ---- written ------------------------------------------------------------------------------------------ */

Test(weights, what_is_written_is_read_again)
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++) {
        TestNet t;
        void *got;
        const double d[] = { 1, -2, 3e-40, 4, INFINITY };
        const float s[] = { 1, -2, 3e-40f, 4, INFINITY };
        const void *parameters = dtype == DCN_F64 ? (const void *)d : s;
        init_small(&t, (dcn_dtype)dtype);
        cr_assert_eq(net_weights_write(&t.net, "w", parameters, NULL), 0);
        cr_assert_eq(net_weights_read(&t.net, "w", &got, NULL), 0);
        cr_expect(!memcmp(got, parameters, 5 * dcn_dtype_bytes((dcn_dtype)dtype)));
        free(got);
    }
}
