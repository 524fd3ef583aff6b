/* test_npy.c: npy files that must be read exactly, and files that must be refused in one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/npy.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A version 1.0 file from its header text and data; the result is static. */
static const char *file_of(const char *header, const void *data, size_t data_bytes, size_t *size)
{
    static char bytes[4096];
    size_t length = strlen(header);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (char)(length & 255);
    bytes[9] = (char)(length >> 8);
    memcpy(bytes + 10, header, length);
    memcpy(bytes + 10 + length, data, data_bytes);
    *size = 10 + length + data_bytes;
    return bytes;
}

static void refuse_bytes(const char *bytes, size_t size, const char *message)
{
    rt_array a;
    dcn_error err;
    char *exact = malloc(size + 1); /* so that a read past the end is seen */
    memcpy(exact, bytes, size);
    exact = realloc(exact, size ? size : 1);
    cr_expect_eq(rt_npy_parse("x.npy", exact, size, &a, &err), -1, "accepted: %s", message);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    free(exact);
}

static void refuse_header(const char *header, size_t data_bytes, const char *message)
{
    static const char zeros[256];
    size_t size;
    const char *bytes = file_of(header, zeros, data_bytes, &size);
    refuse_bytes(bytes, size, message);
}

static rt_array read_ok(const char *header, const void *data, size_t data_bytes)
{
    rt_array a = { 0 };
    dcn_error err = { 0 };
    size_t size;
    const char *bytes = file_of(header, data, data_bytes, &size);
    cr_assert_eq(rt_npy_parse("x.npy", bytes, size, &a, &err), 0, "%s", err.text);
    return a;
}

/* ---- refused -------------------------------------------------------------- */

#define ALL "f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1"

Test(npy, header_errors_are_exact)
{
    static const struct {
        const char *header;
        size_t data;
        const char *message;
    } rows[] = {
        { "", 0, "x.npy: npy header, byte 0: '{' expected" },
        { "{", 0, "x.npy: npy header, byte 1: a quoted string expected" },
        { "{'descr", 0, "x.npy: npy header, byte 1: a short quoted string expected" },
        { "{'descr'}", 0, "x.npy: npy header, byte 8: ':' expected" },
        { "{'descr': 5}", 0, "x.npy: npy header, byte 10: a quoted string expected" },
        { "{'descr': '<u3'}", 0, "x.npy: dtype '<u3' is not one of " ALL },
        { "{'descr': '|i2'}", 0, "x.npy: dtype '|i2' is not one of " ALL },
        { "{'descr': 'i1'}", 0, "x.npy: dtype 'i1' is not one of " ALL },
        { "{'descr': '|b2'}", 0, "x.npy: dtype '|b2' is not one of " ALL },
        { "{'descr': '<c8'}", 0, "x.npy: dtype '<c8' is not one of " ALL },
        { "{'descr': '|f4'}", 0, "x.npy: dtype '|f4' is not one of " ALL },
        { "{'descr': '<f40'}", 0, "x.npy: dtype '<f40' is not one of " ALL },
        { "{'descr': ''}", 0, "x.npy: dtype '' is not one of " ALL },
        { "{'descr': [('a', '<f4')]}", 0, "x.npy: npy header, byte 10: a quoted string expected" },
        { "{'descr': '<f4' 'shape': ()}", 0, "x.npy: npy header, byte 16: ',' or '}' expected" },
        { "{'descr': '<f4', 'descr': '<f4'}", 0, "x.npy: npy header: key 'descr' twice" },
        { "{'typo': 1}", 0,
          "x.npy: npy header: unknown key 'typo'; descr, fortran_order and shape expected" },
        { "{'shape': ()}", 0, "x.npy: npy header: key 'descr' is missing" },
        { "{'descr': '<f4', 'shape': ()}", 4, "x.npy: npy header: key 'fortran_order' is missing" },
        { "{'descr': '<f4', 'fortran_order': False}", 4,
          "x.npy: npy header: key 'shape' is missing" },
        { "{'fortran_order': maybe}", 0, "x.npy: npy header, byte 18: True or False expected" },
        { "{'fortran_order': Tru", 0, "x.npy: npy header, byte 18: True or False expected" },
        { "{'shape': 3}", 0, "x.npy: npy header, byte 10: '(' expected" },
        { "{'shape': (3)}", 0, "x.npy: npy header, byte 13: ',' after the only size expected" },
        { "{'shape': (3 4)}", 0, "x.npy: npy header, byte 13: ',' or ')' expected" },
        { "{'shape': (-3,)}", 0, "x.npy: npy header, byte 11: a size (digits) expected" },
        { "{'shape': (,)}", 0, "x.npy: npy header, byte 11: a size (digits) expected" },
        { "{'shape': (3,", 0, "x.npy: npy header, byte 13: a size (digits) expected" },
        { "{'shape': (9223372036854775808,)}", 0,
          "x.npy: npy header, byte 29: a size below 2^63 expected" },
        { "{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", 0,
          "x.npy: more than 32 dimensions" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4,
          "x.npy: npy header, byte 54: nothing more expected" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 23,
          "x.npy: shape (2, 3) of f4 needs 24 bytes of data, the file holds 23" },
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 17,
          "x.npy: shape (2,) of f8 needs 16 bytes of data, the file holds 17" },
        { "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", 0,
          "x.npy: shape () of f2 needs 2 bytes of data, the file holds 0" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807)}", 4,
          "x.npy: shape (0, 9223372036854775807) of f4 needs 0 bytes of data, the file holds 4" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0,
          "x.npy: shape (4294967296, 4294967296) is too large" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}", 0,
          "x.npy: shape (4611686018427387904,) is too large" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refuse_header(rows[i].header, rows[i].data, rows[i].message);
}

