/* keys.c: the table that a constructor is called with: which keys it may have, and reading them.
**
** The table is at index 1.  What a key may be is a row, an rt_field; the rows of a call are chosen by
** its constructor, and so are the names that stand for values of a network.  What is wrong is reported
** on the line of the key, and of a layer begins with its name.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* "add takes ..." says already who, where a layer has no name. */
static bool says_who(const dsl_call *c, const char *text)
{
    return strcmp(c->who, c->callee) == 0 && strncmp(text, c->who, strlen(c->who)) == 0;
}

int dsl_refuse(const dsl_call *c, const char *key, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const dsl_place at = dsl_place_of_key(c->at, c->callee, key);
    if (!*c->who || says_who(c, text))
        return dsl_raise(c->L, at, "%s", text);
    return dsl_raise(c->L, at, "%s: %s", c->who, text);
}

int dsl_refuse_error(const dsl_call *c, const char *key, const dcn_error *err)
{
    return dsl_raise_status(c->L, err->code, dsl_place_of_key(c->at, c->callee, key), err->text);
}

void dsl_check_table(const dsl_call *c, const char *example)
{
    lua_State *L = c->L;
    char value[128];
    if (lua_gettop(L) == 1 && lua_istable(L, 1))
        return;
    dsl_refuse(c, NULL, "%s takes one table, as in %s %s, not %s", c->callee, c->callee, example,
               lua_gettop(L) > 1 ? "several values" : dsl_describe(L, 1, value, sizeof value));
}

void dsl_add_row(dsl_call *c, const rt_field *f)
{
    assert(c->nrows < DSL_ROWS);
    c->row[c->nrows++] = f;
}

void dsl_add_rows_of(dsl_call *c, dcn_op op)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op))
            dsl_add_row(c, f);
    }
}

/* ---- keys that are not there ------------------------------------------------------------------ */

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
    { "out_channels", "out_features" },
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
    { "scale_factor", "scale" },
    { "chunks", "parts" },
    { "output", "outputs" },
    { "negative_slope", "activation_slope" },
    { "slope", "activation_slope" },
};

/* What is said elsewhere of a network. */
static const struct {
    const char *key, *why;
} of_networks[] = {
    { "layout", "a network chooses the layout of its layers; input and network have this key" },
    { "target", "it is a key of network" },
    { "gradient", "it is a key of network" },
};

static const rt_field *row_of(const dsl_call *c, const char *key)
{
    for (int i = 0; i < c->nrows; i++) {
        if (strcmp(c->row[i]->key, key) == 0)
            return c->row[i];
    }
    return NULL;
}

static bool is_known(const dsl_call *c, const char *key)
{
    for (const char *const *name = c->values; name && *name; name++) {
        if (strcmp(*name, key) == 0)
            return true;
    }
    return row_of(c, key) != NULL;
}

static const char *other_name(const dsl_call *c, const char *key)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        if (strcmp(key, other_names[i].theirs) == 0 && is_known(c, other_names[i].ours))
            return other_names[i].ours;
    }
    return NULL;
}

static const char *nearest_key(const dsl_call *c, const char *key)
{
    const char *names[DSL_ROWS + DSL_VALUES + 1];
    size_t n = 0;
    for (int i = 0; i < c->nrows; i++)
        names[n++] = c->row[i]->key;
    for (int i = 0; c->values && c->values[i] && i < DSL_VALUES; i++)
        names[n++] = c->values[i];
    names[n] = NULL;
    return rt_nearest(key, names);
}

static const char *why_of_networks(const char *key)
{
    for (size_t i = 0; i < sizeof of_networks / sizeof *of_networks; i++) {
        if (strcmp(key, of_networks[i].key) == 0)
            return of_networks[i].why;
    }
    return NULL;
}

static int refuse_key(const dsl_call *c, const char *key)
{
    const char *ours = other_name(c, key), *why = *c->who ? why_of_networks(key) : NULL;
    if (ours)
        return dsl_refuse(c, key, "unknown key '%s' (did you mean '%s'?)", key, ours);
    if (why)
        return dsl_refuse(c, key, "'%s' is no key of a layer: %s", key, why);
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        if (rt_field_find(key, (dcn_op)op) && strcmp(dcn_op_name((dcn_op)op), c->callee) != 0)
            return dsl_refuse(c, key, "'%s' is a key of %s, not of %s", key,
                              dcn_op_name((dcn_op)op), c->callee);
    }
    const char *near = nearest_key(c, key);
    if (near)
        return dsl_refuse(c, key, "unknown key '%s' (did you mean '%s'?)", key, near);
    return dsl_refuse(c, key, "unknown key '%s' of %s", key, c->callee);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Tables have no order: of several unknown keys, the first in the alphabet is named. */
void dsl_check_keys(const dsl_call *c)
{
    lua_State *L = c->L;
    const char *worst = NULL;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        char value[128];
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) <= c->args)
            continue;
        if (lua_type(L, -2) != LUA_TSTRING)
            dsl_refuse(c, NULL, "%s has the %s%s without a key; write key = value", c->callee,
                       dsl_to_flow(L, -1) ? "" : "value ",
                       dsl_describe(L, -1, value, sizeof value));
        const char *key = lua_tostring(L, -2);
        if (!is_known(c, key) && (!worst || strcmp(key, worst) < 0))
            worst = key;
    }
    if (worst)
        refuse_key(c, worst);
}

bool dsl_has_key(const dsl_call *c, const char *key)
{
    lua_pushstring(c->L, key);
    const bool given = lua_rawget(c->L, 1) != LUA_TNIL;
    lua_pop(c->L, 1);
    return given;
}

void dsl_read_top(const dsl_call *c, const rt_field *f, void *to)
{
    dcn_error err;
    rt_value v = rt_field_default(f);
    if (dsl_read_value(c->L, -1, f, &v, &err) || rt_field_check(f, &v, &err))
        dsl_refuse(c, f->key, "%s", err.text);
    rt_field_set(f, &v, to);
}

bool dsl_read_key(const dsl_call *c, const rt_field *f, void *to)
{
    lua_pushstring(c->L, f->key);
    const bool given = lua_rawget(c->L, 1) != LUA_TNIL;
    if (given)
        dsl_read_top(c, f, to);
    lua_pop(c->L, 1);
    return given;
}
