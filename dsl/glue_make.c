/* glue_make.c: from the keys of a call to layers of the graph.
**
** Sums and products of more than two are chains, of which the last has the name and the activation; the
** larger of two maps is read first, as networks want it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/glue.h"
#include "runtime/network/build.h"
#include "runtime/spec/limits.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static net_shape shape_of(const GlueCall *g, int value)
{
    return net_graph_value(dsl_graph(g->c.L), value)->shape;
}

static void push(const GlueCall *g, const net_layer *layer)
{
    dsl_push_flow(g->c.L, dsl_add_layer(&g->c, layer), layer->name);
}

int glue_make_one(GlueCall *g)
{
    dsl_layer_arg(&g->keys.layer, "a", g->value[0]->value);
    push(g, &g->keys.layer);
    return 1;
}

/* ---- sums, products, channels ---------------------------------------------------------------- */

/* One link of a chain: unless it is the last, it has nothing but its kind from the keys. */
static int add_link(const GlueCall *g, int a, int b, bool last)
{
    net_layer link = g->keys.layer;
    const bool swap = net_elements(shape_of(g, a)) < net_elements(shape_of(g, b));
    if (!last) {
        link.name[0] = 0;
        link.scale = 1;
        link.activation = rt_plain_activation(DCN_ACT_NONE);
    }
    dsl_layer_arg(&link, "a", swap ? b : a);
    dsl_layer_arg(&link, "b", swap ? a : b);
    return dsl_add_layer(&g->c, &link);
}

int glue_make_chain(GlueCall *g)
{
    int value = g->value[0]->value;
    for (int i = 1; i < g->n; i++)
        value = add_link(g, value, g->value[i]->value, i + 1 == g->n);
    dsl_push_flow(g->c.L, value, g->keys.layer.name);
    return 1;
}

/* A single value is multiplied by the number, or without one by a parameter: an argument that has no
** value yet asks the graph for it. */
int glue_make_mul(GlueCall *g)
{
    if (g->n > 1)
        return glue_make_chain(g);
    dsl_layer_arg(&g->keys.layer, "a", g->value[0]->value);
    if (!dsl_has_key(&g->c, "scale"))
        dsl_layer_arg(&g->keys.layer, rt_operand_names[RT_WEIGHT], -1);
    push(g, &g->keys.layer);
    return 1;
}

int glue_make_concat(GlueCall *g)
{
    const int64_t n = g->n * g->keys.times;
    if (n < 2 || n > NET_MAX_ARGS)
        dsl_refuse(&g->c, "times", "concat takes 2 to %d values, not %" PRId64, NET_MAX_ARGS, n);
    for (int i = 0; i < n; i++)
        dsl_layer_arg(&g->keys.layer, "a", g->value[i % g->n]->value);
    push(g, &g->keys.layer);
    return 1;
}

/* Slices of the same length, called NAME_1, NAME_2, ... */
int glue_make_split(GlueCall *g)
{
    const int64_t channels = shape_of(g, g->value[0]->value).c, parts = g->keys.parts;
    const char *name = g->keys.layer.name;
    char text[DSL_FLOW_TEXT];
    if (channels % parts)
        dsl_refuse(&g->c, "parts", "'parts' = %" PRId64 " does not divide the channels of the %s",
                   parts, dsl_flow_text(g->c.L, g->value[0], text, sizeof text));
    for (int i = 0; i < parts; i++) {
        net_layer part = g->keys.layer;
        const int length =
            snprintf(part.name, sizeof part.name, *name ? "%s_%d" : "%s", name, i + 1);
        if (length >= (int)sizeof part.name)
            dsl_refuse(&g->c, "name", "the name is too long for numbers behind it");
        part.count = channels / parts;
        part.from = i * part.count;
        dsl_layer_arg(&part, "a", g->value[0]->value);
        push(g, &part);
    }
    return (int)parts;
}

/* ---- pools and resizes ------------------------------------------------------------------------ */

