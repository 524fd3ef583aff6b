/* glue.c: which values the other layers of a network read, and what they make of them.
**
** PyTorch's rules: a pool has floor or ceil((in + pads - covered) / stride) + 1 outputs along an axis, where
** covered = dilation*(kernel - 1) + 1; rounded up, a last window that would begin behind the map is left
** out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/graph.h"

#include <inttypes.h>
#include <string.h>

/* ---- sums and products --------------------------------------------------------------------- */

static bool is_broadcast(int64_t n, int64_t of)
{
    return n == of || n == 1;
}

/* Whether a map is added to every element of another one: all images share it, or all pixels. */
static bool spreads(net_shape b, net_shape a)
{
    const bool pixels = (b.h == a.h && b.w == a.w) || (b.h == 1 && b.w == 1);
    return is_broadcast(b.n, a.n) && pixels && b.c == a.c;
}

/* A product also with a weight for each pixel. */
static bool weighs(net_shape b, net_shape a)
{
    net_shape wide = b;
    wide.c = b.c == 1 ? a.c : b.c;
    return spreads(wide, a);
}

/* The larger one comes first: sums and products of two are the same in either order. */
static int join(const net_graph *g, net_layer *l, bool (*fits)(net_shape b, net_shape a),
                dcn_error *err)
{
    char a_text[NET_SHAPE_TEXT], b_text[NET_SHAPE_TEXT];
    const net_shape a = net_graph_value(g, l->arg[0].value)->shape;
    const net_shape b = net_graph_value(g, l->arg[1].value)->shape;
    const int first = l->arg[0].value;
    if (fits(b, a))
        return 0;
    if (!fits(a, b))
        return net_blame(l, err, "%s of %s and %s: the shapes do not fit", net_does(l),
                         net_shape_text(a, a_text), net_shape_text(b, b_text));
    l->arg[0].value = l->arg[1].value;
    l->arg[1].value = first;
    return 0;
}

static int add_shape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    if (l->nargs != 2 || join(g, l, spreads, err))
        return l->nargs == 2 ? -1 : net_blame(l, err, "add takes two values, not %d", l->nargs);
    *out = net_graph_value(g, l->arg[0].value)->shape;
    return 0;
}

static int mul_shape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    if (l->nargs == 2 && l->arg[1].value >= 0 && join(g, l, weighs, err))
        return -1;
    *out = net_graph_value(g, l->arg[0].value)->shape;
    return 0;
}

/* ---- channels ------------------------------------------------------------------------------ */

static int concat_shape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    *out = net_graph_value(g, l->arg[0].value)->shape;
    for (int i = 1; i < l->nargs; i++) {
        char first[NET_SHAPE_TEXT], other[NET_SHAPE_TEXT];
        const net_shape s = net_graph_value(g, l->arg[i].value)->shape;
        if (s.n != out->n || s.h != out->h || s.w != out->w)
            return net_blame(l, err,
                             "value %d is %s, but value 1 is %s: they may differ in channels only",
                             i + 1, net_shape_text(s, other),
                             net_shape_text(net_graph_value(g, l->arg[0].value)->shape, first));
        out->c += s.c;
    }
    return 0;
}

static int slice_shape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    const net_shape a = net_graph_value(g, l->arg[0].value)->shape;
    *out = a;
    out->c = l->count;
    if (l->from >= 0 && l->count >= 1 && l->from < a.c && l->count <= a.c - l->from)
        return 0;
    return net_blame(l, err,
                     "%" PRId64 " channels from %" PRId64 " on are not among the %" PRId64
                     " that there are",
                     l->count, l->from, a.c);
}

static int blend_shape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    char first[NET_SHAPE_TEXT], other[NET_SHAPE_TEXT], share[NET_SHAPE_TEXT];
    if (l->nargs != 3)
        return net_blame(l, err, "blend takes three values, not %d", l->nargs);
    const net_shape a = net_graph_value(g, l->arg[0].value)->shape;
    const net_shape b = net_graph_value(g, l->arg[1].value)->shape;
    const net_shape c = net_graph_value(g, l->arg[2].value)->shape;
    *out = a;
    if (net_same_shape(a, b) && c.n == a.n && c.h == a.h && c.w == a.w && a.c % c.c == 0)
        return 0;
    return net_blame(l, err, "blend of %s and %s by %s: the shapes do not fit",
                     net_shape_text(a, first), net_shape_text(b, other), net_shape_text(c, share));
}

