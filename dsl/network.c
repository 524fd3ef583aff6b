/* network.c: network { outputs = { scores = y } }: a kernel of all layers that lead to its outputs.
**
** What networks say of gradients names inputs, parameters, layers, and the words "inputs" and "parameters".
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/base/text.h"
#include "runtime/network/build.h"

#include <stdlib.h>
#include <string.h>

/* Keys that are rows; `outputs` and `gradient` are not. */
static const char *const keys[] = { "name", "layout", "target", "schedule", NULL };
static const char *const other_keys[] = { "outputs", "gradient", "memory", NULL };

/* The layout is that of all outputs, as every operator has it. */
const rt_field *dsl_network_row(int i)
{
    return keys[i] ? rt_field_find(keys[i], DCN_OP_CONV2D) : NULL;
}

/* ---- outputs ----------------------------------------------------------------------------------- */

typedef struct OutputList {
    int n;
    net_output out[NET_MAX_OPERANDS];
} OutputList;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const net_output *)a)->name, ((const net_output *)b)->name);
}

static void check_output_name(const dsl_call *c, const char *name)
{
    rt_field f = *rt_field_find("name", DCN_OP_CONV2D);
    rt_value v = { .x = 0 };
    dcn_error err;
    f.key = "outputs";
    snprintf(v.text, sizeof v.text, "%s", name);
    if (rt_field_check(&f, &v, &err))
        dsl_refuse(c, "outputs", "%s", err.text);
}

/* The value under a name, both at the top of the stack. */
static void add_output(const dsl_call *c, OutputList *l)
{
    lua_State *L = c->L;
    const dsl_flow *v = dsl_to_flow(L, -1);
    char text[128];
    if (lua_type(L, -2) != LUA_TSTRING)
        dsl_refuse(c, "outputs", "outputs have names, as in outputs = { scores = y }");
    const char *name = lua_tostring(L, -2);
    if (!v)
        dsl_refuse(c, "outputs", "output '%s' is %s, not a value", name,
                   dsl_describe(L, -1, text, sizeof text));
    check_output_name(c, name);
    if (l->n >= NET_MAX_OPERANDS)
        dsl_refuse(c, "outputs", "a network has at most %d outputs", NET_MAX_OPERANDS);
    l->out[l->n++] = (net_output){ .value = v->value, .name = name };
}

static void read_outputs(const dsl_call *c, dcn_layout layout, OutputList *l)
{
    lua_State *L = c->L;
    char text[128];
    lua_getfield(L, 1, "outputs");
    const dsl_flow *single = dsl_to_flow(L, -1);
    if (lua_isnil(L, -1))
        dsl_refuse(c, NULL, "network needs 'outputs', as in outputs = { scores = y }");
    if (single)
        l->out[l->n++] = (net_output){ .value = single->value, .name = "output" };
    else if (!lua_istable(L, -1))
        dsl_refuse(c, "outputs", "'outputs' = %s is not a value or values with names",
                   dsl_describe(L, -1, text, sizeof text));
    else
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            add_output(c, l);
    if (l->n == 0)
        dsl_refuse(c, "outputs", "'outputs' is empty; a network has at least one");
    qsort(l->out, (size_t)l->n, sizeof *l->out, by_name);
    for (int i = 0; i < l->n; i++)
        l->out[i].layout = layout;
}

/* ---- gradients --------------------------------------------------------------------------------- */

enum { MOST_NAMES = 4 * NET_MAX_LAYERS };

