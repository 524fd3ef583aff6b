/* layer.c: what the constructors of layers share, and operators as layers.
**
** An operator whose first argument is a value makes a layer: what its values tell (sizes, dtype) it
** takes from them, and where the table says it again it must be the same.  The operands that are maps
** are values under their names; every other tensor becomes a parameter of the network.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/base/text.h"
#include "runtime/network/build.h"
#include "runtime/spec/limits.h"

#include <string.h>

/* ---- what all layers have ----------------------------------------------------------------------- */

/* Words of letters, digits, _ and -, with dots between them: what a state_dict may have. */
static bool is_layer_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    for (;; name++) {
        const size_t word = strspn(name, letters);
        name += word;
        if (word == 0 || *name != '.')
            return word > 0 && *name == 0;
    }
}

static void read_name(dsl_call *c, char name[NET_NAME_MAX])
{
    lua_State *L = c->L;
    char value[128];
    lua_pushliteral(L, "name");
    const int type = lua_rawget(L, 1);
    size_t length = 0;
    const char *given = type == LUA_TSTRING ? lua_tolstring(L, -1, &length) : "";
    if (type != LUA_TNIL && type != LUA_TSTRING)
        dsl_refuse(c, "name", "'name' = %s is not a string",
                   dsl_describe(L, -1, value, sizeof value));
    if (length >= NET_NAME_MAX)
        dsl_refuse(c, "name", "'name' = \"%.20s...\" is longer than %d letters", given,
                   NET_NAME_MAX - 1);
    if (type == LUA_TSTRING && (strlen(given) != length || !is_layer_name(given)))
        dsl_refuse(
            c, "name",
            "'name' = %s is not the name of a layer (letters, digits, _ and -, with dots between "
            "words, as in stages.0.dcn)",
            dsl_describe(L, -1, value, sizeof value));
    memcpy(name, given, length + 1);
    if (length)
        memcpy(c->who, given, length + 1);
    lua_pop(L, 1);
}

void dsl_begin_layer(lua_State *L, const char *callee, dsl_call *c, net_layer *layer)
{
    *c = (dsl_call){ .L = L, .at = dsl_here(L), .callee = callee };
    dsl_check_table(c, "{ x, ... }");
    *layer = (net_layer){ .scale = 1, .source = dsl_pack_place(c->at) };
    layer->activation = rt_plain_activation(DCN_ACT_NONE);
    snprintf(c->who, sizeof c->who, "%s", callee);
    read_name(c, layer->name);
    luaL_checkstack(L, NET_MAX_ARGS + 8, NULL);
}

int dsl_add_layer(const dsl_call *c, const net_layer *layer)
{
    dcn_error err;
    int value;
    dsl_charge(c->L, sizeof *layer + sizeof(net_value) + (layer->spec ? sizeof *layer->spec : 0));
    if (net_graph_layer(dsl_graph(c->L), layer, &value, &err))
        dsl_refuse_error(c, NULL, &err);
    return value;
}

void dsl_layer_arg(net_layer *layer, const char *operand, int value)
{
    layer->arg[layer->nargs++] = (net_arg){ operand, value, -1 };
}

/* ---- operators ------------------------------------------------------------------------------------ */

/* Keys without rows: the name, and the operands that are values of a layer, if it has them; these are
** string constants, for net_arg. */
static const char *const other_keys[] = { "name", "offset", "mask",     "offset_mask",
                                          "rois", "trans",  "residual", NULL };
static const char *const *const operand_names = other_keys + 1;

typedef struct LayerCall {
    dsl_call c;
    dcn_op op;
    const dsl_flow *x;
    int rois;            /* the value of that operand; -1: none */
    dcn_spec spec, told; /* told: what the table says of what values tell */
    int ntold;
    const rt_field *told_row[8];
    bool has_format;
    net_layer layer;
} LayerCall;

static bool is_one_of(const char *key, const char *const *names)
{
    while (*names && strcmp(*names, key) != 0)
        names++;
    return *names != NULL;
}

