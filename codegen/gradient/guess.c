/* guess.c: a good schedule without measuring: the register tile of the target, as many pixels as
** leave the tile's matrices in half of L2, and blocks of a few vectors of channels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/cost.h"

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

/* Half of the private cache; where nobody knows it, what the smallest ones have. */
static int64_t bytes_of_tile(const dcn_target *t)
{
    return t->l2_bytes > 0 ? t->l2_bytes / 2 : 128 << 10;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t cols = cost_out_cols(s), rows = cost_out_rows(s);
    set_largest(s, t, k, GRADIENT_TILE_W, cols < 24 ? cols : 24);
    const Knob *q = &gradient_knobs[GRADIENT_TILE_H];
    int best = k[GRADIENT_TILE_H];
    for (int i = 0; i < q->nchoices; i++) {
        k[GRADIENT_TILE_H] = q->choice[i];
        if (q->choice[i] > rows || q->choice[i] < best || q->choice[i] > 8 ||
            gradient_refuse(s, t, k))
            continue;
        if (gradient_plan(s, t, k).scratch.bytes <= bytes_of_tile(t))
            best = q->choice[i];
    }
    k[GRADIENT_TILE_H] = best;
}

/* Parts of the tiles, where blocks of channels are too few for the threads. */
static void guess_bands(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *q = &gradient_knobs[GRADIENT_BANDS];
    PhaseCost phase[MAX_PHASES];
    double least = 0;
    int best = k[GRADIENT_BANDS];
    for (int i = 0; i < q->nchoices; i++) {
        k[GRADIENT_BANDS] = q->choice[i];
        if (gradient_refuse(s, t, k))
            continue;
        double ns = balance_ns(phase, gradient_phases(s, t, k, phase), threads);
        if (!i || ns < least) {
            least = ns;
            best = q->choice[i];
        }
    }
    k[GRADIENT_BANDS] = best;
}

void gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const bool many = t->registers >= 32;
    k[GRADIENT_CHANNELS] = gradient_knobs[GRADIENT_CHANNELS].choice[0];
    k[GRADIENT_TILE_H] = k[GRADIENT_BANDS] = 1;
    k[GRADIENT_TILE_W] = gradient_knobs[GRADIENT_TILE_W].choice[0];
    k[GRADIENT_MR] = many ? 8 : 6;
    k[GRADIENT_NV] = 1;
    set_largest(s, t, k, GRADIENT_CHANNELS, problem_vector(s, t) > 16 ? 32 : 16);
    set_largest(s, t, k, GRADIENT_NV, many ? 3 : 2);
    guess_tile(s, t, k);
    if (threads > 1)
        guess_bands(s, t, threads, k);
}
