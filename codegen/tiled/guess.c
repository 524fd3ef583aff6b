/* guess.c: a good schedule without measuring.
**
** In order: the register tile that wastes the fewest output lanes and pixels of a small map, a column about 600 deep or
** none, how the offsets are read, then the tile of pixels that a simple account of edges, weights
** read again and idle threads finds cheapest.
**
** That account is not tiled_phases: it compares tiles only, with all other knobs fixed, in the few
** terms that decided between them when schedules were timed interleaved (dcngen_schedules, see
** "Many schedules, side by side" in docs/dev/PERFORMANCE.md), and its winners on
** bench/workloads.lua are measured ones.  tiled_phases orders all knobs against each other for a
** search that corrects it.  tests/unit/schedule bounds how far the two are apart.  Where a comment
** says no more, a constant below is the one that made those winners: Zen 5 core with AVX-512, 1 MB
** of L2, f32, one and two threads, November 2026.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"

#include <string.h>

static int64_t at_most(int64_t n, int64_t most)
{
    return n < most ? n : most;
}

/* ---- the register tile ------------------------------------------------------------------- */

typedef struct RegTileGuess {
    int mr, nv;
    int unroll; /* as far as LLVM's scheduler does not run out of registers */
    int most;   /* vectors of outputs, at most, of a whole map that it is guessed for; 0: any */
} RegTileGuess;

/* In order of the operands that a multiply-add reads, the fewest first. */
static const RegTileGuess of_32[] = { { 6, 4, 2, 0 },  { 8, 3, 2, 0 }, { 7, 3, 4, 0 },
                                      { 12, 2, 2, 0 }, { 7, 2, 4, 2 }, { 14, 1, 2, 1 } };
static const RegTileGuess of_16[] = { { 6, 2, 2, 0 }, { 12, 1, 1, 0 } };

static const RegTileGuess *register_tiles(const dcn_target *t, int *n)
{
    const bool many = t->registers >= 32;
    *n = many ? (int)(sizeof of_32 / sizeof *of_32) : (int)(sizeof of_16 / sizeof *of_16);
    return many ? of_32 : of_16;
}

static int vectors_of(const dcn_spec *s, const dcn_target *t)
{
    return (int)int_ceil_div(s->out_channels / s->groups, problem_vector(s, t));
}

/* A map of which the last register tile is a part that counts: the largest that was measured has 14x14 pixels. */
static bool is_small(const dcn_spec *s)
{
    enum { SMALL = 14 * 14 };
    return s->height >= 0 && s->width >= 0 &&
           dcn_out_height(s, s->height) * dcn_out_width(s, s->width) <= SMALL;
}

/* By how much register tiles of so many pixels exceed a small map.  docs/dev/PERFORMANCE.md has what 7 pixels gain on
** maps of 7x7, where the last tile of 6 has one. */
static double pixels_over(const dcn_spec *s, int mr)
{
    const int64_t pixels = dcn_out_height(s, s->height) * dcn_out_width(s, s->width);
    return pixels > 0 ? (double)int_round_up(pixels, mr) / (double)pixels : 1;
}

/* Few vectors of many pixels or many vectors of few pixels: the one with the fewest multiply-adds that nobody asked
** for; the first of equals.  Tiles of a source are the business of whoever makes it, and so are their last pixels. */
static RegTileGuess guess_register_tile(const dcn_spec *s, const dcn_target *t, bool of_whole_map)
{
    int n;
    const RegTileGuess *tile = register_tiles(t, &n), *best = NULL;
    const int vectors = vectors_of(s, t);
    double least = 0;
    for (int i = 0; i < n; i++) {
        const int nv = tile[i].nv;
        const bool fits = nv <= vectors && (!tile[i].most || vectors <= tile[i].most);
        /* one vector: a broadcast serves one multiply-add only */
        const int padded = (int)int_round_up(vectors, nv) + (nv == 1);
        const double work = padded * (of_whole_map && is_small(s) ? pixels_over(s, tile[i].mr) : 1);
        if (fits && (!best || work < least)) {
            best = &tile[i];
            least = work;
        }
    }
    return *best;
}

