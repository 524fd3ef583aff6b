/* npz.c: numpy's .npz files: a zip archive in which the tensor NAME is the file NAME.npy.
**
** Of an entry only the header is unpacked before its shape is known; then it must have as many bytes as that
** shape needs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/tensor_format.h"
#include "runtime/base/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 1 << 16 }; /* of an entry, its header among them */
static const char SUFFIX[] = ".npy";

typedef struct Npz {
    const char *file; /* its name */
    rt_zip *zip;
    int n;
    char **name;
} Npz;

/* ---- opening ------------------------------------------------------------------------------------- */

static int fail_memory(const char *file, dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory to read %s", file);
}

static void close_file(void *state)
{
    Npz *f = state;
    for (int i = 0; f->name && i < f->n; i++)
        free(f->name[i]);
    free(f->name);
    if (f->zip)
        rt_zip_close(f->zip);
    free(f);
}

static int read_name(Npz *f, int i, dcn_error *err)
{
    const char *entry = rt_zip_name(f->zip, i);
    const size_t tail = strlen(SUFFIX), length = strlen(entry);
    if (length < tail || strcmp(entry + length - tail, SUFFIX) != 0)
        return dcn_fail(err, DCN_EUSAGE, "%s: entry '%s' is no array: expected NAME%s", f->file,
                        entry, SUFFIX);
    f->name[i] = strndup(entry, length - tail);
    return f->name[i] ? 0 : fail_memory(f->file, err);
}

static int read_names(Npz *f, dcn_error *err)
{
    f->n = rt_zip_count(f->zip);
    f->name = calloc((size_t)f->n + 1, sizeof *f->name);
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
    if (rt_zip_open(name, bytes, size, &f->zip, err) || read_names(f, err)) {
        close_file(f);
        return -1;
    }
    *state = f;
    return 0;
}

/* ---- a tensor ------------------------------------------------------------------------------------ */

/* Messages about its array begin so. */
static const char *tensor_title(const Npz *f, int i, char buf[DCN_TEXT_MAX])
{
    snprintf(buf, DCN_TEXT_MAX, "%.128s: tensor '%.96s'", f->file, f->name[i]);
    return buf;
}

static int get_shape(const void *state, int i, rt_array *out, dcn_error *err)
{
    const Npz *f = state;
    char what[DCN_TEXT_MAX];
    const size_t all = rt_zip_bytes(f->zip, i), first = all < HEAD_BYTES ? all : HEAD_BYTES;
    char *head = malloc(first + 1);
    if (!head)
        return fail_memory(f->file, err);
    const int failed =
        rt_zip_unpack(f->zip, i, head, first, err) ||
        rt_npy_shape(tensor_title(f, i, what), head, (rt_npy_bytes){ first, all }, out, err);
    free(head);
    return failed ? -1 : 0;
}

static int get(const void *state, int i, rt_array *out, dcn_error *err)
{
    const Npz *f = state;
    char what[DCN_TEXT_MAX];
    rt_array shape;
    if (get_shape(f, i, &shape, err))
        return -1;
    const size_t all = rt_zip_bytes(f->zip, i);
    char *bytes = malloc(all + 1);
    if (!bytes)
        return dcn_fail(err, DCN_EENV, "%s: no memory for %zu bytes", tensor_title(f, i, what),
                        all);
    const int failed = rt_zip_unpack(f->zip, i, bytes, all, err) ||
                       rt_npy_parse(tensor_title(f, i, what), bytes, all, out, err);
    free(bytes);
    return failed ? -1 : 0;
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
