/* safetensors.c: files of tensors as Hugging Face writes them.
**
**     length of the header (8 bytes, the lowest first)  header  data
**     header = {"NAME": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, ...} and spaces
**
** Offsets are bytes from the beginning of the data, first and past the last.  Tensors cover the data
** without overlaps and gaps, so that a file cannot hold what nobody sees.  "__metadata__" is no tensor.
** Little-endian machines only.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/safetensors.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "runtime/base/tensor_format.h"
#include "runtime/base/text.h"
#include "runtime/base/whole.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The header of ten thousand tensors is smaller; one that is all commas takes a hundred times its bytes
** when it is read. */
enum { LENGTH_BYTES = 8, MAX_HEADER_BYTES = 4 << 20, ALIGN_BYTES = 8 };
static const char *const METADATA = "__metadata__";

static const char *const dtypes[RT_NUM_KINDS + 1] = {
    [RT_F16] = "F16", [RT_F32] = "F32",   [RT_F64] = "F64",  [RT_I8] = "I8",   [RT_I16] = "I16",
    [RT_I32] = "I32", [RT_I64] = "I64",   [RT_U8] = "U8",    [RT_U16] = "U16", [RT_U32] = "U32",
    [RT_U64] = "U64", [RT_BF16] = "BF16", [RT_BOOL] = "BOOL"
};

typedef struct SafeTensor {
    char *name;
    rt_array shape;  /* without data */
    size_t from, to; /* bytes of the data */
} SafeTensor;

typedef struct SafeTensors {
    const char *file; /* its name */
    int n;
    SafeTensor *tensor;
    const char *data;
    size_t size; /* of the data */
} SafeTensors;

/* ---- one tensor of the header ------------------------------------------------------------------- */

static int fail_tensor(const SafeTensors *f, const SafeTensor *t, const char *what, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "%s: tensor '%s': %s", f->file, t->name, what);
}

static int read_dtype(const SafeTensors *f, const json_t *o, SafeTensor *t, dcn_error *err)
{
    const char *dtype = json_string_value(json_object_get(o, "dtype"));
    char all[128];
    if (!dtype)
        return fail_tensor(f, t, "'dtype' is no text", err);
    for (rt_kind k = 0; k < RT_NUM_KINDS; k++) {
        if (!strcmp(dtype, dtypes[k])) {
            t->shape.kind = k;
            return 0;
        }
    }
    return dcn_fail(err, DCN_EUSAGE, "%s: tensor '%s': dtype '%.32s' is not one of %s", f->file,
                    t->name, dtype, rt_join(dtypes, all, sizeof all));
}

/* Whether v is a whole number that is not negative, as it is then in *n. */
static bool get_size(const json_t *v, int64_t *n)
{
    *n = json_integer_value(v);
    return json_is_integer(v) && *n >= 0;
}

static int read_shape(const SafeTensors *f, const json_t *o, SafeTensor *t, dcn_error *err)
{
    const json_t *shape = json_object_get(o, "shape");
    rt_array *a = &t->shape;
    if (!json_is_array(shape))
        return fail_tensor(f, t, "'shape' is no list", err);
    if (json_array_size(shape) > RT_MAX_RANK)
        return dcn_fail(err, DCN_EUSAGE, "%s: tensor '%s': more than %d dimensions", f->file,
                        t->name, RT_MAX_RANK);
    a->rank = (int)json_array_size(shape);
    for (int i = 0; i < a->rank; i++)
        if (!get_size(json_array_get(shape, (size_t)i), &a->dims[i]))
            return fail_tensor(f, t, "'shape' is no list of sizes", err);
    return 0;
}

/* Elements; -1: they cannot be counted. */
static int64_t count_of(const rt_array *a)
{
    int64_t n = 1;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] == 0)
            return 0;
    for (int i = 0; i < a->rank; i++)
        if (__builtin_mul_overflow(n, a->dims[i], &n))
            return -1;
    return n;
}

