/* tile.c: one tile of output pixels, from its offsets to its outputs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"
#include "codegen/ir/call.h"

static idx flag(Emit *e, cond yes)
{
    return x_select(e, yes, x_const(e, 1), x_const(e, 0));
}

/* ---- rows of the output ------------------------------------------------------------------ */

/* A pixel's row of a tensor that is laid out as the output is. */
static addr row_of(Emit *e, const TiledTile *t, addr map, idx row, idx col)
{
    const idx at[4] = { t->n, x_const(e, 0), x_add(e, t->p0, row), x_add(e, t->q0, col) };
    idx channels = x_const(e, t->plan->s->out_channels);
    return p_at(e, map, problem_at(e, &t->pb, channels, t->pb.p, t->pb.q, at));
}

/* A pixel's row of the partial sums of the task's part. */
static addr partial_row(Emit *e, const TiledTile *t, idx row, idx col)
{
    idx image = x_add(e, x_mul(e, t->part.ic, t->pb.n), t->n);
    idx y = x_add(e, x_mul(e, image, t->pb.p), x_add(e, t->p0, row));
    idx pixel = x_add(e, x_mul(e, y, t->pb.q), x_add(e, t->q0, col));
    return p_at(e, t->partial, x_mulk(e, pixel, t->plan->s->out_channels));
}

static addr out_row(Emit *e, const TiledTile *t, idx row, idx col)
{
    const TiledScratch *at = &t->plan->scratch;
    if (tiled_sums_parts(t->plan))
        return partial_row(e, t, row, col);
    if (!at->out_stride)
        return row_of(e, t, t->pb.output, row, col);
    idx pixel = x_add(e, x_mul(e, row, t->cols), col);
    return p_at(e, tiled_scratch(e, t, at->out_tile), x_mulk(e, pixel, at->out_stride));
}

static bool has_residual_rows(const TiledTile *t)
{
    return t->plan->s->residual && !tiled_epilogue_after_transpose(t->plan) &&
           !tiled_sums_parts(t->plan);
}

/* A column of zeros: what the memory held might raise a floating-point exception, or be slow. */
static void clear_column(Emit *e, const TiledTile *t, idx pixel)
{
    const TiledPlan *p = t->plan;
    int n = p->scratch.group_stride * p->groups.group_block;
    addr column = tiled_scratch(e, t, p->scratch.column);
    addr row = p_at(e, column, x_mulk(e, pixel, p->scratch.column_stride));
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, n), e->lanes) {
        p_store(e, p_at(e, row, i.at), f_const(e, 0), all_lanes);
    }
}

/* rows[pixel]: where its outputs go, and where what is added to them comes from.  Pixels that
** fill up the last register tile have a column of zeros and write to a dummy row. */
static void fill_rows(Emit *e, const TiledTile *t)
{
    const TiledScratch *at = &t->plan->scratch;
    addr table = tiled_scratch(e, t, at->rows), residual = tiled_scratch(e, t, at->residual_rows);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), t->rows, 1) {
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), t->cols, 1) {
            idx pixel = x_add(e, x_mul(e, row.at, t->cols), col.at);
            p_put_addr(e, p_at_word(e, table, pixel), out_row(e, t, row.at, col.at));
            if (has_residual_rows(t))
                p_put_addr(e, p_at_word(e, residual, pixel),
                           row_of(e, t, t->pb.residual, row.at, col.at));
        }
    }
    EMIT_FOR_OPAQUE (e, pixel, t->pixels, x_round_up(e, t->pixels, t->plan->tile.mr), 1) {
        p_put_addr(e, p_at_word(e, table, pixel.at), tiled_scratch(e, t, at->dummy_row));
        if (has_residual_rows(t))
            p_put_addr(e, p_at_word(e, residual, pixel.at),
                       row_of(e, t, t->pb.residual, x_const(e, 0), x_const(e, 0)));
        clear_column(e, t, pixel.at);
    }
}

/* ---- sample table ------------------------------------------------------------------------ */

/* Pixels from a row of the tile to the next one that this thread will see: of this tile, or of
** the tile beside. */
static idx pixels_ahead(Emit *e, const TiledTile *t, idx row)
{
    idx below = x_add(e, row, x_const(e, 1));
    idx beside = x_sub(e, t->cols, x_mul(e, row, t->pb.q));
    return x_select(e, x_less(e, below, t->rows), t->pb.q, beside);
}

/* Neighbouring pixels of one row of the tile. */
typedef struct TilePixels {
    idx row, col, cols;
    idx entry; /* its first entry of the sample table */
} TilePixels;

