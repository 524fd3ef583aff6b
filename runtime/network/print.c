/* print.c: a network as text of the spec language, a line for each layer.
**
** Values are v[1], v[2], ...: Lua has no more than 200 locals.  An epilogue that was a layer of its own and
** gave a parameter its name (fuse.c) is that layer again, so that the text makes the same names; those after
** it follow as layers, too, without names, because none of them has a parameter.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "runtime/network/graph.h"
#include "runtime/spec/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* number[] is that of a value's element of v; `next` is the one that comes. */
typedef struct Printer {
    rt_text t;
    const dcn_network *n;
    int *number, next;
} Printer;

static void add_value(Printer *p, int value)
{
    rt_text_add(&p->t, "v[%d]", p->number[value]);
}

/* Finite numbers with as many digits as they have. */
static void add_number(Printer *p, const char *key, double x)
{
    const rt_field *f = rt_field_find("activation_slope", DCN_OP_CONV2D);
    char text[RT_FIELD_PRINT_MAX];
    rt_text_add(&p->t, ", %s = %s", key, rt_field_print(f, &(rt_value){ .x = x }, text));
}

static void add_ints(Printer *p, const char *key, const int *v, int count)
{
    rt_text_add(&p->t, ", %s = {", key);
    for (int i = 0; i < count; i++)
        rt_text_add(&p->t, "%s%d", i ? ", " : " ", v[i]);
    rt_text_add(&p->t, " }");
}

static void add_size(Printer *p, const char *key, const int64_t size[2])
{
    rt_text_add(&p->t, ", %s = { %" PRId64 ", %" PRId64 " }", key, size[0], size[1]);
}

/* ---- activations --------------------------------------------------------------------------- */

static void add_activation(Printer *p, const char *key, rt_activation a)
{
    const rt_activation usual = rt_plain_activation(a.kind);
    if (a.kind == DCN_ACT_NONE)
        return;
    rt_text_add(&p->t, ", %s = \"%s\"", key, dcn_activation_name(a.kind));
    if (a.slope != usual.slope)
        add_number(p, "activation_slope", a.slope);
    if (a.min != usual.min)
        add_number(p, "activation_min", a.min);
    if (a.max != usual.max)
        add_number(p, "activation_max", a.max);
}

/* ---- layers -------------------------------------------------------------------------------- */

/* v[N] = DOES { v[A], v[B], name = "..." */
static void begin(Printer *p, const char *does)
{
    rt_text_add(&p->t, "v[%d] = %s {", ++p->next, does);
}

static void end(Printer *p)
{
    rt_text_add(&p->t, " }\n");
}

static void add_pool(Printer *p, const net_layer *l)
{
    const net_pool *pool = &l->pool;
    if (pool->adaptive) {
        add_size(p, "output_size", l->size);
        return;
    }
    add_ints(p, "kernel_size", pool->kernel, 2);
    add_ints(p, "stride", pool->stride, 2);
    add_ints(p, "padding", pool->padding, 4);
    if (l->kind == NET_MAX_POOL)
        add_ints(p, "dilation", pool->dilation, 2);
    rt_text_add(&p->t, ", ceil_mode = %s", pool->ceil_mode ? "true" : "false");
    if (l->kind == NET_AVG_POOL)
        rt_text_add(&p->t, ", count_include_pad = %s", pool->count_include_pad ? "true" : "false");
}

static void add_resize(Printer *p, const net_layer *l)
{
    const bool bilinear = l->resize.mode == NET_BILINEAR;
    add_size(p, "size", l->size);
    rt_text_add(&p->t, ", mode = \"%s\"", bilinear ? "bilinear" : "nearest");
    if (bilinear && l->resize.align_corners)
        rt_text_add(&p->t, ", align_corners = true");
}

static void add_reshape(Printer *p, const net_layer *l)
{
    if (l->size[0] * l->size[1] > 1)
        add_size(p, "size", l->size);
}

static void add_slice(Printer *p, const net_layer *l)
{
    rt_text_add(&p->t, ", from = %" PRId64 ", count = %" PRId64, l->from, l->count);
}

/* A product with neither value nor parameter has a factor, which may be 1. */
static void add_scale(Printer *p, const net_layer *l)
{
    if (l->scale != 1 || l->nargs == 1)
        add_number(p, "scale", l->scale);
}

static void add_eps(Printer *p, const net_layer *l)
{
    add_number(p, "eps", l->eps);
}

