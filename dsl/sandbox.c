/* sandbox.c: what a spec can see and how much it may use.
**
** The environment of specs is a table of its own that holds only the names below; a name that is
** not in it is an error.  Nothing here reads files, clocks or random numbers, catches errors, or
** makes metatables and coroutines, so that a spec always gives the same kernels and always ends:
**
**     memory   every allocation is counted; beyond the limit Lua gets none
**     steps    a hook counts instructions
**     seconds  the hook and guard.c look at the CPU time of the thread
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <lualib.h>
#include <time.h>

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

static const char environment;

enum { STEPS_PER_LOOK = 1000 };

void *dsl_alloc(void *loader, void *block, size_t old_size, size_t new_size)
{
    dsl_loader *l = loader;
    const size_t old_bytes = block ? old_size : 0;
    if (new_size > old_bytes && new_size - old_bytes > l->limits->memory_bytes - l->used_bytes) {
        l->over_limit = true;
        return NULL;
    }
    void *moved = l->alloc(l->alloc_self, block, old_bytes, new_size);
    if (moved || new_size == 0)
        l->used_bytes += new_size - old_bytes;
    return moved;
}

double dsl_cpu_seconds(void)
{
    struct timespec t = { 0, 0 };
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void dsl_check_time(lua_State *L)
{
    const dsl_loader *l = dsl_of(L);
    if (dsl_cpu_seconds() - l->started > l->limits->seconds)
        dsl_raise(L, dsl_here(L), "takes longer than %g seconds (an endless loop?)",
                  l->limits->seconds);
}

static void on_line_or_count(lua_State *L, lua_Debug *frame)
{
    dsl_loader *l = dsl_of(L);
    if (frame->event == LUA_HOOKLINE) {
        l->at = dsl_here(L);
        return;
    }
    l->steps += STEPS_PER_LOOK;
    if (l->steps > l->limits->steps)
        dsl_raise(L, dsl_here(L), "takes more than %ld steps (an endless loop?)", l->limits->steps);
    dsl_check_time(L);
}

void dsl_watch(lua_State *L)
{
    lua_sethook(L, on_line_or_count, LUA_MASKLINE | LUA_MASKCOUNT, STEPS_PER_LOOK);
}

/* __index of the environment: called for names that are not there. */
static int unknown_name(lua_State *L)
{
    char value[128];
    if (lua_type(L, 2) != LUA_TSTRING)
        return dsl_raise(L, dsl_here(L), "unknown name %s",
                         dsl_describe(L, 2, value, sizeof value));
    const char *name = lua_tostring(L, 2), *near = dsl_nearest_key(L, 1, name);
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
    dsl_register_constructors(L);

    push_library(L, "string", luaopen_string, dsl_string_names);
    dsl_guard_strings(L);
    set_methods_of_strings(L);
    lua_setfield(L, -2, "string");
    push_library(L, "table", luaopen_table, dsl_table_names);
    dsl_guard_tables(L);
    lua_setfield(L, -2, "table");
    push_library(L, "math", luaopen_math, dsl_math_names);
    lua_setfield(L, -2, "math");

    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, unknown_name);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &environment);
}

void dsl_push_environment(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &environment);
}
