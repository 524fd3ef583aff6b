/* cost.c: how long a kernel of the direct lowering takes, worked out and not measured.
**
** Every vector of output columns samples every channel once for each block of output channels that
** share it.  Samples are gathered, a plain convolution's as well: by an instruction where the target's
** gathers are worth emitting, else a lane at a time, each with its address taken out of a vector, its
** test and its insertion.  So are nhwc outputs scattered.
**
** Rates are counted from the instructions that are emitted (dcngen show asm), and checked by
** dcngen_lowerings (docs/dev/PERFORMANCE.md, "The guess takes the right lowering").  See kernel/cost.h for
** what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/direct/direct.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/problem.h"

/* A lane of a vector that does not lie together: two loads a cycle and what the instruction does
** besides; a line for each lane; by itself. */
static const double GATHER = 0.62, APART = 1, LANE = 1.4;
static const double TEST = 0.2;    /* whether there is such a lane by itself */
static const double COMBINE = 4;   /* four pixels to a sample, for all lanes */
static const double SUM_FMA = 0.5; /* a multiply-add and its weight */
static const double SUM = 1;       /* the same as two operations */
static const double POSITION = 52; /* where a tap looks and the four coefficients */
static const double TAP = 2;       /* of a plain convolution */
static const double VECTOR = 4;    /* of output columns */
static const double STORE = 1;     /* a vector of outputs */
static const double SCATTER = 1.5, STORE_LANE = 1.1; /* in nhwc a lane of it, or one by itself */

/* A vector of output columns. */
typedef struct DirectCost {
    const dcn_spec *s;
    double lanes, sum;
    double gather, apart; /* cycles of a vector of pixels, of nhwc offsets */
    double scatter;       /* of nhwc outputs */
} DirectCost;

static DirectCost cost_of(const dcn_spec *s, const dcn_target *t, int lanes)
{
    double lane = problem_is_deformed(s) ? LANE : LANE + TEST;
    return (DirectCost){ .s = s,
                         .lanes = lanes,
                         .sum = t->fma ? SUM_FMA : SUM,
                         .gather = (t->gather ? GATHER : lane) * lanes,
                         .apart = (t->gather ? APART : lane) * lanes,
                         .scatter = (t->gather ? SCATTER : STORE_LANE) * lanes };
}

static double position_cycles(const DirectCost *c)
{
    int offsets = 2 + (c->s->modulation != DCN_MODULATION_NONE);
    double gathered = c->s->layout == DCN_NHWC ? offsets * c->apart : 0;
    return problem_is_deformed(c->s) ? POSITION + gathered : TAP;
}

static double tap_cycles(const DirectCost *c, double outs)
{
    double channels = (double)(c->s->in_channels / c->s->groups);
    double sample = problem_is_deformed(c->s) ? 4 * c->gather + COMBINE : c->gather;
    return position_cycles(c) + channels * (sample + c->sum * outs);
}

/* A vector of output columns, for so many output channels. */
static double block_cycles(const DirectCost *c, double outs)
{
    double store = c->s->layout == DCN_NHWC ? c->scatter : STORE;
    return VECTOR + problem_taps(c->s) * tap_cycles(c, outs) + outs * store;
}

/* What a row reads from beyond L2, and writes there, where the maps of a call do not stay in it, or the weights. */
typedef struct FarCycles {
    double in, out;
} FarCycles;

static FarCycles far_of_row(const dcn_spec *s, const dcn_target *t)
{
    double fp_bytes = (double)dcn_dtype_bytes(s->dtype), rows = (double)cost_out_rows(s);
    double outs = (double)(cost_out_cols(s) * s->out_channels) * fp_bytes;
    double height = s->height > 0 ? (double)s->height : COST_DYNAMIC_SIZE;
    double width = s->width > 0 ? (double)s->width : COST_DYNAMIC_SIZE;
    double ins = height / rows * width * (double)s->in_channels * fp_bytes;
    double per_out = (double)(s->in_channels / s->groups) * problem_taps(s) * fp_bytes;
    double weights = (double)s->out_channels * per_out, l2 = (double)t->l2_bytes;
    bool maps = (ins + outs) * rows > l2;
    return (FarCycles){ .in = ((maps ? ins : 0) + (weights > l2 ? weights : 0)) / COST_L3_RATE,
                        .out = maps ? outs / COST_L3_RATE : 0 };
}

PhaseCost direct_phase(const dcn_spec *s, const dcn_target *t, int lanes, int outs)
{
    const DirectCost c = cost_of(s, t, lanes);
    int64_t per_group = s->out_channels / s->groups, whole = per_group / outs;
    int64_t rest = per_group % outs, vectors = int_ceil_div(cost_out_cols(s), lanes);
    double group = (double)whole * block_cycles(&c, outs);
    if (rest)
        group += block_cycles(&c, (double)rest);
    double rows = (double)cost_out_rows(s) * cost_images(s);
    double work = (double)(vectors * s->groups) * group;
    FarCycles far = far_of_row(s, t); /* stores are waited for by none but the next ones */
    return (PhaseCost){ .tasks = rows,
                        .ns = (cost_larger(work, far.out) + far.in) / COST_CYCLES_PER_NS };
}
