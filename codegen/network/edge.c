/* edge.c: maps from one layout to the other, copied, or added to each other, at the edges of a network
** and where gradients of a value meet.
**
** An image is a matrix of channels by pixels, which a change of layout transposes.  A task has some of
** its pixels, about TASK_ELEMENTS elements.  What may have to be added to what is there is transposed
** into the thread's own memory first.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/kernel/intmath.h"
#include "codegen/network/program.h"

/* As many elements as fit in half of a small L1 cache, in either dtype, so that what a task writes in
** short pieces is still there when the next piece of a cache line comes. */
enum { TASK_ELEMENTS = 2048, SOME_PIXELS = 16 };

/* The tensors of an edge, in the order of its argument block. */
enum { EDGE_FROM, EDGE_TO, NEDGE_TENSORS };

/* Pixels of a task: whole vectors of any machine. */
static int64_t pixels_of_task(const NetEdge *edge)
{
    const int64_t fit = TASK_ELEMENTS / edge->shape.c / SOME_PIXELS * SOME_PIXELS;
    return fit < SOME_PIXELS ? SOME_PIXELS : fit;
}

static int64_t tasks_of_image(const NetEdge *edge)
{
    return int_ceil_div(edge->shape.h * edge->shape.w, pixels_of_task(edge));
}

/* What a task moves: pixels first .. first + n - 1 of an image. */
typedef struct EdgeTask {
    const NetEdge *edge;
    addr from;      /* the image that is read */
    GradientOut to; /* the image that is written */
    idx first, n;
    addr scratch; /* [channel][pixel of the task] */
} EdgeTask;

static void to_channels_last(Emit *e, const EdgeTask *t, LLVMValueRef transpose)
{
    const idx channels = x_const(e, t->edge->shape.c);
    const Transpose give = { .from = p_at(e, t->from, t->first),
                             .to = p_at(e, t->to.to, x_mul(e, t->first, channels)),
                             .rows = channels,
                             .cols = t->n,
                             .from_step = x_const(e, t->edge->shape.h * t->edge->shape.w),
                             .to_step = channels };
    call_transpose(e, transpose, &give);
}

static void move(Emit *e, const EdgeTask *t, addr from, addr to, idx n)
{
    EMIT_VECTORS (e, v, n) {
        const fvec x = t->edge->clears ? f_const(e, 0) : p_load(e, p_at(e, from, v.at), v.live);
        if (t->edge->adds)
            gradient_store(e, &t->to, p_at(e, to, v.at), x_const(e, 1), x, v.live);
        else
            p_store(e, p_at(e, to, v.at), x, v.live);
    }
}

static void to_planes(Emit *e, const EdgeTask *t, LLVMValueRef transpose)
{
    const idx channels = x_const(e, t->edge->shape.c), some = x_const(e, pixels_of_task(t->edge)),
              pixels = x_const(e, t->edge->shape.h * t->edge->shape.w);
    const addr to = p_at(e, t->to.to, t->first);
    const Transpose give = { .from = p_at(e, t->from, x_mul(e, t->first, channels)),
                             .to = t->edge->adds ? t->scratch : to,
                             .rows = t->n,
                             .cols = channels,
                             .from_step = channels,
                             .to_step = t->edge->adds ? some : pixels };
    call_transpose(e, transpose, &give);
    if (!t->edge->adds)
        return;
    EMIT_FOR (e, c, x_const(e, 0), channels, 1) {
        move(e, t, p_at(e, t->scratch, x_mul(e, c.at, some)), p_at(e, to, x_mul(e, c.at, pixels)),
             t->n);
    }
}

static int64_t scratch_bytes(const Emit *e, const NetEdge *edge)
{
    const int64_t bytes = edge->shape.c * pixels_of_task(edge) * e->fp_bytes;
    return edge->to_nchw && edge->adds ? int_round_up(bytes, PLAN_ALIGN) : 0;
}

static GradientOut output_of(Emit *e, const NetEdge *edge, const RunArgs *in)
{
    const addr to = p_get_addr(e, p_at_word(e, in->args, x_const(e, EDGE_TO)));
    return edge->adds ? gradient_out_nth(e, to, in->args, NEDGE_TENSORS, EDGE_TO)
                      : (GradientOut){ .to = to };
}

static void run_task(Emit *e, const NetEdge *edge, const RunArgs *in, idx task,
                     LLVMValueRef transpose)
{
    const int64_t pixels = edge->shape.h * edge->shape.w;
    const idx each = x_const(e, tasks_of_image(edge));
    const idx image = x_mulk(e, x_div(e, task, each), pixels * edge->shape.c);
    EdgeTask t = { .edge = edge,
                   .from = p_at(e, p_get_addr(e, in->args), image),
                   .to = output_of(e, edge, in),
                   .first = x_mulk(e, x_rem(e, task, each), pixels_of_task(edge)) };
    t.to.to = p_at(e, t.to.to, image);
    t.n = x_min(e, x_const(e, pixels_of_task(edge)), x_sub(e, x_const(e, pixels), t.first));
    t.scratch = p_at_bytes(e, in->workspace, x_mulk(e, in->thread, scratch_bytes(e, edge)));
    const idx first = x_mulk(e, t.first, edge->shape.c);
    if (edge->to_nhwc)
        to_channels_last(e, &t, transpose);
    else if (edge->to_nchw)
        to_planes(e, &t, transpose);
    else
        move(e, &t, p_at(e, t.from, first), p_at(e, t.to.to, first), x_mulk(e, t.n, edge->shape.c));
}

PhaseCost edge_cost(const NetEdge *edge, int fp_bytes)
{
    const double ns = 2 * (double)net_elements(edge->shape) * fp_bytes / COST_FAR_BYTES_PER_NS;
    const double tasks = (double)(edge->shape.n * tasks_of_image(edge));
    return (PhaseCost){ .tasks = tasks, .ns = ns / tasks };
}

void edge_emit(Emit *e, Kernel *kernel, const NetEdge *edge, LLVMValueRef transpose)
{
    RunArgs in = kernel_run_begin(e, kernel);
    EMIT_FOR_OPAQUE (e, task, in.first, in.last, 1) {
        run_task(e, edge, &in, task.at, transpose);
    }
    e_fn_end(e);
    kernel_tasks_begin(e, kernel);
    e_return(e, x_const(e, edge->shape.n * tasks_of_image(edge)));
    kernel->phases = 1;
    kernel_workspace(e, kernel, NULL, scratch_bytes(e, edge), NULL);
}
