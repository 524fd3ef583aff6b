/* error.c: failing with one line.
**
** What goes into dcn_error is meant for one line of a terminal or of JSON: it is valid UTF-8,
** has no control characters, and ends in "..." where it had to be cut.  A file name is cut at
** its front instead, because its end says more.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character at s, or 0 if it is not well-formed UTF-8 or a control character. */
static int utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t min;
    } form[] = { { 0x80, 0x00, 0x20 },
                 { 0xe0, 0xc0, 0xa0 }, /* U+0080 to U+009F are control characters */
                 { 0xf0, 0xe0, 0x800 },
                 { 0xf8, 0xf0, 0x10000 } };
    for (int n = 0; n < 4; n++) {
        if ((s[0] & form[n].mask) != form[n].lead)
            continue;
        uint32_t c = s[0] & (unsigned char)~form[n].mask;
        for (int i = 1; i <= n; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (s[i] & 0x3f);
        }
        bool surrogate = c >= 0xd800 && c < 0xe000;
        return c < form[n].min || c == 0x7f || c > 0x10ffff || surrogate ? 0 : n + 1;
    }
    return 0;
}

/* Copy text into to[size]: white space becomes a space, other unprintable bytes become '?'. */
static void copy_line(char *to, size_t size, const char *text)
{
    size_t used = 0;
    while (*text) {
        int n = utf8_length((const unsigned char *)text);
        size_t bytes = n ? (size_t)n : 1;
        if (used + bytes >= size)
            break;
        if (n)
            memcpy(to + used, text, bytes);
        else
            to[used] = strchr("\t\n\v\f\r", *text) ? ' ' : '?';
        used += bytes;
        text += bytes;
    }
    to[used] = 0;
}

/* Copies a text as copy_line does, but one that is too long ends in "...". */
static void copy_text(char *to, size_t size, const char *text)
{
    if (strlen(text) < size) {
        copy_line(to, size, text);
        return;
    }
    copy_line(to, size - 3, text);
    strcat(to, "...");
}

/* Copies a path as copy_line does, but one that is too long begins with "...". */
static void copy_path(char *to, size_t size, const char *path)
{
    size_t length = strlen(path);
    if (length < size) {
        copy_line(to, size, path);
        return;
    }
    memcpy(to, "...", 3);
    copy_line(to + 3, size - 3, path + (length - (size - 4)));
}

/* The arguments may point into *err, so everything is built aside first. */
static int fail(dcn_error *err, dcn_error place, const char *fmt, va_list args)
{
    char text[2 * sizeof place.text];
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = 0;
    copy_text(place.text, sizeof place.text, text);
    if (err)
        *err = place;
    return -1;
}

int dcn_fail(dcn_error *err, dcn_status code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int rc = fail(err, (dcn_error){ .code = code }, fmt, args);
    va_end(args);
    return rc;
}

int dcn_fail_at(dcn_error *err, dcn_status code, const char *file, int line, const char *fmt, ...)
{
    dcn_error place = { .code = code, .line = line };
    copy_path(place.file, sizeof place.file, file ? file : "");
    va_list args;
    va_start(args, fmt);
    int rc = fail(err, place, fmt, args);
    va_end(args);
    return rc;
}

int dcn_error_print(const dcn_error *err, char *buf, size_t size)
{
    if (!err->file[0])
        return snprintf(buf, size, "%s", err->text);
    if (!err->line)
        return snprintf(buf, size, "%s: %s", err->file, err->text);
    return snprintf(buf, size, "%s:%d: %s", err->file, err->line, err->text);
}
