/* cost.c: how long a kernel of the direct lowering takes, worked out and not measured.
**
** Every vector of output columns samples every channel once for each block of output channels that
** share it. Samples are gathered a lane at a time on every machine, a plain convolution's as well,
** and so are nhwc outputs scattered.
**
** The rates were fitted to those of tiled_phases, with which the guess compares them: 840 points of the
** grid of dcngen_lowerings, most of them with at most 64 channels, one thread of a Zen 5 core beside
** other work, November 2026. They leave out that many channels miss L1, where tiled is several times
** as fast anyhow. See kernel/cost.h for what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/direct/direct.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/problem.h"

static const double GATHER = 2.0;             /* a lane of a pixel, or of an nhwc offset */
static const double COMBINE = 4;              /* four pixels to a sample, for all lanes */
static const double SUM = 1.0;                /* a multiply-add and its weight */
static const double POSITION = 50;            /* where a tap looks and the four coefficients */
static const double TAP = 4;                  /* of a plain convolution */
static const double VECTOR = 15;              /* of output columns */
static const double STORE = 2, SCATTER = 2.7; /* a vector of outputs, a lane of it in nhwc */

static double position_cycles(const dcn_spec *s, int lanes)
{
    int offsets = 2 + (s->modulation != DCN_MODULATION_NONE);
    double gathered = s->layout == DCN_NHWC ? offsets * GATHER * lanes : 0;
    return problem_is_deformed(s) ? POSITION + gathered : TAP;
}

static double tap_cycles(const dcn_spec *s, int lanes, double outs)
{
    double channels = (double)(s->in_channels / s->groups);
    double sample = problem_is_deformed(s) ? 4 * GATHER * lanes + COMBINE : GATHER * lanes;
    return position_cycles(s, lanes) + channels * (sample + SUM * outs);
}

/* A vector of output columns, for so many output channels. */
static double block_cycles(const dcn_spec *s, int lanes, double outs)
{
    double store = s->layout == DCN_NHWC ? SCATTER * lanes : STORE;
    return VECTOR + problem_taps(s) * tap_cycles(s, lanes, outs) + outs * store;
}

PhaseCost direct_phase(const dcn_spec *s, int lanes, int outs)
{
    int64_t per_group = s->out_channels / s->groups, whole = per_group / outs;
    int64_t rest = per_group % outs, vectors = int_ceil_div(cost_out_cols(s), lanes);
    double group = (double)whole * block_cycles(s, lanes, outs);
    if (rest)
        group += block_cycles(s, lanes, (double)rest);
    double rows = (double)cost_out_rows(s) * cost_images(s);
    double row = (double)(vectors * s->groups) * group;
    return (PhaseCost){ .tasks = rows, .ns = row / COST_CYCLES_PER_NS };
}
