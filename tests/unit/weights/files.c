/* files.c: safetensors and npz files in memory, right and wrong ones.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/weights/files.h"
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FileBytes file_safetensors(const char *header, size_t data)
{
    const size_t length = strlen(header);
    FileBytes f = { malloc(8 + length + data), 8 + length + data };
    unsigned char *at = f.bytes;
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(at + 8, header, length);
    for (size_t i = 0; i < data; i++)
        at[8 + length + i] = (unsigned char)i;
    return f;
}

/* The bytes of the npy file that holds it. */
static FileBytes npy_of(const FileEntry *e)
{
    FileBytes f;
    char path[] = "npy-XXXXXX";
    rt_array a = { .kind = RT_F32, .rank = e->rank, .data = (void *)(uintptr_t)e->data };
    memcpy(a.dims, e->dims, sizeof e->dims);
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(rt_npy_write(path, &a, NULL), 0);
    cr_assert_eq(rt_read_file(path, 1 << 24, &f.bytes, &f.size, NULL), 0);
    close(fd);
    unlink(path);
    return f;
}

static void add_entry(zip_t *z, const FileEntry *e)
{
    FileBytes f = { NULL, e->raw_size };
    if (!e->raw)
        f = npy_of(e);
    else if ((f.bytes = malloc(f.size + 1)))
        memcpy(f.bytes, e->raw, f.size);
    zip_source_t *s = zip_source_buffer(z, f.bytes, f.size, 1);
    const zip_int64_t i = zip_file_add(z, e->name, s, 0);
    cr_assert(i >= 0, "%s: %s", e->name, zip_strerror(z));
    zip_set_file_compression(z, (zip_uint64_t)i, e->method, 0);
}

FileBytes file_npz(const FileEntry *e, int n)
{
    FileBytes f;
    char path[] = "npz-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    zip_t *z = zip_open(path, ZIP_TRUNCATE, NULL);
    cr_assert(z);
    for (int i = 0; i < n; i++)
        add_entry(z, &e[i]);
    cr_assert_eq(zip_close(z), 0, "%s", zip_strerror(z));
    void *bytes;
    cr_assert_eq(rt_read_file(path, 1 << 28, &bytes, &f.size, NULL), 0);
    f.bytes = malloc(f.size);
    memcpy(f.bytes, bytes, f.size);
    free(bytes);
    close(fd);
    unlink(path);
    return f;
}

void file_refuse(FileBytes f, const char *message)
{
    rt_tensor_file *file = NULL;
    dcn_error err = { .text = "" };
    cr_expect_eq(rt_tensor_file_parse("x", f.bytes, f.size, &file, &err), -1, "accepted: %s",
                 message);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    rt_tensor_file_close(file);
    free(f.bytes);
}

rt_tensor_file *file_open(FileBytes f)
{
    rt_tensor_file *file = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(rt_tensor_file_parse("x", f.bytes, f.size, &file, &err), 0, "%s", err.text);
    return file;
}

int file_find(const rt_tensor_file *f, const char *name)
{
    for (int i = 0; i < rt_tensor_file_count(f); i++)
        if (!strcmp(rt_tensor_file_name(f, i), name))
            return i;
    cr_assert(false, "no tensor '%s'", name);
    return -1;
}
