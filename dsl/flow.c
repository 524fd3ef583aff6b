/* flow.c: the values of networks: numbers of the loader's graph, opaque to Lua but for their sizes.
**
**     v.batch, v.channels, v.height, v.width     numbers
**     tostring(v)                                value "c2" 1x64x56x56, in the order of nchw
**
** All networks of a load share one graph, so a value may be part of several of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/network/build.h"

#include <inttypes.h>
#include <string.h>

/* Lua adds "value" where it speaks of one. */
static const char value_type[] = "network";

net_graph *dsl_graph(lua_State *L)
{
    dsl_loader *l = dsl_of(L);
    if (!l->graph)
        l->graph = net_graph_new();
    if (!l->graph)
        dsl_raise_status(L, DCN_EENV, dsl_here(L), "out of memory");
    return l->graph;
}

const dsl_flow *dsl_to_flow(lua_State *L, int index)
{
    return luaL_testudata(L, index, value_type);
}

void dsl_push_flow(lua_State *L, int value, const char *name)
{
    dsl_flow *v = lua_newuserdatauv(L, sizeof *v, 0);
    v->value = value;
    snprintf(v->name, sizeof v->name, "%s", name);
    luaL_setmetatable(L, value_type);
}

const char *dsl_flow_text(lua_State *L, const dsl_flow *v, char *buf, size_t size)
{
    const net_value *n = net_graph_value(dsl_graph(L), v->value);
    const net_shape s = n->shape;
    const char *quote = *v->name ? "\"" : "", *space = *v->name ? " " : "";
    if (n->rank == 2)
        snprintf(buf, size, "value%s%s%s%s %" PRId64 "x%" PRId64, space, quote, v->name, quote, s.n,
                 s.c);
    else
        snprintf(buf, size, "value%s%s%s%s %" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64, space,
                 quote, v->name, quote, s.n, s.c, s.h, s.w);
    return buf;
}

static int value_text(lua_State *L)
{
    char text[DSL_FLOW_TEXT];
    lua_pushstring(L, dsl_flow_text(L, dsl_to_flow(L, 1), text, sizeof text));
    return 1;
}

/* __index: the sizes of a value. */
static int size_of_value(lua_State *L)
{
    static const char *const names[] = { "batch", "channels", "height", "width", NULL };
    const net_shape s = net_graph_value(dsl_graph(L), dsl_to_flow(L, 1)->value)->shape;
    const int64_t sizes[] = { s.n, s.c, s.h, s.w };
    char key[128];
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(name, names[i]) == 0) {
            lua_pushinteger(L, sizes[i]);
            return 1;
        }
    }
    const char *near = rt_nearest(name, names);
    if (near)
        return dsl_raise(L, dsl_here(L), "a value has no '%s' (did you mean '%s'?)", name, near);
    return dsl_raise(L, dsl_here(L), "a value has batch, channels, height and width, and no %s",
                     dsl_describe(L, 2, key, sizeof key));
}

static int change_value(lua_State *L)
{
    return dsl_raise(L, dsl_here(L),
                     "a value cannot be changed: its sizes follow from what made it");
}

void dsl_register_flow(lua_State *L)
{
    luaL_newmetatable(L, value_type);
    lua_pushcfunction(L, value_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, size_of_value);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, change_value);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}
