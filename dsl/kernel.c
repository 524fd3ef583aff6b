/* kernel.c: the constructors of specs, and the kernels that a file returns.
**
** A constructor reads its table field by field, checks the whole, and gives an opaque kernel.
** What is wrong is reported on the line of the key.  Names are given when the file has returned:
** a kernel without one is called after its operator, then operator_2, operator_3, ... in order; one
** of gradients operator_grad, operator_grad_2, ...
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

typedef struct {
    dcn_spec spec;
    dsl_place at;
    bool named;
} dsl_kernel;

static const char kernel_type[] = "kernel";

/* What other libraries call our keys, where that is not near. */
static const struct {
    const char *theirs, *ours;
} other_names[] = {
    { "deform_groups", "offset_groups" },
    { "deformable_groups", "offset_groups" },
    { "num_deformable_group", "offset_groups" },
    { "data_format", "layout" },
    { "in_planes", "in_channels" },
    { "out_planes", "out_channels" },
    { "num_filter", "out_channels" },
    { "mask", "modulation" },
    { "in_channels", "channels" },
    { "out_channels", "projection" },
    { "group", "groups" },
    { "pad", "padding" },
    { "kernel", "kernel_size" },
    { "act", "act_layer" },
    { "norm", "norm_layer" },
    { "num_rois", "rois" },
    { "pooled_size", "output_size" },
    { "output_size", "pooled_size" },
    { "sample_num", "sampling_ratio" },
    { "pool_mode", "mode" },
    { "sampling_ratio", "sample_per_part" },
    { "out_channels", "output_dim" },
    { "fc_channels", "deform_fc_channels" },
    { "batch_norm", "scale_shift" },
};

static const char *other_name(const char *key, dcn_op op)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        if (strcmp(key, other_names[i].theirs) == 0 && rt_field_find(other_names[i].ours, op))
            return other_names[i].ours;
    }
    return NULL;
}

static const char *nearest_field(const char *key, dcn_op op)
{
    enum { MAX_NAMES = 64 };
    const char *names[MAX_NAMES + 1];
    size_t n = 0;
    for (const rt_field *f = rt_fields; f->key && n < MAX_NAMES; f++) {
        if (rt_field_is_of(f, op))
            names[n++] = f->key;
    }
    names[n] = NULL;
    return rt_nearest(key, names);
}

static int refuse_key(lua_State *L, dsl_place call, dcn_op op, const char *key)
{
    const dsl_place at = dsl_place_of_key(call, op, key);
    const char *ours = other_name(key, op);
    if (ours)
        return dsl_raise(L, at, "unknown key '%s' (did you mean '%s'?)", key, ours);
    for (int other = 0; other < DCN_NUM_OPS; other++) {
        if (rt_field_find(key, (dcn_op)other))
            return dsl_raise(L, at, "'%s' is a key of %s, not of %s", key,
                             dcn_op_name((dcn_op)other), dcn_op_name(op));
    }
    const char *near = nearest_field(key, op);
    if (near)
        return dsl_raise(L, at, "unknown key '%s' (did you mean '%s'?)", key, near);
    return dsl_raise(L, at, "unknown key '%s' of %s", key, dcn_op_name(op));
}

/* Tables have no order: of several unknown keys, the first in the alphabet is named. */
static void check_keys(lua_State *L, dsl_place call, dcn_op op)
{
    const char *worst = NULL;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        char value[128];
        if (lua_type(L, -2) != LUA_TSTRING)
            dsl_raise(L, call, "%s has the value %s without a key; write key = value",
                      dcn_op_name(op), dsl_describe(L, -1, value, sizeof value));
        const char *key = lua_tostring(L, -2);
        if (!rt_field_find(key, op) && (!worst || strcmp(key, worst) < 0))
            worst = key;
    }
    if (worst)
        refuse_key(L, call, op, worst);
}

/* Read field f of the table at index 1 into the kernel. */
static void read_field(lua_State *L, const rt_field *f, dsl_kernel *k)
{
    const dcn_op op = k->spec.op;
    lua_pushstring(L, f->key);
    if (lua_rawget(L, 1) == LUA_TNIL) {
        if (f->required)
            dsl_raise(L, k->at, "%s needs '%s'", dcn_op_name(op), f->key);
    } else {
        dcn_error err;
        rt_value v = rt_field_default(f);
        if (dsl_read_value(L, -1, f, &v, &err) || rt_field_check(f, &v, &err))
            dsl_raise(L, dsl_place_of_key(k->at, op, f->key), "%s", err.text);
        rt_field_set(f, &v, &k->spec);
        k->named = k->named || f->type == RT_FIELD_NAME;
    }
    lua_pop(L, 1);
}

