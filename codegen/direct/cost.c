/* cost.c: how long a kernel of the direct lowering takes, worked out and not measured.
**
** Every vector of output columns samples every channel once for each block of output channels that share it.
** See tiled_cost.c for what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

static const double CYCLES_PER_NS = 3;
static const double LOOK = 40;    /* of a tap: coordinates and weights of a vector of samples */
static const double GATHER = 0.9; /* of one lane of one of the four pixels */
static const double COMBINE = 12, LOAD = 2, SUM = 1.2;
enum { DYNAMIC_SIZE = 128 };

double direct_cost(const dcn_spec *s, int lanes, int outs, int threads)
{
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : DYNAMIC_SIZE;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : DYNAMIC_SIZE;
    int64_t per_group = s->out_channels / s->groups, channels = s->in_channels / s->groups;
    int64_t blocks = (per_group + outs - 1) / outs, vectors = (cols + lanes - 1) / lanes;
    double deformed = problem_is_deformed(s);
    double sample = deformed ? 4 * GATHER * lanes + COMBINE : LOAD;
    double tap = (deformed ? LOOK : 0) + (double)channels * (sample + SUM * outs);
    double row = (double)(vectors * s->groups * blocks * problem_taps(s)) * tap;
    int64_t all = rows * (s->batch > 0 ? s->batch : 1);
    return (double)((all + threads - 1) / threads) * row / CYCLES_PER_NS;
}
