/* cost.h: what the lowerings' accounts of cost share.
**
** An account of cost orders schedules before anything is measured; the tuner corrects it by what
** it measures, so only the ratios of its numbers matter.  Cycles are those of a core with two
** multiply-add units; every account is turned into nanoseconds by one clock rate, so that the
** lowerings of one operator can be compared.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_COST_H
#define DCN_CODEGEN_COST_H

#include "codegen/lowering.h"

#include <assert.h>
#include <dcngen.h>

/* A typical clock of servers under vector load, GHz.  It scales all estimates alike and orders
** nothing. */
#define COST_CYCLES_PER_NS 3.0

/* Rates and shares of caches are estimates, none of them fitted by itself: dcngen_lowerings (bench/lowerings.c) judges
** all of them together, by which of two lowerings is faster; docs/dev/PERFORMANCE.md has its runs on cores of Emerald
** Rapids and Zen 3. */

/* Bytes per cycle that come from beyond L2 one line after another. */
#define COST_L3_RATE 9.0

/* Bytes per cycle that come from L2. */
#define COST_L2_RATE 40.0

/* Cycles of a line that nothing expects, from beyond L2. */
#define COST_PIECE 30.0

/* Bytes per ns that one core moves: between its own caches and those that it shares, as values of a network that
** are small and just written; and to or from its L2 cache or beyond, wherever they lie.  Both are estimates, to a
** factor of two or so: enough to tell work that is worth a task, or a thread, from work that is not. */
#define COST_NEAR_BYTES_PER_NS 40.0
#define COST_FAR_BYTES_PER_NS  8.0

/* A schedule takes the place of a guess for few threads only below this share of its cost: accounts are wrong by more
** than what is left.  A choice; nobody measured how far they are wrong. */
#define COST_WORTH_IT 0.97

/* Shares of a cache: of L1 for what was read once, of L2 for weights beside what else is read. */
#define COST_L1_SHARE 0.6
#define COST_L2_SHARE 0.85

enum {
    COST_LINE_BYTES = 64,
    /* Stands in for rows and columns that are known only at run time: large enough that edges do
    ** not decide. */
    COST_DYNAMIC_SIZE = 128,
    /* Standard deviation of offsets, in pixels, where nobody says how far they reach: kernels are
    ** timed with it unless offsets of a network are given (`--offsets`, docs/TUNING.md).  How far
    ** around a tile samples are expected is stated in multiples of it. */
    COST_OFFSET_DEVIATION = 2,
};

static inline double cost_larger(double a, double b)
{
    return a > b ? a : b;
}

/* n / by, rounded up to a whole number; n >= 0, by > 0. */
static inline double cost_ceil_div(double n, double by)
{
    int64_t whole = (int64_t)(n / by);
    return (double)whole + ((double)whole * by < n);
}

/* Rows and columns of the input, rows and columns of the output, and images, or what stands in for sizes
** that are not known yet. */
static inline int64_t cost_in_rows(const dcn_spec *s)
{
    return s->height > 0 ? s->height : COST_DYNAMIC_SIZE;
}

static inline int64_t cost_in_cols(const dcn_spec *s)
{
    return s->width > 0 ? s->width : COST_DYNAMIC_SIZE;
}

static inline int64_t cost_out_rows(const dcn_spec *s)
{
    return s->height > 0 ? dcn_out_height(s, s->height) : COST_DYNAMIC_SIZE;
}

static inline int64_t cost_out_cols(const dcn_spec *s)
{
    return s->width > 0 ? dcn_out_width(s, s->width) : COST_DYNAMIC_SIZE;
}

static inline double cost_images(const dcn_spec *s)
{
    return s->batch > 0 ? (double)s->batch : 1;
}

/* Writes phase number n of an account, of so many tasks that take so many cycles each; returns the number of the
** phase after it. */
static inline int cost_add_phase(PhaseCost out[MAX_PHASES], int n, double tasks, double cycles)
{
    assert(n < MAX_PHASES);
    out[n] = (PhaseCost){ .tasks = tasks, .ns = cycles / COST_CYCLES_PER_NS };
    return n + 1;
}

#endif