/* "same", as a convolution with this window means it. */
static void complete_padding(const GlueCall *g, net_pool *p)
{
    const net_shape x = shape_of(g, g->value[0]->value);
    dcn_spec like = g->keys.like;
    like.height = x.h;
    like.width = x.w;
    memcpy(like.kernel, p->kernel, sizeof like.kernel);
    memcpy(like.stride, p->stride, sizeof like.stride);
    memcpy(like.dilation, p->dilation, sizeof like.dilation);
    memcpy(like.padding, p->padding, sizeof like.padding);
    dcn_spec_complete(&like);
    memcpy(p->padding, like.padding, sizeof p->padding);
}

int glue_make_window(GlueCall *g)
{
    net_pool *p = &g->keys.layer.pool;
    if (!dsl_has_key(&g->c, "stride"))
        memcpy(p->stride, p->kernel, sizeof p->stride);
    complete_padding(g, p);
    return glue_make_one(g);
}

/* What has no meaning where output_size is given. */
static void refuse_window(const GlueCall *g)
{
    static const char *const window[] = { "kernel_size", "stride", "padding", "ceil_mode",
                                          "count_include_pad" };
    for (size_t i = 0; i < sizeof window / sizeof *window; i++) {
        if (dsl_has_key(&g->c, window[i]))
            dsl_refuse(&g->c, window[i], "'%s' has no meaning beside output_size", window[i]);
    }
}

int glue_make_avg_pool(GlueCall *g)
{
    g->keys.layer.pool.adaptive = dsl_has_key(&g->c, "output_size");
    if (!g->keys.layer.pool.adaptive && !dsl_has_key(&g->c, "kernel_size"))
        dsl_refuse(&g->c, NULL, "avg_pool2d needs 'kernel_size' or 'output_size'");
    if (!g->keys.layer.pool.adaptive)
        return glue_make_window(g);
    refuse_window(g);
    for (int axis = 0; axis < 2; axis++)
        g->keys.layer.size[axis] = g->keys.output_size[axis];
    return glue_make_one(g);
}

/* n times scale, which must be a whole number. */
static int64_t scaled(const GlueCall *g, int64_t n, const char *what)
{
    const double size = (double)n * g->keys.scale;
    if (size != floor(size) || size < 1 || size > RT_MAX_EXTENT)
        dsl_refuse(&g->c, "scale", "'scale' = %g makes %g of %" PRId64 " %s; write size = {h, w}",
                   g->keys.scale, size, n, what);
    return (int64_t)size;
}

int glue_make_resize(GlueCall *g)
{
    net_layer *layer = &g->keys.layer;
    const net_shape x = shape_of(g, g->value[0]->value);
    const bool by_scale = dsl_has_key(&g->c, "scale");
    if (by_scale == dsl_has_key(&g->c, "size"))
        dsl_refuse(&g->c, by_scale ? "scale" : NULL, "resize needs 'size' or 'scale'%s",
                   by_scale ? ", not both" : "");
    if (layer->resize.align_corners && layer->resize.mode != NET_BILINEAR)
        dsl_refuse(&g->c, "align_corners", "'align_corners' = true needs mode = \"bilinear\"");
    layer->size[0] = by_scale ? scaled(g, x.h, "rows") : g->keys.size[0];
    layer->size[1] = by_scale ? scaled(g, x.w, "columns") : g->keys.size[1];
    return glue_make_one(g);
}

int glue_make_reshape(GlueCall *g)
{
    for (int axis = 0; axis < 2; axis++)
        g->keys.layer.size[axis] = dsl_has_key(&g->c, "size") ? g->keys.size[axis] : 1;
    return glue_make_one(g);
}

int glue_make_blend(GlueCall *g)
{
    static const char *const names[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++)
        dsl_layer_arg(&g->keys.layer, names[i], g->value[i]->value);
    push(g, &g->keys.layer);
    return 1;
}
