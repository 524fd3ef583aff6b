/* zip.c: reading zip archives that are in memory.
**
**     local header  name  extra  data      of each entry
**     central header  name  extra  comment        of each entry: the directory
**     [end of the directory, 64 bits; its locator]  end of the directory  comment
**
** Numbers are little-endian.  What does not fit into 32 bits, or 16, is all ones, and stands in an extra
** field of 64 bits.  Only the directory is believed; of a local header only how long it is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/zip.h"
#include "runtime/base/base.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    MAX_ENTRIES = 1 << 18, /* more than a network can have parameters */
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,
    EXTRA64 = 1
};

typedef struct ZipEntry {
    char *name;
    uint64_t bytes, packed, at; /* unpacked, packed, of the local header */
    uint32_t checksum;
    int method, flags;
} ZipEntry;

struct rt_zip {
    const char *file;
    const unsigned char *bytes;
    size_t size;
    int n;
    ZipEntry *entry;
};

/* Where the directory is. */
typedef struct ZipDirectory {
    uint64_t entries, bytes, at;
} ZipDirectory;

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t v = 0;
    while (bytes--)
        v = v << 8 | at[bytes];
    return v;
}

static int fail_zip(const rt_zip *z, const char *what, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "%s: zip archive: %s", z->file, what);
}

/* Whether so many bytes from there on are in the archive. */
static bool is_inside(const rt_zip *z, uint64_t at, uint64_t bytes)
{
    return at <= z->size && bytes <= z->size - at;
}

static bool has_mark(const rt_zip *z, uint64_t at, size_t bytes, const char *mark)
{
    return is_inside(z, at, bytes) && !memcmp(z->bytes + at, mark, 4);
}

/* ---- the directory ------------------------------------------------------------------------------- */

/* The comment ends the archive. */
static int find_end(const rt_zip *z, size_t *at, dcn_error *err)
{
    const size_t most = z->size < END_BYTES + UINT16_MAX ? z->size : END_BYTES + UINT16_MAX;
    for (size_t back = END_BYTES; back <= most; back++) {
        *at = z->size - back;
        if (has_mark(z, *at, END_BYTES, "PK\5\6") &&
            number(z->bytes + *at + 20, 2) == back - END_BYTES)
            return 0;
    }
    return fail_zip(z, "it has no end: the file was cut, or is another", err);
}

static int read_end64(const rt_zip *z, size_t end, ZipDirectory *d, dcn_error *err)
{
    if (end < LOCATOR_BYTES || !has_mark(z, end - LOCATOR_BYTES, LOCATOR_BYTES, "PK\6\7"))
        return fail_zip(z, "the place of its directory is missing", err);
    const uint64_t at = number(z->bytes + end - LOCATOR_BYTES + 8, 8);
    if (!has_mark(z, at, END64_BYTES, "PK\6\6"))
        return fail_zip(z, "the place of its directory is wrong", err);
    *d = (ZipDirectory){ number(z->bytes + at + 32, 8), number(z->bytes + at + 40, 8),
                         number(z->bytes + at + 48, 8) };
    return 0;
}

static int find_directory(const rt_zip *z, ZipDirectory *d, dcn_error *err)
{
    size_t end = 0;
    if (find_end(z, &end, err))
        return -1;
    const unsigned char *e = z->bytes + end;
    *d = (ZipDirectory){ number(e + 10, 2), number(e + 12, 4), number(e + 16, 4) };
    if ((d->entries == UINT16_MAX || d->bytes == UINT32_MAX || d->at == UINT32_MAX) &&
        read_end64(z, end, d, err))
        return -1;
    if (!is_inside(z, d->at, d->bytes))
        return fail_zip(z, "its directory is outside the file", err);
    if (d->entries > MAX_ENTRIES || d->entries > d->bytes / CENTRAL_BYTES)
        return fail_zip(z, "it has more entries than there can be", err);
    return 0;
}

/* ---- an entry of the directory ------------------------------------------------------------------- */

/* What is all ones stands in the extra field, in this order. */
static bool widen(ZipEntry *e, const unsigned char *extra, size_t size)
{
    uint64_t *wide[] = { &e->bytes, &e->packed, &e->at };
    for (size_t at = 0, n; at + 4 <= size; at += 4 + n) {
        n = (size_t)number(extra + at + 2, 2);
        if (n > size - at - 4)
            return false;
        if (number(extra + at, 2) != EXTRA64)
            continue;
        for (size_t i = 0, from = 0; i < 3; i++) {
            if (*wide[i] != UINT32_MAX)
                continue;
            if (from + 8 > n)
                return false;
            *wide[i] = number(extra + at + 4 + from, 8);
            from += 8;
        }
        return true;
    }
    return true;
}

/* The entry at `at`, which becomes the place of the next one. */
static int read_entry(const rt_zip *z, uint64_t *at, uint64_t end, ZipEntry *e, dcn_error *err)
{
    const unsigned char *h = z->bytes + *at;
    if (end - *at < CENTRAL_BYTES || memcmp(h, "PK\1\2", 4) != 0)
        return fail_zip(z, "its directory is damaged", err);
    const size_t name = (size_t)number(h + 28, 2), extra = (size_t)number(h + 30, 2);
    const size_t all = CENTRAL_BYTES + name + extra + (size_t)number(h + 32, 2);
    *e = (ZipEntry){ .flags = (int)number(h + 8, 2),
                     .method = (int)number(h + 10, 2),
                     .checksum = (uint32_t)number(h + 16, 4),
                     .packed = number(h + 20, 4),
                     .bytes = number(h + 24, 4),
                     .at = number(h + 42, 4) };
    if (end - *at < all || !widen(e, h + CENTRAL_BYTES + name, extra))
        return fail_zip(z, "its directory is damaged", err);
    e->name = strndup((const char *)h + CENTRAL_BYTES, name);
    *at += all;
    return e->name ? 0 : dcn_fail(err, DCN_EENV, "no memory to read %s", z->file);
}

