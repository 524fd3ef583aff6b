/* tiled_guess.c: a good tiling without measuring.
**
** In order: the register tile that wastes the fewest output lanes, a column about 600 deep, then the tile
** of pixels whose edges waste the least, larger where the weights do not stay in L2.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tiled.h"

static int lanes_of(const dcn_spec *s, const dcn_target *t)
{
    return t->vector_bytes / (int)dcn_dtype_bytes(s->dtype);
}

/* Few vectors of many pixels or many vectors of few pixels: the one whose last block is fullest; the first
** of equals reads the fewest operands per multiply-add.  The third number is how far its loop can be unrolled
** before LLVM's scheduler runs out of registers. */
static void guess_register_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    static const int wide[][3] = { { 6, 4, 2 }, { 8, 3, 2 }, { 12, 2, 2 }, { 14, 1, 2 } };
    static const int narrow[][3] = { { 6, 2, 2 }, { 12, 1, 1 } };
    int is_wide = t->registers >= 32, n = is_wide ? 4 : 2, lanes = lanes_of(s, t);
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

/* Share of the register tiles' pixels that are real, over a map of rows x cols. */
static double used(int64_t rows, int64_t cols, int th, int tw, int mr)
{
    int64_t work = 0;
    int h[] = { th, (int)(rows % th) }, w[] = { tw, (int)(cols % tw) };
    int64_t nh[] = { rows / th, h[1] > 0 }, nw[] = { cols / tw, w[1] > 0 };
    for (int i = 0; i < 4; i++)
        work += nh[i / 2] * nw[i % 2] * ((h[i / 2] * w[i % 2] + mr - 1) / mr * mr);
    return (double)(rows * cols) / (double)work;
}

/* Weights that do not stay in L2 are read again for every tile, so the tile is made larger. */
static int wanted_pixels(const dcn_spec *s, const dcn_target *t)
{
    double weights = (double)(s->in_channels / s->groups) * (double)(s->out_channels / s->groups) *
                     problem_taps(s) * (double)dcn_dtype_bytes(s->dtype) / (double)t->l2_bytes;
    return weights > 2 ? 224 : weights > 0.5 ? 160 : 96;
}

static double tile_score(const dcn_spec *s, const dcn_target *t, const int *k)
{
    int th = k[TILED_TH], tw = k[TILED_TW];
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 64;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : 64;
    double size = (double)th * tw / wanted_pixels(s, t), fit = size > 1 ? 1 / size : size;
    double ragged = s->layout == DCN_NCHW && tw % lanes_of(s, t) ? 0.03 : 0;
    double thin = th > 2 * tw || tw > 6 * th ? 0.02 : 0;
    return used(rows, cols, th, tw, k[TILED_MR]) + 0.06 * fit - ragged - thin;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    const Knob *rows = &tiled_knobs[TILED_TH], *cols = &tiled_knobs[TILED_TW];
    double best = -1;
    int th = k[TILED_TH], tw = k[TILED_TW];
    for (int i = 0; i < rows->nchoices * cols->nchoices; i++) {
        k[TILED_TH] = rows->choice[i % rows->nchoices];
        k[TILED_TW] = cols->choice[i / rows->nchoices];
        if (k[TILED_TH] * k[TILED_TW] > 400 || tiled_refuse(s, t, k))
            continue;
        double score = tile_score(s, t, k);
        if (score > best) {
            best = score;
            th = k[TILED_TH];
            tw = k[TILED_TW];
        }
    }
    k[TILED_TH] = th;
    k[TILED_TW] = tw;
}

/* All taps at once where they are few, else the most up to 9. */
static void guess_taps(const dcn_spec *s, int *k)
{
    const Knob *q = &tiled_knobs[TILED_TAPS];
    k[TILED_TAPS] = 0;
    for (int i = 0; problem_taps(s) > 9 && i < q->nchoices; i++)
        if (q->choice[i] > k[TILED_TAPS] && q->choice[i] <= 9)
            k[TILED_TAPS] = q->choice[i];
}

/* The most channels that leave the column at most so deep; what is refused is passed over. */
static void guess_channels(const dcn_spec *s, const dcn_target *t, int *k)
{
    enum { DEPTH = 640 };
    const Knob *q = &tiled_knobs[TILED_CB];
    int pack = k[TILED_PACK] ? tiled_fitting_pack(s, lanes_of(s, t)) : 1;
    int64_t group = s->in_channels / s->groups * pack;
    int taps = k[TILED_TAPS] ? k[TILED_TAPS] : problem_taps(s), best = 0;
    for (int i = 0; i < q->nchoices; i++) {
        k[TILED_CB] = q->choice[i];
        int deep = q->choice[i] * taps > DEPTH && q->choice[i] > 16;
        int idle = group * taps <= DEPTH && q->choice[i] < group;
        if (q->choice[i] > best && !deep && !idle && !tiled_refuse(s, t, k))
            best = q->choice[i];
    }
    k[TILED_CB] = best;
}

/* Where offset groups are narrower than a cache line, sampling one would touch lines for the others' channels. */
static void guess_view(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t group = s->in_channels / s->offset_groups * (int64_t)dcn_dtype_bytes(s->dtype);
    k[TILED_VIEW] = problem_is_deformed(s) && s->offset_groups > 1 && group < 64;
    if (tiled_refuse(s, t, k))
        k[TILED_VIEW] = 0;
}

void tiled_guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    k[TILED_CB] = k[TILED_ORDER] = k[TILED_VIEW] = 0;
    k[TILED_TH] = 1;
    k[TILED_TW] = 4;
    guess_taps(s, k);
    guess_register_tile(s, t, k);
    k[TILED_PACK] = tiled_fitting_pack(s, lanes_of(s, t)) > 1;
    guess_channels(s, t, k);
    guess_view(s, t, k);
    guess_tile(s, t, k);
}
