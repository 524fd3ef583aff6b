/* cost.c: how long a kernel of the tiled lowering takes, worked out and not measured.
**
**     tile    = sample table + im2col tile + product     cycles, with their edges and overheads
**     product = max(instructions, bytes through L1) + overheads of its calls
**     call    = rows of the repacked input, tasks of `grain` tiles or of a part of one, rows of
**               partial sums that are added up: up to three phases
**
** See kernel/cost.h for what the number is good for.  Rates are those of a core with two multiply-add
** units and two loads a cycle, counted from the emitted loops; what memory costs is fitted.  The order of
** schedules is that of sweeps over the layers of bench/workloads.lua ("Many schedules, side by side" in
** docs/dev/PERFORMANCE.md), the order of lowerings that of the grid of dcngen_lowerings, where the medians of time /
** account are 0.8 to 1.15 in every class (docs/dev/PERFORMANCE.md, "The guess takes the right lowering").
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"

static const double SAMPLE = 6, COPY = 1;      /* a vector of channels, deformed or not */
static const double SPAN = 2, COPY_SPAN = 2.2; /* a span of channels at a tap of a pixel */
static const double TABLE_VECTOR = 20;         /* a vector of positions and coefficients */
static const double ENTRY = 3;                 /* an entry of the sample table, five words */
static const double TWO_OPERATIONS = 1.5;      /* times as long as a multiply-add */
static const double CALL = 22;                 /* a call of the micro-kernel */
static const double UNPACK = 3;                /* a vector of transposed outputs */
static const double COLLIDE = 5;               /* times as long where output planes collide in L1 */
static const double REPACK = 1.8;              /* an element of the copy of the input */
static const double WALK = 40;                 /* where its page is not known, either */
static const double PIXEL = 3;                 /* a pixel of the output, for finding its place */
/* Partial sums go to lines that another core read last, and come from those that others wrote. */
static const double PARTIAL_RATE = 9; /* bytes per cycle, an estimate: that of L3 */
/* The product waits for a share of the time in which weights come from beyond L2: less where they are asked for ahead,
** fitted on one core of Emerald Rapids, pointwise convolutions of 2048 and 512 channels on a map of 7x7. */
static const double WAITED = 0.6, WAITED_AHEAD = 0.1;
/* Rows and columns beyond its own window that a tile touches, a deviation of the offsets on each
** side. */
enum { REACH = 2 * COST_OFFSET_DEVIATION };

/* What a task has of a tile of so many pixels: all of it, or the longest of its parts. */
typedef struct TileCost {
    const TiledPlan *p;
    const dcn_target *t;
    double pixels, panels;
    double groups, out_blocks;        /* packed groups, blocks of outputs of each */
    double kc;                        /* rank-1 updates of one packed group, over all columns */
    double blocks;                    /* columns that these are cut into */
    double of_groups, of_outs, of_kc; /* shares of all of the tile's */
} TileCost;

static TileCost tile_of(const TiledPlan *p, const dcn_target *t, double pixels)
{
    const TiledGroups *g = &p->groups;
    const TiledParts *part = &p->parts;
    TileCost a = { .p = p, .t = t, .pixels = pixels };
    a.panels = cost_ceil_div(pixels, p->tile.mr);
    a.groups = part->groups;
    a.out_blocks = part->out_blocks;
    a.of_groups = a.groups / g->count;
    a.of_outs = a.out_blocks / g->out_blocks;
    double channels = part->channels < g->in_channels ? part->channels : g->in_channels;
    a.of_kc = channels / g->in_channels;
    a.kc = channels / g->pack * g->taps;
    a.blocks = cost_ceil_div(channels, g->channel_block) * cost_ceil_div(g->taps, g->tap_block);
    return a;
}

/* ---- the product ------------------------------------------------------------------------- */

/* A rank-1 update: without multiply-adds the product needs a register, and a copy of the broadcast
** to be made in; sums are four cycles apart; LLVM's scheduler runs out of registers when large tiles
** are unrolled far. */
static double update_cycles(const TileCost *a, int nv)
{
    const TiledPlan *p = a->p;
    double mr = p->tile.mr, sums = mr * nv, unroll = p->tile.unroll;
    double units = sums / 2 * 1.12 * (a->t->fma ? 1 : TWO_OPERATIONS);
    double loads = (mr + nv) / 1.8, spills = sums >= 24 && unroll > 2 ? 1.1 : 1;
    return cost_larger(cost_larger(units, loads), 4) * spills + 1.0 / unroll;
}

