/* glue.c: the constructors of the layers around the family: a row for each of them, and a row for each
** key, which drive reading, checks, hints and the reference page.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/glue.h"
#include "runtime/spec/limits.h"

#include <limits.h>
#include <string.h>

enum {
    ADD,
    MUL,
    CONCAT,
    SPLIT,
    SLICE,
    ACTIVATION,
    LAYER_NORM,
    MAX_POOL,
    AVG_POOL,
    RESIZE,
    FLATTEN,
    UNFLATTEN,
    BLEND
};

#define OF(x)        ((rt_op_set)1 << (x))
#define POOLS        (OF(MAX_POOL) | OF(AVG_POOL))
#define AT(member)   .offset = offsetof(GlueKeys, member), .bytes = sizeof((GlueKeys *)0)->member
#define PAIR(member) .offset = offsetof(GlueKeys, member), .bytes = sizeof(int)
#define RANGE(a, b)  .min = (a), .max = (b)

static const char *const modes[] = { [NET_NEAREST] = "nearest", [NET_BILINEAR] = "bilinear", NULL };

const rt_field glue_fields[] = {
    { "times", RT_FIELD_INT, OF(CONCAT), AT(times), RANGE(1, NET_MAX_ARGS), .default_value = 1,
      .doc = "All values, one after another, so many times." },
    { "parts", RT_FIELD_INT, OF(SPLIT), AT(parts), RANGE(2, NET_MAX_ARGS), .required = true,
      .doc = "Into how many values; divides the channels." },
    { "from", RT_FIELD_INT, OF(SLICE), AT(layer.from), RANGE(0, RT_MAX_CHANNELS - 1),
      .doc = "The first channel, counted from 0." },
    { "count", RT_FIELD_INT, OF(SLICE), AT(layer.count), RANGE(1, RT_MAX_CHANNELS),
      .required = true, .doc = "How many channels." },
    { "scale", RT_FIELD_NUMBER, OF(MUL), AT(layer.scale), RANGE(-1e30, 1e30), .default_value = 1,
      .doc =
          "A factor. A single value without it is multiplied by a parameter `weight`, a number for "
          "each channel." },
    { "eps", RT_FIELD_NUMBER, OF(LAYER_NORM), AT(layer.eps), RANGE(0, 1), .default_value = 1e-5,
      .doc = "What is added to the variance." },
    { "kernel_size", RT_FIELD_SIZE, OF(MAX_POOL), PAIR(layer.pool.kernel), RANGE(1, RT_MAX_EXTENT),
      .required = true, .doc = "Pixels of the window (kh, kw)." },
    { "kernel_size", RT_FIELD_SIZE, OF(AVG_POOL), PAIR(layer.pool.kernel), RANGE(1, RT_MAX_EXTENT),
      .doc = "Pixels of the window (kh, kw); needed without `output_size`." },
    { "stride", RT_FIELD_SIZE, POOLS, PAIR(layer.pool.stride), RANGE(1, RT_MAX_EXTENT),
      .doc = "Pixels from one window to the next; without it those of the window." },
    { "padding", RT_FIELD_PADDING, POOLS, PAIR(layer.pool.padding), RANGE(0, RT_MAX_EXTENT),
      .doc = "Pixels around the map, at most half of the window." },
    { "dilation", RT_FIELD_SIZE, OF(MAX_POOL), PAIR(layer.pool.dilation), RANGE(1, RT_MAX_EXTENT),
      .default_value = 1, .doc = "Pixels from one pixel of the window to the next." },
    { "ceil_mode", RT_FIELD_BOOL, POOLS, AT(layer.pool.ceil_mode),
      .doc = "A window that begins inside counts, though it ends outside." },
    { "count_include_pad", RT_FIELD_BOOL, OF(AVG_POOL), AT(layer.pool.count_include_pad),
      .default_value = 1, .doc = "The mean counts padding as zeros." },
    { "output_size", RT_FIELD_SIZE, OF(AVG_POOL), PAIR(output_size), RANGE(1, RT_MAX_EXTENT),
      .doc = "In the place of a window: so many bins (h, w), as nn.AdaptiveAvgPool2d has them." },
    { "size", RT_FIELD_SIZE, OF(RESIZE), PAIR(size), RANGE(1, RT_MAX_EXTENT),
      .doc = "Rows and columns of the result; needed without `scale`." },
    { "size", RT_FIELD_SIZE, OF(UNFLATTEN), PAIR(size), RANGE(1, RT_MAX_EXTENT), .required = true,
      .doc = "Rows and columns of the result; their product divides the channels." },
    { "scale", RT_FIELD_NUMBER, OF(RESIZE), AT(scale), RANGE(1e-6, 1e6),
      .doc = "In the place of `size`: the result is so many times as large." },
    { "mode", RT_FIELD_CHOICE, OF(RESIZE), AT(layer.resize.mode), .choices = modes,
      .doc = "What a pixel becomes: the nearest one, or the mean of four." },
    { "align_corners", RT_FIELD_BOOL, OF(RESIZE), AT(layer.resize.align_corners),
      .doc = "Of `bilinear`: the outermost pixels keep their places." },
    { NULL, .doc = NULL },
};

const GlueMaker glue_makers[] = {
    [ADD] = { "add", NET_ADD, glue_make_chain, 2, NET_MAX_ARGS, true,
              "Their sum. Of two maps one may have a single row and column, or a single image." },
    [MUL] = { "mul", NET_MUL, glue_make_mul, 1, NET_MAX_ARGS, true,
              "Their product, as `add`; one may also have a single channel." },
    [CONCAT] = { "concat", NET_CONCAT, glue_make_concat, 1, NET_MAX_ARGS, false,
                 "The channels of all of them, one after another; with `times`, 2 to 64 in all." },
    [SPLIT] = { "split", NET_SLICE, glue_make_split, 1, 1, false,
                "Several values, each with a part of the channels." },
    [SLICE] = { "slice", NET_SLICE, glue_make_one, 1, 1, false, "Some of the channels." },
    [ACTIVATION] = { "activation", NET_ACTIVATION, glue_make_one, 1, 1, true,
                     "A function of each element." },
    [LAYER_NORM] = { "layer_norm", NET_LAYER_NORM, glue_make_one, 1, 1, true,
                     "nn.LayerNorm over the channels of each pixel, with parameters `weight` and "
                     "`bias`." },
    [MAX_POOL] = { "max_pool2d", NET_MAX_POOL, glue_make_window, 1, 1, false,
                   "nn.MaxPool2d: the largest of each window." },
    [AVG_POOL] = { "avg_pool2d", NET_AVG_POOL, glue_make_avg_pool, 1, 1, false,
                   "nn.AvgPool2d: the mean of each window." },
    [RESIZE] = { "resize", NET_RESIZE, glue_make_resize, 1, 1, false, "F.interpolate." },
    [FLATTEN] = { "flatten", NET_RESHAPE, glue_make_reshape, 1, 1, false,
                  "nn.Flatten: all of an image as the channels of one pixel, in PyTorch's order." },
    [UNFLATTEN] = { "unflatten", NET_RESHAPE, glue_make_reshape, 1, 1, false,
                    "nn.Unflatten: the channels of one pixel as a map again." },
    [BLEND] = { "blend", NET_BLEND, glue_make_blend, 3, 3, false,
                "`a*(1 - s) + b*s`, where s is the sigmoid of the third value, whose channels "
                "divide "
                "those of the others: one for each group of them." },
    { NULL, .doc = NULL },
};

/* ---- which keys ------------------------------------------------------------------------------ */

