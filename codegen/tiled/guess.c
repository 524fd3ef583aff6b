/* guess.c: a good tiling without measuring.
**
** In order: the register tile that wastes the fewest output lanes, a column about 600 deep or none, then the tile
** of pixels that a simple account of edges, weights read again and idle threads finds cheapest.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/tiled/tiled.h"

/* Few vectors of many pixels or many vectors of few pixels: the one whose last block is fullest; the first
** of equals reads the fewest operands per multiply-add.  The third number is how far its loop can be unrolled
** before LLVM's scheduler runs out of registers. */
static void guess_register_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    static const int wide[][3] = { { 6, 4, 2 }, { 8, 3, 2 }, { 12, 2, 2 }, { 14, 1, 2 } };
    static const int narrow[][3] = { { 6, 2, 2 }, { 12, 1, 1 } };
    int is_wide = t->registers >= 32, n = is_wide ? 4 : 2, lanes = problem_vector(s, t);
    int outs = (int)(s->out_channels / s->groups), vectors = (outs + lanes - 1) / lanes;
    int best = n - 1, waste = 99;
    for (int i = 0; i < n; i++) {
        const int *tile = is_wide ? wide[i] : narrow[i];
        int over = (vectors + tile[1] - 1) / tile[1] * tile[1] - vectors + (tile[1] == 1);
        if (tile[1] <= vectors && over < waste) {
            best = i;
            waste = over;
        }
    }
    k[TILED_MR] = is_wide ? wide[best][0] : narrow[best][0];
    k[TILED_NV] = is_wide ? wide[best][1] : narrow[best][1];
    k[TILED_UNROLL] = is_wide ? wide[best][2] : narrow[best][2];
}

/* Of a weight group. */
static double weight_bytes(const dcn_spec *s)
{
    return (double)s->in_channels * (double)(s->out_channels / s->groups) * problem_taps(s) *
           (double)dcn_dtype_bytes(s->dtype);
}

/* What one tile costs beyond its pixels, in pixels: above all reading the weights again, from beyond L2 where
** they do not stay there; a block at a time they come while the product runs, unless there are very many. */
static int tile_overhead(const dcn_spec *s, const dcn_target *t, int by_outputs)
{
    double weights = weight_bytes(s) / (double)t->l2_bytes;
    if (by_outputs && weights > 1 && weights < 4)
        return 4;
    return weights > 1 ? 10 : weights > 0.5 ? 5 : 2;
}

typedef struct Tiling {
    int64_t rows, cols; /* of the output */
    int th, tw, mr, overhead;
} Tiling;

static int64_t at_most(int64_t n, int64_t most)
{
    return n < most ? n : most;
}

static int64_t tile_cost(const Tiling *g, int64_t y, int64_t x)
{
    int64_t pixels = at_most(g->rows - y, g->th) * at_most(g->cols - x, g->tw);
    return (pixels + g->mr - 1) / g->mr * g->mr + g->overhead;
}

/* Time of the tiles in order on 1 and on 2 threads, each taken by the thread that is free first; per pixel and
** thread, averaged over both: so edges that waste register tiles cost, and so does a last tile alone. */
static double map_cost(const Tiling *g)
{
    int64_t busy[2] = { 0, 0 }, all = 0;
    for (int64_t y = 0; y < g->rows; y += g->th)
        for (int64_t x = 0; x < g->cols; x += g->tw) {
            int64_t cost = tile_cost(g, y, x);
            busy[busy[1] < busy[0]] += cost;
            all += cost;
        }
    int64_t last = busy[0] > busy[1] ? busy[0] : busy[1];
    return ((double)all + 2 * (double)last) / 2 / (double)(g->rows * g->cols);
}

/* With samples abreast every pixel looks into all of the view around a tile, which must stay beside the column. */
static int64_t window_bytes(const dcn_spec *s, const TiledPlan *p)
{
    enum { AROUND = 3 * COST_OFFSET_DEVIATION };
    int64_t rows = (int64_t)p->th * s->stride[0] + 2 * AROUND;
    int64_t cols = (int64_t)p->tw * s->stride[1] + 2 * AROUND;
    return p->abreast ? rows * cols * s->in_channels * p->fp_bytes : 0;
}