static void print_glue(Printer *p, const net_layer *l)
{
    static void (*const add[NET_NUM_KINDS])(Printer *, const net_layer *) = {
        [NET_MUL] = add_scale,       [NET_SLICE] = add_slice,   [NET_LAYER_NORM] = add_eps,
        [NET_MAX_POOL] = add_pool,   [NET_AVG_POOL] = add_pool, [NET_RESIZE] = add_resize,
        [NET_RESHAPE] = add_reshape,
    };
    const char *separator = " ";
    begin(p, net_does(l));
    for (int i = 0; i < l->nargs; i++) {
        if (l->arg[i].value < 0)
            continue;
        rt_text_add(&p->t, "%s", separator);
        add_value(p, l->arg[i].value);
        separator = ", ";
    }
    rt_text_add(&p->t, ", name = \"%s\"", l->name);
    if (add[l->kind])
        add[l->kind](p, l);
    add_activation(p, l->kind == NET_ACTIVATION ? "kind" : "activation", l->activation);
    end(p);
}

/* ---- operators ----------------------------------------------------------------------------- */

/* What values tell is not written, nor what only a network has. */
static bool is_told(const net_layer *l, const rt_field *f)
{
    static const size_t members[] = {
        offsetof(dcn_spec, batch),    offsetof(dcn_spec, height),
        offsetof(dcn_spec, width),    offsetof(dcn_spec, in_channels),
        offsetof(dcn_spec, rois),     offsetof(dcn_spec, name),
        offsetof(dcn_spec, dtype),    offsetof(dcn_spec, layout),
        offsetof(dcn_spec, target),   offsetof(dcn_spec, gradient),
        offsetof(dcn_spec, residual), offsetof(dcn_spec, offset_mask)
    };
    static const size_t linear[] = {
        offsetof(dcn_spec, kernel),   offsetof(dcn_spec, stride), offsetof(dcn_spec, padding),
        offsetof(dcn_spec, dilation), offsetof(dcn_spec, groups), offsetof(dcn_spec, out_channels)
    };
    bool told = false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        told = told || f->offset == members[i];
    for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
        told = told || (l->is_linear && f->offset == linear[i]);
    return told;
}

/* Keys of *s, in which the layer's spec has lost what is printed as layers of their own. */
static void add_keys(Printer *p, const net_layer *l, const dcn_spec *s)
{
    const dcn_op op = s->op;
    if (l->is_linear)
        rt_text_add(&p->t, ", out_features = %" PRId64, s->out_channels);
    for (const rt_field *f = rt_fields; f->key; f++) {
        char value[RT_FIELD_PRINT_MAX];
        const rt_value v = rt_field_get(f, s), usual = rt_field_default(f);
        if (!rt_field_is_of(f, op) || is_told(l, f) ||
            (!f->required && rt_field_equal(f, &v, &usual)))
            continue;
        rt_text_add(&p->t, ", %s = %s", f->key, rt_field_print(f, &v, value));
    }
}

/* The length of the layer's name in that of the parameter that was a product's; 0: it was none. */
static int product_name(const Printer *p, const net_layer *l)
{
    const int at = net_find_arg(l, "scale");
    const char *name = at < 0 ? "" : p->n->param[l->arg[at].param].name;
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".weight") == 0 ? (int)(dot - name) : 0;
}

/* The layers that went into the operator's epilogue, from the product on. */
static void print_epilogue(Printer *p, const net_layer *l, int product)
{
    const int scale = net_find_arg(l, "scale"), residual = net_find_arg(l, "residual");
    const rt_activation a = rt_activation_of(l->spec);
    begin(p, "mul");
    rt_text_add(&p->t, " v[%d], name = \"%.*s\"", p->next - 1, product,
                p->n->param[l->arg[scale].param].name);
    if (residual >= 0) {
        end(p);
        begin(p, "add");
        rt_text_add(&p->t, " v[%d], ", p->next - 1);
        add_value(p, l->arg[residual].value);
    }
    add_activation(p, "activation", a);
    end(p);
}

