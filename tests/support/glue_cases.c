/* glue_cases.c: layers of networks that are no operators.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/glue_cases.h"

#include <assert.h>
#include <string.h>

#define ACT(name) .activation = { DCN_ACT_##name, RT_DEFAULT_SLOPE, RT_DEFAULT_MIN, RT_DEFAULT_MAX }
#define POOL(...) .pool = { .dilation = { 1, 1 }, __VA_ARGS__ }
#define WHOLE     .pool = { .adaptive = true }

/* Five inputs. */
#define MANY(c)                                                                                    \
    { 1, 2, 3, c }, { 1, 2, 3, -1 }, { 1, 2, 3, c }, { 1, 2, 3, 1 },                               \
    {                                                                                              \
        1, 2, 3, c                                                                                 \
    }

static const GlueCase cases[] = {
    { "add", { .kind = NET_ADD }, { { 2, 3, 5, -1 }, { 2, 3, 5, -1 } }, { 2, 3, 5, -1 }, 0, 0 },
    { "add and relu",
      { .kind = NET_ADD, ACT(RELU) },
      { { 1, 9, 11, -1 }, { 1, 9, 11, -1 } },
      { 1, 9, 11, -1 },
      .bumpy = true },
    { "add for all images",
      { .kind = NET_ADD, ACT(SILU) },
      { { 3, 4, 5, -1 }, { 1, 4, 5, -1 } },
      { 3, 4, 5, -1 },
      0,
      0 },
    { "add by channel",
      { .kind = NET_ADD, ACT(GELU) },
      { { 2, 5, 7, -1 }, { 2, 1, 1, -1 } },
      { 2, 5, 7, -1 },
      0,
      0 },
    { "add by channel for all images",
      { .kind = NET_ADD },
      { { 2, 5, 7, -1 }, { 1, 1, 1, -1 } },
      { 2, 5, 7, -1 },
      0,
      0 },
    { "mul",
      { .kind = NET_MUL, .scale = 0.5 },
      { { 2, 3, 5, -1 }, { 2, 3, 5, -1 } },
      { 2, 3, 5, -1 },
      0,
      0 },
    { "mul by a number",
      { .kind = NET_MUL, .scale = -1.5, ACT(TANH) },
      { { 1, 6, 7, -1 } },
      { 1, 6, 7, -1 },
      0,
      0 },
    { "mul by channel",
      { .kind = NET_MUL, .scale = 1, ACT(SIGMOID) },
      { { 2, 6, 7, -1 }, { 2, 1, 1, -1 } },
      { 2, 6, 7, -1 },
      0,
      0 },
    { "mul by pixel",
      { .kind = NET_MUL, .scale = 2 },
      { { 2, 6, 7, -1 }, { 2, 6, 7, 1 } },
      { 2, 6, 7, -1 },
      0,
      0 },
    { "mul by pixel for all images",
      { .kind = NET_MUL, .scale = 1, ACT(SILU) },
      { { 3, 4, 7, -1 }, { 1, 4, 7, 1 } },
      { 3, 4, 7, -1 },
      0,
      0 },
    { "mul by image",
      { .kind = NET_MUL, .scale = 1 },
      { { 3, 4, 7, -1 }, { 3, 1, 1, 1 } },
      { 3, 4, 7, -1 },
      0,
      0 },
    { "mul for all images",
      { .kind = NET_MUL, .scale = 1 },
      { { 3, 4, 7, -1 }, { 1, 4, 7, -1 } },
      { 3, 4, 7, -1 },
      0,
      0 },
    { "mul by a weight",
      { .kind = NET_MUL, .scale = 0.25 },
      { { 2, 6, 7, -1 } },
      { 2, 6, 7, -1 },
      .weight = true },
    { "mul of rows",
      { .kind = NET_MUL, .scale = 1 },
      { { 37, 1, 1, -1 }, { 37, 1, 1, 1 } },
      { 37, 1, 1, -1 },
      0,
      0 },
    { "concat",
      { .kind = NET_CONCAT },
      { { 2, 3, 5, -1 }, { 2, 3, 5, -2 }, { 2, 3, 5, 5 }, { 2, 3, 5, -1 } },
      { 2, 3, 5, 0 },
      0,
      0 },
    { "concat of many",
      { .kind = NET_CONCAT },
      { MANY(2), MANY(2), MANY(2), MANY(2), MANY(2), MANY(2), MANY(2) },
      { 1, 2, 3, 0 },
      0,
      0 },
    { "slice",
      { .kind = NET_SLICE, .from = -1, .count = -2 },
      { { 2, 3, 5, -4 } },
      { 2, 3, 5, -2 },
      0,
      0 },
    { "slice of the last",
      { .kind = NET_SLICE, .from = 3, .count = -1 },
      { { 1, 7, 5, 0 } },
      { 1, 7, 5, -1 },
      0,
      0 },
    { "relu",
      { .kind = NET_ACTIVATION, ACT(RELU) },
      { { 2, 5, 7, -1 } },
      { 2, 5, 7, -1 },
      .bumpy = true },
    { "gelu",
      { .kind = NET_ACTIVATION, ACT(GELU) },
      { { 1, 40, 33, -1 } },
      { 1, 40, 33, -1 },
      0,
      0 },
    { "sigmoid",
      { .kind = NET_ACTIVATION, ACT(SIGMOID) },
      { { 2, 5, 7, -1 } },
      { 2, 5, 7, -1 },
      0,
      0 },
    { "layer_norm",
      { .kind = NET_LAYER_NORM, .eps = 1e-6 },
      { { 2, 5, 7, -1 } },
      { 2, 5, 7, -1 },
      0,
      0 },
    { "layer_norm and gelu",
      { .kind = NET_LAYER_NORM, .eps = 1e-2, ACT(GELU) },
      { { 1, 7, 9, -1 } },
      { 1, 7, 9, -1 },
      0,
      0 },
    { "max_pool",
      { .kind = NET_MAX_POOL,
        POOL(.kernel = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1, 1, 1 }) },
      { { 2, 9, 10, -1 } },
      { 2, 5, 5, -1 },
      .bumpy = true },
    { "max_pool with ceil_mode",
      { .kind = NET_MAX_POOL, POOL(.kernel = { 2, 3 }, .stride = { 2, 3 }, .ceil_mode = true) },
      { { 1, 7, 10, -1 } },
      { 1, 4, 4, -1 },
      .bumpy = true },
    { "max_pool with dilation",
      { .kind = NET_MAX_POOL,
        .pool = { .kernel = { 3, 2 },
                  .stride = { 1, 2 },
                  .padding = { 1, 1, 1, 1 },
                  .dilation = { 2, 3 } } },
      { { 1, 8, 11, -1 } },
      { 1, 6, 5, -1 },
      .bumpy = true },
    { "avg_pool",
      { .kind = NET_AVG_POOL,
        POOL(.kernel = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1, 1, 1 }) },
      { { 2, 9, 10, -1 } },
      { 2, 5, 5, -1 },
      0,
      0 },
    { "avg_pool with padding and ceil_mode",
      { .kind = NET_AVG_POOL,
        POOL(.kernel = { 3, 2 }, .stride = { 2, 2 }, .padding = { 1, 0, 1, 0 },
             .count_include_pad = true, .ceil_mode = true) },
      { { 1, 8, 9, -1 } },
      { 1, 5, 5, -1 },
      0,
      0 },
    { "avg_pool to 1",
      { .kind = NET_AVG_POOL, WHOLE },
      { { 2, 7, 7, -1 } },
      { 2, 1, 1, -1 },
      0,
      0 },
    { "avg_pool to 3x5",
      { .kind = NET_AVG_POOL, WHOLE },
      { { 1, 7, 8, -1 } },
      { 1, 3, 5, -1 },
      0,
      0 },
    { "resize by 2", { .kind = NET_RESIZE }, { { 2, 5, 7, -1 } }, { 2, 10, 14, -1 }, 0, 0 },
    { "resize to less", { .kind = NET_RESIZE }, { { 1, 11, 9, -1 } }, { 1, 4, 7, -1 }, 0, 0 },
    { "bilinear by 2",
      { .kind = NET_RESIZE, .resize = { NET_BILINEAR, false } },
      { { 2, 5, 7, -1 } },
      { 2, 10, 14, -1 },
      0,
      0 },
    { "bilinear to less",
      { .kind = NET_RESIZE, .resize = { NET_BILINEAR, false } },
      { { 1, 11, 17, -1 } },
      { 1, 4, 5, -1 },
      0,
      0 },
    { "bilinear with corners",
      { .kind = NET_RESIZE, .resize = { NET_BILINEAR, true } },
      { { 1, 5, 6, -1 } },
      { 1, 9, 31, -1 },
      0,
      0 },
    { "flatten", { .kind = NET_RESHAPE }, { { 2, 3, 5, -1 } }, { 2, 1, 1, -15 }, 0, 0 },
    { "flatten of a pixel", { .kind = NET_RESHAPE }, { { 3, 1, 1, -1 } }, { 3, 1, 1, -1 }, 0, 0 },
    { "unflatten", { .kind = NET_RESHAPE }, { { 7, 1, 1, -6 } }, { 7, 2, 3, -1 }, 0, 0 },
    { "blend",
      { .kind = NET_BLEND },
      { { 2, 3, 5, -4 }, { 2, 3, 5, -4 }, { 2, 3, 5, 4 } },
      { 2, 3, 5, -4 },
      0,
      0 },
    { "blend by channel",
      { .kind = NET_BLEND },
      { { 1, 4, 3, -1 }, { 1, 4, 3, -1 }, { 1, 4, 3, -1 } },
      { 1, 4, 3, -1 },
      0,
      0 },
};

