/* files.c: safetensors and npz files in memory, right and wrong ones.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/weights/files.h"
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

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

/* An archive being written. */
typedef struct Archive {
    unsigned char *bytes;
    size_t size;
} Archive;

static void put(Archive *z, uint64_t v, int bytes)
{
    z->bytes = realloc(z->bytes, z->size + 8);
    for (int i = 0; i < bytes; i++)
        z->bytes[z->size++] = (unsigned char)(v >> 8 * i);
}

static void put_bytes(Archive *z, const void *bytes, size_t size)
{
    z->bytes = realloc(z->bytes, z->size + size + 1);
    memcpy(z->bytes + z->size, bytes, size);
    z->size += size;
}

static FileBytes deflated(FileBytes f)
{
    const uLong bound = compressBound((uLong)f.size) + 64;
    z_stream s = { .next_in = f.bytes, .avail_in = (unsigned)f.size };
    FileBytes out = { malloc(bound), 0 };
    s.next_out = out.bytes;
    s.avail_out = (unsigned)bound;
    cr_assert_eq(deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
    out.size = s.total_out;
    deflateEnd(&s);
    return out;
}

/* What both headers of an entry have in common. */
typedef struct Described {
    const FileEntry *e;
    uint64_t bytes, packed, at;
    uLong checksum;
} Described;

static void put_common(Archive *z, const Described *d)
{
    const bool wide = d->e->wide;
    put(z, wide ? 45 : 20, 2);
    put(z, 0, 2);
    put(z, (uint64_t)d->e->method, 2);
    put(z, 0, 4);
    put(z, d->checksum, 4);
    put(z, wide ? UINT32_MAX : d->packed, 4);
    put(z, wide ? UINT32_MAX : d->bytes, 4);
    put(z, strlen(d->e->name), 2);
}

static void put_local(Archive *z, const Described *d, const void *packed)
{
    put_bytes(z, "PK\3\4", 4);
    put_common(z, d);
    put(z, 0, 2);
    put_bytes(z, d->e->name, strlen(d->e->name));
    put_bytes(z, packed, d->packed);
}

static void put_central(Archive *z, const Described *d)
{
    const bool wide = d->e->wide;
    put_bytes(z, "PK\1\2", 4);
    put(z, 20, 2);
    put_common(z, d);
    put(z, wide ? 33 : 0, 2); /* another extra field of 5 bytes comes first */
    put(z, 0, 8);
    put(z, 0, 2);
    put(z, wide ? UINT32_MAX : d->at, 4);
    put_bytes(z, d->e->name, strlen(d->e->name));
    if (!wide)
        return;
    put(z, 0x5455, 2);
    put(z, 1, 2);
    put(z, 7, 1);
    put(z, 1, 2);
    put(z, 24, 2);
    put(z, d->bytes, 8);
    put(z, d->packed, 8);
    put(z, d->at, 8);
}

static Described add_entry(Archive *z, const FileEntry *e)
{
    FileBytes f = { (void *)(uintptr_t)e->raw, e->raw_size };
    if (!e->raw)
        f = npy_of(e);
    const bool packs = e->method == METHOD_DEFLATED;
    const FileBytes packed = packs ? deflated(f) : f;
    const Described d = { e, f.size, packed.size, z->size, crc32(0, f.bytes, (unsigned)f.size) };
    put_local(z, &d, packed.bytes);
    if (packs)
        free(packed.bytes);
    if (!e->raw)
        free(f.bytes);
    return d;
}

static void put_end(Archive *z, int n, size_t from, bool wide)
{
    const size_t at = z->size;
    if (wide) {
        put_bytes(z, "PK\6\6", 4);
        put(z, 44, 8);
        put(z, 45, 2);
        put(z, 45, 2);
        put(z, 0, 8);
        put(z, (uint64_t)n, 8);
        put(z, (uint64_t)n, 8);
        put(z, at - from, 8);
        put(z, from, 8);
        put_bytes(z, "PK\6\7", 4);
        put(z, 0, 4);
        put(z, at, 8);
        put(z, 1, 4);
    }
    put_bytes(z, "PK\5\6", 4);
    put(z, 0, 4);
    put(z, wide ? UINT16_MAX : (uint64_t)n, 2);
    put(z, wide ? UINT16_MAX : (uint64_t)n, 2);
    put(z, wide ? UINT32_MAX : at - from, 4);
    put(z, wide ? UINT32_MAX : from, 4);
    put(z, 0, 2);
}

FileBytes file_npz(const FileEntry *e, int n)
{
    Archive z = { NULL, 0 };
    Described d[8];
    bool wide = false;
    cr_assert(n <= 8);
    for (int i = 0; i < n; i++)
        d[i] = add_entry(&z, &e[i]);
    const size_t from = z.size;
    for (int i = 0; i < n; i++) {
        put_central(&z, &d[i]);
        wide |= e[i].wide;
    }
    put_end(&z, n, from, wide);
    return (FileBytes){ realloc(z.bytes, z.size), z.size };
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
