/* archive.c: a static library, without ar.
**
**     "!<arch>\n"
**     "/"    the index: count, then for each symbol the offset of its member (32 bits, big-endian),
**            then the names, each ended by NUL
**     "//"   long names, each ended by "/\n"; members refer to them as "/offset"
**     "/0"   the object
**
** Every part has a 60-byte header of text fields and is padded to an even length.  Dates and
** owners are 0, as ar's deterministic mode writes them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/archive.h"
#include "runtime/base/base.h"

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
