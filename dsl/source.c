/* source.c: the texts of a load.
**
** A file is read once, however often it is included.  Codes: a file that is not there or too long
** is DCN_ESPEC, one that may not or cannot be read is DCN_EENV.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static dsl_source *new_source(dsl_loader *l, const char *path, size_t text_size, dcn_error *err)
{
    const size_t path_size = strlen(path) + 1;
    const size_t block_bytes = sizeof(dsl_source) + path_size + text_size + 1;
    char *block = dsl_alloc(l, NULL, 0, block_bytes);
    if (!block) {
        dcn_fail(err, l->over_limit ? DCN_ESPEC : DCN_EENV, "needs more memory than there is");
        return NULL;
    }
    dsl_source *s = (dsl_source *)block;
    *s = (dsl_source){ .next = l->sources,
                       .id = l->sources ? l->sources->id + 1 : 1,
                       .size = text_size,
                       .block_bytes = block_bytes,
                       .path = block + sizeof *s,
                       .text = block + sizeof *s + path_size };
    memcpy(s->path, path, path_size);
    s->text[text_size] = 0;
    return s;
}

dsl_source *dsl_source_text(dsl_loader *l, const char *path, const char *text, dcn_error *err)
{
    const size_t size = strlen(text);
    if (size > DSL_TEXT_BYTES) {
        dcn_fail(err, DCN_ESPEC, "is longer than %d bytes", DSL_TEXT_BYTES);
        return NULL;
    }
    dsl_source *s = new_source(l, path, size, err);
    if (!s)
        return NULL;
    memcpy(s->text, text, size);
    l->sources = s;
    return s;
}

static int fail_errno(dcn_error *err, int code)
{
    const bool spec = code == ENOENT || code == ENOTDIR || code == EISDIR || code == ENAMETOOLONG ||
                      code == ELOOP;
    return dcn_fail(err, spec ? DCN_ESPEC : DCN_EENV, "cannot be read: %s", strerror(code));
}

/* Fill s with all that is left of the file; s has room for one byte more than is allowed. */
static int read_all(FILE *file, dsl_source *s, dcn_error *err)
{
    struct stat about;
    if (fstat(fileno(file), &about))
        return fail_errno(err, errno);
    if (S_ISDIR(about.st_mode))
        return fail_errno(err, EISDIR);
    s->device = about.st_dev;
    s->inode = about.st_ino;
    const size_t room = s->size;
    s->size = fread(s->text, 1, room, file);
    if (ferror(file))
        return fail_errno(err, errno);
    if (s->size == room)
        return dcn_fail(err, DCN_ESPEC, "is longer than %d bytes", DSL_TEXT_BYTES);
    s->text[s->size] = 0;
    return 0;
}

static dsl_source *find(const dsl_loader *l, const char *path)
{
    for (dsl_source *s = l->sources; s; s = s->next) {
        if (s->is_file && strcmp(s->path, path) == 0)
            return s;
    }
    return NULL;
}

/* Give back the room that the text does not need. */
static dsl_source *shrink(dsl_loader *l, dsl_source *s)
{
    const size_t path_at = (size_t)(s->path - (char *)s), text_at = (size_t)(s->text - (char *)s);
    const size_t bytes = text_at + s->size + 1;
    char *block = dsl_alloc(l, s, s->block_bytes, bytes);
    if (!block)
        return s;
    s = (dsl_source *)block;
    s->block_bytes = bytes;
    s->path = block + path_at;
    s->text = block + text_at;
    return s;
}

dsl_source *dsl_source_stream(dsl_loader *l, const char *name, FILE *file, dcn_error *err)
{
    dsl_source *s = new_source(l, name, DSL_TEXT_BYTES + 1, err);
    if (s && read_all(file, s, err)) {
        dsl_alloc(l, s, s->block_bytes, 0);
        s = NULL;
    }
    if (s)
        l->sources = s = shrink(l, s);
    return s;
}

dsl_source *dsl_source_read(dsl_loader *l, const char *path, dcn_error *err)
{
    dsl_source *s = find(l, path);
    if (s)
        return s;
    FILE *file = fopen(path, "rb");
    if (!file) {
        fail_errno(err, errno);
        return NULL;
    }
    s = dsl_source_stream(l, path, file, err);
    fclose(file);
    if (s)
        s->is_file = true;
    return s;
}

dsl_source *dsl_source_by_id(const dsl_loader *l, int id)
{
    dsl_source *s = l->sources;
    while (s && s->id != id)
        s = s->next;
    return s;
}

void dsl_sources_free(dsl_source *newest, lua_Alloc alloc, void *alloc_self)
{
    while (newest) {
        dsl_source *s = newest;
        newest = s->next;
        alloc(alloc_self, s, s->block_bytes, 0);
    }
}