/* Large maps are judged by a part: their edges matter little. */
static double tiling_cost(const dcn_spec *s, const dcn_target *t, const int *k)
{
    enum { PART = 256 };
    Tiling g = { .th = k[TILED_TILE_H], .tw = k[TILED_TILE_W], .mr = k[TILED_MR] };
    g.rows = s->height > 0 ? at_most(dcn_out_height(s, s->height), PART) : PART;
    g.cols = s->width > 0 ? at_most(dcn_out_width(s, s->width), PART) : PART;
    g.overhead = tile_overhead(s, t, k[TILED_LOOP_ORDER]);
    TiledPlan p = tiled_plan(s, t, k);
    /* The column is written and read at once; weights stay beside it if both fit. */
    int64_t column = p.implicit ? 0 : (int64_t)p.pixels * p.column_stride * p.fp_bytes;
    int64_t weights = p.packed_elements * p.fp_bytes, l2 = t->l2_bytes;
    int64_t beside = column + (weights < l2 ? weights : 0) + window_bytes(s, &p);
    /* Offsets that are read in strips, between samples, pass through L2 as well. */
    int64_t room = p.strip < p.pixels ? l2 * 3 / 8 : l2 * 7 / 8;
    double spilled = column > l2 * 2 / 3 || beside > room ? 0.04 : 0;
    double ragged = s->layout == DCN_NCHW && g.tw % p.lanes ? 0.03 : 0;
    double thin = (g.th > 2 * g.tw && p.strip == p.pixels) || g.tw > 6 * g.th ? 0.02 : 0;
    /* A register tile that goes on in the next row is no part of the map. */
    double broken = p.implicit && g.tw % g.mr ? 0.04 : 0;
    return map_cost(&g) + spilled + ragged + thin + broken;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    const Knob *rows = &tiled_knobs[TILED_TILE_H], *cols = &tiled_knobs[TILED_TILE_W];
    double best = 1e30;
    int th = k[TILED_TILE_H], tw = k[TILED_TILE_W], most = k[TILED_IMPLICIT_GEMM] ? 300 : 400;
    for (int i = 0; i < rows->nchoices * cols->nchoices; i++) {
        k[TILED_TILE_H] = rows->choice[i % rows->nchoices];
        k[TILED_TILE_W] = cols->choice[i / rows->nchoices];
        if (k[TILED_TILE_H] * k[TILED_TILE_W] > most || tiled_refuse(s, t, k))
            continue;
        double cost = tiling_cost(s, t, k);
        if (cost < best) {
            best = cost;
            th = k[TILED_TILE_H];
            tw = k[TILED_TILE_W];
        }
    }
    k[TILED_TILE_H] = th;
    k[TILED_TILE_W] = tw;
}

/* All taps at once where they are few, else the most up to 9. */
static void guess_taps(const dcn_spec *s, int *k)
{
    const Knob *q = &tiled_knobs[TILED_KC_TAPS];
    for (int i = 0; problem_taps(s) > 9 && i < q->nchoices; i++)
        if (q->choice[i] > k[TILED_KC_TAPS] && q->choice[i] <= 9)
            k[TILED_KC_TAPS] = q->choice[i];
}

/* Weights that do not stay in L2 are read once per tile, a block of outputs at a time, while the column stays. */
static void guess_order(const dcn_spec *s, const dcn_target *t, int *k)
{
    k[TILED_LOOP_ORDER] = weight_bytes(s) > (double)t->l2_bytes;
}

