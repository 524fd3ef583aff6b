/* collect.c: the kernels that a file returned, with their names.
**
** A kernel without a name is called after its operator, then operator_2, operator_3, ... in order; one
** of gradients operator_grad, operator_grad_2, ...
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/spec/network.h"

typedef struct {
    dsl_place end; /* of the spec, where it returns */
    int kernels;   /* index of the list that collects them */
    int visited;
} collection;

static int refuse_result(lua_State *L, int index, dsl_place end)
{
    char value[DSL_FLOW_TEXT];
    dsl_describe(L, index, value, sizeof value);
    if (dsl_to_flow(L, index))
        return dsl_raise(
            L, end, "a spec returns kernels, not the %s; write network { outputs = y }", value);
    return dsl_raise(L, end, "a spec returns one kernel or a list of kernels, not %s", value);
}

static void add_kernel(lua_State *L, int index, const collection *c)
{
    const lua_Integer n = (lua_Integer)lua_rawlen(L, c->kernels);
    if (n >= DSL_KERNELS)
        dsl_raise(L, c->end, "a spec returns at most %d kernels", DSL_KERNELS);
    lua_pushvalue(L, index);
    lua_rawseti(L, c->kernels, n + 1);
}

/* A kernel, or a list of these, lists in lists included. */
static void flatten(lua_State *L, int index, collection *c, int depth)
{
    if (dsl_to_kernel(L, index)) {
        add_kernel(L, index, c);
        return;
    }
    if (!lua_istable(L, index))
        refuse_result(L, index, c->end);
    if (depth >= DSL_LIST_DEPTH)
        dsl_raise(L, c->end, "lists of kernels are nested more than %d deep", DSL_LIST_DEPTH);
    luaL_checkstack(L, 4, NULL);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        n++;
    for (lua_Integer i = 1; i <= n; i++) {
        if (++c->visited > 4 * DSL_KERNELS)
            dsl_raise(L, c->end, "a spec returns at most %d kernels", DSL_KERNELS);
        if (lua_rawgeti(L, index, i) == LUA_TNIL)
            dsl_raise(L, c->end, "a list of kernels has keys other than 1, 2, 3, ...");
        flatten(L, lua_gettop(L), c, depth + 1);
        lua_pop(L, 1);
    }
}

static dsl_kernel *kernel_at(lua_State *L, int list, int i)
{
    lua_rawgeti(L, list, i);
    dsl_kernel *k = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return k;
}

/* Note in the table at `names` that kernel i is called so; false if another one is. */
static bool take_name(lua_State *L, int names, const char *name, int i)
{
    const bool taken = lua_getfield(L, names, name) != LUA_TNIL;
    lua_pop(L, 1);
    if (taken)
        return false;
    lua_pushinteger(L, i);
    lua_setfield(L, names, name);
    return true;
}

static void refuse_name(lua_State *L, const dsl_kernel *first, const dsl_kernel *k)
{
    const dsl_place at = dsl_place_of_key(k->at, dcn_op_name(k->spec.op), "name");
    if (first->at.source == at.source || !first->at.source)
        dsl_raise(L, at, "two kernels are called '%s' (the first was made on line %d)",
                  k->spec.name, first->at.line);
    dsl_raise(L, at, "two kernels are called '%s' (the first was made in %s:%d)", k->spec.name,
              first->at.source->path, first->at.line);
}

static void take_given_names(lua_State *L, int list, int names, int n)
{
    for (int i = 1; i <= n; i++) {
        const dsl_kernel *k = kernel_at(L, list, i);
        if (!k->named || take_name(L, names, k->spec.name, i))
            continue;
        lua_getfield(L, names, k->spec.name);
        refuse_name(L, kernel_at(L, list, (int)lua_tointeger(L, -1)), k);
    }
}

/* Copy the kernels out, the unnamed ones with a name that is free. */
static void copy_out(lua_State *L, int list, int names, dsl_entry *out)
{
    int used[2][DCN_NUM_OPS] = { { 0 } };
    const int n = (int)lua_rawlen(L, list);
    for (int i = 0; i < n; i++) {
        const dsl_kernel *k = kernel_at(L, list, i + 1);
        const bool grad = k->spec.gradient != 0;
        const char *op = dcn_op_name(k->spec.op), *suffix = grad ? "_grad" : "";
        char *name = out[i].spec.name;
        out[i] = (dsl_entry){ k->spec, k->at };
        net_hold(k->spec.network);
        while (!k->named) {
            const int number = ++used[grad][k->spec.op];
            snprintf(name, DCN_NAME_MAX, number > 1 ? "%s%s_%d" : "%s%s", op, suffix, number);
            if (take_name(L, names, name, i + 1))
                break;
        }
    }
}

void dsl_collect(lua_State *L, int nresults, dsl_place end)
{
    if (nresults == 0)
        dsl_raise(L, end, "the spec returns nothing; end it with return deform_conv2d { ... }");
    if (nresults > 1)
        dsl_raise(L, end, "the spec returns %d values; return a list of kernels: { a, b }",
                  nresults);
    const int result = lua_gettop(L);
    lua_newtable(L);
    collection c = { .end = end, .kernels = lua_gettop(L) };
    flatten(L, result, &c, 0);
    const int n = (int)lua_rawlen(L, c.kernels);
    if (n == 0)
        dsl_raise(L, end, "the spec returns an empty list; at least one kernel is needed");
    lua_newtable(L);
    const int names = lua_gettop(L);
    take_given_names(L, c.kernels, names, n);
    dsl_entry *entries = dsl_module_new(dsl_of(L), n);
    if (!entries)
        dsl_raise_status(L, DCN_EENV, end, "out of memory");
    copy_out(L, c.kernels, names, entries);
}
