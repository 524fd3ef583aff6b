/* cost.c: how long a kernel of the direct lowering takes, worked out and not measured.
**
** Every vector of output columns samples every channel once for each block of output channels that
** share it.  Samples are gathered: by an instruction where the target's gathers are worth emitting, else
** a lane at a time, each with its address taken out of a vector, its test and its insertion.  So are nhwc
** outputs scattered.  Those of a plain convolution are a load where its lanes are neighbours; sums
** then wait for the ones before them, for weights that L1 does not keep, and for lines of planes.
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
static const double LOAD = 2;      /* a vector of neighbours, and the loop over channels */
static const double MASKED = 1.5;  /* more than LOAD at a border: where the lanes are */
static const double COMBINE = 4;   /* four pixels to a sample, for all lanes */
static const double SUM_FMA = 0.5; /* a multiply-add and its weight, with FMA */
static const double SUM = 1;       /* a product, a sum and the weight, without FMA */
static const double LATENCY = 4;   /* from a sum to the next */
/* Cycles that the sums of one vector are under way before those of another end. */
static const double OVERLAP = 25;
static const double POSITION = 52; /* where a tap looks and the four coefficients */
static const double TAP = 2;       /* a tap of a plain convolution */
static const double VECTOR = 4;    /* a vector of output columns */
static const double STORE = 1;     /* a vector of outputs */
static const double SCATTER = 1.5, STORE_LANE = 1.1; /* in nhwc a lane of it, or one by itself */

/* A vector of output columns. */
typedef struct DirectCost {
    const dcn_spec *s;
    double lanes, channels, sum;
    double sample;  /* cycles of a vector of a channel */
    double apart;   /* cycles of a vector of nhwc offsets, whose lanes lie apart */
    double scatter; /* cycles of a vector of nhwc outputs, whose lanes lie apart */
    double fp_bytes, l1_bytes;
} DirectCost;

/* The part of the vectors of a row that a map's borders or its end cut off. */
static double masked_part(const dcn_spec *s, int lanes)
{
    double cols = (double)cost_out_cols(s), vectors = cost_ceil_div(cols, lanes);
    double cut = vectors * lanes > cols, border = s->kernel[1] - 1.0;
    double part = (cut + border / s->kernel[1]) / vectors;
    return part < 1 ? part : 1;
}

/* A masked load is one instruction where vectors are wide; of 128 bits only SVE's are. */
static double neighbour_cycles(const dcn_spec *s, const dcn_target *t, int lanes)
{
    enum { NARROW = 16 };
    double masked = t->vector_bytes > NARROW ? MASKED : (LANE + TEST) * lanes;
    return LOAD + masked_part(s, lanes) * masked;
}

static DirectCost cost_of(const dcn_spec *s, const dcn_target *t, int lanes)
{
    bool deformed = problem_is_deformed(s);
    double lane = deformed ? LANE : LANE + TEST, gather = (t->gather ? GATHER : lane) * lanes;
    DirectCost c = { .s = s,
                     .lanes = lanes,
                     .channels = (double)(s->in_channels / s->groups),
                     .sum = t->fma ? SUM_FMA : SUM,
                     .sample = deformed ? 4 * gather + COMBINE : gather,
                     .apart = (t->gather ? APART : lane) * lanes,
                     .scatter = (t->gather ? SCATTER : STORE_LANE) * lanes,
                     .fp_bytes = (double)dcn_dtype_bytes(s->dtype),
                     .l1_bytes = (double)t->l1_bytes };
    if (direct_lanes_are_neighbours(s))
        c.sample = neighbour_cycles(s, t, lanes);
    return c;
}

static double position_cycles(const DirectCost *c)
{
    int offsets = 2 + (c->s->modulation != DCN_MODULATION_NONE);
    double gathered = c->s->layout == DCN_NHWC ? offsets * c->apart : 0;
    return problem_is_deformed(c->s) ? POSITION + gathered : TAP;
}

/* Weights of a channel at a tap: each output's lie in lines of their own, which come from L2 where those of all taps
** and channels do not stay in L1.  A gather takes longer. */
static double weights_cycles(const DirectCost *c, double outs)
{
    double per_channel = problem_taps(c->s) * c->fp_bytes;
    double line = per_channel < COST_LINE_BYTES ? per_channel : COST_LINE_BYTES;
    bool kept = outs * c->channels * per_channel <= COST_L1_SHARE * c->l1_bytes;
    return kept || !direct_lanes_are_neighbours(c->s) ? 0 : outs * line / COST_L2_RATE;
}

static double taps_cycles(const DirectCost *c, double outs)
{
    double taps = problem_taps(c->s), steps = taps * c->channels;
    double step = cost_larger(c->sample + c->sum * outs, weights_cycles(c, outs));
    double work = taps * position_cycles(c) + steps * step;
    return cost_larger(work, steps * LATENCY - OVERLAP);
}

/* A vector of output columns, for so many output channels. */
static double block_cycles(const DirectCost *c, double outs)
{
    double store = c->s->layout == DCN_NHWC ? c->scatter : STORE;
    return VECTOR + taps_cycles(c, outs) + outs * store;
}

/* What a row reads from beyond L2, and writes there, where the maps of a call do not stay in it, or the weights. */
typedef struct FarCycles {
    double in, out;
} FarCycles;

/* Bytes of the input for each row of the output; of rows that several taps look at, once where L2 keeps them. */
static double in_bytes(const dcn_spec *s, double row, double weights, double l2)
{
    double height = (double)cost_in_rows(s);
    double per_row = height / (double)cost_out_rows(s), window = s->kernel[0] * row;
    bool again = direct_lanes_are_neighbours(s) && window + weights > COST_L2_SHARE * l2;
    return again ? window : per_row * row;
}

/* Lines of few planes are read one after another, as is a row of pixels; those of many are visited in turn. */
static double in_cycles(const dcn_spec *s, double bytes)
{
    enum { FEW = 16 };
    bool in_turn = direct_lanes_are_neighbours(s) && s->in_channels / s->groups > FEW;
    return in_turn ? bytes / COST_LINE_BYTES * COST_PIECE : bytes / COST_L3_RATE;
}

static FarCycles far_of_row(const dcn_spec *s, const dcn_target *t)
{
    double fp_bytes = (double)dcn_dtype_bytes(s->dtype), l2 = (double)t->l2_bytes;
    double width = (double)cost_in_cols(s);
    double height = (double)cost_in_rows(s);
    double row = width * (double)s->in_channels * fp_bytes;
    double outs = (double)(cost_out_cols(s) * s->out_channels) * fp_bytes;
    double per_out = (double)(s->in_channels / s->groups) * problem_taps(s) * fp_bytes;
    double weights = (double)s->out_channels * per_out;
    bool maps = height * row + (double)cost_out_rows(s) * outs > l2;
    double in = maps ? in_cycles(s, in_bytes(s, row, weights, l2)) : 0;
    return (FarCycles){ .in = in + (weights > l2 ? weights : 0) / COST_L3_RATE,
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
