/* state.c: what all of dsl/ finds from a Lua state: its loader, memory, the time, two Lua values.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/base/clock.h"

/* Addresses that stand for two Lua values: the table of names that specs see, and `dynamic`. */
static const char environment, dynamic;

dsl_loader *dsl_of(lua_State *L)
{
    return *(dsl_loader **)lua_getextraspace(L);
}

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
    return 1e-9 * rt_thread_ns();
}

bool dsl_is_dynamic(lua_State *L, int index)
{
    return lua_touserdata(L, index) == &dynamic;
}

void dsl_push_dynamic(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&dynamic);
}

void dsl_set_environment(lua_State *L)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, &environment);
}

void dsl_push_environment(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &environment);
}
