/* npy.c: numpy's .npy files.
**
**     "\x93NUMPY"  major minor  length of the header (2 bytes; 4 from version 2)  header  data
**     header = {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and spaces
**
** The header is a Python literal; this reads exactly that form, in any order of keys and with
** any spaces, and refuses the rest by name and position.  Little-endian machines only.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/npy.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
enum { MAGIC_BYTES = 6, VERSION_BYTES = 8, ALIGN = 64 };

/* A header being read. */
typedef struct Reader {
    const char *name; /* of the file, for messages */
    const char *text, *at, *end;
    dcn_error *err;
    bool cut; /* there is more of the file */
    bool big_endian, fortran;
    rt_array *out;
} Reader;

static int fail_here(const Reader *r, const char *expected)
{
    return dcn_fail(r->err, DCN_EUSAGE, "%s: npy header, byte %zu: %s expected", r->name,
                    (size_t)(r->at - r->text), expected);
}

/* ---- tokens --------------------------------------------------------------- */

static void skip_spaces(Reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n'))
        r->at++;
}

/* Steps over c if it is next. */
static bool accept(Reader *r, char c)
{
    skip_spaces(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* 'text' or "text", at most size-1 characters, without escapes */
static int read_string(Reader *r, char *buf, size_t size)
{
    skip_spaces(r);
    if (r->at == r->end || (*r->at != '\'' && *r->at != '"'))
        return fail_here(r, "a quoted string");
    const char *start = r->at + 1;
    const char *close = memchr(start, *r->at, (size_t)(r->end - start));
    if (!close || (size_t)(close - start) >= size)
        return fail_here(r, "a short quoted string");
    memcpy(buf, start, (size_t)(close - start));
    buf[close - start] = 0;
    r->at = close + 1;
    return 0;
}

static int read_size(Reader *r, int64_t *value)
{
    skip_spaces(r);
    const char *start = r->at;
    for (*value = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *r->at - '0', value))
            return fail_here(r, "a size below 2^63");
    return r->at == start ? fail_here(r, "a size (digits)") : 0;
}

/* ---- the three keys ------------------------------------------------------- */

/* Whether the letter before a kind's name is one of those for the order of its bytes: little, big,
** this machine's, and for a single byte none. */
static bool is_order(char letter, rt_kind kind)
{
    return letter && strchr(rt_kind_bytes(kind) == 1 ? "<>=|" : "<>=", letter);
}

static int read_descr(Reader *r)
{
    char descr[32], all[64];
    const char *names[RT_NUM_NPY_KINDS + 1] = { NULL };
    if (read_string(r, descr, sizeof descr))
        return -1;
    r->big_endian = *descr == '>';
    for (rt_kind k = 0; k < RT_NUM_NPY_KINDS; k++) {
        names[k] = rt_kind_name(k);
        if (is_order(*descr, k) && !strcmp(descr + 1, names[k])) {
            r->out->kind = k;
            return 0;
        }
    }
    return dcn_fail(r->err, DCN_EUSAGE, "%s: dtype '%s' is not one of %s", r->name, descr,
                    rt_join(names, all, sizeof all));
}

static int read_order(Reader *r)
{
    skip_spaces(r);
    size_t left = (size_t)(r->end - r->at);
    if (left >= 4 && !memcmp(r->at, "True", 4)) {
        r->at += 4;
        r->fortran = true;
        return 0;
    }
    if (left < 5 || memcmp(r->at, "False", 5))
        return fail_here(r, "True or False");
    r->at += 5;
    return 0;
}

static int read_shape(Reader *r)
{
    rt_array *a = r->out;
    if (!accept(r, '('))
        return fail_here(r, "'('");
    bool comma = true;
    for (a->rank = 0; !accept(r, ')'); a->rank++) {
        if (!comma)
            return fail_here(r, "',' or ')'");
        if (a->rank == RT_MAX_RANK)
            return dcn_fail(r->err, DCN_EUSAGE, "%s: more than %d dimensions", r->name,
                            RT_MAX_RANK);
        if (read_size(r, &a->dims[a->rank]))
            return -1;
        comma = accept(r, ',');
    }
    return a->rank == 1 && !comma ? fail_here(r, "',' after the only size") : 0;
}

static const struct Key {
    const char *name;
    int (*read)(Reader *r);
} keys[] = { { "descr", read_descr }, { "fortran_order", read_order }, { "shape", read_shape } };
enum { NKEYS = sizeof keys / sizeof *keys };

static int read_pair(Reader *r, bool seen[NKEYS])
{
    char name[32];
    int k = 0;
    if (read_string(r, name, sizeof name))
        return -1;
    while (k < NKEYS && strcmp(keys[k].name, name))
        k++;
    if (k == NKEYS)
        return dcn_fail(r->err, DCN_EUSAGE,
                        "%s: npy header: unknown key '%s'; descr, fortran_order and shape expected",
                        r->name, name);
    if (seen[k])
        return dcn_fail(r->err, DCN_EUSAGE, "%s: npy header: key '%s' twice", r->name, name);
    seen[k] = true;
    return accept(r, ':') ? keys[k].read(r) : fail_here(r, "':'");
}

static int read_header(Reader *r)
{
    bool seen[NKEYS] = { false }, comma = true;
    if (!accept(r, '{'))
        return fail_here(r, "'{'");
    while (!accept(r, '}')) {
        if (!comma)
            return fail_here(r, "',' or '}'");
        if (read_pair(r, seen))
            return -1;
        comma = accept(r, ',');
    }
    for (int k = 0; k < NKEYS; k++)
        if (!seen[k])
            return dcn_fail(r->err, DCN_EUSAGE, "%s: npy header: key '%s' is missing", r->name,
                            keys[k].name);
    skip_spaces(r);
    return r->at == r->end ? 0 : fail_here(r, "nothing more");
}

/* ---- the bytes around the header ------------------------------------------ */

/* Sets text and end to the header, which the data follows. */
static int find_header(Reader *r, const unsigned char *bytes, size_t size)
{
    if (size < VERSION_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES))
        return dcn_fail(r->err, DCN_EUSAGE,
                        "%s: not an npy file: it does not begin with \\x93NUMPY", r->name);
    int major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor)
        return dcn_fail(r->err, DCN_EUSAGE,
                        "%s: npy version %d.%d is not known; 1.0, 2.0 and 3.0 are", r->name, major,
                        minor);
    size_t width = major == 1 ? 2 : 4, length = 0, start = VERSION_BYTES + width;
    for (size_t i = width; i-- && size >= start;)
        length = length << 8 | bytes[VERSION_BYTES + i];
    if (size < start || size - start < length)
        return dcn_fail(r->err, DCN_EUSAGE, "%s: npy header: %s", r->name,
                        r->cut ? "too long" : "the file ends inside it");
    r->text = r->at = (const char *)bytes + start;
    r->end = r->text + length;
    return 0;
}

