/* glue.c: the entry points of a layer that is no operator.
**
**     phase 0   tasks, see inside.h
**     phase 1   what they summed over all rows; of some gradients only
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/glue/inside.h"

static const GlueKind *kind_of(const net_layer *layer, bool back)
{
    static const GlueKind *const kinds[NET_NUM_KINDS][2] = {
        [NET_ADD] = { &glue_join, &glue_join_back },
        [NET_MUL] = { &glue_join, &glue_join_back },
        [NET_ACTIVATION] = { &glue_join, &glue_join_back },
        [NET_CONCAT] = { &glue_concat, &glue_concat_back },
        [NET_SLICE] = { &glue_slice, &glue_slice_back },
        [NET_LAYER_NORM] = { &glue_norm, &glue_norm_back },
        [NET_MAX_POOL] = { &glue_pool, &glue_pool_back },
        [NET_AVG_POOL] = { &glue_pool, &glue_pool_back },
        [NET_RESIZE] = { &glue_resize, &glue_resize_back },
        [NET_RESHAPE] = { &glue_reshape, &glue_reshape_back },
        [NET_BLEND] = { &glue_blend, &glue_blend_back },
    };
    return kinds[layer->kind][back];
}

/* ---- entry points ------------------------------------------------------------------------------ */

static addr nth(Emit *e, addr args, int i)
{
    return p_get_addr(e, p_at_word(e, args, x_const(e, i)));
}

/* What is added to stands behind the tensors and the four sizes, as bits of words. */
static GradientOut gradient(Emit *e, const Glue *g, int i)
{
    const int n = 2 * g->nargs + 1, at = g->nargs + 1 + i;
    idx bits = p_get_i64(e, p_at_word(e, g->args, x_const(e, n + 4 + at / 64)));
    GradientOut out = { .to = nth(e, g->args, at) };
    out.wanted = c_not(e, p_is_null(e, out.to));
    out.add = x_less(e, x_const(e, 0), x_field(e, bits, (unsigned)at % 64, 1));
    return out;
}

/* The tensors of a call. */
static void load(Emit *e, Glue *g, const RunArgs *in, bool back)
{
    const int n = g->nargs;
    g->args = in->args;
    g->workspace = in->workspace;
    g->made = nth(e, in->args, n);
    for (int i = 0; i < n; i++) {
        g->arg[i] = nth(e, in->args, i);
        if (back)
            g->grad[i] = gradient(e, g, i);
    }
}

static void emit_run(Emit *e, Kernel *kernel, Glue *g, bool back)
{
    const RunArgs in = kernel_run_begin(e, kernel);
    load(e, g, &in, back);
    EMIT_FOR_OPAQUE (e, i, in.first, in.last, 1) {
        if (!glue_sum_tasks(g)) {
            const GlueTask t = glue_task(e, g, i.at);
            kind_of(g->layer, back)->task(e, g, &t);
            continue;
        }
        EMIT_IF_ELSE (e, first, x_equal(e, in.phase, x_const(e, 0))) {
            const GlueTask t = glue_task(e, g, i.at);
            if (first.yes)
                kind_of(g->layer, back)->task(e, g, &t);
            else
                glue_add_up(e, g, i.at);
        }
    }
    e_fn_end(e);
}

static void emit_tasks(Emit *e, Kernel *kernel, const Glue *g)
{
    const TasksArgs in = kernel_tasks_begin(e, kernel);
    idx tasks = x_const(e, -1);
    if (glue_sum_tasks(g))
        tasks =
            x_select(e, x_equal(e, in.phase, x_const(e, 1)), x_const(e, glue_sum_tasks(g)), tasks);
    tasks =
        x_select(e, x_equal(e, in.phase, x_const(e, 0)), x_const(e, glue_tasks(&g->split)), tasks);
    e_return(e, tasks);
    kernel->phases = glue_sum_tasks(g) ? 2 : 1;
}