static double instructions(const TileCost *a)
{
    const TiledGroups *g = &a->p->groups;
    int last = a->of_outs < 1 ? a->p->tile.nv : g->last_nv;
    double inner = (a->out_blocks - 1) * update_cycles(a, a->p->tile.nv);
    return a->groups * a->panels * a->kc * (inner + update_cycles(a, last));
}

/* What passes through L1 from farther away: pixels outside read the weights of a column again for
** each panel, outputs outside read the column again for each block of outputs. */
static double traffic(const TileCost *a)
{
    const TiledGroups *g = &a->p->groups;
    bool outputs_outer = a->p->tile.outputs_outer;
    double kc = a->kc / a->blocks * a->p->fp_bytes, l1 = COST_L1_SHARE * (double)a->t->l1_bytes;
    double weights = kc * g->out_padded * a->of_outs, column = kc * g->pack * a->pixels;
    double again = outputs_outer ? column * a->out_blocks : weights * a->panels;
    double kept = outputs_outer ? column : weights;
    double once = weights + column, all = a->blocks * a->groups;
    return all * (kept > l1 ? again + once : once);
}

/* Sums are stored and loaded again between columns. */
static double overheads(const TileCost *a)
{
    double calls = a->groups * a->panels * a->out_blocks * a->blocks;
    return calls * (CALL + (a->blocks > 1 ? 1.5 : 1) * a->p->tile.mr * a->p->tile.nv);
}

/* The part of the register tiles that need a column: without offsets, those at the border. */
static double sampled(const TiledPlan *p)
{
    const dcn_spec *s = p->s;
    double rows = (double)cost_out_rows(s), cols = (double)cost_out_cols(s), mr = p->tile.mr;
    double last = cols - mr * (cost_ceil_div(cols, mr) - 1), edge = (mr + last) / cols;
    double above = (s->kernel[0] - 1) / rows;
    if (p->tile.one_row && p->tile.implicit_gemm) /* half of the last register tile */
        return 0.5 * mr / p->tile.pixels;
    if (!p->tile.implicit_gemm || above >= 1 || edge >= 1)
        return 1;
    double border = 1 - (1 - above) * (1 - edge);
    return p->tile.tw % p->tile.mr ? (1 + border) / 2 : border;
}

/* Weights that do not stay in L2 beside the column come from beyond it, once per tile. */
static double weights_again(const TileCost *a)
{
    const TiledPlan *p = a->p;
    double packed = (double)p->packed_elements * p->fp_bytes;
    double pixels = sampled(p) * p->tile.pixels; /* the others are read from the map itself */
    double column = pixels * p->scratch.column_stride * p->fp_bytes;
    double l2 = COST_L2_SHARE * (double)a->t->l2_bytes;
    double missed = column + packed > l2 ? packed * a->of_groups * a->of_outs * a->of_kc : 0;
    double columns = a->blocks * a->groups / p->groups.group_block;
    double spilled = column > l2 ? (column - l2) * columns : 0;
    double waited = p->tile.weights_ahead ? WAITED_AHEAD : WAITED;
    return (waited * missed + spilled) / COST_L3_RATE;
}

static double product(const TileCost *a)
{
    double work = instructions(a), bytes = traffic(a) / COST_L2_RATE;
    return cost_larger(work, bytes) + 0.15 * (work < bytes ? work : bytes) + overheads(a) +
           weights_again(a);
}

/* ---- what comes before it, and after it -------------------------------------------------- */

/* A span of a plain column, a piece for each packed group.  Its lines are fetched and written back. */
static double copy_cycles(const TiledPlan *p, int span)
{
    int piece = p->groups.in_channels < p->lanes ? p->groups.in_channels : p->lanes;
    return COPY_SPAN + COPY * cost_ceil_div(span, piece) + 2 * span * p->fp_bytes / COST_L2_RATE;
}