Test(npy, first_bytes_are_checked)
{
    const char *not_npy = "x.npy: not an npy file: it does not begin with \\x93NUMPY";
    refuse_bytes("", 0, not_npy);
    refuse_bytes("\x93NUMPY\1", 7, not_npy);
    refuse_bytes("\x89PNG\r\n\x1a\n and more", 17, not_npy);
    refuse_bytes("\x93NUMPY\4\0\2\0{}", 12,
                 "x.npy: npy version 4.0 is not known; 1.0, 2.0 and 3.0 are");
    refuse_bytes("\x93NUMPY\1\1\2\0{}", 12,
                 "x.npy: npy version 1.1 is not known; 1.0, 2.0 and 3.0 are");
}

Test(npy, a_length_that_lies_is_found)
{
    const char *inside = "x.npy: npy header: the file ends inside it";
    refuse_bytes("\x93NUMPY\1\0", 8, inside);
    refuse_bytes("\x93NUMPY\1\0\2", 9, inside);
    refuse_bytes("\x93NUMPY\1\0\3\0{}", 12, inside);
    refuse_bytes("\x93NUMPY\1\0\377\377{}", 12, inside);
    refuse_bytes("\x93NUMPY\2\0\2\0", 10, inside);
    refuse_bytes("\x93NUMPY\2\0\377\377\377\377{}", 14, inside);
}

Test(npy, every_cut_of_a_good_file_is_refused)
{
    const float data[6] = { 0 };
    size_t size;
    const char *bytes = file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                                data, sizeof data, &size);
    for (size_t n = 0; n < size; n++) {
        rt_array a;
        char *cut = malloc(n + 1);
        memcpy(cut, bytes, n);
        cut = realloc(cut, n ? n : 1);
        cr_expect_eq(rt_npy_parse("x.npy", cut, n, &a, NULL), -1, "%zu bytes accepted", n);
        free(cut);
    }
}

/* ---- read ----------------------------------------------------------------- */

Test(npy, keys_may_come_in_any_order_and_spacing)
{
    const double data[2] = { 1.5, -2 };
    rt_array a = read_ok("{ \"shape\" :(2 , ) ,'fortran_order':False,\n'descr':'=f8'}   \n", data,
                         sizeof data);
    cr_expect_eq(a.kind, RT_F64);
    cr_expect_eq(a.rank, 1);
    cr_expect_eq(a.dims[0], 2);
    cr_expect_eq(a.count, 2);
    cr_expect_arr_eq(a.data, data, sizeof data);
    rt_array_free(&a);
}

Test(npy, no_dimension_is_one_number_and_a_size_of_0_none)
{
    const float one = 7;
    rt_array a = read_ok("{'descr':'<f4','fortran_order':False,'shape':()}", &one, sizeof one);
    cr_expect_eq(a.rank, 0);
    cr_expect_eq(a.count, 1);
    cr_expect_eq(*(float *)a.data, 7);
    rt_array_free(&a);
    a = read_ok("{'descr':'<f4','fortran_order':True,'shape':(3,0,2)}", "", 0);
    cr_expect_eq(a.rank, 3);
    cr_expect_eq(a.count, 0);
    rt_array_free(&a);
}

Test(npy, fortran_order_is_reordered)
{
    const float stored[6] = { 0, 10, 1, 11, 2, 12 }; /* columns first */
    const float want[6] = { 0, 1, 2, 10, 11, 12 };
    rt_array a =
        read_ok("{'descr':'<f4','fortran_order':True,'shape':(2,3)}", stored, sizeof stored);
    cr_expect_arr_eq(a.data, want, sizeof want);
    rt_array_free(&a);

    double three[24], sorted[24];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                three[i + 2 * (j + 3 * k)] = sorted[(i * 3 + j) * 4 + k] = 100 * i + 10 * j + k;
    a = read_ok("{'descr':'<f8','fortran_order':True,'shape':(2,3,4)}", three, sizeof three);
    cr_expect_arr_eq(a.data, sorted, sizeof sorted);
    rt_array_free(&a);
}

