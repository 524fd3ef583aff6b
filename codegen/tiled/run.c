/* run.c: the loops around the pieces of the tiled lowering, and its entry points.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/tiled/tiled.h"

typedef TiledTile Ctx;

addr tiled_own(Emit *e, const Ctx *c, int64_t at)
{
    return p_at_bytes(e, c->own, x_const(e, at));
}

/* ---- rows of the output ------------------------------------------------------------------------ */

/* A pixel's row of a tensor that is laid out as the output is. */
static addr row_of(Emit *e, const Ctx *c, addr map, idx row, idx col)
{
    const idx at[4] = { c->n, x_const(e, 0), x_add(e, c->p0, row), x_add(e, c->q0, col) };
    idx channels = x_const(e, c->plan->s->out_channels);
    return p_at(e, map, problem_at(e, &c->pb, channels, c->pb.p, c->pb.q, at));
}

static addr out_row(Emit *e, const Ctx *c, idx row, idx col)
{
    if (!c->plan->out_stride)
        return row_of(e, c, c->pb.output, row, col);
    idx pixel = x_add(e, x_mul(e, row, c->cols), col);
    return p_at(e, tiled_own(e, c, c->plan->out_tile), x_mulk(e, pixel, c->plan->out_stride));
}

static int has_residual_rows(const Ctx *c)
{
    return c->plan->s->residual && !tiled_finishes_late(c->plan);
}

/* rows[pixel]: where its outputs go, and what is added to them comes from; those that fill up the last register
** tile go nowhere. */
static void fill_rows(Emit *e, const Ctx *c)
{
    addr table = tiled_own(e, c, c->plan->rows), residual = tiled_own(e, c, c->plan->residual_rows);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), c->rows, 1) {
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), c->cols, 1) {
            idx pixel = x_add(e, x_mul(e, row.at, c->cols), col.at);
            p_put_addr(e, p_at_addr(e, table, pixel), out_row(e, c, row.at, col.at));
            if (has_residual_rows(c))
                p_put_addr(e, p_at_addr(e, residual, pixel),
                           row_of(e, c, c->pb.residual, row.at, col.at));
        }
    }
    EMIT_FOR_OPAQUE (e, pixel, c->pixels, x_round_up(e, c->pixels, c->plan->mr), 1) {
        p_put_addr(e, p_at_addr(e, table, pixel.at), tiled_own(e, c, c->plan->spare));
        if (has_residual_rows(c))
            p_put_addr(e, p_at_addr(e, residual, pixel.at), tiled_own(e, c, c->plan->spare));
    }
}

/* ---- the columns of one tile ------------------------------------------------------------------------ */

/* Pixels of the tile whose places are in the tables from an entry on. */
typedef struct Span {
    idx pixel, pixels, entry;
} Span;

static void sample_column(Emit *e, const Ctx *c, LLVMValueRef fn, const idx from[3], Span s)
{
    const TiledPlan *p = c->plan;
    addr to = p_at(e, tiled_own(e, c, p->column), x_mulk(e, s.pixel, p->column_stride));
    addr places = p_at_i32(e, tiled_own(e, c, p->places), s.entry);
    addr weights = p_at(e, tiled_own(e, c, p->weights), x_mulk(e, s.entry, 4));
    e_call_fn(e, fn, 9,
              (LLVMValueRef[]){ c->args.v, c->input.v, places.v, weights.v, to.v, from[0].v,
                                from[1].v, from[2].v, s.pixels.v });
}

static idx flag(Emit *e, cond yes)
{
    return x_select(e, yes, x_const(e, 1), x_const(e, 0));
}

/* Of a plain convolution, the register tiles that need a column. */
static void sample_borders(Emit *e, const Ctx *c, LLVMValueRef fn, const idx from[3])
{
    const TiledPlan *p = c->plan;
    EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), c->pixels, p->mr) {
        EMIT_IF (e, x_equal(e, flag(e, tiled_inside(e, c, panel.at)), x_const(e, 0))) {
            idx pixels = x_min(e, x_const(e, p->mr), x_sub(e, c->pixels, panel.at));
            sample_column(e, c, fn, from, (Span){ panel.at, pixels, panel.at });
        }
    }
}