static int read_directory(rt_zip *z, dcn_error *err)
{
    ZipDirectory d;
    if (find_directory(z, &d, err))
        return -1;
    z->entry = calloc((size_t)d.entries + 1, sizeof *z->entry);
    if (!z->entry)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", z->file);
    uint64_t at = d.at;
    for (uint64_t i = 0; i < d.entries; i++)
        if (read_entry(z, &at, d.at + d.bytes, &z->entry[z->n++], err))
            return -1;
    return 0;
}

int rt_zip_open(const char *file, const void *bytes, size_t size, rt_zip **out, dcn_error *err)
{
    rt_zip *z = calloc(1, sizeof *z);
    if (!z)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", file);
    z->file = file;
    z->bytes = bytes;
    z->size = size;
    if (read_directory(z, err)) {
        rt_zip_close(z);
        return -1;
    }
    *out = z;
    return 0;
}

void rt_zip_close(rt_zip *z)
{
    for (int i = 0; i < z->n; i++)
        free(z->entry[i].name);
    free(z->entry);
    free(z);
}

int rt_zip_count(const rt_zip *z)
{
    return z->n;
}

const char *rt_zip_name(const rt_zip *z, int i)
{
    return z->entry[i].name;
}

size_t rt_zip_bytes(const rt_zip *z, int i)
{
    return (size_t)z->entry[i].bytes;
}

/* ---- unpacking ----------------------------------------------------------------------------------- */

static int fail_entry(const rt_zip *z, const ZipEntry *e, const char *what, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "%s: '%.96s' %s", z->file, e->name, what);
}

/* The packed bytes of an entry. */
static int find_data(const rt_zip *z, const ZipEntry *e, const unsigned char **data, dcn_error *err)
{
    if (e->flags & ENCRYPTED)
        return fail_entry(z, e, "is encrypted", err);
    if (e->method != STORED && e->method != DEFLATED)
        return fail_entry(z, e, "is compressed in a way that is neither deflate nor none", err);
    if (!has_mark(z, e->at, LOCAL_BYTES, "PK\3\4"))
        return fail_entry(z, e, "is not where the archive says", err);
    const uint64_t at =
        e->at + LOCAL_BYTES + number(z->bytes + e->at + 26, 2) + number(z->bytes + e->at + 28, 2);
    if (!is_inside(z, at, e->packed))
        return fail_entry(z, e, "goes on beyond the end of the file", err);
    if (e->method == STORED && e->packed != e->bytes)
        return fail_entry(z, e, "has two sizes", err);
    *data = z->bytes + at;
    return 0;
}

/* zlib counts in 32 bits. */
static unsigned piece(uint64_t bytes)
{
    return bytes < UINT_MAX ? (unsigned)bytes : UINT_MAX;
}

/* Inflates n bytes, and if these are all, to the end of the data.  The state of the stream, or Z_DATA_ERROR
** where it is longer or shorter. */
static int inflate_bytes(z_stream *s, const ZipEntry *e, unsigned char *to, uint64_t n)
{
    const unsigned char *from = s->next_in;
    unsigned char beyond;
    int state = Z_OK;
    for (uint64_t done = 0, used = 0; state == Z_OK && (done < n || n == e->bytes);) {
        const bool full = done == n;
        s->next_in = (unsigned char *)(uintptr_t)from + used;
        s->avail_in = piece(e->packed - used);
        s->next_out = full ? &beyond : to + done;
        s->avail_out = full ? 1 : piece(n - done);
        const unsigned in = s->avail_in, out = s->avail_out;
        state = inflate(s, Z_NO_FLUSH);
        used += in - s->avail_in;
        if (full && s->avail_out == 0)
            return Z_DATA_ERROR;
        done += full ? 0 : out - s->avail_out;
        if (state == Z_STREAM_END && done < n)
            return Z_DATA_ERROR;
    }
    return state;
}

static int unpack_deflated(const rt_zip *z, const ZipEntry *e, const unsigned char *data, void *to,
                           size_t n, dcn_error *err)
{
    z_stream s = { .next_in = (unsigned char *)(uintptr_t)data };
    int state = inflateInit2(&s, -MAX_WBITS);
    if (state == Z_OK) {
        state = inflate_bytes(&s, e, to, n);
        inflateEnd(&s);
    }
    if (state == Z_MEM_ERROR)
        return dcn_fail(err, DCN_EENV, "no memory to unpack '%.96s' of %s", e->name, z->file);
    if (state == Z_STREAM_END || (state == Z_OK && n < e->bytes))
        return 0;
    return fail_entry(z, e, "does not unpack to the bytes that the archive says", err);
}

static bool has_checksum(const ZipEntry *e, const unsigned char *bytes, uint64_t n)
{
    uLong sum = crc32(0, NULL, 0);
    for (uint64_t done = 0; done < n; done += piece(n - done))
        sum = crc32(sum, bytes + done, piece(n - done));
    return (uint32_t)sum == e->checksum;
}

int rt_zip_unpack(const rt_zip *z, int i, void *to, size_t n, dcn_error *err)
{
    const ZipEntry *e = &z->entry[i];
    const unsigned char *data = NULL;
    if (find_data(z, e, &data, err))
        return -1;
    if (e->method == STORED && n)
        memcpy(to, data, n);
    if (e->method == DEFLATED && unpack_deflated(z, e, data, to, n, err))
        return -1;
    if (n == e->bytes && !has_checksum(e, to, n))
        return fail_entry(z, e, "has another checksum than the archive says", err);
    return 0;
}