static void emit(Emit *e, Kernel *kernel, const dcn_network *net, const net_layer *layer, bool back)
{
    const LaneType type = { e->fp_bytes, e->lanes, false };
    Glue g = glue_of(net, layer, kind_of(layer, back), &type);
    emit_run(e, kernel, &g, back);
    emit_tasks(e, kernel, &g);
    kernel->one_thread_bytes = glue_sum_elements(&g) * e->fp_bytes;
    kernel->unshared = kernel->one_thread_bytes == 0;
    kernel_workspace_begin(e, kernel);
    e_return(e, x_const(e, kernel->one_thread_bytes));
}

void glue_emit(Emit *e, Kernel *kernel, const dcn_network *net, const net_layer *layer)
{
    emit(e, kernel, net, layer, false);
}

void glue_emit_back(Emit *e, Kernel *kernel, const dcn_network *net, const net_layer *layer)
{
    emit(e, kernel, net, layer, true);
}

/* ---- what others ask about a layer ------------------------------------------------------------ */

int glue_phases(const dcn_network *net, const net_layer *layer, const dcn_target *t, bool back,
                PhaseCost out[2])
{
    const int bytes = net->dtype == DCN_F32 ? 4 : 8;
    const LaneType type = { bytes, t->vector_bytes / bytes, false };
    const Glue g = glue_of(net, layer, kind_of(layer, back), &type);
    out[0] = (PhaseCost){ .tasks = (double)glue_tasks(&g.split), .ns = glue_task_ns(&g) };
    if (!glue_sum_tasks(&g))
        return 1;
    out[1] = (PhaseCost){ .tasks = (double)glue_sum_tasks(&g), .ns = glue_sum_ns(&g) };
    return 2;
}

bool glue_back_reads(const net_layer *layer, int i)
{
    const bool acts = layer->activation.kind != DCN_ACT_NONE;
    const bool reads[NET_NUM_KINDS] = {
        [NET_ADD] = acts,        [NET_MUL] = acts || layer->nargs > 1,
        [NET_ACTIVATION] = acts, [NET_LAYER_NORM] = acts || i < 2, /* all but the bias */
        [NET_MAX_POOL] = true,   [NET_BLEND] = true,
    };
    return reads[layer->kind];
}

/* ---- the same layer twice ---------------------------------------------------------------------- */

static bool same_activation(rt_activation a, rt_activation b)
{
    return a.kind == b.kind && a.slope == b.slope && a.min == b.min && a.max == b.max;
}

static bool same_pool(const net_pool *a, const net_pool *b)
{
    bool same = a->ceil_mode == b->ceil_mode && a->adaptive == b->adaptive &&
                a->count_include_pad == b->count_include_pad;
    for (int i = 0; i < 2; i++)
        same = same && a->kernel[i] == b->kernel[i] && a->stride[i] == b->stride[i] &&
               a->dilation[i] == b->dilation[i] && a->padding[i] == b->padding[i] &&
               a->padding[i + 2] == b->padding[i + 2];
    return same;
}

static bool same_numbers(const net_layer *a, const net_layer *b)
{
    return same_activation(a->activation, b->activation) && a->scale == b->scale &&
           a->eps == b->eps && a->from == b->from && a->count == b->count &&
           same_pool(&a->pool, &b->pool) && a->resize.mode == b->resize.mode &&
           a->resize.align_corners == b->resize.align_corners;
}

bool glue_is_same(const dcn_network *net, const net_layer *a, const net_layer *b)
{
    const Glue ga = { .net = net, .layer = a }, gb = { .net = net, .layer = b };
    bool same = a->kind == b->kind && a->nargs == b->nargs && same_numbers(a, b) &&
                net_same_shape(net->value[a->out].shape, net->value[b->out].shape);
    for (int i = 0; i < a->nargs && same; i++)
        same = net_same_shape(glue_shape(&ga, i), glue_shape(&gb, i));
    return same;
}