/* The activation of a layer has the rows that it has in every operator.  That of `activation` is what
** the layer is, and has a name for itself. */
static void add_activation(GlueCall *g)
{
    static const char *const keys[] = { "activation", "activation_slope", "activation_min",
                                        "activation_max" };
    g->kind = *rt_field_find(keys[0], DCN_OP_CONV2D);
    g->kind.key = "kind";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const bool kind = i == 0 && g->maker->kind == NET_ACTIVATION;
        dsl_add_row(&g->c, kind ? &g->kind : rt_field_find(keys[i], DCN_OP_CONV2D));
    }
}

static void add_rows(GlueCall *g)
{
    static const char *const other_keys[] = { "name", NULL };
    const rt_op_set maker = OF(g->maker - glue_makers);
    g->c.values = other_keys;
    for (const rt_field *f = glue_fields; f->key; f++) {
        if (f->ops & maker)
            dsl_add_row(&g->c, f);
    }
    if (g->maker->activates)
        add_activation(g);
}

/* ---- the call ---------------------------------------------------------------------------------- */

static int refuse_count(const GlueCall *g, int n)
{
    char count[48];
    const char *all = g->maker->least < g->maker->most ? "%d to %d values" : "%d values";
    snprintf(count, sizeof count, g->maker->most > 1 ? all : "one value", g->maker->least,
             g->maker->most);
    return dsl_refuse(&g->c, NULL, "%s takes %s, as in %s { x, ... }, not %d", g->c.callee, count,
                      g->c.callee, n);
}

