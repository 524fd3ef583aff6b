/* form.c: what texts and numbers of a store may be, wherever they come from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/form.h"
#include "runtime/base/digest.h"

#include <stdlib.h>
#include <string.h>

/* What is not seen, or turns the direction of what follows, so that a text reads as another. */
static bool is_unseen(unsigned code)
{
    static const unsigned range[][2] = {
        { 0x61c, 0x61c },   { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
        { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
    };
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        if (code >= range[i][0] && code <= range[i][1])
            return true;
    return false;
}

/* Bytes of the character at s; 0 if it is a control character, unseen or no UTF-8: too short, longer than
** it need be, half of a pair, or beyond the last character. */
static int character(const unsigned char *s)
{
    static const unsigned least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
    const int n = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 0;
    if (n < 2)
        return n && *s >= 0x20 && *s != 0x7f;
    unsigned code = *s & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    const bool whole = code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return whole && !is_unseen(code) ? n : 0;
}

bool form_is_line(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    int n;
    while (*s && (n = character(s)) > 0)
        s += n;
    return !*s;
}

void form_make_line(char *text)
{
    while (*text) {
        const int n = character((const unsigned char *)text);
        if (!n)
            *text = '?';
        text += n ? n : 1;
    }
}

bool form_is_digest(const char *text)
{
    const size_t n = strspn(text, "0123456789abcdef");
    return n == RT_DIGEST_HEX - 1 && !text[n];
}

bool form_is_word(const char *text)
{
    static const char letters[] = "0123456789_abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t n = strspn(text, letters);
    return n > 0 && !text[n] && strspn(text, "0123456789") == 0;
}

/* Behind the word, number or text that begins at `at`; NULL if none does, or if what follows makes
** it more than a value or a key. */
static const char *value_end(const char *at)
{
    static const char word[] = "0123456789_+-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const bool quoted = *at == '"';
    const size_t n = quoted ? 1 + strcspn(at + 1, "\"\\") : strspn(at, word);
    if (!n || (quoted && at[n] != '"'))
        return NULL;
    at += n + quoted;
    const char next = at[strspn(at, " ")];
    return next && strchr("=,}", next) ? at : NULL;
}

bool form_is_spec(const char *text)
{
    static const char begin[] = "return ", letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *at = text + sizeof begin - 1;
    int depth = 0;
    if (strncmp(text, begin, sizeof begin - 1) != 0)
        return false;
    at += strspn(at, letters);
    if (strncmp(at, " {", 2) != 0)
        return false;
    while (at && *at) {
        depth += (*at == '{') - (*at == '}');
        if (*at == '}' && depth == 0)
            return !at[1];
        at = strchr(" ,={}", *at) ? at + 1 : value_end(at);
    }
    return false;
}

bool form_is_number(double x, double max)
{
    return x >= 0 && x <= max;
}

bool form_is_time(double ns)
{
    return ns == 0 || (ns >= FORM_MIN_NS && ns <= FORM_MAX_NS);
}

bool form_is_offsets(const char *text)
{
    static const char normal[] = "normal:", file[] = "npy:";
    const size_t n = sizeof normal - 1, m = sizeof file - 1;
    if (!strncmp(text, file, m))
        return strspn(text + m, "0123456789abcdef") == 16 && !text[m + 16];
    char *end;
    if (strncmp(text, normal, n) || !strchr("0123456789.", text[n]) || !text[n])
        return !strcmp(text, "zero");
    const double deviation = strtod(text + n, &end);
    return !*end && form_is_number(deviation, 1e6);
}
