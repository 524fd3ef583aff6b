/* text.c: text appended to a buffer of fixed size.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"

#include <stdarg.h>
#include <stdio.h>

rt_text rt_text_in(char *buf, size_t size)
{
    if (size)
        buf[0] = '\0';
    return (rt_text){ buf, size, 0 };
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

bool rt_text_is_cut(const rt_text *t)
{
    return t->length >= t->size;
}

const char *rt_join(const char *const *names, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; names[i]; i++)
        rt_text_item(&t, ", ", "%s", names[i]);
    return buf;
}
