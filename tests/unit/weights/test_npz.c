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
    const FileEntry e[] = { ENTRY("a.npy", METHOD_STORED), ENTRY("b.c_0.npy", METHOD_DEFLATED) };
    const FileBytes bytes = file_npz(e, 2);
    rt_tensor_file *f = file_open(bytes);
    cr_expect_eq(rt_tensor_file_count(f), 2);
    expect_numbers(f, "a");
    expect_numbers(f, "b.c_0");
    expect_numbers(f, "a");
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

/* As numpy writes what might become larger than 4 GB, and what is. */
Test(npz, sizes_of_64_bits_are_read)
{
    FileEntry e[] = { ENTRY("a.npy", METHOD_STORED), ENTRY("b.npy", METHOD_DEFLATED) };
    e[0].wide = e[1].wide = true;
    const FileBytes bytes = file_npz(e, 2);
    rt_tensor_file *f = file_open(bytes);
    cr_expect_eq(rt_tensor_file_count(f), 2);
    expect_numbers(f, "a");
    expect_numbers(f, "b");
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

Test(npz, an_archive_without_entries_is_one)
{
    const FileBytes bytes = file_npz(NULL, 0);
    rt_tensor_file *f = file_open(bytes);
    cr_expect_eq(rt_tensor_file_count(f), 0);
    rt_tensor_file_close(f);
    free(bytes.bytes);
}

Test(npz, what_is_no_archive_of_arrays_is_refused)
{
    FileBytes f = { calloc(64, 1), 64 };
    memcpy(f.bytes, "PK\3\4", 4);
    file_refuse(f, "x: zip archive: it has no end: the file was cut, or is another");
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
    refuse_tensor(of_raw("junk", 4, METHOD_STORED),
                  "x: tensor 'a': not an npy file: it does not begin with \\x93NUMPY");
    refuse_tensor(of_raw("", 0, METHOD_STORED),
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
        of_raw(bytes, size, METHOD_DEFLATED),
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

/* Places of the directory that the tests change, in an entry and in the end. */
enum { FLAGS = 8, METHOD = 10, CHECKSUM = 16, PACKED = 20, BYTES = 24, NAME = 28, PLACE = 42 };
enum { END_ENTRIES = 10, END_BYTES = 12, END_PLACE = 16 };

/* Entry a.npy, of which four bytes of the directory are others. */
static void refuse_entry(int method, int place, uint32_t value, const char *message)
{
    const FileEntry e = ENTRY("a.npy", method);
    const FileBytes f = file_npz(&e, 1);
    put4(find4(f, "PK\1\2") + place, value);
    refuse_tensor(f, message);
}

Test(npz, an_entry_that_is_not_what_the_archive_says_is_refused)
{
    static const char unpacks[] = "x: 'a.npy' does not unpack to the bytes that the archive says";
    const uint32_t bytes = 128 + 24;
    for (int method = METHOD_STORED; method <= METHOD_DEFLATED; method += METHOD_DEFLATED) {
        refuse_entry(method, CHECKSUM, 12345,
                     "x: 'a.npy' has another checksum than the archive says");
        refuse_entry(method, PLACE, 1, "x: 'a.npy' is not where the archive says");
        refuse_entry(method, PLACE, UINT32_MAX - 1, "x: 'a.npy' is not where the archive says");
        refuse_entry(method, FLAGS, 1 | (uint32_t)method << 16, "x: 'a.npy' is encrypted");
        refuse_entry(method, FLAGS, 14u << 16,
                     "x: 'a.npy' is compressed in a way that is neither deflate nor none");
    }
    refuse_entry(METHOD_STORED, PACKED, 1 << 20, "x: 'a.npy' goes on beyond the end of the file");
    refuse_entry(METHOD_STORED, PACKED, 100, "x: 'a.npy' has two sizes");
    refuse_entry(METHOD_STORED, BYTES, bytes + 1, "x: 'a.npy' has two sizes");
    refuse_entry(METHOD_DEFLATED, PACKED, 20, unpacks);
    refuse_entry(METHOD_DEFLATED, BYTES, bytes + 1, unpacks);
    refuse_entry(METHOD_DEFLATED, BYTES, bytes - 1, unpacks);
}

static void refuse_end(int place, uint32_t value, const char *message)
{
    const FileEntry e = ENTRY("a.npy", METHOD_STORED);
    const FileBytes f = file_npz(&e, 1);
    put4(find4(f, "PK\5\6") + place, value);
    file_refuse(f, message);
}

Test(npz, a_directory_that_is_wrong_is_refused)
{
    const uint32_t bytes = 46 + 5;
    refuse_end(END_BYTES, UINT32_MAX - 1, "x: zip archive: its directory is outside the file");
    refuse_end(END_PLACE, UINT32_MAX - 1, "x: zip archive: its directory is outside the file");
    refuse_end(END_PLACE, UINT32_MAX, "x: zip archive: the place of its directory is missing");
    refuse_end(END_PLACE, 0, "x: zip archive: its directory is damaged");
    refuse_end(END_ENTRIES, 2 | bytes << 16,
               "x: zip archive: it has more entries than there can be");
    refuse_end(END_BYTES, bytes - 1, "x: zip archive: its directory is damaged");
    const FileEntry e = ENTRY("a.npy", METHOD_STORED);
    const FileBytes f = file_npz(&e, 1);
    put4(find4(f, "PK\1\2") + NAME, 0xffff);
    file_refuse(f, "x: zip archive: its directory is damaged");
}

/* The entries of the directory all mean the same data; each is a tensor, and none is unpacked before it is
** asked for. */
Test(npz, entries_may_share_their_data)
{
    const FileEntry e[] = { ENTRY("a.npy", METHOD_DEFLATED), ENTRY("b.npy", METHOD_DEFLATED) };
    const FileBytes bytes = file_npz(e, 2);
    put4(find4(bytes, "PK\1\2") + PLACE, 0);
    rt_tensor_file *f = file_open(bytes);
    expect_numbers(f, "a");
    expect_numbers(f, "b");
    rt_tensor_file_close(f);
    free(bytes.bytes);
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
    FileEntry e[] = { ENTRY("a.npy", METHOD_STORED), ENTRY("b.npy", METHOD_DEFLATED) };
    e[1].wide = true;
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