/* Keys of a kernel that a layer does not have, or has as a value or by a function of its own. */
static bool is_no_row(const rt_field *f)
{
    static const char *const names[] = { "layout", "target", "gradient", NULL };
    return is_one_of(f->key, names) || is_one_of(f->key, other_keys);
}

/* A linear layer is a convolution of one tap, with words of its own. */
static const rt_field out_features = { "out_features",
                                       RT_FIELD_INT,
                                       RT_OP(CONV2D),
                                       offsetof(dcn_spec, out_channels),
                                       sizeof((dcn_spec *)0)->out_channels,
                                       .min = 1,
                                       .max = RT_MAX_CHANNELS,
                                       .required = true,
                                       .doc = "Channels of the output (O)." };

static bool is_no_row_of_linear(const rt_field *f)
{
    static const char *const names[] = { "out_channels", "kernel_size", "stride", "padding",
                                         "dilation",     "groups",      NULL };
    return is_one_of(f->key, names);
}

void dsl_layer_rows(dsl_call *c, dcn_op op, bool linear)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (rt_field_is_of(f, op) && !is_no_row(f) && !(linear && is_no_row_of_linear(f)))
            dsl_add_row(c, f);
    }
    if (linear)
        dsl_add_row(c, &out_features);
    c->values = other_keys;
}

bool dsl_row_follows(const rt_field *f)
{
    static const size_t members[] = { offsetof(dcn_spec, batch), offsetof(dcn_spec, height),
                                      offsetof(dcn_spec, width), offsetof(dcn_spec, in_channels),
                                      offsetof(dcn_spec, dtype) };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (f->offset == members[i])
            return true;
    }
    return false;
}

static void read_rows(LayerCall *n)
{
    for (int i = 0; i < n->c.nrows; i++) {
        const rt_field *f = n->c.row[i];
        const bool follows = dsl_row_follows(f);
        const bool given = dsl_read_key(&n->c, f, follows ? &n->told : &n->spec);
        if (given && follows)
            n->told_row[n->ntold++] = f;
        if (given && f->offset == offsetof(dcn_spec, roi_format))
            n->has_format = true;
        if (!given && f->required && !follows)
            dsl_refuse(&n->c, NULL, "%s needs '%s'", n->c.callee, f->key);
    }
}

static bool reads(const dcn_spec *s, const char *operand)
{
    dcn_tensor t[RT_NUM_PLAIN];
    const int n = dcn_spec_tensors(s, t, RT_NUM_PLAIN);
    for (int i = 0; i < n; i++) {
        if (strcmp(t[i].name, operand) == 0)
            return true;
    }
    return false;
}

/* Whether the operator reads such a value with some of its options. */
static bool may_read(const dcn_spec *s, const char *operand)
{
    dcn_spec most = *s;
    most.modulation = DCN_MODULATION_MASK;
    most.residual = true;
    most.no_offset = most.no_trans = most.offset_mask = false;
    if (reads(&most, operand))
        return true;
    most.offset_mask = true;
    return reads(&most, operand);
}

/* A value switches on the option of its name, if there is one: residual, offset_mask. */
static void take_operand(LayerCall *n, const char *name, const dsl_flow *v)
{
    const rt_field *f = rt_field_find(name, n->op);
    if (f && f->type == RT_FIELD_BOOL)
        rt_field_set(f, &(rt_value){ .n = { 1 } }, &n->spec);
    if (strcmp(name, rt_operand_names[RT_ROIS]) == 0)
        n->rois = v->value;
    dsl_layer_arg(&n->layer, name, v->value);
}

/* false stands for none, so that residual = x.channels == 64 and x reads well. */
static void read_operands(LayerCall *n)
{
    lua_State *L = n->c.L;
    for (const char *const *name = operand_names; *name; name++) {
        char value[128];
        lua_pushstring(L, *name);
        lua_rawget(L, 1);
        const dsl_flow *v = dsl_to_flow(L, -1);
        if (v)
            take_operand(n, *name, v);
        else if (!lua_isnil(L, -1) && !may_read(&n->spec, *name))
            dsl_refuse(&n->c, *name, "%s reads no '%s'", n->c.callee, *name);
        else if (lua_toboolean(L, -1))
            dsl_refuse(&n->c, *name, "'%s' = %s is not a value; in a layer it is one, as in %s = x",
                       *name, dsl_describe(L, -1, value, sizeof value), *name);
        lua_pop(L, 1);
    }
}

