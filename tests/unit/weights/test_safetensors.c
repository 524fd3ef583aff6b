/* test_safetensors.c: safetensors files are read to the letter, and refused with one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"
#include "runtime/base/safetensors.h"
#include "tests/unit/weights/files.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- refused -------------------------------------------------------------------------------------- */

static const struct {
    const char *header;
    size_t data;
    const char *message;
} wrong[] = {
    { "{", 0, "x: header is not JSON: string or '}' expected near end of file" },
    { "{} {}", 0, "x: header is not JSON: end of file expected near '{'" },
    { "{\"a\": 1, \"a\": 2}", 0, "x: header is not JSON: duplicate object key near '\"a\"'" },
    { "{\"a\": {}}", 0, "x: tensor 'a': 'dtype' is no text" },
    { "{\"a\": 7}", 0, "x: tensor 'a': 'dtype' is no text" },
    { "{\"a\": {\"dtype\": 1}}", 0, "x: tensor 'a': 'dtype' is no text" },
    { "{\"a\": {\"dtype\": \"F8_E4M3\"}}", 0,
      "x: tensor 'a': dtype 'F8_E4M3' is not one of F16, F32, F64, I8, I16, I32, I64, U8, U16, "
      "U32, U64, "
      "BOOL, BF16" },
    { "{\"a\": {\"dtype\": \"F32\"}}", 0, "x: tensor 'a': 'shape' is no list" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": 2}}", 0, "x: tensor 'a': 'shape' is no list" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2, -1]}}", 0,
      "x: tensor 'a': 'shape' is no list of sizes" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2.0]}}", 0,
      "x: tensor 'a': 'shape' is no list of sizes" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": "
      "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
      "1,1,1,1,1]}}",
      0, "x: tensor 'a': more than 32 dimensions" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2]}}", 8,
      "x: tensor 'a': 'data_offsets' is no list of two positions" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0]}}", 8,
      "x: tensor 'a': 'data_offsets' is no list of two positions" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,8,8]}}", 8,
      "x: tensor 'a': 'data_offsets' is no list of two positions" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [-8,0]}}", 8,
      "x: tensor 'a': 'data_offsets' is no list of two positions" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8,0]}}", 8,
      "x: tensor 'a': its shape needs 8 bytes, not those from 8 to 0" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,4]}}", 4,
      "x: tensor 'a': its shape needs 8 bytes, not those from 0 to 4" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904, 4], \"data_offsets\": [0,0]}}",
      0, "x: tensor 'a': its shape is too large" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904], \"data_offsets\": [0,0]}}", 0,
      "x: tensor 'a': its shape is too large" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [4,12]}}", 12,
      "x: tensor 'a' begins at byte 4 of the data; expected 0, where the one before ends" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,8]},"
      " \"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4,8]}}",
      8, "x: tensor 'b' begins at byte 4 of the data; expected 8, where the one before ends" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,8]}}", 7,
      "x: tensor 'a' ends at byte 8 of the data, which has 7" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [1000000000000], \"data_offsets\": "
      "[0,4000000000000]}}",
      7, "x: tensor 'a' ends at byte 4000000000000 of the data, which has 7" },
    { "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,8]}}", 9,
      "x: 1 bytes after the last tensor belong to none" },
    { "{}", 3, "x: 3 bytes after the last tensor belong to none" },
};

Test(safetensors, a_header_that_is_wrong_is_refused)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        file_refuse(file_safetensors(wrong[i].header, wrong[i].data), wrong[i].message);
}

/* A name from the file is shown, but cannot write to the terminal. */
Test(safetensors, a_message_is_one_printable_line)
{
    file_refuse(file_safetensors("{\"a\\u001b[2J\\n\": 1}", 0),
                "x: tensor 'a?[2J ': 'dtype' is no text");
}

Test(safetensors, a_length_that_cannot_be_is_refused)
{
    FileBytes f = file_safetensors("{}", 0);
    ((unsigned char *)f.bytes)[0] = 3;
    file_refuse(f, "x: the file ends inside its header of 3 bytes");
    f = file_safetensors("{}", 0);
    ((unsigned char *)f.bytes)[7] = 255;
    file_refuse(f, "x: a header of 18374686479671623682 bytes, at most 4194304 are expected");
}

/* Lists in lists are no way to the end of the stack. */
Test(safetensors, a_deep_header_is_refused)
{
    enum { DEPTH = 1 << 20 };
    char *header = malloc(DEPTH + 8);
    strcpy(header, "{\"a\":");
    memset(header + 5, '[', DEPTH);
    header[DEPTH + 5] = '\0';
    file_refuse(file_safetensors(header, 0),
                "x: header is not JSON: maximum parsing depth reached near '['");
    free(header);
}

Test(safetensors, what_is_neither_is_refused)
{
    static const char message[] =
        "x: neither a safetensors file (a length and '{' come first) nor an npz "
        "file (PK comes first)";
    for (size_t n = 0; n < 12; n++) {
        FileBytes f = { calloc(n + 1, 1), n };
        file_refuse(f, message);
    }
}

Test(safetensors, every_cut_is_refused)
{
    const FileBytes whole = file_safetensors(
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0,8]}}", 8);
    for (size_t n = 0; n < whole.size; n++) {
        rt_tensor_file *file = NULL;
        char *cut = malloc(n + 1);
        memcpy(cut, whole.bytes, n);
        cut = realloc(cut, n ? n : 1);
        cr_expect_eq(rt_tensor_file_parse("x", cut, n, &file, NULL), -1, "%zu bytes", n);
        free(cut);
    }
    free(whole.bytes);
}

/* ---- read ------------------------------------------------------------------------------------------ */

