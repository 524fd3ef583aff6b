/* npz.c: numpy's .npz files: a zip archive in which the tensor NAME is the file NAME.npy.
**
** An archive says how many bytes an entry unpacks to, and need not be right: no more than what the header
** of the tensor asks for is unpacked, and an entry that goes on after that is refused.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/tensor_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* MAX_ENTRIES: more than a network can have parameters.  HEAD_BYTES: of an entry, its header among
** them. */
enum { MAX_ENTRIES = 1 << 18, HEAD_BYTES = 1 << 16 };
static const char SUFFIX[] = ".npy";

typedef struct Npz {
    const char *file; /* its name */
    zip_t *zip;
    int n;
    char **name;
} Npz;

/* ---- the archive --------------------------------------------------------------------------------- */

static int fail_memory(const char *file, dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory to read %s", file);
}

static int fail_zip(const char *file, zip_error_t *why, dcn_error *err)
{
    if (zip_error_code_zip(why) == ZIP_ER_MEMORY)
        return fail_memory(file, err);
    return dcn_fail(err, DCN_EUSAGE, "%s: zip archive: %s", file, zip_error_strerror(why));
}

static void close_file(void *state)
{
    Npz *f = state;
    for (int i = 0; f->name && i < f->n; i++)
        free(f->name[i]);
    free(f->name);
    if (f->zip)
        zip_discard(f->zip);
    free(f);
}

static int open_zip(Npz *f, const void *bytes, size_t size, dcn_error *err)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &why);
    f->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    if (!f->zip)
        fail_zip(f->file, &why, err);
    if (!f->zip && source)
        zip_source_free(source);
    zip_error_fini(&why);
    return f->zip ? 0 : -1;
}

static int read_name(Npz *f, int i, dcn_error *err)
{
    const char *entry = zip_get_name(f->zip, (zip_uint64_t)i, 0);
    const size_t tail = strlen(SUFFIX), length = entry ? strlen(entry) : 0;
    if (!entry)
        return fail_zip(f->file, zip_get_error(f->zip), err);
    if (length < tail || strcmp(entry + length - tail, SUFFIX) != 0)
        return dcn_fail(err, DCN_EUSAGE, "%s: entry '%s' is no array: expected NAME%s", f->file,
                        entry, SUFFIX);
    f->name[i] = strndup(entry, length - tail);
    return f->name[i] ? 0 : fail_memory(f->file, err);
}

static int read_names(Npz *f, dcn_error *err)
{
    const zip_int64_t n = zip_get_num_entries(f->zip, 0);
    if (n > MAX_ENTRIES)
        return dcn_fail(err, DCN_EUSAGE, "%s: %lld entries, at most %d are expected", f->file,
                        (long long)n, MAX_ENTRIES);
    f->n = (int)n;
    f->name = calloc((size_t)n + 1, sizeof *f->name);
    if (!f->name)
        return fail_memory(f->file, err);
    for (int i = 0; i < f->n; i++)
        if (read_name(f, i, err))
            return -1;
    return 0;
}

static int open_file(const char *name, const void *bytes, size_t size, void **state, dcn_error *err)
{
    Npz *f = calloc(1, sizeof *f);
    if (!f)
        return fail_memory(name, err);
    f->file = name;
    if (open_zip(f, bytes, size, err) || read_names(f, err)) {
        close_file(f);
        return -1;
    }
    *state = f;
    return 0;
}

/* ---- an entry ------------------------------------------------------------------------------------ */

/* Messages about an entry begin so. */
static const char *entry_name(const Npz *f, int i, char buf[DCN_TEXT_MAX])
{
    snprintf(buf, DCN_TEXT_MAX, "%.128s: tensor '%.96s'", f->file, f->name[i]);
    return buf;
}

