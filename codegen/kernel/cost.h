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

#include <dcngen.h>

/* A typical clock of servers under vector load, GHz.  It scales all estimates alike and orders
** nothing. */
#define COST_CYCLES_PER_NS 3.0

/* Bytes per cycle that come from beyond L2 one line after another. */
#define COST_L3_RATE 9.0

/* Bytes per cycle that come from L2. */
#define COST_L2_RATE 40.0

/* Cycles of a line that nothing expects, from beyond L2. */
#define COST_PIECE 30.0

/* Parts of a cache: that of L1 keeps what was read once, that of L2 weights beside what else is read. */
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

/* Rows, columns and images of the output, or what stands in for sizes that are not known yet. */
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

#endif
