/* guess.c: a good schedule without measuring: the register tile of the target, as many pixels as
** leave the tile's matrices in the private cache, and blocks of a few vectors of channels.
**
** Where a comment says no more, a constant is a rule of thumb: no timing of one against others is on record.  What they
** lead to is timed by bench/gradients.py (docs/GRADIENTS.md).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"

#include <math.h>
#include <string.h>

enum { WIDE = 24, HIGH = 8 }; /* columns and rows of a tile, at most */

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

/* Three quarters of the private cache; where nobody knows it, half of what the smallest ones have.  Of packed
** groups half of that, and a third where groups are narrower than a vector: their short products gain little by
** many pixels, and everything else by a tile that stays near. */
static int64_t bytes_of_tile(const dcn_target *t, const GradientPlan *p)
{
    int64_t all = t->l2_bytes > 0 ? t->l2_bytes / 4 * 3 : 128 << 10;
    return p->lanes_are_groups ? all / 3 : p->packs ? all / 2 : all;
}

/* In nchw whole vectors, which are lines of the planes of offsets, if a row has many of them.  Of packed
** groups a tile is half as wide, and so higher: fewer pixels lie around it. */
static int64_t widest_tile(const dcn_spec *s, const dcn_target *t, const int *k)
{
    int64_t cols = cost_out_cols(s), lines = int_round_up(WIDE, problem_vector(s, t));
    int64_t most = k[GRADIENT_GROUP_PACK] ? WIDE / 2 : WIDE;
    if (s->layout == DCN_NCHW && cols >= 4 * lines)
        most = lines;
    return cols < most ? cols : most;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    int64_t rows = cost_out_rows(s);
    set_largest(s, t, k, GRADIENT_TILE_W, widest_tile(s, t, k));
    const Knob *q = &gradient_knobs[GRADIENT_TILE_H];
    int best = k[GRADIENT_TILE_H];
    for (int i = 0; i < q->nchoices; i++) {
        k[GRADIENT_TILE_H] = q->choice[i];
        if (q->choice[i] > rows || q->choice[i] < best || q->choice[i] > HIGH ||
            gradient_refuse(s, t, k))
            continue;
        const GradientPlan p = gradient_plan(s, t, k);
        if (p.scratch.bytes <= bytes_of_tile(t, &p))
            best = q->choice[i];
    }
    k[GRADIENT_TILE_H] = best;
}

/* Parts of the tiles, where blocks of channels are too few for the threads; what the best takes. */
static double guess_bands(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *q = &gradient_knobs[GRADIENT_BANDS];
    double least = balance_call_ns(gradient_phases, s, t, threads, k);
    int best = k[GRADIENT_BANDS];
    for (int i = 0; i < q->nchoices && threads > 1; i++) {
        k[GRADIENT_BANDS] = q->choice[i];
        if (gradient_refuse(s, t, k))
            continue;
        double ns = balance_call_ns(gradient_phases, s, t, threads, k);
        if (ns < least) {
            least = ns;
            best = q->choice[i];
        }
    }
    k[GRADIENT_BANDS] = best;
    return least;
}

/* Rows of a register tile of packed groups, whose outputs are few: those that need the fewest vectors, of sums
** and one of b to a tile. */
static int64_t guess_rows(int64_t outputs, int64_t most)
{
    const Knob *q = &gradient_knobs[GRADIENT_MR];
    int64_t best = 1;
    for (int i = 0; i < q->nchoices; i++) {
        int64_t mr = q->choice[i];
        if (mr <= most &&
            int_ceil_div(outputs, mr) * (mr + 1) <= int_ceil_div(outputs, best) * (best + 1))
            best = mr;
    }
    return best;
}

/* What the guess tries in turn; all else follows from it. */
static const int tried[] = { GRADIENT_GROUP_PACK, GRADIENT_COMPACT, GRADIENT_CHANNELS };
enum { NTRIED = sizeof tried / sizeof *tried };

static void forget_rest(int *k)
{
    int kept[NTRIED];
    for (int i = 0; i < NTRIED; i++)
        kept[i] = k[tried[i]];
    for (int i = 0; i < GRADIENT_NKNOBS; i++)
        k[i] = gradient_knobs[i].choice[0];
    for (int i = 0; i < NTRIED; i++)
        k[tried[i]] = kept[i];
}

/* What follows from what is tried, and what that takes; HUGE_VAL: nothing does, it is refused.  The register tile is
** 8 x 3 of 32 registers, or 6 x 2 of 16: its sums, a row of b and one element of a fill 28, or 15, of them.  Samples
** reach around a tile: two deviations of the offsets are worth fetching ahead. */
static double guess_rest(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const bool many = t->registers >= 32, packs = k[GRADIENT_GROUP_PACK];
    forget_rest(k);
    if (gradient_refuse(s, t, k))
        return HUGE_VAL;
    int64_t mr = many ? 8 : 6;
    set_largest(s, t, k, GRADIENT_MR, packs ? guess_rows(s->out_channels / s->groups, mr) : mr);
    set_largest(s, t, k, GRADIENT_NV, many || packs ? 3 : 2);
    set_largest(s, t, k, GRADIENT_TAP_LANES, 1);
    if (problem_is_deformed(s))
        set_largest(s, t, k, GRADIENT_PREFETCH, 2 * COST_OFFSET_DEVIATION);
    guess_tile(s, t, k);
    return guess_bands(s, t, threads, k);
}

/* The best of all values of tried[nth] and of those behind it. */
static double guess_from(const dcn_spec *s, const dcn_target *t, int threads, int nth, int *k)
{
    if (nth == NTRIED)
        return guess_rest(s, t, threads, k);
    const Knob *q = &gradient_knobs[tried[nth]];
    int best[GRADIENT_NKNOBS], here[GRADIENT_NKNOBS];
    double least = HUGE_VAL;
    memcpy(here, k, sizeof here);
    for (int i = 0; i < q->nchoices; i++) {
        here[tried[nth]] = q->choice[i];
        double ns = guess_from(s, t, threads, nth + 1, here);
        if (i && ns >= least)
            continue;
        least = ns;
        memcpy(best, here, sizeof best);
    }
    memcpy(k, best, sizeof best);
    return least;
}

void gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    for (int i = 0; i < GRADIENT_NKNOBS; i++)
        k[i] = gradient_knobs[i].choice[0];
    guess_from(s, t, threads, 0, k);
}
