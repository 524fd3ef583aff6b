/* random_net.c: networks that nobody chose.
**
** Layers are added one after another to a graph, each reading values that are there; what does not fit
** is left out.  The last value and a few others are the outputs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/network/random_net.h"
#include "runtime/network/build.h"
#include "runtime/spec/gradient.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MAX_VALUES = 64 };

typedef struct Draw {
    rt_rng *r;
    net_graph *g;
    dcn_dtype dtype;
    int n, value[MAX_VALUES];
} Draw;

static int below(Draw *d, int n)
{
    return (int)(rt_rng_next(d->r) % (uint64_t)n);
}

static int pick(Draw *d)
{
    return d->value[below(d, 3) ? d->n - 1 - below(d, d->n < 3 ? d->n : 3) : below(d, d->n)];
}

static net_shape shape_of(const Draw *d, int value)
{
    return net_graph_value(d->g, value)->shape;
}

static bool is_same(net_shape a, net_shape b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}

/* A value of a shape, other than x if there is one; -1: there is none. */
static int like(Draw *d, net_shape s, int x)
{
    for (int i = d->n - 1; i >= 0; i--)
        if (is_same(shape_of(d, d->value[i]), s) && d->value[i] != x)
            return d->value[i];
    return -1;
}

/* -1: the layer does not fit. */
static int add(Draw *d, const net_layer *layer)
{
    int value;
    dcn_error err;
    if (d->n == MAX_VALUES || net_graph_layer(d->g, layer, &value, &err))
        return -1;
    return d->value[d->n++] = value;
}

static void draw_input(Draw *d, int i)
{
    net_value in = { .dtype = d->dtype, .layout = below(d, 2) ? DCN_NHWC : DCN_NCHW, .rank = 4 };
    dcn_error err;
    snprintf(in.name, sizeof in.name, "in%d", i);
    in.shape = (net_shape){ 1 + below(d, 2), 5 + below(d, 9), 4 + below(d, 12), 1 + below(d, 12) };
    if (i)
        in.shape = shape_of(d, d->value[0]);
    cr_assert_eq(net_graph_input(d->g, &in, &d->value[d->n++], &err), 0, "%s", err.text);
}

/* ---- operators --------------------------------------------------------------------------------- */

static const dcn_activation activations[] = { DCN_ACT_NONE, DCN_ACT_RELU, DCN_ACT_SILU,
                                              DCN_ACT_GELU };

/* Complete but for its sizes; then layer->spec. */
static int fit(Draw *d, dcn_spec *s, net_layer *layer, int x, int rois)
{
    dcn_error err;
    layer->kind = NET_OPERATOR;
    layer->spec = s;
    layer->arg[0] = (net_arg){ "input", x, -1 };
    layer->nargs = layer->nargs ? layer->nargs : 1;
    return net_graph_fit(d->g, x, rois, s, &err);
}

static int convolve(Draw *d, int x, int64_t channels, int side, int stride)
{
    dcn_spec s;
    net_layer layer = { .kind = NET_OPERATOR };
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.out_channels = channels;
    s.kernel[0] = s.kernel[1] = side;
    s.stride[0] = s.stride[1] = stride;
    for (int i = 0; i < 4; i++)
        s.padding[i] = side / 2;
    s.bias = below(d, 2);
    s.activation = activations[below(d, 4)];
    return fit(d, &s, &layer, x, -1) ? -1 : add(d, &layer);
}

static void draw_conv(Draw *d)
{
    const int x = pick(d);
    convolve(d, x, 1 + below(d, 20), below(d, 2) ? 3 : 1, 1 + (below(d, 4) == 0));
}

static void draw_residual(Draw *d)
{
    const int x = pick(d), y = convolve(d, x, shape_of(d, x).c, 3, 1);
    net_layer sum = { .kind = NET_ADD, .nargs = 2 };
    if (y < 0)
        return;
    sum.arg[0] = (net_arg){ "a", y, -1 };
    sum.arg[1] = (net_arg){ "b", x, -1 };
    sum.activation.kind = activations[below(d, 2)];
    add(d, &sum);
}

static void draw_deform(Draw *d)
{
    const int x = pick(d), groups = shape_of(d, x).c % 2 ? 1 : 1 + below(d, 2);
    const bool masked = below(d, 2);
    const int o = convolve(d, x, (masked ? 27 : 18) * groups, 3, 1);
    dcn_spec s;
    net_layer layer = { .nargs = 2 };
    if (o < 0)
        return;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    s.out_channels = 1 + below(d, 16);
    s.kernel[0] = s.kernel[1] = 3;
    for (int i = 0; i < 4; i++)
        s.padding[i] = 1;
    s.offset_groups = groups;
    s.offset_mask = masked;
    s.modulation = masked ? DCN_MODULATION_SIGMOID : DCN_MODULATION_NONE;
    s.bias = below(d, 2);
    layer.arg[1] = (net_arg){ masked ? "offset_mask" : "offset", o, -1 };
    if (!fit(d, &s, &layer, x, -1))
        add(d, &layer);
}

