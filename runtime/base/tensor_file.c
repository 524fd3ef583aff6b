/* tensor_file.c: files of tensors that are known by name, whatever their format.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor_file.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "runtime/base/tensor_format.h"

#include <stdlib.h>
#include <string.h>

struct rt_tensor_file {
    const TensorFormat *format;
    void *state;
    char *name;
    void *bytes; /* of the file; NULL: they are somebody else's */
};

/* Beside the numbers that are wanted: headers, and tensors that nobody wants, which messages are to name. */
static const size_t SPARE_BYTES = (size_t)1 << 30;

static const TensorFormat *find_format(const void *bytes, size_t size)
{
    static const TensorFormat *const formats[] = { &rt_safetensors, &rt_npz };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->is(bytes, size))
            return formats[i];
    return NULL;
}

static int fail_format(const char *name, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE,
                    "%s: neither a safetensors file (a length and '{' come first) nor an npz file "
                    "(PK comes first)",
                    name);
}

int rt_tensor_file_parse(const char *name, const void *bytes, size_t size, rt_tensor_file **out,
                         dcn_error *err)
{
    const TensorFormat *format = find_format(bytes, size);
    if (!format)
        return fail_format(name, err);
    rt_tensor_file *f = calloc(1, sizeof *f);
    if (!f || !(f->name = strdup(name))) {
        free(f);
        return dcn_fail(err, DCN_EENV, "no memory to read %s", name);
    }
    f->format = format;
    if (format->open(f->name, bytes, size, &f->state, err)) {
        rt_tensor_file_close(f);
        return -1;
    }
    *out = f;
    return 0;
}

typedef struct FormatAsk {
    const char *path;
    int64_t count;
} FormatAsk;

static int ask_format(void *self, const void *first, size_t have, int64_t all, size_t *max,
                      dcn_error *err)
{
    enum { WIDEST = 8 };
    const FormatAsk *ask = self;
    (void)all;
    *max = SPARE_BYTES + WIDEST * (size_t)ask->count;
    return find_format(first, have) ? 0 : fail_format(ask->path, err);
}

int rt_tensor_file_open(const char *path, int64_t count, rt_tensor_file **out, dcn_error *err)
{
    FormatAsk ask = { path, count };
    void *bytes;
    size_t size;
    if (rt_read_file_if(path, &(rt_file_limit){ ask_format, &ask }, &bytes, &size, err))
        return -1;
    if (rt_tensor_file_parse(path, bytes, size, out, err)) {
        free(bytes);
        return -1;
    }
    (*out)->bytes = bytes;
    return 0;
}

void rt_tensor_file_close(rt_tensor_file *f)
{
    if (!f)
        return;
    if (f->state)
        f->format->close(f->state);
    free(f->name);
    free(f->bytes);
    free(f);
}

int rt_tensor_file_count(const rt_tensor_file *f)
{
    return f->format->count(f->state);
}

const char *rt_tensor_file_name(const rt_tensor_file *f, int i)
{
    return f->format->tensor_name(f->state, i);
}

int rt_tensor_file_shape(const rt_tensor_file *f, int i, rt_array *out, dcn_error *err)
{
    return f->format->shape(f->state, i, out, err);
}

int rt_tensor_file_get(const rt_tensor_file *f, int i, rt_array *out, dcn_error *err)
{
    return f->format->get(f->state, i, out, err);
}