/* Pixels of the input that a tile reads: no more than the map has. */
static double window_pixels(const dcn_spec *s, const TiledPlan *p)
{
    const double reach = problem_is_deformed(s) ? REACH : 0;
    double rows = (double)p->tile.th * s->stride[0] + s->kernel[0] + reach;
    double cols = (double)p->tile.tw * s->stride[1] + s->kernel[1] + reach;
    double h = (double)cost_in_rows(s), w = (double)cost_in_cols(s);
    return (rows < h ? rows : h) * (cols < w ? cols : w);
}

static double sampling(const TileCost *a)
{
    const TiledPlan *p = a->p;
    const dcn_spec *s = p->s;
    int span = tiled_span(p, p->groups.channel_block * p->groups.group_block);
    double spans = (double)s->in_channels / span * a->pixels * p->groups.taps;
    double share = a->of_groups * a->of_kc;
    double window = window_pixels(s, p) * (double)s->in_channels * p->fp_bytes;
    double far = window > (double)a->t->l2_bytes / 2 ? 1.5 : 1;
    double each = problem_is_deformed(s) ? SPAN + SAMPLE * cost_ceil_div(span, p->lanes)
                                         : copy_cycles(p, span);
    return share * (sampled(p) * far * spans * each + window / 2 / COST_L3_RATE);
}

/* Lanes along taps are whole vectors for each pixel, however few taps there are. */
static double table_cycles(const TiledPlan *p, double pixels)
{
    double taps = (double)p->s->offset_groups * p->groups.taps;
    double vectors = p->table.tap_lanes ? pixels * cost_ceil_div(taps, p->lanes)
                                        : taps * cost_ceil_div(pixels, p->lanes);
    return problem_is_deformed(p->s) ? vectors * TABLE_VECTOR + taps * pixels * ENTRY : 0;
}

/* Lines of planes that are whole pages apart fall into the same set of L1, which has few ways. */
static bool planes_collide(const dcn_spec *s, int fp_bytes)
{
    enum { WAYS = 8 };
    int64_t plane = cost_out_rows(s) * cost_out_cols(s) * fp_bytes;
    return s->layout == DCN_NCHW && plane % PAGE_BYTES == 0 && s->out_channels > WAYS;
}

static bool is_far(const TiledPlan *p, const dcn_target *t)
{
    const dcn_spec *s = p->s;
    double rows = (double)cost_in_rows(s);
    double cols = (double)cost_in_cols(s);
    double outs = (double)(cost_out_rows(s) * cost_out_cols(s) * s->out_channels);
    return (outs + rows * cols * (double)s->in_channels) * p->fp_bytes > (double)t->l2_bytes;
}

/* Outputs are transposed in whole vectors. */
static double unpack_cycles(const TiledPlan *p, const dcn_target *t, double pixels, double outs)
{
    double ragged = p->tile.tw % p->lanes ? 2 : 1;
    double vectors = cost_ceil_div(outs, p->lanes);
    bool collide = planes_collide(p->s, p->fp_bytes) && !is_far(p, t);
    double each = collide ? COLLIDE * UNPACK : UNPACK;
    return p->scratch.out_stride ? ragged * pixels * vectors * each : 0;
}

/* Outputs that do not stay in L2: their lines are fetched before they are written, which is half hidden where one
** follows the other. In nchw a tile writes pieces of rows, whose first line is not expected; and where planes collide,
** so do the entries of their pages. */
static double far_cycles(const TiledPlan *p, const dcn_target *t, double pixels, double outs)
{
    enum { TLB_PLANES = 128 };
    const dcn_spec *s = p->s;
    const bool planes = s->layout == DCN_NCHW, follow = !planes && p->groups.count == 1;
    double cols = (double)cost_out_cols(s), tw = p->tile.tw < cols ? p->tile.tw : cols;
    bool walks = planes_collide(s, p->fp_bytes) && s->out_channels > TLB_PLANES;
    double pieces = planes ? pixels * outs / tw * (walks ? COST_PIECE + WALK : COST_PIECE) : 0;
    double lines = pixels * outs * p->fp_bytes / COST_L3_RATE;
    return is_far(p, t) ? pieces + (follow ? lines / 2 : lines) : 0;
}