static void draw_module(Draw *d)
{
    static const dcn_op ops[] = { DCN_OP_DEFORM_CONV2D_PACK, DCN_OP_SEPARABLE_CONV2D,
                                  DCN_OP_DCNV3_MODULE, DCN_OP_DCNV4_MODULE };
    dcn_spec s;
    net_layer layer = { .nargs = 1 };
    const dcn_op op = ops[below(d, 4)];
    int x = pick(d);
    if (op == DCN_OP_DCNV3_MODULE || op == DCN_OP_DCNV4_MODULE)
        x = convolve(d, x, 32, 1, 1);
    if (x < 0)
        return;
    dcn_spec_init(&s, op);
    s.out_channels = 1 + below(d, 12);
    s.kernel[0] = s.kernel[1] = 3;
    for (int i = 0; i < 4; i++)
        s.padding[i] = 1;
    if (op == DCN_OP_DCNV3_MODULE || op == DCN_OP_DCNV4_MODULE) {
        s.out_channels = 32;
        s.offset_groups = 2;
        s.stride[0] = 1 + below(d, 2);
        s.stride[1] = 1 + below(d, 2);
    }
    if (!fit(d, &s, &layer, x, -1))
        add(d, &layer);
}

/* ---- the others -------------------------------------------------------------------------------- */

static void draw_join(Draw *d)
{
    const int x = pick(d), y = like(d, shape_of(d, x), x);
    net_layer l = { .kind = below(d, 2) ? NET_ADD : NET_MUL, .nargs = 2, .scale = 0.5 };
    l.arg[0] = (net_arg){ "a", x, -1 };
    l.arg[1] = (net_arg){ "b", y < 0 ? x : y, -1 };
    l.activation.kind = activations[below(d, 4)];
    add(d, &l);
}

static void draw_weight(Draw *d)
{
    net_layer l = { .kind = NET_MUL, .nargs = 2, .scale = 1 };
    l.arg[0] = (net_arg){ "a", pick(d), -1 };
    l.arg[1] = (net_arg){ "weight", -1, -1 };
    add(d, &l);
}

static void draw_concat(Draw *d)
{
    net_layer l = { .kind = NET_CONCAT };
    const net_shape s = shape_of(d, pick(d));
    for (int i = 0; i < d->n && l.nargs < 4; i++) {
        const net_shape t = shape_of(d, d->value[i]);
        if (t.n == s.n && t.h == s.h && t.w == s.w)
            l.arg[l.nargs++] = (net_arg){ "a", d->value[i], -1 };
    }
    add(d, &l);
}

static void draw_one(Draw *d, net_kind kind)
{
    const int x = pick(d);
    const net_shape s = shape_of(d, x);
    net_layer l = { .kind = kind, .nargs = 1, .eps = 1e-5, .scale = 1 };
    l.arg[0] = (net_arg){ "a", x, -1 };
    l.from = below(d, (int)s.c);
    l.count = 1 + below(d, (int)(s.c - l.from));
    l.activation.kind = kind == NET_ACTIVATION || kind == NET_LAYER_NORM
                            ? activations[1 + below(d, 3)]
                            : DCN_ACT_NONE;
    l.pool = (net_pool){ .kernel = { 2 + below(d, 2), 3 },
                         .stride = { 1 + below(d, 2), 2 },
                         .padding = { 1, 1, 1, 1 },
                         .dilation = { 1, 1 },
                         .ceil_mode = below(d, 2),
                         .count_include_pad = below(d, 2) };
    l.resize.mode = below(d, 2) ? NET_NEAREST : NET_BILINEAR;
    l.resize.align_corners = l.resize.mode == NET_BILINEAR && below(d, 2);
    l.size[0] = 2 + below(d, 12);
    l.size[1] = 3 + below(d, 12);
    if (kind == NET_AVG_POOL && below(d, 3) == 0)
        l.pool = (net_pool){ .adaptive = true };
    add(d, &l);
}

/* A map as a row, and that as a map again. */
static void draw_row(Draw *d)
{
    const int x = pick(d);
    const net_shape s = shape_of(d, x);
    net_layer flat = { .kind = NET_RESHAPE, .nargs = 1, .size = { 1, 1 } }, map = flat;
    flat.arg[0] = (net_arg){ "a", x, -1 };
    if (s.h * s.w * s.c > 4096)
        return;
    add(d, &flat);
    map.arg[0] = (net_arg){ "a", d->value[d->n - 1], -1 };
    map.size[0] = s.w;
    map.size[1] = s.h;
    add(d, &map);
}

