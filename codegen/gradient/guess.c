/* guess.c: a good schedule without measuring: the register tile of the target, as many pixels as
** leave the tile's matrices in half of L2, and blocks of a few vectors of channels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"

#include <string.h>

enum { WIDE = 24 }; /* columns of a tile */

/* The largest of the knob's choices that is at most `most` and is not refused; what it is now if
** there is none. */
static void set_largest(const dcn_spec *s, const dcn_target *t, int *k, int knob, int64_t most)
{
    const Knob *q = &gradient_knobs[knob];
    int best = -1, before = k[knob];
    for (int i = 0; i < q->nchoices; i++) {
        k[knob] = q->choice[i];
        if (q->choice[i] <= most && q->choice[i] > best && !gradient_refuse(s, t, k))
            best = q->choice[i];
    }
    k[knob] = best < 0 ? before : best;
}

/* Three quarters of the private cache; where nobody knows it, half of what the smallest ones have.  The
** narrow products of packed groups gain little by many pixels, and everything else by a tile that
** stays near. */
static int64_t bytes_of_tile(const dcn_target *t, const int *k)
{
    int64_t all = t->l2_bytes > 0 ? t->l2_bytes / 4 * 3 : 128 << 10;
    return k[GRADIENT_GROUP_PACK] ? all / 3 : all;
}

/* In nchw whole vectors, which are lines of the planes of offsets, if a row has many of them. */
static int64_t widest_tile(const dcn_spec *s, const dcn_target *t)
{
    int64_t cols = cost_out_cols(s), lines = int_round_up(WIDE, problem_vector(s, t));
    int64_t most = s->layout == DCN_NCHW && cols >= 4 * lines ? lines : WIDE;
    return cols < most ? cols : most;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t rows = cost_out_rows(s);
    set_largest(s, t, k, GRADIENT_TILE_W, widest_tile(s, t));
    const Knob *q = &gradient_knobs[GRADIENT_TILE_H];
    int best = k[GRADIENT_TILE_H];
    for (int i = 0; i < q->nchoices; i++) {
        k[GRADIENT_TILE_H] = q->choice[i];
        if (q->choice[i] > rows || q->choice[i] < best || q->choice[i] > 8 ||
            gradient_refuse(s, t, k))
            continue;
        if (gradient_plan(s, t, k).scratch.bytes <= bytes_of_tile(t, k))
            best = q->choice[i];
    }
    k[GRADIENT_TILE_H] = best;
}

static double cost_of(const dcn_spec *s, const dcn_target *t, int threads, const int *k)
{
    PhaseCost phase[MAX_PHASES];
    return balance_ns(phase, gradient_phases(s, t, k, phase), threads > 1 ? threads : 1);
}

/* Parts of the tiles, where blocks of channels are too few for the threads; what the best takes. */
static double guess_bands(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *q = &gradient_knobs[GRADIENT_BANDS];
    double least = cost_of(s, t, threads, k);
    int best = k[GRADIENT_BANDS];
    for (int i = 0; i < q->nchoices && threads > 1; i++) {
        k[GRADIENT_BANDS] = q->choice[i];
        if (gradient_refuse(s, t, k))
            continue;
        double ns = cost_of(s, t, threads, k);
        if (ns < least) {
            least = ns;
            best = q->choice[i];
        }
    }
    k[GRADIENT_BANDS] = best;
    return least;
}

/* What follows from the channels of a block, with copies or without.  Weight groups narrower than a vector stand side by
** side, if they can; then the rows of a register tile are the outputs of one of them.  Samples reach
** around a tile: two deviations of the offsets are worth fetching ahead. */
static double guess_rest(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const bool many = t->registers >= 32;
    const int64_t outputs = s->out_channels / s->groups;
    for (int i = 0; i < GRADIENT_NKNOBS; i++)
        if (i != GRADIENT_CHANNELS && i != GRADIENT_COMPACT)
            k[i] = gradient_knobs[i].choice[0];
    set_largest(s, t, k, GRADIENT_GROUP_PACK, 1);
    int mr = many ? 8 : 6;
    set_largest(s, t, k, GRADIENT_MR, k[GRADIENT_GROUP_PACK] && outputs < mr ? outputs : mr);
    set_largest(s, t, k, GRADIENT_NV, many ? 3 : 2);
    set_largest(s, t, k, GRADIENT_TAP_LANES, 1);
    if (problem_is_deformed(s))
        set_largest(s, t, k, GRADIENT_PREFETCH, 2 * COST_OFFSET_DEVIATION);
    guess_tile(s, t, k);
    return guess_bands(s, t, threads, k);
}

/* With the channels that make it the cheapest; what that takes. */
static double guess_channels(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *q = &gradient_knobs[GRADIENT_CHANNELS];
    double least = 0;
    int best = q->choice[0];
    for (int i = 0; i < q->nchoices; i++) {
        k[GRADIENT_CHANNELS] = q->choice[i];
        double ns = guess_rest(s, t, threads, k);
        if (!i || (ns < least && !gradient_refuse(s, t, k))) {
            least = ns;
            best = q->choice[i];
        }
    }
    k[GRADIENT_CHANNELS] = best;
    return guess_rest(s, t, threads, k);
}

void gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    int copies[GRADIENT_NKNOBS];
    k[GRADIENT_COMPACT] = 0;
    copies[GRADIENT_COMPACT] = 1;
    double without = guess_channels(s, t, threads, k);
    double with = guess_channels(s, t, threads, copies);
    if (with < without && !gradient_refuse(s, t, copies))
        memcpy(k, copies, sizeof copies);
}