static int read_offsets(const SafeTensors *f, const json_t *o, SafeTensor *t, dcn_error *err)
{
    const json_t *offsets = json_object_get(o, "data_offsets");
    const int64_t item = (int64_t)rt_kind_bytes(t->shape.kind);
    int64_t from, to, bytes;
    if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &from) ||
        !get_size(json_array_get(offsets, 1), &to))
        return fail_tensor(f, t, "'data_offsets' is no list of two positions", err);
    t->shape.count = count_of(&t->shape);
    if (t->shape.count < 0 || __builtin_mul_overflow(t->shape.count, item, &bytes))
        return fail_tensor(f, t, "its shape is too large", err);
    if (to < from || to - from != bytes)
        return dcn_fail(err, DCN_EUSAGE,
                        "%s: tensor '%s': its shape needs %lld bytes, not those from %lld to %lld",
                        f->file, t->name, (long long)bytes, (long long)from, (long long)to);
    t->from = (size_t)from;
    t->to = (size_t)to;
    return 0;
}

static int read_tensor(const SafeTensors *f, const char *name, const json_t *o, SafeTensor *t,
                       dcn_error *err)
{
    t->name = strdup(name);
    if (!t->name)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", f->file);
    const int failed =
        read_dtype(f, o, t, err) || read_shape(f, o, t, err) || read_offsets(f, o, t, err);
    return failed ? -1 : 0;
}

/* ---- the header ---------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const SafeTensor *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* In the order of the data, each tensor begins where the one before ends. */
static int check_cover(SafeTensors *f, dcn_error *err)
{
    size_t end = 0;
    if (f->n)
        qsort(f->tensor, (size_t)f->n, sizeof *f->tensor, by_place);
    for (int i = 0; i < f->n; i++) {
        const SafeTensor *t = &f->tensor[i];
        if (t->from != end)
            return dcn_fail(err, DCN_EUSAGE,
                            "%s: tensor '%s' begins at byte %zu of the data; expected %zu, where "
                            "the one before ends",
                            f->file, t->name, t->from, end);
        if (t->to > f->size)
            return dcn_fail(err, DCN_EUSAGE,
                            "%s: tensor '%s' ends at byte %zu of the data, which has %zu", f->file,
                            t->name, t->to, f->size);
        end = t->to;
    }
    if (end < f->size)
        return dcn_fail(err, DCN_EUSAGE, "%s: %zu bytes after the last tensor belong to none",
                        f->file, f->size - end);
    return 0;
}

static int read_header(SafeTensors *f, json_t *root, dcn_error *err)
{
    const char *name;
    json_t *o;
    f->tensor = calloc(json_object_size(root) + 1, sizeof *f->tensor);
    if (!f->tensor)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", f->file);
    json_object_foreach(root, name, o)
    {
        if (strcmp(name, METADATA) != 0 && read_tensor(f, name, o, &f->tensor[f->n++], err))
            return -1;
    }
    return check_cover(f, err);
}

static json_t *parse_header(const char *file, const char *text, size_t length, dcn_error *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!root && (json_error_code(&why) == json_error_out_of_memory || !why.text[0]))
        dcn_fail(err, DCN_EENV, "no memory to read %s", file);
    else if (!root)
        dcn_fail(err, DCN_EUSAGE, "%s: header is not JSON: %s", file, why.text);
    return root;
}

static size_t header_length(const unsigned char *bytes)
{
    uint64_t length = 0;
    for (int i = LENGTH_BYTES; i--;)
        length = length << 8 | bytes[i];
    return (size_t)length;
}

static void close_file(void *state)
{
    SafeTensors *f = state;
    for (int i = 0; i < f->n; i++)
        free(f->tensor[i].name);
    free(f->tensor);
    free(f);
}

static int open_file(const char *name, const void *bytes, size_t size, void **state, dcn_error *err)
{
    const char *text = (const char *)bytes + LENGTH_BYTES;
    const size_t length = header_length(bytes);
    if (length > MAX_HEADER_BYTES)
        return dcn_fail(err, DCN_EUSAGE, "%s: a header of %zu bytes, at most %d are expected", name,
                        length, MAX_HEADER_BYTES);
    if (length > size - LENGTH_BYTES)
        return dcn_fail(err, DCN_EUSAGE, "%s: the file ends inside its header of %zu bytes", name,
                        length);
    SafeTensors *f = calloc(1, sizeof *f);
    if (!f)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", name);
    *f = (SafeTensors){ .file = name, .data = text + length, .size = size - LENGTH_BYTES - length };
    json_t *root = parse_header(name, text, length, err);
    const int failed = !root || read_header(f, root, err);
    json_decref(root);
    if (failed)
        close_file(f);
    else
        *state = f;
    return failed ? -1 : 0;
}

