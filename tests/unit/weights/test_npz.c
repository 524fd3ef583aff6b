/* test_npz.c: npz files are read whatever their compression; an archive that is wrong, or says that it holds
** more or less than it does, is refused with one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/weights/files.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "npz-XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void leave(void)
{
    cr_assert_eq(chdir(".."), 0);
    cr_expect_eq(rmdir(dir), 0, "files are left over");
}

TestSuite(npz, .init = enter, .fini = leave);

static const float numbers[] = { 1, 2, 3, 4, 5, 6 };

#define ENTRY(NAME, METHOD)                                                                        \
    (FileEntry)                                                                                    \
    {                                                                                              \
        .name = NAME, .rank = 2, .dims = { 2, 3 }, .data = numbers, .method = METHOD               \
    }

static void expect_numbers(const rt_tensor_file *f, const char *name)
{
    rt_array a, shape;
    dcn_error err = { .text = "" };
    cr_assert_eq(rt_tensor_file_shape(f, file_find(f, name), &shape, &err), 0, "%s", err.text);
    cr_assert_eq(rt_tensor_file_get(f, file_find(f, name), &a, &err), 0, "%s", err.text);
    cr_expect(shape.kind == RT_F32 && shape.rank == 2 && shape.dims[1] == 3 && shape.count == 6);
    cr_expect(a.kind == RT_F32 && a.rank == 2 && a.dims[0] == 2 && a.dims[1] == 3);
    cr_expect(!memcmp(a.data, numbers, sizeof numbers));
    rt_array_free(&a);
}

Test(npz, stored_and_compressed_arrays_are_read)
{
    const FileEntry e[] = { ENTRY("a.npy", ZIP_CM_STORE), ENTRY("b.c_0.npy", ZIP_CM_DEFLATE) };
    const FileBytes bytes = file_npz(e, 2);
    rt_tensor_file *f = file_open(bytes);
    cr_expect_eq(rt_tensor_file_count(f), 2);
    expect_numbers(f, "a");
    expect_numbers(f, "b.c_0");
    expect_numbers(f, "a");
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

Test(npz, what_is_no_archive_of_arrays_is_refused)
{
    FileBytes f = { calloc(64, 1), 64 };
    memcpy(f.bytes, "PK\3\4", 4);
    file_refuse(f, "x: zip archive: Not a zip archive");
    const FileEntry text = { .name = "a.txt", .raw = "a", .raw_size = 1 };
    file_refuse(file_npz(&text, 1), "x: entry 'a.txt' is no array: expected NAME.npy");
}

/* What is wrong with a tensor is said when it is asked for, by its shape and by its data. */
static void refuse_tensor(FileBytes bytes, const char *message)
{
    rt_tensor_file *f = file_open(bytes);
    rt_array a;
    dcn_error err = { .text = "" };
    cr_expect_eq(rt_tensor_file_get(f, 0, &a, &err), -1, "accepted: %s", message);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

static FileBytes of_raw(const char *raw, size_t size, int method)
{
    const FileEntry e = { .name = "a.npy", .raw = raw, .raw_size = size, .method = method };
    return file_npz(&e, 1);
}

Test(npz, an_entry_that_is_no_array_is_refused)
{
    refuse_tensor(of_raw("junk", 4, ZIP_CM_STORE),
                  "x: tensor 'a': not an npy file: it does not begin with \\x93NUMPY");
    refuse_tensor(of_raw("", 0, ZIP_CM_STORE),
                  "x: tensor 'a': not an npy file: it does not begin with \\x93NUMPY");
}

/* An array of two numbers with so many bytes of data. */
static char *two_numbers(size_t data, size_t *size)
{
    static const char start[] = "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                                "'shape': (2,), }";
    enum { HEAD = 128 };
    *size = HEAD + data;
    char *bytes = calloc(*size, 1);
    memset(bytes, ' ', HEAD - 1);
    bytes[HEAD - 1] = '\n';
    memcpy(bytes, start, sizeof start - 1);
    return bytes;
}

/* 100 MB of zeros are a file of 100 KB; they are refused before they are unpacked. */
Test(npz, more_data_than_the_shape_asks_for_is_refused)
{
    size_t size;
    char *bytes = two_numbers(100 << 20, &size);
    refuse_tensor(
        of_raw(bytes, size, ZIP_CM_DEFLATE),
        "x: tensor 'a': shape (2,) of f4 needs 8 bytes of data, the file holds 104857600");
    free(bytes);
}

static void put4(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

/* The last occurrence of four bytes. */
static unsigned char *find4(FileBytes f, const char *what)
{
    unsigned char *at = (unsigned char *)f.bytes + f.size - 4;
    while (memcmp(at, what, 4) != 0)
        cr_assert(at-- > (unsigned char *)f.bytes);
    return at;
}

/* The size that the archive says is 24 bytes after the mark of an entry of its directory. */
Test(npz, an_entry_that_is_larger_than_the_archive_says_is_refused)
{
    size_t size;
    char *bytes = two_numbers(1 << 20, &size);
    const FileBytes f = of_raw(bytes, size, ZIP_CM_DEFLATE);
    rt_tensor_file *file;
    rt_array a;
    dcn_error err = { .text = "" };
    put4(find4(f, "PK\1\2") + 24, 128 + 8);
    if (!rt_tensor_file_parse("x", f.bytes, f.size, &file, &err)) {
        cr_expect_eq(rt_tensor_file_get(file, 0, &a, &err), -1);
        rt_tensor_file_close(file);
    }
    cr_expect(!strncmp(err.text, "x: ", 3) && err.code == DCN_EUSAGE, "%s", err.text);
    free(f.bytes);
    free(bytes);
}

Test(npz, a_wrong_checksum_is_refused)
{
    const FileEntry e = ENTRY("a.npy", ZIP_CM_STORE);
    const FileBytes f = file_npz(&e, 1);
    put4(find4(f, "PK\1\2") + 16, 12345);
    refuse_tensor(f, "x: tensor 'a': zip archive: CRC error");
}

/* No cut and no changed byte is more than an error. */
static void try(const void *bytes, size_t size)
{
    rt_tensor_file *f = NULL;
    dcn_error err = { .text = "" };
    rt_array a;
    if (rt_tensor_file_parse("x", bytes, size, &f, &err)) {
        cr_expect(err.text[0] && !strchr(err.text, '\n'));
        return;
    }
    for (int i = 0; i < rt_tensor_file_count(f); i++)
        if (!rt_tensor_file_get(f, i, &a, NULL))
            rt_array_free(&a);
    rt_tensor_file_close(f);
}

Test(npz, cuts_and_changed_bytes_are_errors_at_most)
{
    const FileEntry e[] = { ENTRY("a.npy", ZIP_CM_STORE), ENTRY("b.npy", ZIP_CM_DEFLATE) };
    const FileBytes f = file_npz(e, 2);
    for (size_t n = 0; n < f.size; n++) {
        unsigned char *copy = malloc(f.size);
        memcpy(copy, f.bytes, f.size);
        copy[n] ^= 0x41;
        try(copy, f.size);
        free(copy);
        copy = malloc(n + 1);
        memcpy(copy, f.bytes, n);
        try(copy, n);
        free(copy);
    }
    free(f.bytes);
}