/* What stands at 1, 2, ...: values; of an activation perhaps a word behind it. */
static void read_values(GlueCall *g)
{
    lua_State *L = g->c.L;
    const lua_Unsigned length = lua_rawlen(L, 1);
    const bool word = g->maker->kind == NET_ACTIVATION && length == 2;
    const int n = length > INT_MAX ? INT_MAX : (int)length - word;
    char text[128];
    if (n < g->maker->least || n > g->maker->most)
        refuse_count(g, n);
    luaL_checkstack(L, 2 * NET_MAX_ARGS + 16, NULL);
    for (g->n = 0; g->n < n; g->n++) {
        lua_rawgeti(L, 1, g->n + 1);
        g->value[g->n] = dsl_to_flow(L, -1);
        if (!g->value[g->n])
            dsl_refuse(&g->c, NULL, "argument %d of %s is %s, not a value", g->n + 1, g->c.callee,
                       dsl_describe(L, -1, text, sizeof text));
    }
    g->c.args = (int)length;
}

static void read_keys(GlueCall *g)
{
    for (int i = 0; i < g->c.nrows; i++) {
        const rt_field *f = g->c.row[i];
        const rt_value usual = rt_field_default(f);
        rt_field_set(f, &usual, &g->keys);
        if (!dsl_read_key(&g->c, f, &g->keys) && f->required)
            dsl_refuse(&g->c, NULL, "%s needs '%s'", g->c.callee, f->key);
    }
}

/* activation { x, "relu" } */
static void read_kind(GlueCall *g)
{
    const bool named = dsl_has_key(&g->c, "kind"), word = g->c.args == 2;
    if (named == word)
        dsl_refuse(&g->c, NULL,
                   "activation needs one word for what it is, as in activation { x, \"relu\" }");
    if (!word)
        return;
    lua_rawgeti(g->c.L, 1, 2);
    dsl_read_top(&g->c, &g->kind, &g->keys);
    lua_pop(g->c.L, 1);
}

/* Which parameters an activation has is a rule of all specs: ask it of the smallest of them. */
static void check_activation(GlueCall *g)
{
    dcn_spec like = g->keys.like;
    const char *key;
    dcn_error err;
    like.height = like.width = like.in_channels = like.out_channels = 1;
    like.kernel[0] = like.kernel[1] = 1;
    if (rt_spec_check(&like, &key, &err))
        dsl_refuse(&g->c, key, "%s", err.text);
    g->keys.layer.activation = rt_activation_of(&like);
}

static int construct(lua_State *L)
{
    GlueCall g = { .maker = &glue_makers[lua_tointeger(L, lua_upvalueindex(1))] };
    dsl_begin_layer(L, g.maker->name, &g.c, &g.keys.layer);
    g.keys.layer.kind = g.maker->kind;
    g.keys.layer.pool.dilation[0] = g.keys.layer.pool.dilation[1] = 1;
    dcn_spec_init(&g.keys.like, DCN_OP_CONV2D);
    add_rows(&g);
    read_values(&g);
    dsl_check_keys(&g.c);
    read_keys(&g);
    if (g.maker->kind == NET_ACTIVATION)
        read_kind(&g);
    check_activation(&g);
    return g.maker->make(&g);
}

void dsl_register_glue(lua_State *L)
{
    for (int i = 0; glue_makers[i].name; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, construct, 1);
        lua_setfield(L, -2, glue_makers[i].name);
    }
}