/* Pixels from a row of the tile to the next one that this thread will see: of this tile, or of the tile beside. */
static idx pixels_ahead(Emit *e, const Ctx *c, idx row)
{
    idx below = x_add(e, row, x_const(e, 1));
    idx beside = x_sub(e, c->cols, x_mul(e, row, c->pb.q));
    return x_select(e, x_less(e, below, c->rows), c->pb.q, beside);
}

/* `cols` pixels of a row from `col`, into the tables from entry `pixel`. */
static void find_places(Emit *e, const Ctx *c, idx row, idx col, idx cols, idx pixel)
{
    const TiledPlan *p = c->plan;
    idx at[2] = { x_add(e, c->p0, row), x_add(e, c->q0, col) }, ahead = pixels_ahead(e, c, row);
    addr offsets = tiled_own(e, c, p->offset_rows), masks = tiled_own(e, c, p->mask_rows);
    if (p->turns)
        e_call_fn(e, c->parts->coords, 8,
                  (LLVMValueRef[]){ c->args.v, offsets.v, masks.v, c->n.v, at[0].v, at[1].v, cols.v,
                                    ahead.v });
    e_call_fn(e, c->parts->places, 11,
              (LLVMValueRef[]){ c->args.v, tiled_own(e, c, p->places).v,
                                tiled_own(e, c, p->weights).v, c->n.v, at[0].v, at[1].v, cols.v,
                                pixel.v, ahead.v, offsets.v, masks.v });
}

static void prefetch(Emit *e, const Ctx *c, idx row)
{
    if (!c->parts->prefetch)
        return;
    idx first = flag(e, x_equal(e, row, x_const(e, 0)));
    e_call_fn(e, c->parts->prefetch, 7,
              (LLVMValueRef[]){ c->args.v, c->input.v, c->n.v, x_add(e, c->p0, row).v, c->q0.v,
                                c->cols.v, first.v });
}

/* The places of all of a tile, for as many columns as there are. */
static void tile_places(Emit *e, const Ctx *c)
{
    idx zero = x_const(e, 0);
    EMIT_FOR_OPAQUE (e, row, zero, c->rows, 1) {
        prefetch(e, c, row.at);
        find_places(e, c, row.at, zero, c->cols, x_mul(e, row.at, c->cols));
    }
}

/* The one column of a tile in strips: places that are used at once stay in L1. */
static void strips(Emit *e, const Ctx *c)
{
    const TiledPlan *p = c->plan;
    idx zero = x_const(e, 0), from[3] = { zero, zero, x_const(e, p->taps) };
    EMIT_FOR_OPAQUE (e, row, zero, c->rows, 1) {
        prefetch(e, c, row.at);
        EMIT_FOR_OPAQUE (e, col, zero, c->cols, p->strip) {
            idx cols = x_min(e, x_const(e, p->strip), x_sub(e, c->cols, col.at));
            idx pixel = x_add(e, x_mul(e, row.at, c->cols), col.at);
            find_places(e, c, row.at, col.at, cols, zero);
            sample_column(e, c, c->parts->columns[0], from, (Span){ pixel, cols, zero });
        }
    }
}