/* ---- what is asked of it ------------------------------------------------------------------------- */

static bool is_safetensors(const void *bytes, size_t size)
{
    return size > LENGTH_BYTES && ((const char *)bytes)[LENGTH_BYTES] == '{';
}

static int count(const void *state)
{
    return ((const SafeTensors *)state)->n;
}

static const char *tensor_name(const void *state, int i)
{
    return ((const SafeTensors *)state)->tensor[i].name;
}

static int get_shape(const void *state, int i, rt_array *out, dcn_error *err)
{
    (void)err;
    *out = ((const SafeTensors *)state)->tensor[i].shape;
    return 0;
}

static int get(const void *state, int i, rt_array *out, dcn_error *err)
{
    const SafeTensors *f = state;
    const SafeTensor *t = &f->tensor[i];
    const size_t bytes = t->to - t->from;
    void *data = malloc(bytes + 1);
    if (!data)
        return dcn_fail(err, DCN_EENV, "%s: no memory for tensor '%s'", f->file, t->name);
    memcpy(data, f->data + t->from, bytes);
    *out = t->shape;
    out->data = data;
    return 0;
}

const TensorFormat rt_safetensors = { .is = is_safetensors,
                                      .open = open_file,
                                      .count = count,
                                      .tensor_name = tensor_name,
                                      .shape = get_shape,
                                      .get = get,
                                      .close = close_file };

/* ---- writing ------------------------------------------------------------------------------------- */

static size_t bytes_of(const rt_named_tensor *t)
{
    size_t n = rt_kind_bytes(t->kind);
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->dims[i];
    return n;
}

static json_t *describe(const rt_named_tensor *t, size_t from)
{
    json_t *dims = json_array();
    for (int i = 0; i < t->rank; i++)
        json_array_append_new(dims, json_integer(t->dims[i]));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", dtypes[t->kind], "shape", dims, "data_offsets",
                     (json_int_t)from, (json_int_t)(from + bytes_of(t)));
}

/* The header as text, malloc'ed; NULL without memory.  *size: of all data. */
static char *write_header(const rt_named_tensor *t, int n, size_t *size)
{
    json_t *root = json_object();
    int failed = !root;
    *size = 0;
    for (int i = 0; i < n && !failed; i++) {
        failed = json_object_set_new(root, t[i].name, describe(&t[i], *size));
        *size += bytes_of(&t[i]);
    }
    char *text = failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* Spaces after the header let the data begin at a multiple of ALIGN_BYTES. */
static char *join_file(const char *header, const rt_named_tensor *t, int n, size_t size)
{
    const size_t length = strlen(header);
    const size_t padded = rt_round_up(length, ALIGN_BYTES);
    char *bytes = malloc(LENGTH_BYTES + padded + size);
    if (!bytes)
        return NULL;
    for (int i = 0; i < LENGTH_BYTES; i++)
        bytes[i] = (char)((uint64_t)padded >> 8 * i & 255);
    memset(bytes + LENGTH_BYTES, ' ', padded);
    memcpy(bytes + LENGTH_BYTES, header, length);
    char *at = bytes + LENGTH_BYTES + padded;
    for (int i = 0; i < n; at += bytes_of(&t[i++]))
        if (bytes_of(&t[i]))
            memcpy(at, t[i].data, bytes_of(&t[i]));
    return bytes;
}

int rt_safetensors_write(const char *path, const rt_named_tensor *t, int n, dcn_error *err)
{
    size_t size;
    char *header = write_header(t, n, &size);
    char *bytes = header ? join_file(header, t, n, size) : NULL;
    const size_t data = bytes ? LENGTH_BYTES + header_length((unsigned char *)bytes) + size : 0;
    const int failed = bytes ? rt_write_file(path, bytes, data, err)
                             : dcn_fail(err, DCN_EENV, "no memory to write %s", path);
    free(bytes);
    free(header);
    return failed;
}