/* nchw with lanes along taps: all offsets of a row of the tile, once for its chunks. */
static void transpose_offsets(Emit *e, const TiledTile *t, idx row)
{
    const TiledScratch *at = &t->plan->scratch;
    if (!t->plan->table.transposes)
        return;
    tiled_call_offset_rows(e, t->fns->offset_rows,
                           &(TiledOffsetsArgs){ .args = t->args,
                                                .offsets = tiled_scratch(e, t, at->offset_rows),
                                                .masks = tiled_scratch(e, t, at->mask_rows),
                                                .n = t->n,
                                                .p = x_add(e, t->p0, row),
                                                .q = t->q0,
                                                .cols = t->cols });
}

static void find_samples(Emit *e, const TiledTile *t, const TilePixels *x)
{
    const TiledScratch *at = &t->plan->scratch;
    TiledTableArgs in = { .args = t->args, .n = t->n, .cols = x->cols, .pixel = x->entry };
    int64_t taps = (int64_t)t->plan->groups.taps * t->plan->s->offset_groups;
    idx skip = t->plan->table.transposes ? x_mulk(e, x->col, taps) : x_const(e, 0);
    in.p = x_add(e, t->p0, x->row);
    in.q = x_add(e, t->q0, x->col);
    in.ahead = pixels_ahead(e, t, x->row);
    in.offsets = p_at(e, tiled_scratch(e, t, at->offset_rows), x_mulk(e, skip, 2));
    in.masks = p_at(e, tiled_scratch(e, t, at->mask_rows), skip);
    in.at = tiled_scratch(e, t, at->table);
    in.coeff = tiled_scratch(e, t, at->coeff);
    tiled_call_sample_table(e, t->fns->sample_table, &in);
}

static void prefetch(Emit *e, const TiledTile *t, idx row)
{
    if (!t->fns->prefetch)
        return;
    TiledPrefetchArgs in = { .args = t->args, .input = t->input, .n = t->n, .q = t->q0 };
    in.cols = t->cols;
    in.first = flag(e, x_equal(e, row, x_const(e, 0)));
    in.p = x_add(e, t->p0, row);
    tiled_call_prefetch(e, t->fns->prefetch, &in);
}

/* All of a tile's samples at once, for as many columns as there are. */
static void find_tile_samples(Emit *e, const TiledTile *t)
{
    idx zero = x_const(e, 0);
    EMIT_FOR_OPAQUE (e, row, zero, t->rows, 1) {
        prefetch(e, t, row.at);
        transpose_offsets(e, t, row.at);
        idx first = x_mul(e, row.at, t->cols);
        find_samples(e, t, &(TilePixels){ row.at, zero, t->cols, first });
    }
}

/* ---- the columns of one tile ------------------------------------------------------------- */

/* Channels and taps of a column. */
typedef struct ColumnBlock {
    LLVMValueRef fn;
    idx channel, tap, taps;
} ColumnBlock;

/* Pixels of the tile from `pixel` on, whose samples stand in the table from `entry` on. */
static void sample_column(Emit *e, const TiledTile *t, const ColumnBlock *b, idx pixel, idx pixels,
                          idx entry)
{
    const TiledScratch *at = &t->plan->scratch;
    TiledColumnArgs in = { .args = t->args, .input = t->input, .pixels = pixels };
    in.channel = b->channel;
    in.tap = b->tap;
    in.taps = b->taps;
    in.column = p_at(e, tiled_scratch(e, t, at->column), x_mulk(e, pixel, at->column_stride));
    in.at = p_at_i32(e, tiled_scratch(e, t, at->table), entry);
    in.coeff = p_at(e, tiled_scratch(e, t, at->coeff), x_mulk(e, entry, 4));
    tiled_call_column(e, b->fn, &in);
}

/* A plain convolution that reads the map: only register tiles at its border need a column. */
static void sample_borders(Emit *e, const TiledTile *t, const ColumnBlock *b)
{
    int mr = t->plan->tile.mr;
    EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), t->pixels, mr) {
        EMIT_IF (e, x_equal(e, flag(e, tiled_inside(e, t, panel.at)), x_const(e, 0))) {
            idx pixels = x_min(e, x_const(e, mr), x_sub(e, t->pixels, panel.at));
            sample_column(e, t, b, panel.at, pixels, panel.at);
        }
    }
}

