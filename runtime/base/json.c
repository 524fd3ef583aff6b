/* json.c: structs as JSON objects, by a table of their members; JSON lines.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/json.h"
#include "runtime/base/base.h"

#include <math.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------ */

static json_int_t load_integer(rt_member_type type, const char *at)
{
    bool b;
    int i;
    int64_t n;
    if (type == RT_BOOL)
        return memcpy(&b, at, sizeof b), b;
    if (type == RT_INT)
        return memcpy(&i, at, sizeof i), i;
    return memcpy(&n, at, sizeof n), n;
}

static json_t *value(const rt_member *m, const char *at)
{
    double x;
    if (m->type == RT_TEXT)
        return json_string(at);
    if (m->type != RT_DOUBLE)
        return json_integer(load_integer(m->type, at));
    memcpy(&x, at, sizeof x);
    return json_real(x);
}

int rt_json_put(json_t *object, const rt_member *m, int n, const void *from)
{
    int failed = 0;
    for (int i = 0; i < n; i++)
        failed |=
            json_object_set_new(object, m[i].name, value(&m[i], (const char *)from + m[i].offset));
    return failed;
}

int rt_json_write(FILE *to, json_t *object, int digits)
{
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(digits);
    int failed = !object || json_dumpf(object, to, flags) || putc('\n', to) == EOF;
    json_decref(object);
    return failed ? -1 : 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

int rt_json_wrong(const char *name, const char *expected, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "'%s' is not %s", name, expected);
}

static int get_text(const rt_member *m, const json_t *v, char *at, dcn_error *err)
{
    if (!json_is_string(v) || json_string_length(v) >= m->size)
        return rt_json_wrong(m->name, "a text that is short enough", err);
    memcpy(at, json_string_value(v), json_string_length(v) + 1);
    return 0;
}

static int get_double(const rt_member *m, const json_t *v, char *at, dcn_error *err)
{
    const double x = json_is_number(v) ? json_number_value(v) : -1;
    if (!(x >= 0 && x < INFINITY))
        return rt_json_wrong(m->name, "a number that is not negative", err);
    memcpy(at, &x, sizeof x);
    return 0;
}

static int get_integer(const rt_member *m, const json_t *v, char *at, dcn_error *err)
{
    const int64_t n = json_integer_value(v);
    const int narrow = (int)n;
    const bool is = n != 0;
    const void *from = m->type == RT_BOOL ? &is : m->type == RT_INT ? (const void *)&narrow : &n;
    if (!json_is_integer(v) || (n < 0 && m->type != RT_UINT64) ||
        (m->type == RT_INT && n != narrow))
        return rt_json_wrong(m->name, "a whole number that is not negative", err);
    memcpy(at, from, m->size);
    return 0;
}

int rt_json_get(const json_t *object, const rt_member *m, int n, void *to, dcn_error *err)
{
    static int (*const get[])(const rt_member *m, const json_t *v, char *at, dcn_error *err) = {
        [RT_TEXT] = get_text,     [RT_BOOL] = get_integer,   [RT_INT] = get_integer,
        [RT_INT64] = get_integer, [RT_UINT64] = get_integer, [RT_DOUBLE] = get_double,
    };
    for (int i = 0; i < n; i++) {
        const json_t *v = json_object_get(object, m[i].name);
        if (get[m[i].type](&m[i], v, (char *)to + m[i].offset, err))
            return -1;
    }
    return 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

int rt_json_lines(const char *name, const char *text, size_t size,
                  int (*each)(void *self, const json_t *object, dcn_error *err), void *self,
                  dcn_error *err)
{
    const char *end = text + size;
    for (int number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const size_t length = (size_t)((newline ? newline : end) - text);
        dcn_error what;
        json_error_t why;
        json_t *o = length ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &why) : NULL;
        int failed = 0;
        if (o)
            failed = each(self, o, &what);
        else if (length)
            failed = dcn_fail(&what, DCN_EUSAGE, "not JSON: %s", why.text);
        json_decref(o);
        if (failed && what.code == DCN_EUSAGE)
            return dcn_fail_at(err, what.code, name, number, "%s", what.text);
        if (failed)
            return dcn_fail(err, what.code, "%s", what.text);
        text += length + 1;
    }
    return 0;
}
