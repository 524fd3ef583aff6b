/* cost.c: how long sums of samples take, worked out and not measured.
**
**     (pixel, group) = sample table + accumulation + memory        cycles, and copies of rows of the map
**     accumulation   = max(loads, work of the vector units)
**     memory         = bytes from beyond L2, and waiting for those that were not prefetched
**
** Only ratios matter, see kernel/cost.h. Work is counted from the emitted loops; rates are those of
** a core that starts two loads and two multiply-adds per cycle, less what loops lose. What memory
** costs is an estimate that no measurement fixes: the tuner corrects it by what it measures, and
** tests/unit/schedule/test_guess.c bounds how far it disagrees with schedules that won.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/aggregate/aggregate.h"
#include "codegen/balance.h"
#include "codegen/kernel/workspace.h"

/* Cycles of the sample table: a vector of points, how many vectors are at the border and made twice over,
** a term of a softmax, a call; copying the offsets and masks of a group. */
static const double VECTOR = 28, BORDER = 0.3, EXP = 12, CALL = 120, GATHER = 5;
/* Per cycle: loads, multiply-adds, bytes from beyond L2. */
static const double LOADS = 1.8, UNITS = 1.9, MEMORY = 9;
static const double TASK = 200; /* finding its tile, calling its function */
/* How much longer sums take where samples lie far apart, and an element of a copy of the map: fitted to schedules of
** cores of 320 to 2560 channels (docs/dev/PERFORMANCE.md, "Copies of groups"), Zen 5 core, one thread. */
static const double FAR = 1.3, COPY = 0.25;
static const double WAIT = 12; /* for a line that was not prefetched */
/* Estimates, as said above: the part of the rows and columns around a tile that comes from beyond L2 again; how much
** more an output costs whose line is read before it is written; the part of the bytes' time that work does not hide;
** cycles that prefetched offsets save a (pixel, group). */
static const double AGAIN = 0.25, READ_FIRST = 1.6, SHOWN = 0.5, PREFETCHED = 0.5;
enum {
    REACH = 3 * COST_OFFSET_DEVIATION, /* rows and columns beyond a tile that its offsets reach */
    ROWS_IN_TIME = 8, /* a row that is asked for so many rows early is there in time */
};

static double sample_table(const AggregatePlan *p)
{
    double vectors = cost_ceil_div(p->block.points, p->lanes);
    double groups = (double)p->block.pixels * p->block.groups;
    double each = VECTOR * (1 + BORDER) + (p->softmax ? EXP : 0);
    bool gathers = p->offset_mask_stride || p->gathers;
    return (vectors * each + CALL) / groups + (gathers ? GATHER : 0);
}

static double accumulation(const AggregatePlan *p)
{
    double vectors = cost_ceil_div(p->group_channels, p->acc_lanes);
    double samples = 4.0 * p->points * vectors;
    double visits =
        p->points *
        cost_ceil_div(vectors, AGG_MAX_VECTORS); /* of a point: its address, its coefficients */
    double broadcasts = visits * (4 - p->coeff_shuffles + (p->coeff_shuffles > 0));
    double loads = samples + broadcasts + visits;
    return cost_larger(loads / LOADS, (samples + visits * p->coeff_shuffles) / UNITS);
}

/* Offsets, masks and outputs pass once; of the map, its rows and a part of those that are read
** again in the next tile. */
static double memory(const AggregatePlan *p)
{
    double group = (double)p->group_channels * p->fp_bytes, inputs = 3.0 * p->points * p->fp_bytes;
    double rows = p->s->stride[0] * (1 + AGAIN * REACH / p->tile_h), cols = p->s->stride[1];
    if (p->tile_w)
        cols *= 1 + AGAIN * REACH / p->tile_w;
    double outputs = group * (p->nontemporal || !p->epilogue ? 1 : READ_FIRST);
    double bytes = inputs + group * rows * cols + outputs, late = 1;
    if (p->prefetch_rows)
        late = cost_larger(0, ROWS_IN_TIME - p->prefetch_rows) / ROWS_IN_TIME;
    double waits = WAIT * late * group * rows * cols / COST_LINE_BYTES;
    return bytes / MEMORY * SHOWN + waits - (p->prefetch_blocks ? PREFETCHED : 0);
}

