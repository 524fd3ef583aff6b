/* bounded.c: library functions whose C code could run for hours, with a bound on their work.
**
** The hook of watch.c does not see inside C functions.  So their arguments are bounded, and the
** clock is looked at after each call.  Matching a pattern against L characters takes at most
**
**     (L+1) * (length of the pattern) * (L+1)^(number of * + -) * 2^(number of ?)
**
** pairs visits the keys in sorted order, so that a spec is the same every time: Lua's own order
** depends on addresses.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

enum { MAX_ELEMENTS = 1 << 22 };

static const double max_work = 2e8;

/* The function that a bounded one stands for: its upvalue; called in the same frame. */
static int call_bounded(lua_State *L)
{
    const int n = lua_tocfunction(L, lua_upvalueindex(1))(L);
    dsl_check_time(L);
    return n;
}

/* The end of the set [...] that begins at p. */
static const char *end_of_set(const char *p, const char *end)
{
    p += p + 1 < end && p[1] == '^' ? 2 : 1;
    const char *first = p;
    while (p < end && (*p != ']' || p == first))
        p += *p == '%' ? 2 : 1;
    return p;
}

static double work_of(size_t length, const char *pattern, size_t pattern_length)
{
    const double n = (double)length + 1;
    const char *end = pattern + pattern_length;
    double work = n * (double)(pattern_length + 1);
    for (const char *p = pattern; p < end; p++) {
        if (*p == '%')
            p++;
        else if (*p == '[')
            p = end_of_set(p, end);
        else if (*p == '*' || *p == '+' || *p == '-')
            work *= n;
        else if (*p == '?')
            work *= 2;
    }
    return work;
}

/* find, match, gmatch, gsub: (s, pattern, ...) */
static int bound_pattern(lua_State *L)
{
    size_t length, pattern_length;
    luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    if (work_of(length, pattern, pattern_length) > max_work)
        return dsl_raise(L, dsl_here(L), "matching this pattern could take too long");
    return call_bounded(L);
}

/* rep(s, n, ...) */
static int bound_rep(lua_State *L)
{
    luaL_checkstring(L, 1);
    if (luaL_checkinteger(L, 2) > MAX_ELEMENTS)
        return dsl_raise(L, dsl_here(L), "string.rep repeats at most %d times", MAX_ELEMENTS);
    return call_bounded(L);
}

/* insert, remove, ...: (list, ...); the length of a table with holes can be astronomic */
static int bound_list(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_rawlen(L, 1) > MAX_ELEMENTS)
        return dsl_raise(L, dsl_here(L), "the list has more than %d elements", MAX_ELEMENTS);
    return call_bounded(L);
}

/* move(from, first, last, ...) */
static int bound_move(lua_State *L)
{
    const lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first > MAX_ELEMENTS)
        return dsl_raise(L, dsl_here(L), "table.move moves at most %d elements", MAX_ELEMENTS);
    return call_bounded(L);
}

typedef struct {
    const char *name;
    lua_CFunction bound;
} Bounded;

static void bound_all(lua_State *L, const Bounded *g)
{
    for (; g->name; g++) {
        lua_getfield(L, -1, g->name);
        lua_pushcclosure(L, g->bound, 1);
        lua_setfield(L, -2, g->name);
    }
}

void dsl_bound_strings(lua_State *L)
{
    static const Bounded all[] = { { "find", bound_pattern },   { "match", bound_pattern },
                                   { "gmatch", bound_pattern }, { "gsub", bound_pattern },
                                   { "rep", bound_rep },        { NULL, NULL } };
    bound_all(L, all);
}

void dsl_bound_tables(lua_State *L)
{
    static const Bounded all[] = { { "insert", bound_list },
                                   { "remove", bound_list },
                                   { "concat", bound_list },
                                   { "sort", bound_list },
                                   { "unpack", bound_list },
                                   { "move", bound_move },
                                   { NULL, NULL } };
    bound_all(L, all);
}

/* ---- pairs ------------------------------------------------------------------------ */

/* Strings by their bytes, whatever the locale says. */
static bool text_before(lua_State *L)
{
    size_t na, nb;
    const char *a = lua_tolstring(L, 1, &na), *b = lua_tolstring(L, 2, &nb);
    const int order = memcmp(a, b, na < nb ? na : nb);
    return order ? order < 0 : na < nb;
}

/* Numbers, then strings, then the rest in the order Lua had them. */
static int rank(lua_State *L, int index)
{
    const int type = lua_type(L, index);
    return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2;
}

static int key_before(lua_State *L)
{
    const int a = rank(L, 1), b = rank(L, 2);
    if (a != b || a == 2)
        lua_pushboolean(L, a < b);
    else
        lua_pushboolean(L, a == 0 ? lua_compare(L, 1, 2, LUA_OPLT) : text_before(L));
    return 1;
}

/* Push the keys of the table at index 1, sorted. */
static void push_keys(lua_State *L)
{
    lua_Integer n = 0;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, -4, ++n);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "table");
    lua_getfield(L, -1, "sort");
    lua_replace(L, -3);
    lua_pop(L, 1);
    lua_pushvalue(L, -2);
    lua_pushcfunction(L, key_before);
    lua_call(L, 2, 0);
}

/* Upvalues: the table, its keys, how many were visited.  Keys removed meanwhile are skipped. */
static int next_pair(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
    while (lua_rawgeti(L, lua_upvalueindex(2), ++i) != LUA_TNIL) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(3));
            return 2;
        }
        lua_pop(L, 2);
    }
    return 1;
}

int dsl_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    push_keys(L);
    dsl_check_time(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_pair, 3);
    return 1;
}
