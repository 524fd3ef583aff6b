/* sandbox.c: what a spec can see.
**
** The environment of specs is a table of its own that holds only the names below; a name that is
** not in it is an error.  No function in it reads files, clocks or random numbers, catches errors,
** or makes metatables and coroutines, so that a spec always gives the same kernels.  That it always
** ends is the business of watch.c and bounded.c.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <lualib.h>
#include <string.h>

const char *const dsl_base_names[] = { "assert",   "error",    "ipairs", "next", "select",
                                       "tonumber", "tostring", "type",   NULL };
const char *const dsl_string_names[] = { "byte",    "char", "find",  "format", "gmatch",
                                         "gsub",    "len",  "lower", "match",  "rep",
                                         "reverse", "sub",  "upper", NULL };
const char *const dsl_table_names[] = { "concat", "insert", "move",   "pack",
                                        "remove", "sort",   "unpack", NULL };
const char *const dsl_math_names[] = {
    "abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
    "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
    "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL
};

/* Whether a key of the language has this word as a value. */
static bool is_choice(const char *name)
{
    if (!strcmp(name, "same") || !strcmp(name, "valid"))
        return true; /* of padding, which may be numbers, too */
    for (const rt_field *f = rt_fields; f->key; f++)
        for (int i = 0; f->type == RT_FIELD_CHOICE && f->choices[i]; i++)
            if (!strcmp(f->choices[i], name))
                return true;
    return false;
}

/* __index of the environment: called for names that are not there. */
static int unknown_name(lua_State *L)
{
    char value[128];
    if (lua_type(L, 2) != LUA_TSTRING)
        return dsl_raise(L, dsl_here(L), "unknown name %s",
                         dsl_describe(L, 2, value, sizeof value));
    const char *name = lua_tostring(L, 2), *near = dsl_nearest_key(L, 1, name);
    if (is_choice(name))
        return dsl_raise(
            L, dsl_here(L),
            "unknown name '%s'; as the value of a key it is written with quotes, \"%s\"", name,
            name);
    if (near)
        return dsl_raise(L, dsl_here(L), "unknown name '%s' (did you mean '%s'?)", name, near);
    return dsl_raise(L, dsl_here(L), "unknown name '%s'", name);
}

/* Copy the named values of the table below the top into the table at the top. */
static void copy_names(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
}

/* Push a table with the named part of one of Lua's libraries. */
static void push_library(lua_State *L, const char *name, lua_CFunction open,
                         const char *const *names)
{
    luaL_requiref(L, name, open, 0);
    lua_newtable(L);
    copy_names(L, names);
    lua_remove(L, -2);
}

/* ("x"):rep(3) finds the same functions as string.rep. */
static void set_methods_of_strings(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}

static const luaL_Reg own_functions[] = {
    { "pairs", dsl_pairs }, { "param", dsl_param }, { "include", dsl_include }, { NULL, NULL }
};

void dsl_sandbox_open(lua_State *L)
{
    push_library(L, "_G", luaopen_base, dsl_base_names);
    luaL_setfuncs(L, own_functions, 0);
    dsl_push_dynamic(L);
    lua_setfield(L, -2, "dynamic");
    dsl_register_kernels(L);
    dsl_register_flow(L);
    dsl_register_constructors(L);
    dsl_register_glue(L);
    dsl_register_input(L);
    dsl_register_network(L);
    dsl_register_gradient(L);

    push_library(L, "string", luaopen_string, dsl_string_names);
    dsl_bound_strings(L);
    set_methods_of_strings(L);
    lua_setfield(L, -2, "string");
    push_library(L, "table", luaopen_table, dsl_table_names);
    dsl_bound_tables(L);
    lua_setfield(L, -2, "table");
    push_library(L, "math", luaopen_math, dsl_math_names);
    lua_setfield(L, -2, "math");

    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, unknown_name);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    dsl_set_environment(L);
}