/* The one column of a tile, a chunk of pixels after the other: entries that are used at once stay
** in L1. */
static void sample_chunks(Emit *e, const TiledTile *t)
{
    const TiledPlan *p = t->plan;
    idx zero = x_const(e, 0);
    const ColumnBlock all = { t->fns->column[0], zero, zero, x_const(e, p->groups.taps) };
    EMIT_FOR_OPAQUE (e, row, zero, t->rows, 1) {
        prefetch(e, t, row.at);
        transpose_offsets(e, t, row.at);
        EMIT_FOR_OPAQUE (e, col, zero, t->cols, p->table.chunk) {
            idx cols = x_min(e, x_const(e, p->table.chunk), x_sub(e, t->cols, col.at));
            idx pixel = x_add(e, x_mul(e, row.at, t->cols), col.at);
            find_samples(e, t, &(TilePixels){ row.at, col.at, cols, zero });
            sample_column(e, t, &all, pixel, cols, zero);
        }
    }
}

static void fill_column(Emit *e, const TiledTile *t, const ColumnBlock *b)
{
    idx zero = x_const(e, 0);
    if (t->fns->source)
        return; /* it has filled all of the column before */
    if (t->plan->table.chunk < t->plan->tile.pixels)
        sample_chunks(e, t);
    else if (t->plan->tile.implicit_gemm)
        sample_borders(e, t, b);
    else
        sample_column(e, t, b, zero, t->pixels, zero);
}

/* ---- all blocks of one tile -------------------------------------------------------------- */

/* Channels c0 .. c0 + channels - 1 of packed groups, taps t0 .. t0 + taps - 1. */
typedef struct SumBlock {
    idx c0, t0, taps;
    int channels;
} SumBlock;

/* The products of packed group g, which is the nth of the column. */
static void multiply_group(Emit *e, const TiledTile *t, const SumBlock *s, idx g, idx nth)
{
    const TiledPlan *p = t->plan;
    const TiledGroups *q = &p->groups;
    int64_t all = q->in_channels / q->pack, block = s->channels / q->pack;
    bool is_last = s->channels < q->channel_block || s->channels == q->in_channels;
    idx zero = x_const(e, 0), from = x_div(e, s->c0, x_const(e, q->pack));
    idx before = x_add(e, x_mulk(e, from, q->taps), x_mulk(e, s->t0, block));
    idx rows = x_add(e, x_mulk(e, g, all * q->taps), before);
    cond last = x_less(e, x_const(e, q->taps - q->tap_block - 1), s->t0);
    if (!is_last)
        last = c_and(e, last, x_less(e, x_const(e, q->in_channels - s->channels - 1), s->c0));
    idx first_channel = t->part.first_channel;
    TiledBlock b = { .g = g, .c0 = s->c0, .kc = x_mulk(e, s->taps, block) };
    b.column = x_mulk(e, nth, p->scratch.group_stride);
    b.weights = x_mulk(e, rows, q->out_padded);
    b.first = flag(e, c_and(e, x_equal(e, s->t0, zero), x_equal(e, s->c0, first_channel)));
    b.last = flag(e, last);
    tiled_macrokernel(e, t, &b);
}

/* All taps of channels c0 .. c0 + channels - 1 of the packed groups from g. */
static void channel_block(Emit *e, const TiledTile *t, idx g, idx c0, int channels)
{
    const TiledGroups *q = &t->plan->groups;
    idx zero = x_const(e, 0), all = x_const(e, q->taps);
    ColumnBlock b = { .fn = t->fns->column[channels < q->channel_block] };
    b.channel = x_add(e, x_mulk(e, g, q->in_channels), c0);
    EMIT_FOR_OPAQUE (e, t0, zero, all, q->tap_block) {
        b.tap = t0.at;
        b.taps = x_min(e, x_const(e, q->tap_block), x_sub(e, all, t0.at));
        const SumBlock s = { c0, b.tap, b.taps, channels };
        fill_column(e, t, &b);
        EMIT_FOR_OPAQUE (e, i, zero, x_const(e, q->group_block), 1) {
            multiply_group(e, t, &s, x_add(e, g, i.at), i.at);
        }
    }
}

/* The last block of channels, which is narrower, where it is the task's. */
static void rest_of_part(Emit *e, const TiledTile *t, idx g, idx whole)
{
    const TiledGroups *q = &t->plan->groups;
    EMIT_IF (e, x_less(e, whole, t->part.end_channel)) {
        channel_block(e, t, g, whole, q->in_channels % q->channel_block);
    }
}

static void all_blocks(Emit *e, const TiledTile *t)
{
    const TiledGroups *q = &t->plan->groups;
    const TilePart *a = &t->part;
    int rest = q->in_channels % q->channel_block;
    idx whole = x_const(e, q->in_channels - rest), end = x_min(e, a->end_channel, whole);
    EMIT_FOR_OPAQUE (e, g, a->first_group, a->end_group, q->group_block) {
        EMIT_FOR_OPAQUE (e, c0, a->first_channel, end, q->channel_block) {
            channel_block(e, t, g.at, c0.at, q->channel_block);
        }
        if (rest && !tiled_sums_parts(t->plan))
            channel_block(e, t, g.at, whole, rest);
        if (rest && tiled_sums_parts(t->plan))
            rest_of_part(e, t, g.at, whole);
    }
}