bool aggregate_has_wide_pixels(const dcn_spec *s)
{
    return 2 * s->in_channels * (int64_t)dcn_dtype_bytes(s->dtype) >= PAGE_BYTES;
}

/* WINDOW: of a tile of 16 columns, the narrowest one that is guessed, in pixels. */
bool aggregate_is_sparse(const dcn_spec *s, const dcn_target *t)
{
    enum {
        WINDOW_ROWS = 8 * COST_OFFSET_DEVIATION + 1,
        WINDOW_COLS = 16 + 8 * COST_OFFSET_DEVIATION
    };
    int64_t rows = cost_in_rows(s), cols = cost_in_cols(s);
    int64_t pixel = s->in_channels * dcn_dtype_bytes(s->dtype);
    int64_t window =
        (rows < WINDOW_ROWS ? rows : WINDOW_ROWS) * (cols < WINDOW_COLS ? cols : WINDOW_COLS);
    return aggregate_has_wide_pixels(s) && s->offset_groups > 1 &&
           rows * cols * pixel > t->l2_bytes && window * pixel > t->l2_bytes * 4 / 5;
}

double aggregate_tile_cost(const AggregatePlan *p, const dcn_target *t, double pixels)
{
    double far = !p->compact && aggregate_is_sparse(p->s, t) ? FAR : 1;
    double group = sample_table(p) + far * accumulation(p) + memory(p);
    return pixels * p->groups * group / COST_CYCLES_PER_NS;
}

/* A task copies the rows that its own reach. */
static double copies(const AggregatePlan *p)
{
    const dcn_spec *s = p->s;
    double rows = (double)cost_in_rows(s);
    double cols = (double)cost_in_cols(s);
    double reached = (double)p->tile_h * s->stride[0] + s->kernel[0] - 1 + 2.0 * REACH;
    double row = cols * p->task_groups * p->group_channels;
    return p->compact ? (reached < rows ? reached : rows) * row * COPY / COST_CYCLES_PER_NS : 0;
}

/* Pixels of the largest tile, and of all of them on average. */
typedef struct AggregatePixels {
    double tiles, largest, mean;
} AggregatePixels;

static AggregatePixels pixels_of(const AggregatePlan *p)
{
    double rows = (double)cost_out_rows(p->s), cols = (double)cost_out_cols(p->s);
    double th = rows < p->tile_h ? rows : p->tile_h, tw = p->tile_w ? p->tile_w : cols;
    AggregatePixels n = { .tiles = cost_images(p->s) * cost_ceil_div(rows, th) *
                                   cost_ceil_div(cols, tw) };
    n.largest = th * (tw < cols ? tw : cols);
    n.mean = cost_images(p->s) * rows * cols / n.tiles;
    return n;
}

int aggregate_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                     PhaseCost out[MAX_PHASES])
{
    AggregatePlan p = aggregate_plan(s, t, k);
    AggregatePixels n = pixels_of(&p);
    double parts = (double)p.groups / p.task_groups, cols = (double)cost_out_cols(s);
    double width = p.tile_w ? p.tile_w : cols, blocks = cost_ceil_div(width, p.block.pixels);
    double ragged = blocks * p.block.pixels / width; /* the last block of a row is shorter */
    double task = aggregate_tile_cost(&p, t, n.mean) / parts + TASK / COST_CYCLES_PER_NS;
    out[0] =
        (PhaseCost){ .tasks = n.tiles * parts, .ns = task * (1 + 0.1 * (ragged - 1)) + copies(&p) };
    return 1;
}

/* A phase ends when its last task does, which began half of the longest one before the threads
** would be done at once, on average. */
double aggregate_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads)
{
    PhaseCost phase[MAX_PHASES];
    double ns = balance_ns(phase, aggregate_phases(s, t, k, phase), threads);
    AggregatePlan p = aggregate_plan(s, t, k);
    AggregatePixels n = pixels_of(&p);
    double work = phase[0].tasks * phase[0].ns / threads,
           longest = phase[0].ns * n.largest / n.mean;
    double uneven = work + longest / 2 * (threads - 1) / threads;
    return cost_larger(ns, cost_larger(uneven, longest) + BALANCE_PHASE_NS);
}