/* The names in the list at index; the strings and the array that is pushed belong to Lua. */
static const char **push_names(const dsl_call *c, int index, int *n)
{
    lua_State *L = c->L;
    const lua_Unsigned length = lua_istable(L, index) ? lua_rawlen(L, index) : 0;
    char text[128];
    if (length == 0 || length > MOST_NAMES)
        dsl_refuse(c, "gradient",
                   "'gradient' = %s is not true, false or a list of inputs and parameters such as "
                   "{ \"image\", \"stem.weight\" }",
                   dsl_describe(L, index, text, sizeof text));
    const char **names = lua_newuserdatauv(L, (size_t)length * sizeof *names, 0);
    for (*n = 0; *n < (int)length; ++*n) {
        if (lua_rawgeti(L, index, *n + 1) != LUA_TSTRING)
            dsl_refuse(c, "gradient", "'gradient' names %s, which is neither input nor parameter",
                       dsl_describe(L, -1, text, sizeof text));
        names[*n] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return names;
}

void dsl_network_gradient(const dsl_call *c, int index, dsl_kernel *k)
{
    lua_State *L = c->L;
    const dcn_network *plain = k->spec.network;
    const char **names = NULL;
    dcn_network *wanted;
    dcn_error err;
    int n = 0;
    index = lua_absindex(L, index);
    if (!lua_isnoneornil(L, index) && !lua_isboolean(L, index))
        names = push_names(c, index, &n);
    if (net_want_gradients(plain, names, n, &wanted, &k->spec.gradient, &err))
        dsl_refuse_error(c, "gradient", &err);
    dsl_kernel_take(L, k, wanted);
}

/* The bound of memory at the top of the stack: bytes, or text such as "64M". */
void dsl_network_memory(const dsl_call *c, dsl_kernel *k)
{
    lua_State *L = c->L;
    char text[128];
    int is_number = 0;
    int64_t bytes = lua_type(L, -1) == LUA_TSTRING ? rt_text_bytes(lua_tostring(L, -1))
                                                   : lua_tointegerx(L, -1, &is_number);
    if (bytes < 1 || (lua_type(L, -1) != LUA_TSTRING && !is_number))
        dsl_refuse(c, "memory", "'memory' = %s is no number of bytes, such as 1000000 or \"64M\"",
                   dsl_describe(L, -1, text, sizeof text));
    if (!k->spec.gradient)
        dsl_refuse(c, "memory",
                   "'memory' bounds the workspace of gradients, and there is no "
                   "'gradient'");
    dcn_network *bounded = net_copy(k->spec.network);
    if (!bounded)
        dsl_refuse(c, NULL, "no memory for a network");
    bounded->memory = bytes;
    dsl_kernel_take(L, k, bounded);
}

/* ---- the constructor --------------------------------------------------------------------------- */

/* A layer is to blame, or the network. */
static void refuse_network(const dsl_call *c, const dcn_error *err)
{
    const dsl_place at = dsl_unpack_place(dsl_of(c->L)->sources, err->line);
    if (at.source)
        dsl_raise_status(c->L, err->code, at, err->text);
    dsl_refuse_error(c, NULL, err);
}

static void make(const dsl_call *c, const dcn_spec *said, dsl_kernel *k)
{
    OutputList outputs = { .n = 0 };
    dcn_network *network;
    dcn_error err;
    read_outputs(c, said->layout, &outputs);
    if (net_graph_network(dsl_graph(c->L), outputs.out, outputs.n, &network, &err))
        refuse_network(c, &err);
    dsl_kernel_take(c->L, k, network);
    k->spec.dtype = network->dtype;
    memcpy(k->spec.target, said->target, sizeof k->spec.target);
    memcpy(k->spec.schedule, said->schedule, sizeof k->spec.schedule);
}

static int network(lua_State *L)
{
    dsl_call c = { .L = L, .at = dsl_here(L), .callee = "network", .values = other_keys };
    dcn_spec said;
    dcn_error err;
    const char *key;
    dsl_check_table(&c, "{ outputs = { scores = y } }");
    for (int i = 0; keys[i]; i++)
        dsl_add_row(&c, dsl_network_row(i));
    dsl_check_keys(&c);
    dcn_spec_init(&said, DCN_OP_CONV2D);
    for (int i = 0; i < c.nrows; i++)
        dsl_read_key(&c, c.row[i], &said);
    dsl_kernel *k = dsl_push_kernel(L, c.at);
    const int made = lua_gettop(L);
    dcn_spec_init(&k->spec, DCN_OP_NETWORK);
    k->named = dsl_has_key(&c, "name");
    if (k->named)
        memcpy(k->spec.name, said.name, sizeof k->spec.name);
    make(&c, &said, k);
    lua_getfield(L, 1, "gradient");
    if (lua_toboolean(L, -1))
        dsl_network_gradient(&c, -1, k);
    lua_getfield(L, 1, "memory");
    if (!lua_isnil(L, -1))
        dsl_network_memory(&c, k);
    dcn_spec_complete(&k->spec);
    if (rt_spec_check(&k->spec, &key, &err))
        dsl_refuse_error(&c, key, &err);
    dsl_check_time(L);
    lua_settop(L, made);
    return 1;
}

void dsl_register_network(lua_State *L)
{
    lua_pushcfunction(L, network);
    lua_setfield(L, -2, "network");
}