/* The most channels that leave the column at most so deep; what is refused is passed over. */
static void guess_channels(const dcn_spec *s, const dcn_target *t, int *k)
{
    const int most = k[TILED_LOOP_ORDER] ? 1280 : 640;
    const Knob *q = &tiled_knobs[TILED_KC_CHANNELS];
    int pack = k[TILED_GROUP_PACK] ? tiled_fitting_pack(s, problem_vector(s, t)) : 1;
    int64_t group = s->in_channels / s->groups * pack;
    int taps = k[TILED_KC_TAPS] ? k[TILED_KC_TAPS] : problem_taps(s), best = 0;
    for (int i = 0; i < q->nchoices; i++) {
        k[TILED_KC_CHANNELS] = q->choice[i];
        int deep = q->choice[i] * taps > most && q->choice[i] > 16;
        int idle = group * taps <= most && q->choice[i] < group;
        if (q->choice[i] > best && !deep && !idle && !tiled_refuse(s, t, k))
            best = q->choice[i];
    }
    k[TILED_KC_CHANNELS] = best;
}

/* Read from the map whatever can be: then the sums may stay in registers for as long as the weights of a block of
** outputs stay in L2, while the pixels of a tile pass by.  0: it cannot. */
static int guess_implicit(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t channel = (int64_t)problem_taps(s) * k[TILED_NV] * t->vector_bytes;
    int64_t fit = t->l2_bytes * 5 / 8 / channel;
    const Knob *q = &tiled_knobs[TILED_KC_CHANNELS];
    for (int i = 0; s->in_channels / s->groups > fit && i < q->nchoices; i++)
        if (q->choice[i] > k[TILED_KC_CHANNELS] && (q->choice[i] <= fit || q->choice[i] == 16))
            k[TILED_KC_CHANNELS] = q->choice[i];
    k[TILED_IMPLICIT_GEMM] = k[TILED_LOOP_ORDER] = 1;
    if (!tiled_refuse(s, t, k))
        return 1;
    k[TILED_IMPLICIT_GEMM] = k[TILED_LOOP_ORDER] = k[TILED_KC_CHANNELS] = 0;
    return 0;
}

/* Where offset groups are narrower than a cache line, sampling one would touch lines for the others' channels. */
static void guess_view(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t group = s->in_channels / s->offset_groups * (int64_t)dcn_dtype_bytes(s->dtype);
    k[TILED_REPACK] = s->offset_groups > 1 && group < 64;
    if (tiled_refuse(s, t, k))
        k[TILED_REPACK] = 0;
}

/* Along taps where they lie side by side, or where they fill vectors well enough to pay for turning them. */
static void guess_coords(const dcn_spec *s, const dcn_target *t, int *k)
{
    int taps = s->offset_groups * problem_taps(s), enough = 2 * problem_vector(s, t);
    k[TILED_TAP_LANES] = tiled_can_by_taps(s) && (s->layout == DCN_NHWC || taps >= enough);
}

/* Few pixels at a time where every one has many places; offsets reach a few pixels around a tile. */
static void guess_passes(const dcn_spec *s, const dcn_target *t, int *k)
{
    enum { FAR = 3 * COST_OFFSET_DEVIATION, NEAR = 2 * COST_OFFSET_DEVIATION, PIXELS = 4 };
    TiledPlan p = tiled_plan(s, t, k);
    k[TILED_PREFETCH] = !problem_is_deformed(s) ? -1 : p.abreast ? FAR : NEAR;
    k[TILED_OFFSET_CHUNK] = p.abreast && !p.turns ? PIXELS : 0;
    if (tiled_refuse(s, t, k))
        k[TILED_OFFSET_CHUNK] = 0;
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k, int may_be_implicit)
{
    for (int i = 0; i < TILED_NKNOBS; i++)
        k[i] = tiled_knobs[i].guess;
    guess_register_tile(s, t, k);
    k[TILED_GROUP_PACK] = tiled_fitting_pack(s, problem_vector(s, t)) > 1;
    if (!may_be_implicit || !guess_implicit(s, t, k)) {
        guess_order(s, t, k);
        guess_taps(s, k);
        guess_channels(s, t, k);
    }
    guess_view(s, t, k);
    guess_coords(s, t, k);
    guess_passes(s, t, k);
    guess_tile(s, t, k);
}

void tiled_guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    guess(s, t, k, 1);
}

void tiled_guess_filled(const dcn_spec *s, const dcn_target *t, int *k)
{
    guess(s, t, k, 0);
}
