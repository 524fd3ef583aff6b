/* object.c: kernels as Lua holds them: opaque, with the place of the call that made them.
**
** A kernel that is a network owns a reference of it, and what it takes is counted as if Lua had it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/spec/network.h"

static const char kernel_type[] = "kernel";

dsl_kernel *dsl_push_kernel(lua_State *L, dsl_place at)
{
    dsl_kernel *k = lua_newuserdatauv(L, sizeof *k, 0);
    *k = (dsl_kernel){ .at = at };
    luaL_setmetatable(L, kernel_type);
    return k;
}

dsl_kernel *dsl_to_kernel(lua_State *L, int index)
{
    return luaL_testudata(L, index, kernel_type);
}

static void drop_network(lua_State *L, dsl_kernel *k)
{
    net_release((dcn_network *)k->spec.network);
    dsl_of(L)->used_bytes -= k->network_bytes;
    k->spec.network = NULL;
    k->network_bytes = 0;
}

static int collect_kernel(lua_State *L)
{
    drop_network(L, dsl_to_kernel(L, 1));
    return 0;
}

/* ---- what networks take ---------------------------------------------------------------------- */

void dsl_charge(lua_State *L, size_t bytes)
{
    dsl_loader *l = dsl_of(L);
    const size_t limit = l->limits->memory_bytes;
    if (bytes > limit - l->used_bytes)
        lua_gc(L, LUA_GCCOLLECT);
    if (bytes > limit - l->used_bytes)
        dsl_raise(L, dsl_here(L), "needs more than %zu MiB of memory (layers without end?)",
                  limit >> 20);
    l->used_bytes += bytes;
}

static size_t network_bytes(const dcn_network *n)
{
    size_t bytes = sizeof *n + (size_t)n->nvalues * sizeof *n->value +
                   (size_t)n->nlayers * sizeof *n->layer + (size_t)n->nparams * sizeof *n->param;
    for (int i = 0; i < n->nlayers; i++)
        bytes += n->layer[i].spec ? sizeof *n->layer[i].spec : 0;
    return bytes;
}

void dsl_kernel_take(lua_State *L, dsl_kernel *k, dcn_network *network)
{
    const size_t bytes = network_bytes(network);
    drop_network(L, k);
    k->spec.network = network;
    dsl_charge(L, bytes);
    k->network_bytes = bytes;
}

void dsl_register_kernels(lua_State *L)
{
    luaL_newmetatable(L, kernel_type);
    lua_pushcfunction(L, collect_kernel);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
