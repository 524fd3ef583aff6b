/* param.c: param("name", default) reads -D name=value.
**
** The default's type says how the value is read: a number, true or false, or text as it is.  A
** number may also be `dynamic`.  Without a default -D must be given, and what reads as a number,
** a truth value or dynamic is one.  Of several -D for one name the last counts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

static const char *find(const dsl_loader *l, const char *name)
{
    for (int i = l->nparams - 1; i >= 0; i--) {
        if (strcmp(l->params[i].name, name) == 0)
            return l->params[i].value;
    }
    return NULL;
}

/* The registry's table "params" keeps where each was last read, packed into an integer. */
static void note_read(lua_State *L, int name_index)
{
    const dsl_place here = dsl_here(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "params");
    lua_pushvalue(L, name_index);
    lua_pushinteger(L, (lua_Integer)(here.source ? here.source->id : 1) << 32 | here.line);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static bool push_number(lua_State *L, const char *value)
{
    if (strcmp(value, "dynamic") == 0)
        dsl_push_dynamic(L);
    else if (lua_stringtonumber(L, value) == 0)
        return false;
    return true;
}

static bool push_bool(lua_State *L, const char *value)
{
    const bool yes = strcmp(value, "true") == 0;
    if (!yes && strcmp(value, "false") != 0)
        return false;
    lua_pushboolean(L, yes);
    return true;
}

static int push_as(lua_State *L, int type, const char *name, const char *value)
{
    if (type == LUA_TNUMBER || type == LUA_TLIGHTUSERDATA) {
        if (!push_number(L, value))
            dsl_raise(L, dsl_here(L), "-D %s=%s is not a number", name, value);
    } else if (type == LUA_TBOOLEAN) {
        if (!push_bool(L, value))
            dsl_raise(L, dsl_here(L), "-D %s=%s is not true or false", name, value);
    } else if (type == LUA_TSTRING || (!push_number(L, value) && !push_bool(L, value))) {
        lua_pushstring(L, value);
    }
    return 1;
}

int dsl_param(lua_State *L)
{
    char text[128];
    if (lua_type(L, 1) != LUA_TSTRING || lua_gettop(L) > 2)
        return dsl_raise(L, dsl_here(L),
                         "param takes a name and a default, as in param(\"h\", 56)");
    lua_settop(L, 2);
    const int type = lua_type(L, 2);
    if (lua_istable(L, 2) || lua_isfunction(L, 2) || type == LUA_TUSERDATA)
        return dsl_raise(L, dsl_here(L),
                         "the default of a param is a number, a string, true, false or dynamic, "
                         "not %s",
                         dsl_describe(L, 2, text, sizeof text));
    const char *name = lua_tostring(L, 1), *value = find(dsl_of(L), name);
    note_read(L, 1);
    if (value)
        return push_as(L, type, name, value);
    if (type == LUA_TNIL)
        return dsl_raise(L, dsl_here(L), "param '%s' has no default: give it with -D %s=VALUE",
                         name, name);
    return 1;
}

/* Blames the nearest param() if there is one, else the spec; the table "params" is at the top. */
static void refuse_unread(lua_State *L, const dcn_param *p)
{
    const dsl_loader *l = dsl_of(L);
    const char *near = dsl_nearest_key(L, -1, p->name);
    if (!near)
        dsl_raise(L, (dsl_place){ dsl_source_by_id(l, 1), 0 },
                  "-D %s=%s: the spec has no param '%s'", p->name, p->value, p->name);
    lua_getfield(L, -1, near);
    const lua_Integer at = lua_tointeger(L, -1);
    dsl_raise(L, (dsl_place){ dsl_source_by_id(l, (int)(at >> 32)), (int)(at & INT32_MAX) },
              "-D %s=%s: the spec has no param '%s' (did you mean '%s'?)", p->name, p->value,
              p->name, near);
}

void dsl_check_params(lua_State *L)
{
    const dsl_loader *l = dsl_of(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "params");
    for (int i = 0; i < l->nparams; i++) {
        if (lua_getfield(L, -1, l->params[i].name) == LUA_TNIL) {
            lua_pop(L, 1);
            refuse_unread(L, &l->params[i]);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}