static void print_operator(Printer *p, const net_layer *l)
{
    dcn_spec s = *l->spec;
    const int product = product_name(p, l);
    if (product) {
        s.scale_shift = s.residual = false;
        rt_set_activation(&s, rt_plain_activation(DCN_ACT_NONE));
    }
    begin(p, net_does(l));
    rt_text_add(&p->t, " ");
    add_value(p, l->arg[net_find_arg(l, "input")].value);
    rt_text_add(&p->t, ", name = \"%s\"", l->name);
    for (int i = 0; i < l->nargs; i++) {
        const char *operand = l->arg[i].operand;
        if (l->arg[i].value < 0 || strcmp(operand, "input") == 0 ||
            (product && strcmp(operand, "residual") == 0))
            continue;
        rt_text_add(&p->t, ", %s = ", operand);
        add_value(p, l->arg[i].value);
    }
    add_keys(p, l, &s);
    end(p);
    if (product)
        print_epilogue(p, l, product);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void print_input(Printer *p, const net_value *v)
{
    const net_shape s = v->shape;
    begin(p, "input");
    rt_text_add(&p->t, " name = \"%s\", dtype = \"%s\"", v->name, dcn_dtype_name(v->dtype));
    if (v->rank == 2)
        rt_text_add(&p->t, ", rois = %" PRId64 "%s", s.n,
                    s.c == 4 ? ", roi_format = \"xyxy\"" : "");
    else
        rt_text_add(&p->t,
                    ", batch = %" PRId64 ", channels = %" PRId64 ", height = %" PRId64
                    ", width = %" PRId64 ", layout = \"%s\"",
                    s.n, s.c, s.h, s.w, dcn_layout_name(v->layout));
    end(p);
}

/* target and schedule, where they say anything. */
static void add_texts(Printer *p, const dcn_spec *s)
{
    static const char *const keys[] = { "target", "schedule" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const rt_field *f = rt_field_find(keys[i], DCN_OP_NETWORK);
        const rt_value v = rt_field_get(f, s);
        char text[RT_FIELD_PRINT_MAX];
        if (v.text[0])
            rt_text_add(&p->t, ", %s = %s", keys[i], rt_field_print(f, &v, text));
    }
}

/* The names that net_want_gradients was given, or as many that mean the same. */
static void add_gradient(Printer *p, const dcn_spec *s)
{
    const dcn_network *n = p->n;
    const bool all = n->parameters > 0 && n->grad_parameters == n->parameters;
    if (!s->gradient)
        return;
    rt_text_add(&p->t, ", gradient = {");
    for (int i = 0; i < n->ninputs; i++)
        if (s->gradient >> i & 1)
            rt_text_add(&p->t, " \"%s\",", n->value[i].name);
    for (int i = 0; i < n->nparams && !all; i++)
        if (n->param[i].wanted)
            rt_text_add(&p->t, " \"%s\",", n->param[i].name);
    for (int i = 0; i < n->ninner; i++)
        rt_text_add(&p->t, " \"%s\",", n->layer[n->inner[i] - n->ninputs].name);
    rt_text_add(&p->t, "%s }", all ? " \"parameters\"" : "");
    if (n->memory)
        rt_text_add(&p->t, ", memory = %" PRId64, n->memory);
}

static void print_outputs(Printer *p, const dcn_spec *s)
{
    const dcn_network *n = p->n;
    dcn_layout layout = n->value[n->output[0]].layout;
    for (int i = 0; i < n->noutputs; i++)
        if (n->value[n->output[i]].rank == 4)
            layout = n->value[n->output[i]].layout;
    rt_text_add(&p->t, "return network { name = \"%s\", layout = \"%s\", outputs = {", s->name,
                dcn_layout_name(layout));
    for (int i = 0; i < n->noutputs; i++) {
        rt_text_add(&p->t, "%s%s = ", i ? ", " : " ", n->output_name[i]);
        add_value(p, n->output[i]);
    }
    rt_text_add(&p->t, " }");
    add_texts(p, s);
    add_gradient(p, s);
    rt_text_add(&p->t, " }\n");
}

static void print(Printer *p, const dcn_spec *s)
{
    const dcn_network *n = p->n;
    p->next = 0;
    rt_text_add(&p->t, "local v = {}\n");
    for (int i = 0; i < n->ninputs; i++) {
        print_input(p, &n->value[i]);
        p->number[i] = p->next;
    }
    for (int i = 0; i < n->nlayers; i++) {
        if (n->layer[i].kind == NET_OPERATOR)
            print_operator(p, &n->layer[i]);
        else
            print_glue(p, &n->layer[i]);
        p->number[n->layer[i].out] = p->next;
        if (n->value[n->layer[i].out].still)
            rt_text_add(&p->t, "-- v[%d] is a number to gradients\n", p->next);
    }
    print_outputs(p, s);
}

char *net_print(const dcn_spec *s)
{
    const dcn_network *n = s->network;
    Printer p = { .n = n, .number = calloc((size_t)n->nvalues + 1, sizeof(int)) };
    char *text = NULL;
    if (p.number)
        print(&p, s);
    const size_t size = p.t.length + 1;
    if (p.number && (text = malloc(size))) {
        p.t = rt_text_in(text, size);
        print(&p, s);
    }
    free(p.number);
    return text;
}
