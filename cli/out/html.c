/* html.c: text into a page of HTML.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* ---- escaping ------------------------------------------------------------- */

/* Bytes of the character at p if it is well-formed UTF-8 that a page may hold, else 0. */
static int utf8_length(const unsigned char *p)
{
    static const unsigned first[] = { 0, 0x20, 0x80, 0x800, 0x10000 };
    int n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    if (n <= 1)
        return n && ((*p >= 0x20 && *p != 0x7f) || strchr("\t\n\r", *p));
    unsigned c = *p & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    const bool is_surrogate = c >= 0xd800 && c <= 0xdfff, is_control = c >= 0x80 && c <= 0x9f;
    return c < first[n] || c > 0x10ffff || is_surrogate || is_control || (c & 0xfffe) == 0xfffe ? 0
                                                                                                : n;
}

static const char *entity(char c)
{
    static const char special[] = "&<>\"'";
    static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
    const char *at = strchr(special, c);
    return at ? entities[at - special] : NULL;
}

/* The text with what means something to HTML or XML escaped. */
static void put_escaped(FILE *f, const char *text)
{
    while (*text) {
        const char *escaped = entity(*text);
        int n = utf8_length((const unsigned char *)text);
        if (escaped)
            fputs(escaped, f);
        else if (n)
            fwrite(text, 1, (size_t)n, f);
        else
            fputs("&#xfffd;", f);
        text += n ? n : 1;
    }
}

/* ---- markup with values --------------------------------------------------- */

typedef struct FormatArgs {
    va_list list;
} FormatArgs;

/* One conversion; returns what follows it. */
static const char *put_value(FILE *f, const char *at, FormatArgs *v)
{
    char spec[24];
    const size_t n = 1 + strspn(at + 1, "-+ #0123456789.l");
    snprintf(spec, sizeof spec, "%.*s", (int)n + 1, at);
    switch (at[n]) {
    case 's':
        put_escaped(f, va_arg(v->list, const char *));
        break;
    case 'd':
        if (strstr(spec, "ll"))
            fprintf(f, spec, va_arg(v->list, long long));
        else
            fprintf(f, spec, va_arg(v->list, int));
        break;
    case '%':
        fputc('%', f);
        break;
    default:
        fprintf(f, spec, va_arg(v->list, double));
    }
    return at + n + 1;
}

void html_put(FILE *f, const char *markup, ...)
{
    FormatArgs v;
    va_start(v.list, markup);
    while (*markup) {
        const size_t n = strcspn(markup, "%");
        fwrite(markup, 1, n, f);
        markup += n;
        if (*markup)
            markup = put_value(f, markup, &v);
    }
    va_end(v.list);
}

/* ---- tables --------------------------------------------------------------- */

void html_table(FILE *f, const char *const *heads)
{
    fputs("<div class=\"scroll\"><table><thead><tr>", f);
    for (; *heads; heads++) {
        const bool is_number = **heads == '>';
        html_put(f, is_number ? "<th class=\"n\">%s</th>" : "<th>%s</th>", *heads + is_number);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
}

void html_table_end(FILE *f)
{
    fputs("</tbody></table></div>\n", f);
}