static int like_first(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    (void)err;
    *out = net_graph_value(g, l->arg[0].value)->shape;
    return 0;
}

/* ---- windows ------------------------------------------------------------------------------- */

static int pool(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    return net_pool_shape(l, net_graph_value(g, l->arg[0].value)->shape, out, err);
}

static int resize(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    return net_resize_shape(l, net_graph_value(g, l->arg[0].value)->shape, out, err);
}

static int reshape(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err)
{
    return net_reshape_shape(l, net_graph_value(g, l->arg[0].value)->shape, out, err);
}

/* ---- what each kind reads ------------------------------------------------------------------ */

typedef struct GlueRow {
    int values;                /* how many it reads: a, b, c, but of a concat all called a */
    const char *const *params; /* ended by NULL */
    int (*shape)(const net_graph *g, net_layer *l, net_shape *out, dcn_error *err);
} GlueRow;

static const char *const nothing[] = { NULL };
static const char *const affine[] = { "weight", "bias", NULL };

static const GlueRow rows[NET_NUM_KINDS] = {
    [NET_ADD] = { 2, nothing, add_shape },
    [NET_MUL] = { 2, nothing, mul_shape },
    [NET_CONCAT] = { NET_MAX_ARGS, nothing, concat_shape },
    [NET_SLICE] = { 1, nothing, slice_shape },
    [NET_ACTIVATION] = { 1, nothing, like_first },
    [NET_LAYER_NORM] = { 1, affine, like_first },
    [NET_MAX_POOL] = { 1, nothing, pool },
    [NET_AVG_POOL] = { 1, nothing, pool },
    [NET_RESIZE] = { 1, nothing, resize },
    [NET_RESHAPE] = { 1, nothing, reshape },
    [NET_BLEND] = { 3, nothing, blend_shape },
};

/* The name that argument i must have; "weight" stands for a parameter of a product. */
static const char *name_of(const net_layer *l, int i)
{
    static const char *const names[] = { "a", "b", "c" };
    const bool weight = l->kind == NET_MUL && l->arg[i].value < 0;
    if (i == 1 && weight)
        return "weight";
    return l->kind == NET_CONCAT ? names[0] : names[i];
}

static int compare_args(const net_layer *l, int i)
{
    return i + 1 < l->nargs && l->kind != NET_CONCAT &&
           strcmp(l->arg[i].operand, l->arg[i + 1].operand) > 0;
}

/* a, then b or the parameter of a product; what has these names has them as string constants from here
** on. */
static int name_args(const GlueRow *row, net_layer *l, dcn_error *err)
{
    if (l->nargs == 2 && compare_args(l, 0)) {
        const net_arg first = l->arg[0];
        l->arg[0] = l->arg[1];
        l->arg[1] = first;
    }
    if (l->nargs < 1 || l->nargs > row->values)
        return net_blame(l, err, "%s takes at most %d values, not %d", net_does(l), row->values,
                         l->nargs);
    for (int i = 0; i < l->nargs; i++) {
        const char *name = name_of(l, i);
        if (strcmp(name, l->arg[i].operand) != 0 ||
            (l->arg[i].value < 0 && (i == 0 || l->kind != NET_MUL)))
            return net_blame(l, err, "%s reads no '%s'", net_does(l), l->arg[i].operand);
        l->arg[i] = (net_arg){ name, l->arg[i].value, -1 };
    }
    for (int i = 0; row->params[i]; i++)
        l->arg[l->nargs++] = (net_arg){ row->params[i], -1, -1 };
    return 0;
}

/* What is made of matrices alone is a matrix, and so is what lies in a row. */
static int rank_of(const net_graph *g, const net_layer *l, net_shape out)
{
    int rank = out.h * out.w == 1 ? 2 : 4;
    for (int i = 0; i < l->nargs && l->kind != NET_RESHAPE; i++)
        if (l->arg[i].value >= 0 && net_graph_value(g, l->arg[i].value)->rank != 2)
            rank = 4;
    return rank;
}

int net_match_glue(const net_graph *g, net_layer *layer, net_value *out, dcn_error *err)
{
    const GlueRow *row = &rows[layer->kind];
    if (name_args(row, layer, err) || row->shape(g, layer, &out->shape, err))
        return -1;
    out->rank = rank_of(g, layer, out->shape);
    return 0;
}