Test(safetensors, tensors_are_found_wherever_they_lie)
{
    const FileBytes bytes =
        file_safetensors("{\"__metadata__\": {\"format\": \"pt\"},"
                         " \"b\": {\"shape\": [2,3], \"dtype\": \"U8\", \"data_offsets\": [1,7]},"
                         " \"none\": {\"dtype\": \"F64\", \"shape\": [0,4611686018427387904,8], "
                         "\"data_offsets\": [1,1]},"
                         " \"a\": {\"dtype\": \"I8\", \"shape\": [], \"data_offsets\": [0,1]}}    ",
                         7);
    rt_tensor_file *f = file_open(bytes);
    rt_array a, b, none, shape;
    cr_assert_eq(rt_tensor_file_count(f), 3);
    cr_assert_eq(rt_tensor_file_get(f, file_find(f, "a"), &a, NULL), 0);
    cr_assert_eq(rt_tensor_file_get(f, file_find(f, "b"), &b, NULL), 0);
    cr_assert_eq(rt_tensor_file_get(f, file_find(f, "none"), &none, NULL), 0);
    cr_assert_eq(rt_tensor_file_shape(f, file_find(f, "b"), &shape, NULL), 0);
    cr_expect(a.kind == RT_I8 && a.rank == 0 && a.count == 1);
    cr_expect(b.kind == RT_U8 && b.rank == 2 && b.dims[0] == 2 && b.dims[1] == 3 && b.count == 6);
    cr_expect(none.kind == RT_F64 && none.rank == 3 && none.count == 0);
    cr_expect(shape.rank == 2 && shape.count == 6 && !shape.data);
    cr_expect_eq(*(char *)a.data, 0);
    for (int i = 0; i < 6; i++)
        cr_expect_eq(((unsigned char *)b.data)[i], i + 1);
    rt_array_free(&a);
    rt_array_free(&b);
    rt_array_free(&none);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

Test(safetensors, a_brain_half_is_the_upper_half_of_a_float)
{
    const float values[] = { 1, -2.5f, 0, 0x1p-133f, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const uint16_t upper = (uint16_t)(bits >> 16);
        float f;
        double d;
        rt_convert(&f, RT_F32, &upper, RT_BF16, 1);
        rt_convert(&d, RT_F64, &upper, RT_BF16, 1);
        cr_expect_eq(f, values[i]);
        cr_expect_eq(d, (double)values[i]);
    }
    const uint16_t nan = 0x7fc0;
    double d;
    rt_convert(&d, RT_F64, &nan, RT_BF16, 1);
    cr_expect(isnan(d));
}

/* ---- written ---------------------------------------------------------------------------------------- */

static char dir[] = "safetensors-XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void leave(void)
{
    unlink("a");
    cr_assert_eq(chdir(".."), 0);
    cr_expect_eq(rmdir(dir), 0, "files are left over");
}

Test(safetensors, what_is_written_is_to_the_letter, .init = enter, .fini = leave)
{
    static const int64_t matrix[] = { 1, 2 }, none[] = { 0 };
    static const float x[] = { 1, 2 };
    static const double y = 3;
    const rt_named_tensor t[] = { { "a.\"b\"", RT_F32, 2, matrix, x },
                                  { "none", RT_F32, 1, none, NULL },
                                  { "y", RT_F64, 0, NULL, &y } };
    static const char header[] =
        "{\"a.\\\"b\\\"\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
        "\"none\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]},"
        "\"y\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[8,16]}}";
    void *bytes;
    size_t size;
    cr_assert_eq(rt_safetensors_write("a", t, 3, NULL), 0);
    cr_assert_eq(rt_read_file("a", 1 << 20, &bytes, &size, NULL), 0);
    const size_t padded = (strlen(header) + 7) / 8 * 8;
    cr_assert_eq(size, 8 + padded + 16);
    cr_expect_eq(*(uint64_t *)bytes, padded);
    cr_expect(!memcmp((char *)bytes + 8, header, strlen(header)));
    cr_expect(!memcmp((char *)bytes + 8 + padded, x, sizeof x));
    cr_expect(!memcmp((char *)bytes + 16 + padded, &y, sizeof y));
    free(bytes);
    rt_tensor_file *f;
    cr_assert_eq(rt_tensor_file_open("a", 1 << 20, &f, NULL), 0);
    cr_expect_eq(rt_tensor_file_count(f), 3);
    rt_tensor_file_close(f);
}

Test(safetensors, no_tensors_are_a_file_too, .init = enter, .fini = leave)
{
    rt_tensor_file *f;
    cr_assert_eq(rt_safetensors_write("a", NULL, 0, NULL), 0);
    cr_assert_eq(rt_tensor_file_open("a", 1 << 20, &f, NULL), 0);
    cr_expect_eq(rt_tensor_file_count(f), 0);
    rt_tensor_file_close(f);
}

Test(safetensors, a_file_that_cannot_be_is_an_error)
{
    rt_tensor_file *f;
    dcn_error err;
    cr_expect_eq(rt_tensor_file_open("no/such", 1, &f, &err), -1);
    cr_expect_str_eq(err.text, "cannot read no/such: No such file or directory");
    cr_expect_eq(rt_tensor_file_open("/dev/zero", 1, &f, &err), -1, "a file without end");
    cr_expect(!strncmp(err.text, "/dev/zero: neither a safetensors file", 37), "%s", err.text);
    cr_expect_eq(rt_safetensors_write("no/such", NULL, 0, &err), -1);
    cr_expect_str_eq(err.text, "cannot write no/such: No such file or directory");
    cr_expect_eq(err.code, DCN_EENV);
}