/* The products of packed group g with its part of a column: channels c0 .. c0 + channels - 1, taps t0.. */
static void group_product(Emit *e, const Ctx *c, idx g, idx within, idx c0, int channels, idx t0,
                          idx taps)
{
    const TiledPlan *p = c->plan;
    int64_t all = p->in_group / p->pack, block = channels / p->pack;
    int is_last = channels < p->channel_block || channels == p->in_group;
    idx zero = x_const(e, 0), from = x_div(e, c0, x_const(e, p->pack));
    idx before = x_add(e, x_mulk(e, from, p->taps), x_mulk(e, t0, block));
    idx rows = x_add(e, x_mulk(e, g, all * p->taps), before);
    cond last = x_less(e, x_const(e, p->taps - p->tap_block - 1), t0);
    if (!is_last)
        last = c_and(e, last, x_less(e, x_const(e, p->in_group - channels - 1), c0));
    TiledBlock b = { .g = g, .c0 = c0, .depth = x_mulk(e, taps, block) };
    b.column = x_mulk(e, within, p->column_group);
    b.weights = x_mulk(e, rows, p->out_padded);
    b.first = flag(e, c_and(e, x_equal(e, t0, zero), x_equal(e, c0, zero)));
    b.last = flag(e, last);
    tiled_multiply(e, c, &b);
}

/* All taps of channels c0 .. c0 + channels - 1 of the packed groups from g. */
static void channel_block(Emit *e, const Ctx *c, idx g, idx c0, int channels)
{
    const TiledPlan *p = c->plan;
    LLVMValueRef fn = c->parts->columns[channels < p->channel_block];
    idx zero = x_const(e, 0), all = x_const(e, p->taps);
    idx channel = x_add(e, x_mulk(e, g, p->in_group), c0);
    EMIT_FOR_OPAQUE (e, t0, zero, all, p->tap_block) {
        idx taps = x_min(e, x_const(e, p->tap_block), x_sub(e, all, t0.at));
        const idx from[3] = { channel, t0.at, taps };
        if (!c->parts->fill && p->strip < p->pixels)
            strips(e, c);
        else if (!c->parts->fill && p->implicit)
            sample_borders(e, c, fn, from);
        else if (!c->parts->fill)
            sample_column(e, c, fn, from, (Span){ zero, c->pixels, zero });
        EMIT_FOR_OPAQUE (e, i, zero, x_const(e, p->group_block), 1) {
            group_product(e, c, x_add(e, g, i.at), i.at, c0, channels, t0.at, taps);
        }
    }
}

static void whole_tile(Emit *e, const Ctx *c)
{
    const TiledPlan *p = c->plan;
    int rest = p->in_group % p->channel_block;
    EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, p->groups), p->group_block) {
        EMIT_FOR_OPAQUE (e, c0, x_const(e, 0), x_const(e, p->in_group - rest), p->channel_block) {
            channel_block(e, c, g.at, c0.at, p->channel_block);
        }
        if (rest)
            channel_block(e, c, g.at, x_const(e, p->in_group - rest), rest);
    }
}

/* ---- one task ---------------------------------------------------------------------------------------- */

enum { T_ARGS, T_SHARED, T_OWN, T_TASK, T_NARGS };

static idx tiles_along(Emit *e, idx size, int tile)
{
    return x_div(e, x_addk(e, size, tile - 1), x_const(e, tile));
}

static Ctx tile_ctx(Emit *e, const TiledPlan *p, const TiledParts *parts)
{
    Ctx c = {
        .plan = p, .parts = parts, .args = e_arg_addr(e, T_ARGS), .own = e_arg_addr(e, T_OWN)
    };
    c.pb = problem_load(e, p->s, c.args);
    idx at[3];
    kernel_split_task(e, e_arg_idx(e, T_TASK), tiles_along(e, c.pb.p, p->th),
                      tiles_along(e, c.pb.q, p->tw), at);
    c.n = at[0];
    c.p0 = x_mulk(e, at[1], p->th);
    c.q0 = x_mulk(e, at[2], p->tw);
    c.rows = x_min(e, x_const(e, p->th), x_sub(e, c.pb.p, c.p0));
    c.cols = x_min(e, x_const(e, p->tw), x_sub(e, c.pb.q, c.q0));
    c.pixels = x_mul(e, c.rows, c.cols);
    addr map = tiled_repacks(p) ? e_arg_addr(e, T_SHARED) : c.pb.input;
    c.input = repack_image(e, &p->repack, &c.pb, map, c.n);
    return c;
}

