/* kernel.c: the constructors of operators: a kernel of its own, or of values a layer of a network.
**
** A constructor reads its table field by field, checks the whole, and gives an opaque kernel.
** What is wrong is reported on the line of the key.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

/* A value belongs to a layer, which begins with one; of several the first in the alphabet is named. */
static void refuse_values(const dsl_call *c)
{
    lua_State *L = c->L;
    const char *worst = NULL;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (key && dsl_to_flow(L, -1) && (!worst || strcmp(key, worst) < 0))
            worst = key;
    }
    if (worst)
        dsl_refuse(
            c, worst,
            "'%s' is a value, which only a layer of a network reads: it begins with one, as in "
            "%s { x, %s = ... }",
            worst, c->callee, worst);
}

static int make_kernel(const dsl_call *c, dcn_op op)
{
    dsl_kernel *k = dsl_push_kernel(c->L, c->at);
    dcn_spec_init(&k->spec, op);
    for (int i = 0; i < c->nrows; i++) {
        const rt_field *f = c->row[i];
        const bool given = dsl_read_key(c, f, &k->spec);
        if (!given && f->required)
            dsl_refuse(c, NULL, "%s needs '%s'", c->callee, f->key);
        k->named = k->named || (given && f->type == RT_FIELD_NAME);
    }
    dcn_error err;
    const char *key;
    dcn_spec_complete(&k->spec);
    if (rt_spec_check(&k->spec, &key, &err))
        dsl_refuse(c, key, "%s", err.text);
    return 1;
}

static bool begins_with_value(lua_State *L)
{
    lua_rawgeti(L, 1, 1);
    const bool value = dsl_to_flow(L, -1) != NULL;
    lua_pop(L, 1);
    return value;
}

static int construct(lua_State *L)
{
    const dcn_op op = (dcn_op)lua_tointeger(L, lua_upvalueindex(1));
    dsl_call c = { .L = L, .at = dsl_here(L), .callee = dcn_op_name(op) };
    char example[64];
    snprintf(example, sizeof example, "{ %s = 64, ... }",
             rt_field_at(op, offsetof(dcn_spec, in_channels))->key);
    dsl_check_table(&c, example);
    if (begins_with_value(L))
        return dsl_operator_layer(L, op, false);
    refuse_values(&c);
    dsl_add_rows_of(&c, op);
    dsl_check_keys(&c);
    return make_kernel(&c, op);
}

/* linear { x, out_features = 64 }: a layer only; as a kernel it is conv2d. */
static int linear(lua_State *L)
{
    dsl_call c = { .L = L, .at = dsl_here(L), .callee = "linear" };
    char text[128];
    dsl_check_table(&c, "{ x, out_features = 64 }");
    if (begins_with_value(L))
        return dsl_operator_layer(L, DCN_OP_CONV2D, true);
    lua_rawgeti(L, 1, 1);
    return dsl_refuse(&c, NULL,
                      "linear takes one value, as in linear { x, out_features = 64 }, not %s",
                      dsl_describe(L, -1, text, sizeof text));
}

void dsl_register_constructors(lua_State *L)
{
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        if (!rt_op_in((dcn_op)op, RT_ANY_OP))
            continue;
        lua_pushinteger(L, op);
        lua_pushcclosure(L, construct, 1);
        lua_setfield(L, -2, dcn_op_name((dcn_op)op));
    }
    lua_pushcfunction(L, linear);
    lua_setfield(L, -2, "linear");
}