/* Bytes that the archive says it unpacks to. */
static int entry_bytes(const Npz *f, int i, size_t *bytes, dcn_error *err)
{
    zip_stat_t st;
    if (zip_stat_index(f->zip, (zip_uint64_t)i, 0, &st))
        return fail_zip(f->file, zip_get_error(f->zip), err);
    if (!(st.valid & ZIP_STAT_SIZE))
        return dcn_fail(err, DCN_EUSAGE, "%s: zip archive: the size of '%s' is missing", f->file,
                        f->name[i]);
    *bytes = (size_t)st.size;
    return 0;
}

/* As many bytes of the entry as there are, at most `size`, into to; *got of them. */
static int unpack(const Npz *f, int i, char *to, size_t size, size_t *got, dcn_error *err)
{
    zip_file_t *entry = zip_fopen_index(f->zip, (zip_uint64_t)i, 0);
    char what[DCN_TEXT_MAX];
    zip_int64_t n = 1;
    if (!entry)
        return fail_zip(entry_name(f, i, what), zip_get_error(f->zip), err);
    for (*got = 0; *got < size && n > 0; *got += n > 0 ? (size_t)n : 0)
        n = zip_fread(entry, to + *got, size - *got);
    if (n < 0)
        fail_zip(entry_name(f, i, what), zip_file_get_error(entry), err);
    zip_fclose(entry);
    return n < 0 ? -1 : 0;
}

static int get_shape(const void *state, int i, rt_array *out, dcn_error *err)
{
    const Npz *f = state;
    char what[DCN_TEXT_MAX];
    rt_npy_bytes have = { 0, 0 };
    char *head = malloc(HEAD_BYTES);
    if (!head)
        return fail_memory(f->file, err);
    int failed = entry_bytes(f, i, &have.all, err);
    const size_t most = !failed && have.all < HEAD_BYTES ? have.all : HEAD_BYTES;
    failed = failed || unpack(f, i, head, most, &have.first, err) ||
             rt_npy_shape(entry_name(f, i, what), head, have, out, err);
    free(head);
    return failed ? -1 : 0;
}

/* The checksum of an entry is looked at when its end is reached, so one byte more is asked for. */
static int unpack_all(const Npz *f, int i, size_t size, char **bytes, dcn_error *err)
{
    size_t got = 0;
    char what[DCN_TEXT_MAX];
    *bytes = malloc(size + 1);
    if (!*bytes)
        return dcn_fail(err, DCN_EENV, "%s: no memory for %zu bytes", entry_name(f, i, what), size);
    int failed = unpack(f, i, *bytes, size + 1, &got, err);
    if (!failed && got != size)
        failed =
            dcn_fail(err, DCN_EUSAGE, "%s does not unpack to the %zu bytes that the archive says",
                     entry_name(f, i, what), size);
    if (failed)
        free(*bytes);
    return failed;
}

/* The shape is checked first, so that the archive cannot make one take more memory than the tensor that
** it shows. */
static int get(const void *state, int i, rt_array *out, dcn_error *err)
{
    const Npz *f = state;
    char what[DCN_TEXT_MAX], *bytes;
    rt_array shape;
    size_t size = 0;
    if (get_shape(f, i, &shape, err) || entry_bytes(f, i, &size, err) ||
        unpack_all(f, i, size, &bytes, err))
        return -1;
    const int failed = rt_npy_parse(entry_name(f, i, what), bytes, size, out, err);
    free(bytes);
    return failed;
}

/* ---- the format ---------------------------------------------------------------------------------- */

static bool is_npz(const void *bytes, size_t size)
{
    return size >= 4 && (!memcmp(bytes, "PK\3\4", 4) || !memcmp(bytes, "PK\5\6", 4));
}

static int count(const void *state)
{
    return ((const Npz *)state)->n;
}

static const char *tensor_name(const void *state, int i)
{
    return ((const Npz *)state)->name[i];
}

const TensorFormat rt_npz = { .is = is_npz,
                              .open = open_file,
                              .count = count,
                              .tensor_name = tensor_name,
                              .shape = get_shape,
                              .get = get,
                              .close = close_file };
