/* cost.c: how long a kernel of the direct lowering takes, worked out and not measured.
**
** Every vector of output columns samples every channel once for each block of output channels that share it.
** See kernel/cost.h for what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/direct/direct.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/problem.h"

/* Cycles: for a vector of samples, where a tap looks and the four weights; what combines four pixels of a channel; a
** load of a row; one multiply-add and its weight.  Each lane of each of the four pixels is gathered. */
static const double POSITION = 40, COMBINE = 12, LOAD = 2, SUM = 1.2, GATHER = 0.9;

double direct_cost(const dcn_spec *s, int lanes, int outs, int threads)
{
    int64_t per_group = s->out_channels / s->groups, channels = s->in_channels / s->groups;
    int64_t blocks = int_ceil_div(per_group, outs), vectors = int_ceil_div(cost_out_cols(s), lanes);
    bool deformed = problem_is_deformed(s);
    double sample = deformed ? 4 * GATHER * lanes + COMBINE : LOAD;
    double tap = (deformed ? POSITION : 0) + (double)channels * (sample + SUM * outs);
    double row = (double)(vectors * s->groups * blocks * problem_taps(s)) * tap;
    int64_t rows = cost_out_rows(s) * (int64_t)cost_images(s);
    return (double)int_ceil_div(rows, threads) * row / COST_CYCLES_PER_NS;
}