const GlueCase *glue_case(int i)
{
    return i < (int)(sizeof cases / sizeof *cases) ? &cases[i] : NULL;
}

/* ---- a network ------------------------------------------------------------------------------- */

static int64_t times(int64_t c, int64_t channels)
{
    return c < 0 ? -c * channels : c;
}

static void add_value(GlueNet *g, net_shape s, int64_t channels)
{
    s.c = times(s.c, channels);
    g->value[g->net.nvalues] =
        (net_value){ .shape = s, .dtype = g->net.dtype, .layer = -1, .rank = 4 };
    g->value[g->net.nvalues++].layout = DCN_NHWC;
}

static void add_param(GlueNet *g, const char *operand, int64_t count)
{
    net_layer *l = &g->layer;
    net_param *p = &g->param[g->net.nparams];
    *p = (net_param){ .arg = l->nargs, .rank = 1, .dims = { count }, .count = count };
    p->at = g->net.parameters;
    g->net.parameters += count;
    l->arg[l->nargs++] = (net_arg){ operand, -1, g->net.nparams++ };
}

/* What follows from the numbers of channels of the inputs. */
static void add_output(GlueNet *g, const GlueCase *c, int64_t channels)
{
    net_shape out = c->out;
    if (c->layer.kind == NET_CONCAT)
        for (int i = 0; i < g->net.ninputs; i++)
            out.c += g->value[i].shape.c;
    add_value(g, out, channels);
    g->layer.out = g->net.ninputs;
    g->value[g->layer.out].layer = 0;
}

