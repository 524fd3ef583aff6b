/* gradient.c: gradient(kernel, names): the kernel of gradients of one that the file has.
**
** It has the name NAME_grad only where the kernel was given NAME; others are named with all.  The
** schedule of a kernel says nothing of that of its gradient.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/spec/network.h"

#include <string.h>

/* What names an operator's operands. */
static void read_names(const dsl_call *c, dcn_spec *s)
{
    const rt_field *f = rt_field_find("gradient", s->op);
    rt_value v = { .n = { (int64_t)DCN_GRADIENT_ALL } };
    dcn_error err;
    const char *key;
    if (!lua_isnoneornil(c->L, 2) && dsl_read_value(c->L, 2, f, &v, &err))
        dsl_refuse(c, NULL, "%s", err.text);
    rt_field_set(f, &v, s);
    if (rt_spec_check(s, &key, &err))
        dsl_refuse(c, NULL, "%s", err.text);
}

static void name_gradient(const dsl_call *c, dsl_kernel *k)
{
    static const char suffix[] = "_grad";
    const rt_field *f = rt_field_find("name", k->spec.op);
    const size_t n = strlen(k->spec.name);
    if (!k->named)
        return;
    if (n + strlen(suffix) > (size_t)f->max)
        dsl_refuse(c, NULL, "'%s_grad' is longer than %.0f letters", k->spec.name, f->max);
    memcpy(k->spec.name + n, suffix, sizeof suffix);
}

static dsl_kernel *push_copy(const dsl_call *c, const dsl_kernel *of)
{
    dsl_kernel *k = dsl_push_kernel(c->L, c->at);
    k->spec = of->spec;
    k->spec.network = net_hold(of->spec.network);
    k->named = of->named;
    memset(k->spec.schedule, 0, sizeof k->spec.schedule);
    return k;
}

/* Reads the table that a network's `gradient` may be: { memory = "64M" }. */
static void read_keys(const dsl_call *c, dsl_kernel *k)
{
    lua_State *L = c->L;
    char value[128];
    if (lua_isnil(L, 3))
        return;
    if (!lua_istable(L, 3))
        dsl_refuse(c, NULL, "gradient takes keys behind the list, as { memory = \"64M\" }, not %s",
                   dsl_describe(L, 3, value, sizeof value));
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1))
        if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "memory") != 0)
            dsl_refuse(c, NULL, "gradient has the key 'memory' only, not %s",
                       dsl_describe(L, -2, value, sizeof value));
    lua_getfield(L, 3, "memory");
    if (!lua_isnil(L, -1))
        dsl_network_memory(c, k);
}

static int gradient(lua_State *L)
{
    const dsl_call c = { .L = L, .at = dsl_here(L), .callee = "gradient" };
    const dsl_kernel *of = dsl_to_kernel(L, 1);
    char value[128];
    if (!of || lua_gettop(L) > 2 + (of->spec.network != NULL))
        return dsl_refuse(&c, NULL, "gradient takes a kernel and a list of operands, not %s",
                          of ? "more" : dsl_describe(L, 1, value, sizeof value));
    lua_settop(L, 3);
    if (of->spec.gradient)
        return dsl_refuse(&c, NULL, "'%s' computes gradients: there is no gradient of a gradient",
                          of->spec.name);
    if (lua_isboolean(L, 2) && !lua_toboolean(L, 2))
        return dsl_refuse(&c, NULL,
                          "gradient takes a list of operands, or true for all, not false");
    dsl_kernel *k = push_copy(&c, of);
    const int made = lua_gettop(L);
    if (k->spec.network) {
        dsl_network_gradient(&c, 2, k);
        read_keys(&c, k);
    } else {
        read_names(&c, &k->spec);
    }
    name_gradient(&c, k);
    lua_settop(L, made);
    return 1;
}

void dsl_register_gradient(lua_State *L)
{
    lua_pushcfunction(L, gradient);
    lua_setfield(L, -2, "gradient");
}