Test(npy, big_endian_is_converted)
{
    rt_array a =
        read_ok("{'descr':'>f4','fortran_order':False,'shape':(2,)}", "\x3f\xc0\0\0\xc0\0\0\0", 8);
    cr_expect_eq(((float *)a.data)[0], 1.5f);
    cr_expect_eq(((float *)a.data)[1], -2.0f);
    rt_array_free(&a);
    a = read_ok("{'descr':'>f2','fortran_order':True,'shape':(1,2)}", "\x3e\0\xc0\0", 4);
    float f[2];
    rt_convert(f, RT_F32, a.data, a.kind, 2);
    cr_expect_eq(f[0], 1.5f);
    cr_expect_eq(f[1], -2.0f);
    rt_array_free(&a);
}

/* Two numbers of each kind, as numpy stores them: in the order of the bytes that descr says. */
Test(npy, whole_numbers_of_every_width)
{
    static const struct {
        const char *descr, *bytes;
        size_t size;
        double want[2];
    } rows[] = {
        { "|i1", "\x80\x7f", 2, { -128, 127 } },
        { "<i1", "\xff\x01", 2, { -1, 1 } },
        { "|u1", "\x80\xff", 2, { 128, 255 } },
        { ">u1", "\x00\x07", 2, { 0, 7 } },
        { "|b1", "\x00\x01", 2, { 0, 1 } },
        { "|b1", "\x02\xff", 2, { 1, 1 } },
        { "<i2", "\x00\x80\x34\x12", 4, { -32768, 0x1234 } },
        { ">i2", "\xff\xfe\x12\x34", 4, { -2, 0x1234 } },
        { "<u2", "\xff\xff\x34\x12", 4, { 65535, 0x1234 } },
        { ">u2", "\xff\xfe\x12\x34", 4, { 65534, 0x1234 } },
        { ">i4", "\x80\0\0\0\0\0\1\2", 8, { -2147483648.0, 258 } },
        { "<u4", "\xff\xff\xff\xff\1\0\0\0", 8, { 4294967295.0, 1 } },
        { ">u4", "\xff\0\0\0\0\0\0\1", 8, { 4278190080.0, 1 } },
        { "<i8", "\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff", 16, { -0x1p63, -1 } },
        { ">u8", "\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5", 16, { 0x1p63, 5 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[80];
        double got[2];
        float single[2];
        snprintf(header, sizeof header, "{'descr':'%s','fortran_order':False,'shape':(2,)}",
                 rows[i].descr);
        rt_array a = read_ok(header, rows[i].bytes, rows[i].size);
        rt_convert(got, RT_F64, a.data, a.kind, 2);
        rt_convert(single, RT_F32, a.data, a.kind, 2);
        for (int at = 0; at < 2; at++) {
            cr_expect_eq(got[at], rows[i].want[at], "row %zu: %g", i, got[at]);
            cr_expect_eq(single[at], (float)rows[i].want[at], "row %zu: %g", i, single[at]);
        }
        rt_array_free(&a);
    }
}

Test(npy, bytes_in_fortran_order)
{
    static const unsigned char want[6] = { 0, 1, 2, 10, 11, 12 };
    rt_array a =
        read_ok("{'descr':'|u1','fortran_order':True,'shape':(2,3)}", "\0\12\1\13\2\14", 6);
    cr_expect_arr_eq(a.data, want, sizeof want);
    rt_array_free(&a);
}

Test(npy, versions_2_and_3_have_a_longer_length)
{
    const char header[] = "{'descr':'<f4','fortran_order':False,'shape':(1,)}";
    for (int version = 2; version <= 3; version++) {
        char bytes[128] = "\x93NUMPY";
        const float v = 3;
        bytes[6] = (char)version;
        bytes[8] = (char)strlen(header);
        memcpy(bytes + 12, header, strlen(header));
        memcpy(bytes + 12 + strlen(header), &v, sizeof v);
        rt_array a;
        dcn_error err;
        cr_assert_eq(rt_npy_parse("x.npy", bytes, 12 + strlen(header) + 4, &a, &err), 0, "%s",
                     err.text);
        cr_expect_eq(*(float *)a.data, 3);
        rt_array_free(&a);
    }
}

/* ---- on disk -------------------------------------------------------------- */

Test(npy, written_files_are_read_back)
{
    char path[] = "npy-XXXXXX";
    close(mkstemp(path));
    double d[6] = { 1, -0.0, INFINITY, 1e-310, 3e300, 0.1 };
    float f[6] = { 1, -0.0f, INFINITY, 1e-40f, 3e38f, 0.1f };
    for (int rank = 0; rank <= 4; rank++)
        for (int kind = RT_F32; kind <= RT_F64; kind++) {
            rt_array w = { (rt_kind)kind, rank, { 1, 3, 1, 2 }, 0, kind == RT_F64 ? (void *)d : f };
            if (rank == 1)
                w.dims[0] = 5;
            rt_array r;
            dcn_error err;
            cr_assert_eq(rt_npy_write(path, &w, &err), 0, "%s", err.text);
            cr_assert_eq(rt_npy_read(path, INT64_MAX, &r, &err), 0, "%s", err.text);
            cr_expect_eq(r.kind, w.kind);
            cr_expect_eq(r.rank, rank);
            cr_expect_arr_eq(r.dims, w.dims, (size_t)rank * sizeof *w.dims);
            cr_expect_arr_eq(r.data, w.data, (size_t)r.count * rt_kind_bytes(r.kind));
            rt_array_free(&r);
        }
    unlink(path);
}

/* What numpy itself writes for np.arange(6, dtype=np.float32).reshape(2, 3), byte for byte. */
Test(npy, the_bytes_are_numpy_s)
{
    char path[] = "npy-XXXXXX", got[256] = "";
    close(mkstemp(path));
    float f[6] = { 0, 1, 2, 3, 4, 5 };
    rt_array a = { RT_F32, 2, { 2, 3 }, 6, f };
    cr_assert_eq(rt_npy_write(path, &a, NULL), 0);
    FILE *file = fopen(path, "rb");
    size_t size = fread(got, 1, sizeof got, file);
    fclose(file);
    unlink(path);
    char want[152];
    memset(want, ' ', sizeof want);
    memcpy(want, "\x93NUMPY\1\0\x76\0", 10);
    const char *header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    memcpy(want + 10, header, strlen(header));
    want[127] = '\n';
    memcpy(want + 128, f, sizeof f);
    cr_assert_eq(size, sizeof want);
    cr_expect_arr_eq(got, want, sizeof want);
}

Test(npy, a_missing_file_is_named)
{
    rt_array a;
    dcn_error err;
    cr_expect_eq(rt_npy_read("no/such.npy", INT64_MAX, &a, &err), -1);
    cr_expect_str_eq(err.text, "cannot read no/such.npy: No such file or directory");
    cr_expect_eq(err.code, DCN_EUSAGE);
}

/* A file of a hole of terabytes takes no room on a disk. */
static void write_hole(const char *path, const char *shape, off_t bytes)
{
    char head[128];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\1\0\x76\0", 10);
    const int n = snprintf(head + 10, sizeof head - 10,
                           "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape);
    head[10 + n] = ' ';
    head[127] = '\n';
    FILE *f = fopen(path, "wb");
    cr_assert_eq(fwrite(head, 1, sizeof head, f), sizeof head);
    fclose(f);
    cr_assert_eq(truncate(path, (off_t)sizeof head + bytes), 0);
}

Test(npy, of_more_numbers_than_wanted_only_the_shape_is_read)
{
    char path[] = "npy-XXXXXX";
    rt_array a;
    dcn_error err;
    close(mkstemp(path));
    write_hole(path, "(1024, 1073741824)", (off_t)4 << 40);
    cr_assert_eq(rt_npy_read(path, 1 << 20, &a, &err), 0, "%s", err.text);
    cr_expect_null(a.data);
    cr_expect(a.rank == 2 && a.dims[0] == 1024 && a.dims[1] == 1 << 30);
    cr_expect_eq(rt_npy_read(path, INT64_MAX, &a, &err), -1, "more than the memory of any machine");
    cr_expect_eq(err.code, DCN_EENV);
    write_hole(path, "(3,)", (off_t)4 << 40);
    cr_expect_eq(rt_npy_read(path, INT64_MAX, &a, &err), -1);
    cr_expect(
        strstr(err.text, ": shape (3,) of f4 needs 12 bytes of data, the file holds 4398046511104"),
        "%s", err.text);
    unlink(path);
    cr_expect_eq(rt_npy_read("/dev/zero", INT64_MAX, &a, &err), -1, "a file without end");
    cr_expect_str_eq(err.text, "/dev/zero: not an npy file: it does not begin with \\x93NUMPY");
}

Test(npy, a_pipe_that_ends_inside_the_header)
{
    static const char bytes[] = "\x93NUMPY\1\0\x76\0{'descr': ";
    rt_array a;
    dcn_error err;
    int ends[2];
    char path[32], message[96];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], bytes, sizeof bytes - 1), sizeof bytes - 1);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    snprintf(message, sizeof message, "%s: npy header: the file ends inside it", path);
    cr_expect_eq(rt_npy_read(path, INT64_MAX, &a, &err), -1);
    cr_expect_str_eq(err.text, message);
    close(ends[0]);
}