/* Mixes two different values: between a value and itself the share would not matter. */
static void draw_blend(Draw *d)
{
    const int x = pick(d), y = like(d, shape_of(d, x), x);
    const net_shape s = shape_of(d, x);
    net_layer l = { .kind = NET_BLEND, .nargs = 3 };
    if (y < 0)
        return;
    const int share = convolve(d, x, s.c % 2 ? (int)s.c : (int)s.c / 2, 1, 1);
    l.arg[0] = (net_arg){ "a", x, -1 };
    l.arg[1] = (net_arg){ "b", y, -1 };
    l.arg[2] = (net_arg){ "c", share, -1 };
    if (share >= 0)
        add(d, &l);
}

static void draw_layer(Draw *d)
{
    static void (*const kinds[])(Draw *) = { draw_conv,   draw_conv, draw_residual, draw_deform,
                                             draw_module, draw_join, draw_weight,   draw_concat,
                                             draw_row,    draw_blend };
    static const net_kind others[] = { NET_SLICE,    NET_ACTIVATION, NET_LAYER_NORM,
                                       NET_MAX_POOL, NET_AVG_POOL,   NET_RESIZE };
    const int which = below(d, 14);
    if (which < 10)
        kinds[which](d);
    else
        draw_one(d, others[below(d, 6)]);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void draw_outputs(Draw *d, net_output out[NET_MAX_OPERANDS], int *n)
{
    static const char *const names[] = { "out_a", "out_b", "out_c" };
    *n = 1 + below(d, 3);
    for (int i = 0; i < *n; i++)
        out[i] = (net_output){ .value = i ? d->value[below(d, d->n)] : d->value[d->n - 1],
                               .name = names[i],
                               .layout = below(d, 2) ? DCN_NHWC : DCN_NCHW };
    for (int i = 0; i < *n; i++) {
        const net_value *v = net_graph_value(d->g, out[i].value);
        out[i].layout = v->layer < 0 ? v->layout : out[i].layout;
    }
    for (int i = 0; i < *n; i++)
        for (int j = 0; j < i; j++)
            if (out[i].value == out[j].value)
                out[i].layout = out[j].layout;
}

dcn_spec random_network(rt_rng *r, int layers)
{
    Draw d = { .r = r, .g = net_graph_new() };
    net_output out[NET_MAX_OPERANDS];
    dcn_network *net;
    dcn_error err;
    dcn_spec s;
    int n;
    d.dtype = below(&d, 4) ? DCN_F32 : DCN_F64;
    for (int i = 0; i < 1 + below(&d, 2); i++)
        draw_input(&d, i);
    for (int i = 0; i < 4 * layers && d.n < layers + 2; i++)
        draw_layer(&d);
    draw_outputs(&d, out, &n);
    cr_assert_eq(net_graph_network(d.g, out, n, &net, &err), 0, "%s", err.text);
    net_graph_free(d.g);
    dcn_spec_init(&s, DCN_OP_NETWORK);
    snprintf(s.name, sizeof s.name, "net");
    s.dtype = d.dtype;
    s.network = net;
    return s;
}

/* ---- gradients ---------------------------------------------------------------------------------- */

/* A value that is a number to gradients, and the name of a layer whose value has one; NULL: none. */
static const char *choose_inner(rt_rng *r, const dcn_network *n)
{
    const int still = (int)(rt_rng_next(r) % (uint64_t)n->nvalues);
    const int layer = (int)(rt_rng_next(r) % (uint64_t)n->nlayers);
    n->value[still].still = still >= n->ninputs && rt_rng_next(r) % 3 == 0;
    const bool has_one = net_reaches_output(n, n->layer[layer].out);
    return has_one && rt_rng_next(r) % 2 ? n->layer[layer].name : NULL;
}

dcn_spec random_gradients(rt_rng *r, const dcn_spec *s)
{
    const dcn_network *n = s->network;
    const char *names[5];
    dcn_network *of;
    dcn_spec g = *s;
    dcn_error err;
    int k = 0;
    for (int i = 0; i < 3 && n->nparams && rt_rng_next(r) % 2; i++) {
        const char *name = n->param[rt_rng_next(r) % (uint64_t)n->nparams].name;
        bool known = false;
        for (int j = 0; j < k; j++)
            known = known || !strcmp(names[j], name);
        if (!known)
            names[k++] = name;
    }
    if ((names[k] = choose_inner(r, n)))
        k++;
    if (k && rt_rng_next(r) % 2 && rt_operand_in((rt_operand)0, rt_differentiable(s)))
        names[k++] = n->value[0].name;
    cr_assert_eq(net_want_gradients(n, names, k, &of, &g.gradient, &err), 0, "%s", err.text);
    g.network = of;
    return g;
}
