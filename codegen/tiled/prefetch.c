/* prefetch.c: what a tile will read and write, asked for before it is needed.
**
** Samples are scattered, so no hardware prefetcher foresees them, and each would wait for L3.  But they stay
** near their pixels: the rows and columns that the tile's taps cover, and `prefetch` pixels around.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"

enum { ARGS, INPUT, N, P, Q, COLS, FIRST, NARGS };
enum { LINE_BYTES = 64 };

/* first <= i < end of the rows (axis 0) or columns of the input that outputs at .. at + n - 1 may read. */
typedef struct Span {
    idx first, end;
} Span;

static idx clamp(Emit *e, idx x, idx size)
{
    return x_min(e, x_max(e, x, x_const(e, 0)), size);
}

static Span span(Emit *e, const TiledPlan *p, int axis, idx at, idx n, idx size)
{
    const dcn_spec *s = p->s;
    int reach = (s->kernel[axis] - 1) * s->dilation[axis] + 2 + p->prefetch - s->padding[axis];
    idx first = x_addk(e, x_mulk(e, at, s->stride[axis]), -s->padding[axis] - p->prefetch);
    idx last = x_mulk(e, x_addk(e, x_add(e, at, n), -1), s->stride[axis]);
    return (Span){ clamp(e, first, size), clamp(e, x_addk(e, last, reach), size) };
}

/* The lines of `n` elements from p. */
static void lines(Emit *e, const TiledPlan *p, addr from, idx n, int level)
{
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), n, LINE_BYTES / p->fp_bytes) {
        p_prefetch(e, p_at(e, from, i.at), level);
    }
}

static void window(Emit *e, const TiledPlan *p, const Problem *pb)
{
    idx one = x_const(e, 1), at = e_arg_idx(e, P);
    /* One row more than this one's, so that it is there when its turn comes. */
    Span y = span(e, p, 0, at, x_const(e, 2), pb->h), above = span(e, p, 0, at, one, pb->h);
    Span x = span(e, p, 1, e_arg_idx(e, Q), e_arg_idx(e, COLS), pb->w);
    idx n = x_mulk(e, x_sub(e, x.end, x.first), p->repack.block);
    idx first = x_select(e, x_equal(e, e_arg_idx(e, FIRST), one), y.first, above.end);
    EMIT_FOR_OPAQUE (e, c, x_const(e, 0), x_const(e, p->s->in_channels), p->repack.block) {
        addr block = p_at(e, e_arg_addr(e, INPUT), repack_channel(e, &p->repack, pb, c.at));
        EMIT_FOR_OPAQUE (e, row, first, y.end, 1) {
            idx from = x_add(e, x_mul(e, row.at, pb->w), x.first);
            lines(e, p, p_at(e, block, x_mulk(e, from, p->repack.block)), n, 2);
        }
    }
}

/* nhwc outputs are written where they stand. */
static void outputs(Emit *e, const TiledPlan *p, const Problem *pb)
{
    idx channels = x_const(e, p->s->out_channels);
    const idx at[4] = { e_arg_idx(e, N), x_const(e, 0), e_arg_idx(e, P), e_arg_idx(e, Q) };
    addr row = p_at(e, pb->output, problem_at(e, pb, channels, pb->p, pb->q, at));
    lines(e, p, row, x_mul(e, e_arg_idx(e, COLS), channels), 0);
}

LLVMValueRef tiled_emit_prefetch(Emit *e, const TiledPlan *plan)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->i64, e->i64, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "prefetch", 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    if (!plan->out_stride)
        outputs(e, plan, &pb);
    window(e, plan, &pb);
    e_fn_end(e);
    return fn;
}