/* ---- the column -------------------------------------------------------------------------- */

/* Bytes of the weights of one weight group. */
static double weight_bytes(const dcn_spec *s)
{
    return (double)s->in_channels * (double)(s->out_channels / s->groups) * problem_taps(s) *
           (double)dcn_dtype_bytes(s->dtype);
}

/* All taps at once where they are few, else the most up to 9. */
static void guess_taps(const dcn_spec *s, int *k)
{
    const Knob *q = &tiled_knobs[TILED_KC_TAPS];
    for (int i = 0; problem_taps(s) > 9 && i < q->nchoices; i++)
        if (q->choice[i] > k[TILED_KC_TAPS] && q->choice[i] <= 9)
            k[TILED_KC_TAPS] = q->choice[i];
}

/* Weights that do not stay in L2 are read once per tile, a block of outputs at a time, while the
** column stays. */
static void guess_order(const dcn_spec *s, const dcn_target *t, int *k)
{
    k[TILED_LOOP_ORDER] = weight_bytes(s) > (double)t->l2_bytes;
}

/* The most channels that leave kc within its limit; what is refused is passed over. */
static void guess_channels(const dcn_spec *s, const dcn_target *t, int *k)
{
    const int most = k[TILED_LOOP_ORDER] ? 1280 : 640;
    const Knob *q = &tiled_knobs[TILED_KC_CHANNELS];
    int pack = k[TILED_GROUP_PACK] ? tiled_fitting_pack(s, problem_vector(s, t)) : 1;
    int64_t group = s->in_channels / s->groups * pack;
    int taps = k[TILED_KC_TAPS] ? k[TILED_KC_TAPS] : problem_taps(s), best = 0;
    for (int i = 0; i < q->nchoices; i++) {
        k[TILED_KC_CHANNELS] = q->choice[i];
        bool deep = q->choice[i] * taps > most && q->choice[i] > 16;
        bool needless = group * taps <= most && q->choice[i] < group;
        if (q->choice[i] > best && !deep && !needless && !tiled_refuse(s, t, k))
            best = q->choice[i];
    }
    k[TILED_KC_CHANNELS] = best;
}

/* Read from the map whatever can be.  The sums of a pointwise convolution stay in registers for as long as the weights
** of a block of outputs stay in L2, beside the pixels of a tile that pass by.  With several taps columns of the map's
** border stay in L1 instead: on Emerald Rapids (2 MB of L2) blocks 576 deep took 0.76 to 1.02 of the time of all
** channels at once, the former on maps of 7x7 and 14x14 with 512 channels.  false: it cannot. */
static bool guess_implicit(const dcn_spec *s, const dcn_target *t, int *k)
{
    enum { DEPTH = 640 };
    int64_t channel = (int64_t)k[TILED_NV] * t->vector_bytes;
    int64_t fit = problem_taps(s) > 1 ? DEPTH / problem_taps(s) : t->l2_bytes * 5 / 8 / channel;
    const Knob *q = &tiled_knobs[TILED_KC_CHANNELS];
    for (int i = 0; s->in_channels / s->groups > fit && i < q->nchoices; i++)
        if (q->choice[i] > k[TILED_KC_CHANNELS] && (q->choice[i] <= fit || q->choice[i] == 16))
            k[TILED_KC_CHANNELS] = q->choice[i];
    k[TILED_IMPLICIT_GEMM] = k[TILED_LOOP_ORDER] = 1;
    if (!tiled_refuse(s, t, k))
        return true;
    k[TILED_IMPLICIT_GEMM] = k[TILED_LOOP_ORDER] = k[TILED_KC_CHANNELS] = 0;
    return false;
}

/* ---- offsets and samples ----------------------------------------------------------------- */