/* Rows of rois that hold boxes alone are told from their number of columns. */
static void set_roi_format(LayerCall *n)
{
    if (n->rois < 0 || n->has_format || !rt_field_find("roi_format", n->op))
        return;
    const bool boxes = net_graph_value(dsl_graph(n->c.L), n->rois)->shape.c == 4;
    n->spec.roi_format = boxes ? DCN_ROI_XYXY : DCN_ROI_BATCH_XYXY;
}

static void check_told(const LayerCall *n)
{
    for (int i = 0; i < n->ntold; i++) {
        const rt_field *f = n->told_row[i];
        const rt_value said = rt_field_get(f, &n->told), is = rt_field_get(f, &n->spec);
        char text[2][RT_FIELD_PRINT_MAX], value[DSL_FLOW_TEXT];
        if (!rt_field_equal(f, &said, &is))
            dsl_refuse(&n->c, f->key, "'%s' = %s, but the %s has %s", f->key,
                       rt_field_print(f, &said, text[0]),
                       dsl_flow_text(n->c.L, n->x, value, sizeof value),
                       rt_field_print(f, &is, text[1]));
    }
}

static void check_operands(const LayerCall *n)
{
    for (int i = 0; i < n->layer.nargs; i++) {
        const char *name = n->layer.arg[i].operand;
        if (reads(&n->spec, name))
            continue;
        if (n->spec.offset_mask)
            dsl_refuse(&n->c, name, "%s reads no '%s' beside 'offset_mask'", n->c.callee, name);
        if (strcmp(name, rt_operand_names[RT_MASK]) == 0 && rt_field_find("modulation", n->op))
            dsl_refuse(&n->c, name, "%s reads no 'mask': modulation is \"none\"", n->c.callee);
        dsl_refuse(&n->c, name, "%s reads no '%s'", n->c.callee, name);
    }
}

static void complete(LayerCall *n)
{
    dcn_error err;
    const char *key;
    if (rt_op_has(n->op, RT_HAS_ROIS) && n->rois < 0)
        dsl_refuse(&n->c, NULL, "%s needs 'rois', a value with a row for each region", n->c.callee);
    if (net_graph_fit(dsl_graph(n->c.L), n->x->value, n->rois, &n->spec, &err))
        dsl_refuse(&n->c, NULL, "%s", err.text);
    check_told(n);
    dcn_spec_complete(&n->spec);
    if (rt_spec_check(&n->spec, &key, &err))
        dsl_refuse(&n->c, key, "%s", err.text);
    check_operands(n);
}

int dsl_operator_layer(lua_State *L, dcn_op op, bool linear)
{
    LayerCall n = { .op = op, .rois = -1 };
    dsl_begin_layer(L, linear ? "linear" : dcn_op_name(op), &n.c, &n.layer);
    n.c.args = 1;
    lua_rawgeti(L, 1, 1);
    n.x = dsl_to_flow(L, -1);
    dsl_layer_rows(&n.c, op, linear);
    dsl_check_keys(&n.c);
    dcn_spec_init(&n.spec, op);
    if (linear)
        n.spec.kernel[0] = n.spec.kernel[1] = 1;
    dsl_layer_arg(&n.layer, rt_operand_names[RT_INPUT], n.x->value);
    read_rows(&n);
    read_operands(&n);
    set_roi_format(&n);
    complete(&n);
    n.layer.kind = NET_OPERATOR;
    n.layer.spec = &n.spec;
    n.layer.is_linear = linear;
    dsl_push_flow(L, dsl_add_layer(&n.c, &n.layer), n.layer.name);
    return 1;
}
