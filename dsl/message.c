/* message.c: how a spec fails: always one message with a place.
**
** Our own errors are raised with a place.  Lua's begin with "#id:line: ", because sources are
** loaded as chunks named "#id"; one that does not (an object, memory, a C function called by
** another) gets the innermost running line.  Specs cannot catch errors.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* "#3:14: text" is line 14 of source 3; returns where the text begins, or message itself. */
static const char *parse_place(const dsl_loader *l, const char *message, dsl_place *place)
{
    int id, line, length = 0;
    if (sscanf(message, "#%d:%d: %n", &id, &line, &length) < 2 || length == 0)
        return message;
    const dsl_source *source = dsl_source_by_id(l, id);
    if (!source)
        return message;
    *place = (dsl_place){ source, line };
    return message + length;
}

dsl_place dsl_here(lua_State *L)
{
    lua_Debug frame;
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline > 0 && frame.short_src[0] == '#')
            return (dsl_place){ dsl_source_by_id(dsl_of(L), atoi(frame.short_src + 1)),
                                frame.currentline };
    }
    return (dsl_place){ NULL, 0 };
}

static void set_error(dsl_loader *l, dcn_status status, dsl_place place, const char *text)
{
    l->failed = true;
    dcn_fail_at(&l->err, status, place.source ? place.source->path : NULL, place.line, "%s", text);
}

int dsl_raise_status(lua_State *L, dcn_status status, dsl_place place, const char *text)
{
    set_error(dsl_of(L), status, place, text);
    lua_pushnil(L);
    return lua_error(L);
}

int dsl_raise(lua_State *L, dsl_place place, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return dsl_raise_status(L, DCN_ESPEC, place, text);
}

/* What Lua says, where it would not be understood. */
static const char *in_plain_words(const char *text)
{
    if (*text == 0)
        return "error without a message";
    if (strstr(text, "stack overflow"))
        return "calls or brackets are nested too deeply";
    return text;
}

int dsl_on_error(lua_State *L)
{
    dsl_loader *l = dsl_of(L);
    if (l->failed)
        return 1;
    dsl_place place = dsl_here(L);
    if (!place.source)
        place = l->at;
    if (lua_type(L, 1) == LUA_TSTRING) {
        const char *text = parse_place(l, lua_tostring(L, 1), &place);
        set_error(l, DCN_ESPEC, place, in_plain_words(text));
    } else {
        char value[128], text[128];
        snprintf(text, sizeof text, "error raised with %s instead of a message",
                 dsl_describe(L, 1, value, sizeof value));
        set_error(l, DCN_ESPEC, place, text);
    }
    return 1;
}

/* ---- values in messages ------------------------------------------------------- */

static void describe_number(lua_State *L, int index, char *buf, size_t size)
{
    const double x = lua_tonumber(L, index);
    if (lua_isinteger(L, index))
        snprintf(buf, size, LUA_INTEGER_FMT, lua_tointeger(L, index));
    else if (isnan(x))
        snprintf(buf, size, "nan");
    else
        snprintf(buf, size, "%.14g", x);
}

/* Numbers of a short list as {1, 2}; anything else is just a table. */
static void describe_table(lua_State *L, int index, char *buf, size_t size)
{
    const int n = lua_rawlen(L, index) <= 4 ? (int)lua_rawlen(L, index) : 0;
    rt_text t = rt_text_in(buf, size);
    for (int i = 1; i <= n; i++) {
        char item[96];
        if (lua_rawgeti(L, index, i) == LUA_TTABLE)
            snprintf(item, sizeof item, "{...}");
        else
            dsl_describe(L, lua_gettop(L), item, sizeof item);
        lua_pop(L, 1);
        rt_text_add(&t, "%s%s", i > 1 ? ", " : "{", item);
    }
    rt_text_add(&t, "}");
    if (!n || rt_text_is_cut(&t))
        snprintf(buf, size, "a table");
}

/* A value of a network has a text of its own; a kernel has none. */
static void describe_object(lua_State *L, int index, char *buf, size_t size)
{
    if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
        snprintf(buf, size, "a kernel");
        return;
    }
    lua_pop(L, 1);
    snprintf(buf, size, "%s", luaL_tolstring(L, index, NULL));
    lua_pop(L, 1);
}

const char *dsl_describe(lua_State *L, int index, char *buf, size_t size)
{
    index = lua_absindex(L, index);
    const int type = lua_type(L, index);
    if (dsl_is_dynamic(L, index))
        snprintf(buf, size, "dynamic");
    else if (type == LUA_TNUMBER)
        describe_number(L, index, buf, size);
    else if (type == LUA_TSTRING && lua_rawlen(L, index) <= 40)
        snprintf(buf, size, "\"%s\"", lua_tostring(L, index));
    else if (type == LUA_TSTRING)
        snprintf(buf, size, "\"%.40s...\"", lua_tostring(L, index));
    else if (type == LUA_TBOOLEAN)
        snprintf(buf, size, "%s", lua_toboolean(L, index) ? "true" : "false");
    else if (type == LUA_TTABLE)
        describe_table(L, index, buf, size);
    else if (type == LUA_TUSERDATA)
        describe_object(L, index, buf, size);
    else
        snprintf(buf, size,
                 type == LUA_TFUNCTION ? "a function"
                 : type == LUA_TNIL    ? "nil"
                                       : "nothing");
    return buf;
}

/* ---- hints --------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tables have no fixed order; sorting makes the hint the same every time. */
const char *dsl_nearest_key(lua_State *L, int index, const char *word)
{
    enum { MAX_NAMES = 512 };
    const char *names[MAX_NAMES + 1];
    size_t n = 0;
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index) && n < MAX_NAMES; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            names[n++] = lua_tostring(L, -2);
    }
    qsort(names, n, sizeof *names, by_text);
    names[n] = NULL;
    return rt_nearest(word, names);
}