/* Where offset groups are narrower than a cache line, sampling one would touch lines for the
** others' channels. */
static void guess_repack(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t group = s->in_channels / s->offset_groups * (int64_t)dcn_dtype_bytes(s->dtype);
    k[TILED_REPACK] = s->offset_groups > 1 && group < CACHE_LINE;
    if (tiled_refuse(s, t, k))
        k[TILED_REPACK] = 0;
}

/* Along taps where they lie side by side, or where they fill vectors well enough to pay for a
** transposition. */
static void guess_tap_lanes(const dcn_spec *s, const dcn_target *t, int *k)
{
    int taps = s->offset_groups * problem_taps(s), enough = 2 * problem_vector(s, t);
    k[TILED_TAP_LANES] = emit_can_tap_lanes(s) && (s->layout == DCN_NHWC || taps >= enough);
}

/* Dilation may spread the taps so far that most of what lies between them is never read.  64 pixels
** per tap: a kernel of 3x3 up to dilation 11. */
static bool is_window_worth_fetching(const dcn_spec *s)
{
    enum { PIXELS_PER_TAP = 64 };
    double pixels = 1;
    for (int axis = 0; axis < 2; axis++)
        pixels *= (double)s->dilation[axis] * (s->kernel[axis] - 1) + 1;
    return pixels <= (double)PIXELS_PER_TAP * problem_taps(s);
}

/* Few pixels at a time where each has many entries in the sample table.  Samples reach around a
** tile: two deviations of the offsets are worth fetching ahead, three where a sample is a line of
** its own. */
static void guess_passes(const dcn_spec *s, const dcn_target *t, int *k)
{
    enum { FAR = 3 * COST_OFFSET_DEVIATION, NEAR = 2 * COST_OFFSET_DEVIATION, PIXELS = 4 };
    TiledPlan p = tiled_plan(s, t, k);
    k[TILED_PREFETCH] = p.groups.samples_per_vec ? FAR : NEAR;
    if (!problem_is_deformed(s) || !is_window_worth_fetching(s))
        k[TILED_PREFETCH] = -1;
    k[TILED_OFFSET_CHUNK] = p.groups.samples_per_vec ? PIXELS : 0;
    if (tiled_refuse(s, t, k))
        k[TILED_OFFSET_CHUNK] = 0;
}

/* ---- the tile of pixels ------------------------------------------------------------------ */

/* A map cut into tiles; costs count in pixels of work. */
typedef struct MapTiling {
    int64_t rows, cols; /* of the output */
    int th, tw, mr;
    int overhead; /* of a tile, beyond its pixels */
    int parts;    /* tasks that share the outputs of a tile */
} MapTiling;

/* Above all a tile reads the weights again, from beyond L2 where they do not stay there; a block
** of outputs at a time they come while the product runs, unless there are very many. */
static int tile_overhead(const dcn_spec *s, const dcn_target *t, bool outputs_outer)
{
    double weights = weight_bytes(s) / (double)t->l2_bytes;
    if (outputs_outer && weights > 1 && weights < 4)
        return 4;
    return weights > 1 ? 10 : weights > 0.5 ? 5 : 2;
}

static int64_t part_cost(const MapTiling *m, int64_t rows, int64_t x)
{
    int64_t pixels = rows * at_most(m->cols - x, m->tw);
    return (int_round_up(pixels, m->mr) + m->overhead) / m->parts;
}

/* Time of the tiles' parts in order on 1 and on 2 threads, each taken by the thread that is free first;
** per pixel and thread, averaged over both: so edges that waste register tiles cost, and so does
** a last tile alone. */
static double map_cost(const MapTiling *m)
{
    int64_t busy[2] = { 0, 0 }, all = 0, tiles = int_ceil_div(m->rows, m->th);
    for (int64_t y = 0; y < tiles; y++)
        for (int64_t x = 0; x < m->cols; x += m->tw) {
            int64_t cost = part_cost(m, (y + 1) * m->rows / tiles - y * m->rows / tiles, x);
            for (int part = 0; part < m->parts; part++)
                busy[busy[1] < busy[0]] += cost;
            all += cost * m->parts;
        }
    int64_t last = busy[0] > busy[1] ? busy[0] : busy[1];
    return ((double)all + 2 * (double)last) / 2 / (double)(m->rows * m->cols);
}

