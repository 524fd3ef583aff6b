/* chunk.c: running a text, and include "other.lua", which runs another and gives what it returns.
**
** A text may begin with a byte order mark and with a line that starts with '#', as Lua's own
** programs may.  Compiled Lua is refused: Lua does not verify it.  The path of an include is
** relative to the file that includes, and may not be absolute.  The file runs in the same
** environment, each time anew; one that is still running cannot be included again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

static void refuse_binary(lua_State *L, const dsl_source *s)
{
    if (s->text[0] == LUA_SIGNATURE[0])
        dsl_raise(L, (dsl_place){ s, 1 }, "is compiled Lua; a spec must be text");
    const char *nul = memchr(s->text, 0, s->size);
    if (!nul)
        return;
    int line = 1;
    for (const char *p = s->text; p < nul; p++)
        line += *p == '\n';
    dsl_raise(L, (dsl_place){ s, line }, "has a NUL byte; a spec must be text");
}

void dsl_source_run(lua_State *L, dsl_source *source, int *nresults)
{
    char chunk[32];
    snprintf(chunk, sizeof chunk, "=#%d", source->id);
    refuse_binary(L, source);
    const char *text = source->text;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    if (*text == '#')
        text += strcspn(text, "\n");
    const size_t size = source->size - (size_t)(text - source->text);
    const int top = lua_gettop(L);
    dsl_of(L)->at = (dsl_place){ source, 1 };
    if (luaL_loadbufferx(L, text, size, chunk, "t") != LUA_OK)
        lua_error(L);
    dsl_push_environment(L);
    lua_setupvalue(L, -2, 1);
    source->running = true;
    lua_call(L, 0, LUA_MULTRET);
    source->running = false;
    *nresults = lua_gettop(L) - top;
}

/* ---- include ------------------------------------------------------------------- */

enum { PATH_BYTES = 4096 };

/* The directory of `from`, then name; false if it is too long. */
static bool join(char path[PATH_BYTES], const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    const int dir = slash ? (int)(slash + 1 - from) : 0;
    return snprintf(path, PATH_BYTES, "%.*s%s", dir, from, name) < PATH_BYTES;
}

static bool same_file(const dsl_source *a, const dsl_source *b)
{
    return a == b || (a->is_file && b->is_file && a->device == b->device && a->inode == b->inode);
}

static bool is_running(const dsl_loader *l, const dsl_source *source)
{
    for (const dsl_source *s = l->sources; s; s = s->next) {
        if (s->running && same_file(s, source))
            return true;
    }
    return false;
}

static dsl_source *open_included(lua_State *L, dsl_place here, const char *name)
{
    char path[PATH_BYTES];
    if (*name == '/')
        dsl_raise(L, here, "include \"%s\": the path must be relative to this file", name);
    if (!join(path, here.source ? here.source->path : "", name))
        dsl_raise(L, here, "include: the path is longer than %d bytes", PATH_BYTES - 1);
    dcn_error err;
    dsl_source *source = dsl_source_read(dsl_of(L), path, &err);
    if (!source) {
        char text[sizeof err.text];
        snprintf(text, sizeof text, "include \"%.256s\": %.400s", name, err.text);
        dsl_raise_status(L, err.code, here, text);
    }
    return source;
}

int dsl_include(lua_State *L)
{
    dsl_loader *l = dsl_of(L);
    const dsl_place here = dsl_here(L);
    char value[128];
    size_t length = 0;
    const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &length) : NULL;
    if (!name || lua_gettop(L) != 1 || strlen(name) != length || length == 0)
        return dsl_raise(L, here, "include takes the name of a file, not %s",
                         lua_gettop(L) > 1 ? "several values"
                                           : dsl_describe(L, 1, value, sizeof value));
    dsl_source *source = open_included(L, here, name);
    if (is_running(l, source))
        return dsl_raise(L, here, "include \"%s\": this file is already being included", name);
    if (l->depth >= DSL_INCLUDE_DEPTH)
        return dsl_raise(L, here, "include \"%s\": files include each other more than %d deep",
                         name, DSL_INCLUDE_DEPTH);
    int nresults;
    l->depth++;
    dsl_source_run(L, source, &nresults);
    l->depth--;
    return nresults;
}