static int construct(lua_State *L)
{
    const dcn_op op = (dcn_op)lua_tointeger(L, lua_upvalueindex(1));
    const dsl_place call = dsl_here(L);
    char value[128];
    if (lua_gettop(L) != 1 || !lua_istable(L, 1))
        return dsl_raise(
            L, call, "%s takes one table, as in %s { %s = 64, ... }, not %s", dcn_op_name(op),
            dcn_op_name(op), rt_field_at(op, offsetof(dcn_spec, in_channels))->key,
            lua_gettop(L) > 1 ? "several values" : dsl_describe(L, 1, value, sizeof value));
    check_keys(L, call, op);
    dsl_kernel *k = lua_newuserdatauv(L, sizeof *k, 0);
    *k = (dsl_kernel){ .at = call };
    luaL_setmetatable(L, kernel_type);
    dcn_spec_init(&k->spec, op);
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op))
            read_field(L, f, k);
    }
    dcn_error err;
    const char *key;
    dcn_spec_complete(&k->spec);
    if (rt_spec_check(&k->spec, &key, &err))
        return dsl_raise(L, dsl_place_of_key(call, op, key), "%s", err.text);
    return 1;
}

/* ---- gradient(kernel, names) --------------------------------------------------------- */

static void read_names(lua_State *L, dsl_place call, dcn_spec *s)
{
    const rt_field *f = rt_field_find("gradient", s->op);
    rt_value v = { .n = { (int64_t)DCN_GRADIENT_ALL } };
    dcn_error err;
    const char *key;
    if (!lua_isnoneornil(L, 2) && dsl_read_value(L, 2, f, &v, &err))
        dsl_raise(L, call, "%s", err.text);
    if (!v.n[0])
        dsl_raise(L, call, "gradient takes a list of operands, or true for all, not false");
    rt_field_set(f, &v, s);
    if (rt_spec_check(s, &key, &err))
        dsl_raise(L, call, "%s", err.text);
}

/* A kernel has the name NAME_grad only where it was given NAME; others are named with all. */
static void name_gradient(lua_State *L, dsl_place call, dsl_kernel *k)
{
    static const char suffix[] = "_grad";
    const rt_field *f = rt_field_find("name", k->spec.op);
    const size_t n = strlen(k->spec.name);
    if (!k->named)
        return;
    if (n + strlen(suffix) > (size_t)f->max)
        dsl_raise(L, call, "'%s_grad' is longer than %.0f letters", k->spec.name, f->max);
    memcpy(k->spec.name + n, suffix, sizeof suffix);
}

/* The schedule of a kernel says nothing of that of its gradient. */
static int gradient(lua_State *L)
{
    const dsl_place call = dsl_here(L);
    const dsl_kernel *of = luaL_testudata(L, 1, kernel_type);
    char value[128];
    if (!of || lua_gettop(L) > 2)
        return dsl_raise(L, call, "gradient takes a kernel and a list of operands, not %s",
                         of ? "more" : dsl_describe(L, 1, value, sizeof value));
    lua_settop(L, 2);
    if (of->spec.gradient)
        return dsl_raise(L, call, "'%s' computes gradients: there is no gradient of a gradient",
                         of->spec.name);
    dsl_kernel *k = lua_newuserdatauv(L, sizeof *k, 0);
    *k = *of;
    k->at = call;
    luaL_setmetatable(L, kernel_type);
    memset(k->spec.schedule, 0, sizeof k->spec.schedule);
    read_names(L, call, &k->spec);
    name_gradient(L, call, k);
    return 1;
}

void dsl_register_constructors(lua_State *L)
{
    luaL_newmetatable(L, kernel_type);
    lua_pop(L, 1);
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        if (!rt_op_in((dcn_op)op, RT_ANY_OP))
            continue;
        lua_pushinteger(L, op);
        lua_pushcclosure(L, construct, 1);
        lua_setfield(L, -2, dcn_op_name((dcn_op)op));
    }
    lua_pushcfunction(L, gradient);
    lua_setfield(L, -2, "gradient");
}

/* ---- what a file returned ------------------------------------------------------------ */

typedef struct {
    dsl_place end; /* of the spec, where it returns */
    int kernels;   /* index of the list that collects them */
    int visited;
} collection;

static int refuse_result(lua_State *L, int index, dsl_place end)
{
    char value[128];
    return dsl_raise(L, end, "a spec returns one kernel or a list of kernels, not %s",
                     dsl_describe(L, index, value, sizeof value));
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
    if (luaL_testudata(L, index, kernel_type)) {
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
    const dsl_place at = dsl_place_of_key(k->at, k->spec.op, "name");
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