/* Where one sample does not fill a vector, every pixel looks into all of the repacked input
** around a tile, which must stay beside the column. */
static int64_t window_bytes(const TiledPlan *p)
{
    enum { AROUND = 3 * COST_OFFSET_DEVIATION };
    const dcn_spec *s = p->s;
    int64_t rows = (int64_t)p->tile.th * s->stride[0] + 2 * AROUND;
    int64_t cols = (int64_t)p->tile.tw * s->stride[1] + 2 * AROUND;
    return p->groups.samples_per_vec ? rows * cols * s->in_channels * p->fp_bytes : 0;
}

/* The column is written and read at once; weights stay beside it if both fit.  Offsets that are
** read in chunks, between samples, pass through L2 as well. */
static bool spills_l2(const TiledPlan *p, int64_t l2)
{
    int64_t weights = p->packed_elements * p->fp_bytes;
    int64_t column = (int64_t)p->tile.pixels * p->scratch.column_stride * p->fp_bytes;
    column = p->tile.implicit_gemm ? 0 : column;
    int64_t beside = column + (weights < l2 ? weights : 0) + window_bytes(p);
    int64_t room = p->table.chunk < p->tile.pixels ? l2 * 3 / 8 : l2 * 7 / 8;
    return column > l2 * 2 / 3 || beside > room;
}

/* Per pixel, 1 being a pixel of a map without edges.  Large maps are judged by a part: their
** edges matter little. */
static double tiling_cost(const dcn_spec *s, const dcn_target *t, const int *k)
{
    enum { PART = 256 };
    TiledPlan p = tiled_plan(s, t, k);
    MapTiling m = { .th = p.tile.th, .tw = p.tile.tw, .mr = p.tile.mr, .parts = tiled_parts(&p) };
    m.rows = s->height > 0 ? at_most(dcn_out_height(s, s->height), PART) : PART;
    m.cols = s->width > 0 ? at_most(dcn_out_width(s, s->width), PART) : PART;
    m.overhead = tile_overhead(s, t, p.tile.outputs_outer);
    bool chunked = p.table.chunk < p.tile.pixels;
    double spilled = spills_l2(&p, t->l2_bytes) ? 0.04 : 0;
    double ragged = s->layout == DCN_NCHW && m.tw % p.lanes ? 0.03 : 0;
    double thin = (m.th > 2 * m.tw && !chunked) || m.tw > 6 * m.th ? 0.02 : 0;
    /* A register tile that goes on in the next row is no part of the map. */
    double broken = p.tile.implicit_gemm && !p.tile.one_row && m.tw % m.mr ? 0.04 : 0;
    return map_cost(&m) + spilled + ragged + thin + broken;
}

/* Whether two tasks may share the outputs of a tile, so that each weight is read once: where it is all of a map
** that is read in place, for nothing would be sampled twice, and where its pixels, which pass by once per block of
** outputs, stay in L2 beside the weights of one (guess_implicit). */
static bool may_share_map(const dcn_spec *s, const dcn_target *t, const int *k)
{
    int64_t bytes = s->height * s->width * s->in_channels * (int64_t)dcn_dtype_bytes(s->dtype);
    return k[TILED_IMPLICIT_GEMM] && s->height > 0 && s->width > 0 &&
           dcn_out_height(s, s->height) <= k[TILED_TILE_H] &&
           dcn_out_width(s, s->width) <= k[TILED_TILE_W] && bytes <= t->l2_bytes * 3 / 8;
}

