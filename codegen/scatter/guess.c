/* guess.c: a schedule of the scatter lowering without measuring: copies of the maps by group, blocks
** that are long for each group, and tasks for all threads, of some groups and of bands of rows.
**
** The constants are rules of thumb: no timing of one against others is on record.  What they lead to is timed by
** dcngen_cores bench/gradients.lua (docs/GRADIENTS.md).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"
#include "codegen/scatter/scatter.h"

#include <string.h>

/* (pixel, group)s of a block: those of a group look at what is in L1 from the one before. */
enum { MAX_BLOCK = 128 };

/* What a block is worked out in leaves most of L2 to the maps; where nobody knows it, of the smallest. */
static bool block_fits(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const int64_t l2 = t->l2_bytes > 0 ? t->l2_bytes : 256 << 10;
    return scatter_plan(s, t, k).scratch.bytes <= l2 / 4;
}

/* The largest legal block that fits, or the smallest there is. */
static void guess_block(const dcn_spec *s, const dcn_target *t, int *k)
{
    for (int block = MAX_BLOCK; block > 1 && (k[SCATTER_BLOCK] == 1 || !block_fits(s, t, k));
         block /= 2)
        kernel_set_if_legal(scatter_refuse, s, t, k, SCATTER_BLOCK, block);
}

/* A schedule with such tasks, if there is one. */
static bool guess_with(const dcn_spec *s, const dcn_target *t, int groups, int bands, int *k)
{
    for (int i = 0; i < SCATTER_NKNOBS; i++)
        k[i] = scatter_knobs[i].guess;
    k[SCATTER_TASK_GROUPS] = groups;
    k[SCATTER_BANDS] = bands;
    k[SCATTER_COMPACT] = s->offset_groups > 1;
    if (scatter_refuse(s, t, k))
        return false;
    guess_block(s, t, k);
    return true;
}

/* The groups and bands whose tasks keep the threads busiest for the least work. */
static void spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *groups = &scatter_knobs[SCATTER_TASK_GROUPS],
               *bands = &scatter_knobs[SCATTER_BANDS];
    double least = balance_call_ns(scatter_phases, s, t, threads, k);
    for (int i = 0; i < groups->nchoices * bands->nchoices; i++) {
        int other[SCATTER_NKNOBS];
        if (!guess_with(s, t, groups->choice[i % groups->nchoices],
                        bands->choice[i / groups->nchoices], other))
            continue;
        double ns = balance_call_ns(scatter_phases, s, t, threads, other);
        if (ns < least) {
            least = ns;
            memcpy(k, other, sizeof other);
        }
    }
}

void scatter_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    if (guess_with(s, t, 0, 1, k) && threads > 1)
        spread(s, t, threads, k);
}
