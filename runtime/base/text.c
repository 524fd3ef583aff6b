/* text.c: text appended to a buffer of fixed size.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rt_text rt_text_in(char *buf, size_t size)
{
    if (size)
        buf[0] = '\0';
    return (rt_text){ buf, size, 0 };
}

rt_text rt_text_after(char *buf, size_t size)
{
    return (rt_text){ buf, size, strlen(buf) };
}

static void append(rt_text *t, const char *fmt, va_list args)
{
    const bool full = t->length >= t->size;
    int n = vsnprintf(full ? NULL : t->buf + t->length, full ? 0 : t->size - t->length, fmt, args);
    t->length += n > 0 ? (size_t)n : 0;
}

void rt_text_add(rt_text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    append(t, fmt, args);
    va_end(args);
}

void rt_text_item(rt_text *t, const char *separator, const char *fmt, ...)
{
    va_list args;
    if (t->length)
        rt_text_add(t, "%s", separator);
    va_start(args, fmt);
    append(t, fmt, args);
    va_end(args);
}

void rt_text_shape(rt_text *t, int rank, const int64_t *dims)
{
    rt_text_add(t, "[");
    for (int i = 0; i < rank; i++) {
        rt_text_add(t, "%s", i ? "," : "");
        if (dims[i] < 0)
            rt_text_add(t, "?");
        else
            rt_text_add(t, "%" PRId64, dims[i]);
    }
    rt_text_add(t, "]");
}

bool rt_text_is_cut(const rt_text *t)
{
    return t->length >= t->size;
}

/* What " and 4095 more" takes. */
enum { MORE_BYTES = 16 };

/* How many names, with ", " between them, are shorter than `size` together. */
static int count_fitting(const char *const *names, size_t size)
{
    size_t length = 0;
    for (int i = 0; names[i]; i++) {
        length += strlen(names[i]) + (i ? strlen(", ") : 0);
        if (length >= size)
            return i;
    }
    return INT_MAX;
}

const char *rt_join(const char *const *names, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    int n = 0, fitting = count_fitting(names, size);
    if (fitting < INT_MAX)
        fitting = count_fitting(names, size > MORE_BYTES ? size - MORE_BYTES : 0);
    for (; names[n]; n++)
        if (n < fitting)
            rt_text_item(&t, ", ", "%s", names[n]);
    if (fitting < n)
        rt_text_add(&t, "%sand %d more", fitting ? " " : "", n - fitting);
    return buf;
}

int64_t rt_text_bytes(const char *text)
{
    static const char units[] = "KMG";
    int64_t n = 0, scale = 1;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (n > (INT64_MAX - 9) / 10)
            return -1;
        n = 10 * n + (*at - '0');
    }
    const char *unit = *at ? strchr(units, *at) : NULL;
    if (unit)
        scale = (int64_t)1 << 10 * (unit - units + 1);
    return at == text || at[unit != NULL] || n > INT64_MAX / scale ? -1 : n * scale;
}

double rt_text_number(const char *text)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789.eE+-")])
        return NAN;
    const double x = strtod(text, &end);
    return *end ? NAN : x;
}