static double tile_cycles(const TiledPlan *p, const dcn_target *t, double pixels)
{
    TileCost a = tile_of(p, t, pixels);
    double outs = (double)p->s->out_channels * a.of_groups * a.of_outs;
    double store = tiled_sums_parts(p)
                       ? pixels * outs * p->fp_bytes / PARTIAL_RATE
                       : unpack_cycles(p, t, pixels, outs) + far_cycles(p, t, pixels, outs);
    return table_cycles(p, pixels) + sampling(&a) + product(&a) + store + pixels * PIXEL;
}

/* The copy of the input, a row to a task; what does not stay in L2 passes twice. */
static PhaseCost repack_phase(const TiledPlan *p, const dcn_target *t)
{
    const dcn_spec *s = p->s;
    double rows = (double)cost_in_rows(s);
    double cols = (double)cost_in_cols(s);
    double row = cols * (double)s->in_channels, bytes = 2 * row * p->fp_bytes;
    double far = rows * bytes > (double)t->l2_bytes ? bytes / COST_L3_RATE : 0;
    return (PhaseCost){ .tasks = rows * cost_images(s),
                        .ns = (row * REPACK + far) / COST_CYCLES_PER_NS };
}

/* ---- the map ----------------------------------------------------------------------------- */

/* Tiles along one side: so many that are long, and so many that are short. */
typedef struct TiledSide {
    int64_t count[2], size[2];
} TiledSide;

/* As even as they go (tile.h). */
static TiledSide rows_of(int64_t size, int tile)
{
    int64_t tiles = int_ceil_div(size, tile), larger = size % tiles;
    return (TiledSide){ { larger, tiles - larger }, { size / tiles + 1, size / tiles } };
}

/* Whole ones, and one that is cut off. */
static TiledSide cols_of(int64_t size, int tile)
{
    return (TiledSide){ { size / tile, size % tile > 0 }, { tile, size % tile } };
}

/* Partial sums added up, a row of the output and a block of its channels to a task. */
static PhaseCost sum_phase(const TiledPlan *p, const dcn_target *t)
{
    const dcn_spec *s = p->s;
    double cols = (double)cost_out_cols(s), outs = (double)s->out_channels;
    double blocks = cost_ceil_div(outs, TILED_SUM_CHANNELS), channels = outs / blocks;
    double read = cols * channels * p->parts.ic_parts * p->fp_bytes / PARTIAL_RATE;
    double cycles = read + unpack_cycles(p, t, cols, channels) + cols * PIXEL;
    return (PhaseCost){ .tasks = (double)cost_out_rows(s) * cost_images(s) * blocks,
                        .ns = cycles / COST_CYCLES_PER_NS };
}

/* All tiles, `grain` of them to a task, or parts of tiles. */
static PhaseCost tile_phase(const TiledPlan *p, const dcn_target *t)
{
    const dcn_spec *s = p->s;
    TiledSide y = rows_of(cost_out_rows(s), p->tile.th);
    TiledSide x = cols_of(cost_out_cols(s), p->tile.tw);
    PhaseCost phase = { .in_turns = true };
    double ns = 0, parts = tiled_parts(p);
    for (int i = 0; i < MAX_TASK_KINDS; i++) {
        double tasks = (double)(y.count[i & 1] * x.count[i >> 1]) * parts * cost_images(s);
        double pixels = (double)(y.size[i & 1] * x.size[i >> 1]);
        if (tasks > 0)
            phase.kind[phase.nkinds++] =
                (TaskCost){ tasks, tile_cycles(p, t, pixels) / COST_CYCLES_PER_NS };
    }
    for (int i = 0; i < phase.nkinds; i++) {
        phase.tasks += phase.kind[i].tasks;
        ns += phase.kind[i].tasks * phase.kind[i].ns;
    }
    if (p->tile.grain > 1) { /* tasks are several tiles, of whatever size */
        phase.tasks = cost_ceil_div(phase.tasks, p->tile.grain);
        phase.nkinds = 0;
    }
    phase.ns = ns / phase.tasks;
    return phase;
}

int tiled_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    TiledPlan p = tiled_plan(s, t, k);
    int n = 0;
    if (tiled_repacks(&p))
        out[n++] = repack_phase(&p, t);
    out[n++] = tile_phase(&p, t);
    if (tiled_sums_parts(&p))
        out[n++] = sum_phase(&p, t);
    return n;
}
