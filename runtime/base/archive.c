/* archive.c: a static library, without ar.
**
**     "!<arch>\n"
**     "/"    the index: count, then for each symbol the offset of its member (32 bits, big-endian),
**            then the names, each ended by NUL
**     "//"   long names, each ended by "/\n"; members refer to them as "/offset"
**     "/0"   the object
**
** as GNU's ar and Windows have it.  On macOS it is
**
**     "#1/12"  "__.SYMDEF", then the index: bytes of the pairs, then for each symbol where its name
**              stands in the names and the offset of its member, then the names, after their length
**              (32 bits, little-endian)
**     "#1/N"   the object's name, then the object
**
** with names and objects at multiples of 8.  Every part has a 60-byte header of text fields and is
** padded to an even length.  Dates and owners are 0, as ar's deterministic mode writes them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/archive.h"
#include "runtime/base/base.h"
#include "runtime/base/whole.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "!<arch>\n"
enum { MAGIC_BYTES = 8, HEADER_BYTES = 60, WORD_BYTES = 4 };

static size_t even(size_t n)
{
    return n + n % 2;
}

static size_t index_bytes(const rt_archived *m)
{
    size_t n = WORD_BYTES * (1 + (size_t)m->nsymbols);
    for (int i = 0; i < m->nsymbols; i++)
        n += strlen(m->symbols[i]) + 1;
    return n;
}

/* Writes the header and returns the place after it. */
static char *put_header(char *at, const char *name, size_t size)
{
    char text[HEADER_BYTES + 32];
    snprintf(text, sizeof text, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "644", size);
    memcpy(at, text, HEADER_BYTES);
    return at + HEADER_BYTES;
}

static char *put_word(char *at, size_t value)
{
    for (int i = 0; i < WORD_BYTES; i++)
        at[i] = (char)(value >> 8 * (WORD_BYTES - 1 - i) & 255);
    return at + WORD_BYTES;
}

static char *put_index(char *at, const rt_archived *m, size_t object_at)
{
    char *start = at = put_header(at, "/", even(index_bytes(m)));
    at = put_word(at, (size_t)m->nsymbols);
    for (int i = 0; i < m->nsymbols; i++)
        at = put_word(at, object_at);
    for (int i = 0; i < m->nsymbols; i++)
        at = stpcpy(at, m->symbols[i]) + 1;
    return start + even(index_bytes(m));
}

/* ---- macOS ---------------------------------------------------------------- */

#define INDEX_NAME "__.SYMDEF\0\0\0"
enum { INDEX_NAME_BYTES = 12, ALIGN = 8 };
_Static_assert((MAGIC_BYTES + HEADER_BYTES + INDEX_NAME_BYTES) % ALIGN == 0,
               "the index is aligned");

static char *put_low_word(char *at, size_t value)
{
    for (int i = 0; i < WORD_BYTES; i++)
        at[i] = (char)(value >> 8 * i & 255);
    return at + WORD_BYTES;
}

static size_t symbol_bytes(const rt_archived *m)
{
    return index_bytes(m) - WORD_BYTES * (1 + (size_t)m->nsymbols);
}

static char *put_mac_index(char *at, const rt_archived *m, size_t names, size_t object_at)
{
    const size_t pairs = 2 * WORD_BYTES * (size_t)m->nsymbols;
    at = put_header(at, "#1/12", INDEX_NAME_BYTES + 2 * WORD_BYTES + pairs + names);
    memcpy(at, INDEX_NAME, INDEX_NAME_BYTES);
    at = put_low_word(at + INDEX_NAME_BYTES, pairs);
    size_t name_at = 0;
    for (int i = 0; i < m->nsymbols; i++) {
        at = put_low_word(put_low_word(at, name_at), object_at);
        name_at += strlen(m->symbols[i]) + 1;
    }
    char *start = at = put_low_word(at, names);
    for (int i = 0; i < m->nsymbols; i++)
        at = stpcpy(at, m->symbols[i]) + 1;
    return start + names;
}

int rt_archive_macos(const rt_archived *m, void **bytes, size_t *size, dcn_error *err)
{
    /* The header of the object is 4 beyond a multiple of 8, and so is the length of its name. */
    const size_t name = rt_round_up(strlen(m->name) + 1, ALIGN) + 4,
                 names = rt_round_up(symbol_bytes(m), ALIGN);
    const size_t object_at = MAGIC_BYTES + HEADER_BYTES + INDEX_NAME_BYTES + 2 * WORD_BYTES +
                             2 * WORD_BYTES * (size_t)m->nsymbols + names;
    const size_t total = object_at + HEADER_BYTES + name + even(m->size);
    char title[32], *start = object_at > UINT32_MAX ? NULL : malloc(total);
    if (!start)
        return dcn_fail(err, DCN_EENV, "no memory for the library of %s", m->name);
    memset(start, 0, total);
    memcpy(start, MAGIC, MAGIC_BYTES);
    snprintf(title, sizeof title, "#1/%zu", name);
    char *at = put_mac_index(start + MAGIC_BYTES, m, names, object_at);
    at = put_header(at, title, name + m->size);
    memcpy(at, m->name, strlen(m->name));
    memset(at + name, '\n', even(m->size));
    memcpy(at + name, m->bytes, m->size);
    *bytes = start;
    *size = total;
    return 0;
}

/* ---- elsewhere ------------------------------------------------------------ */

int rt_archive(const rt_archived *m, void **bytes, size_t *size, dcn_error *err)
{
    size_t names = even(strlen(m->name) + 2);
    size_t object_at = MAGIC_BYTES + 2 * HEADER_BYTES + even(index_bytes(m)) + names;
    size_t total = object_at + HEADER_BYTES + even(m->size);
    char *start = object_at > UINT32_MAX ? NULL : malloc(total);
    if (!start)
        return dcn_fail(err, DCN_EENV, "no memory for the library of %s", m->name);
    memset(start, 0, total);
    memcpy(start, MAGIC, MAGIC_BYTES);
    char *at = put_index(start + MAGIC_BYTES, m, object_at);
    at = put_header(at, "//", names);
    memset(at, '\n', names);
    memcpy(at, m->name, strlen(m->name));
    at[strlen(m->name)] = '/';
    at = put_header(at + names, "/0", m->size);
    memset(at, '\n', even(m->size));
    memcpy(at, m->bytes, m->size);
    *bytes = start;
    *size = total;
    return 0;
}
