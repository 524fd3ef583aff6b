/* fields.c: finding the keys of an operator, and reading and writing their values.
**
** A choice's text stands at the index of its enumerator; rt_value holds that index.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"

#include <stddef.h>
#include <string.h>

bool rt_field_is_of(const rt_field *f, dcn_op op)
{
    return rt_op_in(op, f->ops);
}

bool rt_field_allows(const rt_field *f, int64_t choice)
{
    return !f->allowed || (choice < 32 && (f->allowed >> choice & 1));
}

const rt_field *rt_field_at(dcn_op op, size_t offset)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op) && f->offset == offset)
            return f;
    }
    return NULL;
}

const rt_field *rt_field_find(const char *key, dcn_op op)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op) && strcmp(f->key, key) == 0)
            return f;
    }
    return NULL;
}

int rt_field_count(const rt_field *f)
{
    static const int count[] = {
        [RT_FIELD_INT] = 1,     [RT_FIELD_EXTENT] = 1,   [RT_FIELD_SIZE] = 2,
        [RT_FIELD_PADDING] = 4, [RT_FIELD_CHOICE] = 1,   [RT_FIELD_BOOL] = 1,
        [RT_FIELD_NUMBER] = 1,  [RT_FIELD_GRADIENT] = 1, [RT_FIELD_NAME] = 0,
        [RT_FIELD_TEXT] = 0,    [RT_FIELD_SCHEDULE] = 0,
    };
    return count[f->type];
}

static bool is_text(const rt_field *f)
{
    return rt_field_count(f) == 0;
}

/* A spec filled in C may hold any bits, also in an enum or a bool: read them as numbers. */
static int64_t get_int(const char *at, size_t bytes)
{
    int64_t wide;
    int32_t narrow;
    unsigned char flag;
    if (bytes == sizeof wide)
        return memcpy(&wide, at, sizeof wide), wide;
    if (bytes == sizeof narrow)
        return memcpy(&narrow, at, sizeof narrow), narrow;
    return memcpy(&flag, at, sizeof flag), flag;
}

static void set_int(char *at, size_t bytes, int64_t n)
{
    int32_t narrow = (int32_t)n;
    bool flag = n != 0;
    if (bytes == sizeof n)
        memcpy(at, &n, sizeof n);
    else if (bytes == sizeof narrow)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, &flag, sizeof flag);
}

rt_value rt_field_get(const rt_field *f, const dcn_spec *s)
{
    rt_value v = { .x = 0 };
    const char *at = (const char *)s + f->offset;
    if (is_text(f))
        memcpy(v.text, at, f->bytes);
    else if (f->type == RT_FIELD_NUMBER)
        memcpy(&v.x, at, sizeof v.x);
    else
        for (int i = 0; i < rt_field_count(f); i++)
            v.n[i] = get_int(at + (size_t)i * f->bytes, f->bytes);
    return v;
}

void rt_field_set(const rt_field *f, const rt_value *v, void *to)
{
    char *at = (char *)to + f->offset;
    if (is_text(f))
        memcpy(at, v->text, f->bytes);
    else if (f->type == RT_FIELD_NUMBER)
        memcpy(at, &v->x, sizeof v->x);
    else
        for (int i = 0; i < rt_field_count(f); i++)
            set_int(at + (size_t)i * f->bytes, f->bytes, v->n[i]);
}

rt_value rt_field_default(const rt_field *f)
{
    rt_value v = { .x = f->default_value };
    for (int i = 0; i < 4; i++)
        v.n[i] = (int64_t)f->default_value;
    return v;
}

static bool is_own(const rt_field *f)
{
    return f->offset == offsetof(dcn_spec, name) || f->offset == offsetof(dcn_spec, target) ||
           f->offset == offsetof(dcn_spec, schedule);
}

void rt_fields_copy(const dcn_spec *from, dcn_spec *to)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (is_own(f) || !rt_field_is_of(f, to->op) || !rt_field_at(from->op, f->offset))
            continue;
        const rt_value v = rt_field_get(f, from);
        rt_field_set(f, &v, to);
    }
}

bool rt_field_equal(const rt_field *f, const rt_value *a, const rt_value *b)
{
    if (rt_field_count(f) == 0)
        return strcmp(a->text, b->text) == 0;
    return f->type == RT_FIELD_NUMBER ? a->x == b->x : memcmp(a->n, b->n, sizeof a->n) == 0;
}

bool rt_field_is_shown(const rt_field *f, const rt_value *v)
{
    const rt_value usual = rt_field_default(f);
    return !f->quiet || !rt_field_equal(f, v, &usual);
}