/* The shape as Python writes it, for messages. */
static const char *shape_text(const rt_array *a, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < a->rank; i++)
        rt_text_add(&t, "%s%lld", i ? ", " : "(", (long long)a->dims[i]);
    rt_text_add(&t, a->rank == 1 ? ",)" : a->rank ? ")" : "()");
    return buf;
}

/* Sets a->count and how many bytes the data of such a shape have. */
static int count_bytes(const Reader *r, size_t *bytes)
{
    char shape[256];
    rt_array *a = r->out;
    bool empty = false, fits = true;
    for (int i = 0; i < a->rank; i++)
        empty |= a->dims[i] == 0;
    *bytes = empty ? 0 : rt_kind_bytes(a->kind);
    for (int i = 0; i < a->rank && fits && !empty; i++)
        fits = !__builtin_mul_overflow(*bytes, (size_t)a->dims[i], bytes);
    if (!fits || *bytes > PTRDIFF_MAX)
        return dcn_fail(r->err, DCN_EUSAGE, "%s: shape %s is too large", r->name,
                        shape_text(a, shape, sizeof shape));
    a->count = (int64_t)(*bytes / rt_kind_bytes(a->kind));
    return 0;
}

/* Sets a->count; the data must be exactly as long as the shape says. */
static int check_length(const Reader *r, size_t have)
{
    char shape[256];
    size_t bytes;
    if (count_bytes(r, &bytes))
        return -1;
    return bytes == have
               ? 0
               : dcn_fail(r->err, DCN_EUSAGE,
                          "%s: shape %s of %s needs %zu bytes of data, the file holds %zu", r->name,
                          shape_text(r->out, shape, sizeof shape), rt_kind_name(r->out->kind),
                          bytes, have);
}

/* ---- data ----------------------------------------------------------------- */

/* Position in Fortran order of the element at position i in C order. */
static int64_t fortran_position(const rt_array *a, int64_t i)
{
    int64_t position = 0, stride = a->count;
    for (int d = a->rank - 1; d >= 0; d--) {
        stride /= a->dims[d];
        position += i % a->dims[d] * stride;
        i /= a->dims[d];
    }
    return position;
}