void glue_net(GlueNet *g, const GlueCase *c, int64_t channels, dcn_dtype dtype)
{
    static const char *const names[] = { "a", "b", "c" };
    *g = (GlueNet){ .net = { .dtype = dtype, .nlayers = 1, .refs = 1 }, .layer = c->layer };
    g->net.value = g->value;
    g->net.layer = &g->layer;
    g->net.param = g->param;
    net_layer *l = &g->layer;
    l->from = times(l->from, channels);
    l->count = times(l->count, channels);
    for (int i = 0; i < GLUE_MAX_INPUTS && c->in[i].h; i++) {
        add_value(g, c->in[i], channels);
        l->arg[l->nargs++] = (net_arg){ l->kind == NET_CONCAT ? "a" : names[i], i, -1 };
    }
    g->net.ninputs = g->net.nvalues;
    if (l->kind == NET_SLICE && c->in[0].c == 0)
        g->value[0].shape.c = l->from + l->count;
    if (c->weight || l->kind == NET_LAYER_NORM)
        add_param(g, "weight", channels);
    if (l->kind == NET_LAYER_NORM)
        add_param(g, "bias", channels);
    add_output(g, c, channels);
}

static int64_t count_of(net_shape s)
{
    return s.n * s.h * s.w * s.c;
}

int64_t glue_arg_count(const GlueNet *g, int i)
{
    const net_arg *a = &g->layer.arg[i];
    return a->value >= 0 ? count_of(g->value[a->value].shape) : g->param[a->param].count;
}

int64_t glue_out_count(const GlueNet *g)
{
    return count_of(g->value[g->layer.out].shape);
}