/* The cheapest tile so far. */
typedef struct TileGuess {
    double cost;
    int th, tw, parts;
} TileGuess;

static void consider_tile(const dcn_spec *s, const dcn_target *t, const int *k, TileGuess *best)
{
    const int most = k[TILED_IMPLICIT_GEMM] ? 300 : 400;
    if (k[TILED_TILE_H] * k[TILED_TILE_W] > most || tiled_refuse(s, t, k))
        return;
    double cost = tiling_cost(s, t, k);
    if (cost < best->cost)
        *best = (TileGuess){ cost, k[TILED_TILE_H], k[TILED_TILE_W], k[TILED_OC_SPLIT] };
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    const Knob *rows = &tiled_knobs[TILED_TILE_H], *cols = &tiled_knobs[TILED_TILE_W];
    TileGuess best = { 1e30, k[TILED_TILE_H], k[TILED_TILE_W], 1 };
    for (int i = 0; i < rows->nchoices * cols->nchoices; i++) {
        k[TILED_TILE_H] = rows->choice[i % rows->nchoices];
        k[TILED_TILE_W] = cols->choice[i / rows->nchoices];
        const int parts = may_share_map(s, t, k) ? 2 : 1;
        for (int n = 1; n <= parts; n++) {
            k[TILED_OC_SPLIT] = n;
            consider_tile(s, t, k, &best);
        }
    }
    k[TILED_TILE_H] = best.th;
    k[TILED_TILE_W] = best.tw;
    k[TILED_OC_SPLIT] = best.parts;
}

/* ---- all of it --------------------------------------------------------------------------- */

static void guess(const dcn_spec *s, const dcn_target *t, RegTileGuess tile, int *k,
                  bool may_be_implicit)
{
    for (int i = 0; i < TILED_NKNOBS; i++)
        k[i] = tiled_knobs[i].guess;
    k[TILED_MR] = tile.mr;
    k[TILED_NV] = tile.nv;
    k[TILED_UNROLL] = tile.unroll;
    k[TILED_GROUP_PACK] = tiled_fitting_pack(s, problem_vector(s, t)) > 1;
    if (!may_be_implicit || !guess_implicit(s, t, k)) {
        guess_order(s, t, k);
        guess_taps(s, k);
        guess_channels(s, t, k);
    }
    guess_repack(s, t, k);
    guess_tap_lanes(s, t, k);
    guess_passes(s, t, k);
    k[TILED_WEIGHTS_AHEAD] = k[TILED_LOOP_ORDER];
    guess_tile(s, t, k);
}

/* Parts of a small map may want another register tile than the whole of it: of a few outputs one of two vectors,
** however many the map has.  Another one must be worth it, by the account. */
static void guess_for_many(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    int n;
    const RegTileGuess *tile = register_tiles(t, &n);
    tiled_spread(s, t, threads, k);
    if (!is_small(s))
        return;
    double least = balance_call_ns(tiled_phases, s, t, threads, k);
    for (int i = 0; i < n; i++) {
        int other[TILED_NKNOBS];
        if (tile[i].nv > vectors_of(s, t) || (tile[i].nv == 1 && vectors_of(s, t) > 1))
            continue;
        guess(s, t, tile[i], other, true);
        tiled_spread(s, t, threads, other);
        const double ns = balance_call_ns(tiled_phases, s, t, threads, other);
        if (ns < COST_WORTH_IT * least && !tiled_refuse(s, t, other)) {
            memcpy(k, other, sizeof other);
            least = ns;
        }
    }
}

void tiled_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    guess(s, t, guess_register_tile(s, t, true), k, true);
    if (threads == 1) /* it has nobody to share with */
        k[TILED_OC_SPLIT] = 1;
    if (threads > KERNEL_FEW_THREADS)
        guess_for_many(s, t, threads, k);
}

void tiled_guess_for_source(const dcn_spec *s, const dcn_target *t, int *k)
{
    guess(s, t, guess_register_tile(s, t, false), k, false);
}