static void copy_data(const Reader *r, const char *from)
{
    rt_array *a = r->out;
    size_t item = rt_kind_bytes(a->kind);
    char *to = a->data;
    if (!r->fortran && !r->big_endian) {
        memcpy(to, from, (size_t)a->count * item);
        return;
    }
    for (int64_t i = 0; i < a->count; i++) {
        const char *v = from + (size_t)(r->fortran ? fortran_position(a, i) : i) * item;
        for (size_t b = 0; b < item; b++)
            *to++ = v[r->big_endian ? item - 1 - b : b];
    }
}

int rt_npy_shape(const char *name, const void *bytes, rt_npy_bytes have, rt_array *out,
                 dcn_error *err)
{
    rt_array a = { .data = NULL };
    Reader r = { .name = name, .err = err, .cut = have.first < have.all, .out = &a };
    if (find_header(&r, bytes, have.first) || read_header(&r) ||
        check_length(&r, have.all - (size_t)(r.end - (const char *)bytes)))
        return -1;
    *out = a;
    return 0;
}

int rt_npy_parse(const char *name, const void *bytes, size_t size, rt_array *out, dcn_error *err)
{
    rt_array a = { .data = NULL };
    Reader r = { .name = name, .err = err, .out = &a };
    if (find_header(&r, bytes, size) || read_header(&r))
        return -1;
    size_t have = size - (size_t)(r.end - (const char *)bytes);
    if (check_length(&r, have))
        return -1;
    a.data = malloc(have + 1);
    if (!a.data)
        return dcn_fail(err, DCN_EENV, "%s: no memory for %zu bytes", name, have);
    copy_data(&r, r.end);
    *out = a;
    return 0;
}

/* A file being read whose header says how much of it is wanted. */
typedef struct NpyAsk {
    const char *path;
    int64_t max_count;
    rt_array shape;
    bool shape_only;
} NpyAsk;

static int ask_header(void *self, const void *first, size_t have, int64_t all, size_t *max,
                      dcn_error *err)
{
    NpyAsk *ask = self;
    rt_array *a = &ask->shape;
    Reader r = { .name = ask->path, .err = err, .cut = all != (int64_t)have, .out = a };
    if (find_header(&r, first, have) || read_header(&r))
        return -1;
    const size_t begin = (size_t)(r.end - (const char *)first);
    size_t bytes;
    if (count_bytes(&r, &bytes) || (all >= 0 && check_length(&r, (size_t)all - begin)))
        return -1;
    ask->shape_only = a->count > ask->max_count;
    *max = ask->shape_only ? RT_ENOUGH : begin + bytes;
    return 0;
}

int rt_npy_read(const char *path, int64_t max_count, rt_array *out, dcn_error *err)
{
    NpyAsk ask = { .path = path, .max_count = max_count };
    void *bytes;
    size_t size;
    if (rt_read_file_if(path, &(rt_file_limit){ ask_header, &ask }, &bytes, &size, err))
        return -1;
    int failed = ask.shape_only ? 0 : rt_npy_parse(path, bytes, size, out, err);
    if (ask.shape_only)
        *out = ask.shape;
    free(bytes);
    return failed;
}

int rt_npy_write(const char *path, const rt_array *a, dcn_error *err)
{
    char shape[RT_MAX_RANK * 22 + 4], head[1024];
    size_t data = rt_kind_bytes(a->kind), start = VERSION_BYTES + 2;
    for (int i = 0; i < a->rank; i++)
        data *= (size_t)a->dims[i];
    int length =
        snprintf(head, sizeof head, "{'descr': '<%s', 'fortran_order': False, 'shape': %s, }",
                 rt_kind_name(a->kind), shape_text(a, shape, sizeof shape));
    size_t total = (start + (size_t)length + ALIGN) / ALIGN * ALIGN, header = total - start;
    char *bytes = malloc(total + data);
    if (!bytes)
        return dcn_fail(err, DCN_EENV, "no memory to write %s", path);
    memset(bytes, ' ', total);
    memcpy(bytes, MAGIC "\1\0", VERSION_BYTES);
    bytes[VERSION_BYTES] = (char)(header & 255);
    bytes[VERSION_BYTES + 1] = (char)(header >> 8);
    memcpy(bytes + start, head, (size_t)length);
    bytes[total - 1] = '\n';
    if (data)
        memcpy(bytes + total, a->data, data);
    int failed = rt_write_file(path, bytes, total + data, err);
    free(bytes);
    return failed;
}

void rt_array_free(rt_array *a)
{
    if (a)
        free(a->data);
}