/* ---- one tile ---------------------------------------------------------------------------- */

static const Param tile_param[] = { PARAM(TiledTileArgs, args), PARAM(TiledTileArgs, shared),
                                    PARAM(TiledTileArgs, scratch), PARAM(TiledTileArgs, number) };
static const Params tile_params = PARAMS(TiledTileArgs, tile_param);

static TiledTile tile_of(Emit *e, const TiledPlan *p, const TiledFns *fns, const TiledTileArgs *in)
{
    TiledTile t = { .plan = p, .fns = fns, .args = in->args, .scratch = in->scratch };
    int tw = p->tile.tw;
    idx parts = x_const(e, tiled_parts(p)), number = in->number, part = x_const(e, 0), at[3];
    Problem map = problem_load(e, p->s, t.args);
    t.pb = tiled_problem(e, p, t.args);
    if (tiled_parts(p) > 1) {
        number = x_div(e, in->number, parts);
        part = x_rem(e, in->number, parts);
    }
    t.part = tiled_part(e, p, part);
    if (tiled_sums_parts(p))
        t.partial = tiled_partial(e, p, &t.pb, in->shared);
    idx along = tiled_along(e, map.p, p->tile.th);
    kernel_split_task(e, number, along, tiled_along(e, map.q, tw), at);
    const TiledRows rows = tiled_rows(e, map.p, along, at[1]);
    t.n = at[0];
    t.p0 = rows.first;
    t.rows = rows.count;
    t.q0 = x_mulk(e, at[2], tw);
    t.cols = x_min(e, x_const(e, tw), x_sub(e, map.q, t.q0));
    t.pixels = x_mul(e, t.rows, t.cols);
    if (p->tile.one_row) {
        t.q0 = x_mul(e, t.p0, map.q);
        t.cols = t.pixels;
        t.p0 = x_const(e, 0);
        t.rows = x_const(e, 1);
    }
    t.input = tiled_repacks(p) ? repack_copy(e, &p->repack, &t.pb, in->shared, t.n)
                               : repack_image(e, &p->repack, &t.pb, t.pb.input, t.n);
    return t;
}

static void call_source(Emit *e, const TiledTile *t)
{
    const TiledScratch *at = &t->plan->scratch;
    TiledSourceArgs in = { .args = t->args, .n = t->n, .p0 = t->p0, .q0 = t->q0 };
    in.rows = t->rows;
    in.cols = t->cols;
    in.row_stride = x_mulk(e, t->cols, at->column_stride);
    in.scratch = tiled_scratch(e, t, at->a_source);
    in.column = tiled_scratch(e, t, at->column);
    t->fns->source->call(e, t->fns->a_source, &in);
}

/* The output channels of a task: some packed groups, or some outputs of the only one, or all. */
static void find_channels(Emit *e, const TiledTile *t, idx *first, idx *n)
{
    const TilePart *a = &t->part;
    const TiledGroups *g = &t->plan->groups;
    idx end = x_mulk(e, a->end_group, g->out_channels);
    *first = x_mulk(e, a->first_group, g->out_channels);
    if (g->count == 1) {
        *first = a->first_out;
        end = x_min(e, a->end_out, end);
    }
    *n = x_sub(e, end, *first);
}

static void unpack(Emit *e, const TiledTile *t)
{
    TiledUnpackArgs in = { .args = t->args, .n = t->n, .p0 = t->p0, .q0 = t->q0 };
    find_channels(e, t, &in.channel, &in.channels);
    in.from = tiled_scratch(e, t, t->plan->scratch.out_tile);
    in.rows = t->rows;
    in.cols = t->cols;
    tiled_call_unpack(e, t->fns->unpack, &in);
}

LLVMValueRef tiled_emit_tile(Emit *e, const TiledPlan *p, const TiledFns *fns)
{
    TiledTileArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "tile", 1, e->none, &tile_params, &in);
    TiledTile t = tile_of(e, p, fns, &in);
    fill_rows(e, &t);
    if (fns->source)
        call_source(e, &t);
    else if (p->table.chunk == p->tile.pixels)
        find_tile_samples(e, &t);
    all_blocks(e, &t);
    if (fns->unpack)
        unpack(e, &t);
    e_fn_end(e);
    return fn;
}

void tiled_call_tile(Emit *e, LLVMValueRef fn, const TiledTileArgs *in)
{
    e_call_with(e, fn, &tile_params, in);
}