static void fill_column(Emit *e, const Ctx *c)
{
    const TiledPlan *p = c->plan;
    idx row = x_mulk(e, c->cols, p->column_stride);
    e_call_fn(e, c->parts->fill, 9,
              (LLVMValueRef[]){ c->args.v, tiled_own(e, c, p->filler).v,
                                tiled_own(e, c, p->column).v, row.v, c->n.v, c->p0.v, c->q0.v,
                                c->rows.v, c->cols.v });
}

static LLVMValueRef emit_tile(Emit *e, const TiledPlan *p, const TiledParts *parts)
{
    const LLVMTypeRef args[T_NARGS] = { e->ptr, e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "tile", 1, e->none, T_NARGS, args);
    Ctx c = tile_ctx(e, p, parts);
    fill_rows(e, &c);
    if (parts->fill)
        fill_column(e, &c);
    else if (p->strip == p->pixels)
        tile_places(e, &c);
    whole_tile(e, &c);
    if (parts->unpack)
        e_call_fn(e, parts->unpack, 7,
                  (LLVMValueRef[]){ c.args.v, tiled_own(e, &c, p->out_tile).v, c.n.v, c.p0.v,
                                    c.q0.v, c.rows.v, c.cols.v });
    e_fn_end(e);
    return fn;
}

/* ---- entry points ------------------------------------------------------------------------------------ */

static idx tiles_of(Emit *e, const TiledPlan *p, const Problem *pb)
{
    idx image = x_mul(e, tiles_along(e, pb->p, p->th), tiles_along(e, pb->q, p->tw));
    return x_mul(e, pb->n, image);
}

static idx count(Emit *e, const Problem *pb, int phase, const void *self)
{
    const TiledPlan *p = self;
    if (tiled_repacks(p) && phase == 0)
        return repack_tasks(e, pb);
    return x_div(e, x_addk(e, tiles_of(e, p, pb), p->grain - 1), x_const(e, p->grain));
}

static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const TiledPlan *p = self;
    return tiled_repacks(p) ? repack_bytes(e, &p->repack, pb, 0) : x_const(e, 0);
}

/* What `run` needs for the tiles of its tasks. */
typedef struct TiledRun {
    const TiledPlan *plan;
    LLVMValueRef tile;
    Problem pb;
    addr own; /* this thread's workspace */
} TiledRun;

static void run_tiles(Emit *e, const RunArgs *in, const void *self)
{
    const TiledRun *r = self;
    const TiledPlan *p = r->plan;
    idx first = x_mulk(e, in->first, p->grain);
    idx last = x_min(e, x_mulk(e, in->last, p->grain), tiles_of(e, p, &r->pb));
    EMIT_FOR_OPAQUE (e, tile, first, last, 1) {
        e_call_fn(e, r->tile, T_NARGS,
                  (LLVMValueRef[]){ in->args.v, in->workspace.v, r->own.v, tile.at.v });
    }
}

static void emit_run(Emit *e, Kernel *k, const TiledPlan *p, const TiledParts *parts,
                     LLVMValueRef tile)
{
    RunArgs in = kernel_run_begin(e, k);
    TiledRun r = { .plan = p, .tile = tile };
    r.pb = problem_load(e, p->s, in.args);
    idx skip = x_mulk(e, in.thread, p->thread_bytes);
    r.own = p_at_bytes(e, in.workspace, x_add(e, shared(e, &r.pb, p), skip));
    repack_phases(e, parts->repack, &in, run_tiles, &r);
    e_fn_end(e);
}

void tiled_emit_plan(Emit *e, Kernel *k, const TiledPlan *p, TiledFiller fill, const void *self)
{
    kernel_packed_bytes(e, k, p->packed_elements * p->fp_bytes);
    tiled_emit_pack(e, k, p);
    kernel_workspace(e, k, shared, p->thread_bytes, p);
    kernel_tasks(e, k, tiled_repacks(p) ? 2 : 1, count, p);
    TiledParts parts = tiled_emit_parts(e, p, fill, self);
    emit_run(e, k, p, &parts, emit_tile(e, p, &parts));
}
