/* cost.c: how long a kernel of the tiled lowering takes, worked out and not measured.
**
**     tile    = places + column + product                         cycles, each with its edges and overheads
**     product = max(instructions, bytes through L1) + overheads of its calls
**     kernel  = tiles shared among threads; the last ones leave threads idle
**
** Only ratios matter: the tuner orders schedules by it and corrects it by what it measures.  The rates are those
** of a core with two multiply-add units and 64-byte loads from L2; narrower machines differ alike for all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/tiled/tiled.h"

static const double L2_RATE = 40, L3_RATE = 9; /* bytes per cycle */
static const double L1_SHARE = 0.6;            /* of L1 that stays what was put there */
static const double SAMPLE = 7, COPY = 2.5;    /* of a vector of channels, deformed or not */
static const double RUN = 8, PLACE = 5;        /* of a run of channels, of a tap of a pixel */
static const double CALL = 25;                 /* of the product */
/* Rows and columns beyond its own window that a tile touches, a deviation of the offsets on each side. */
enum { REACH = 2 * COST_OFFSET_DEVIATION };

/* A step of the depth: a broadcast that serves one multiply-add is its memory operand and slows it; sums
** are four cycles apart; LLVM's scheduler runs out of registers when large tiles are unrolled far. */
static double step_cycles(const TiledPlan *p, int nv)
{
    double sums = (double)p->mr * nv;
    double units = nv == 1 ? sums / 1.4 : sums / 2 * 1.12;
    double loads = (p->mr + nv) / 1.8, spills = sums >= 24 && p->unroll > 2 ? 1.1 : 1;
    return cost_larger(cost_larger(units, loads), 4) * spills + 1.0 / p->unroll;
}

typedef struct Tile {
    const TiledPlan *p;
    const dcn_target *t;
    double pixels, panels;
    double steps;  /* of the depth of one packed group */
    double blocks; /* of that depth: columns */
} Tile;

static Tile tile_of(const TiledPlan *p, const dcn_target *t, double pixels)
{
    Tile a = { .p = p, .t = t, .pixels = pixels, .panels = cost_ceil_div(pixels, p->mr) };
    a.steps = (double)p->in_group / p->pack * p->taps;
    a.blocks = cost_ceil_div(p->in_group, p->channel_block) * cost_ceil_div(p->taps, p->tap_block);
    return a;
}

/* ---- the product --------------------------------------------------------------------------- */

static double instructions(const Tile *a)
{
    const TiledPlan *p = a->p;
    double steps = (p->out_blocks - 1) * step_cycles(p, p->nv) + step_cycles(p, p->last_nv);
    return p->groups * a->panels * a->steps * steps;
}

/* What passes through L1 from farther away: pixels outside read the weights of a column again for each panel,
** outputs outside read the column again for each block of outputs. */
static double traffic(const Tile *a)
{
    const TiledPlan *p = a->p;
    double depth = a->steps / a->blocks * p->fp_bytes, l1 = L1_SHARE * (double)a->t->l1_bytes;
    double weights = depth * p->out_padded, column = depth * p->pack * a->pixels;
    double again = p->by_outputs ? column * p->out_blocks : weights * a->panels;
    double kept = p->by_outputs ? column : weights;
    double once = weights + column, all = a->blocks * p->groups;
    return all * (kept > l1 ? again + once : once);
}

/* Sums are put down and taken up again between columns. */
static double overheads(const Tile *a)
{
    const TiledPlan *p = a->p;
    double calls = p->groups * a->panels * p->out_blocks * a->blocks;
    return calls * (CALL + 1.5 * p->mr * p->nv);
}

/* Weights that do not stay in L2 beside the column come from beyond it, once per tile. */
static double weights_again(const Tile *a)
{
    const TiledPlan *p = a->p;
    double packed = (double)p->packed_elements * p->fp_bytes;
    double column = (double)p->pixels * p->column_stride * p->fp_bytes;
    double l2 = 0.85 * (double)a->t->l2_bytes;
    double missed = column + packed > l2 ? packed : 0;
    double spilled = column > l2 ? column * a->blocks * p->groups : 0;
    return (0.6 * missed + spilled) / L3_RATE;
}

static double product(const Tile *a)
{
    double work = instructions(a), bytes = traffic(a) / L2_RATE;
    return cost_larger(work, bytes) + 0.15 * (work < bytes ? work : bytes) + overheads(a) +
           weights_again(a);
}

/* ---- what comes before it ------------------------------------------------------------------ */

/* Register tiles that need a column: without offsets, those at the border. */
static double sampled(const TiledPlan *p)
{
    const dcn_spec *s = p->s;
    double rows = (double)cost_out_rows(s), cols = (double)cost_out_cols(s);
    double border = (s->kernel[0] - 1) / rows + 2.0 * p->mr / cols;
    return !p->implicit || border > 1 ? 1 : p->tw % p->mr ? (1 + border) / 2 : border;
}

static double sampling(const Tile *a)
{
    const TiledPlan *p = a->p;
    const dcn_spec *s = p->s;
    int channels = p->channel_block * p->group_block, run = tiled_run(p, channels);
    double vectors = cost_ceil_div(run, p->lanes) * (problem_is_deformed(s) ? SAMPLE : COPY);
    double runs = (double)s->in_channels / run * a->pixels * p->taps;
    double rows = (double)p->th * s->stride[0] + s->kernel[0] + REACH;
    double cols = (double)p->tw * s->stride[1] + s->kernel[1] + REACH;
    double window = rows * cols * (double)s->in_channels * p->fp_bytes;
    double far = window > (double)a->t->l2_bytes / 2 ? 1.5 : 1;
    return sampled(p) * far * runs * (RUN + vectors) + window / 2 / L3_RATE;
}

static double tile_cycles(const TiledPlan *p, const dcn_target *t, double pixels)
{
    Tile a = tile_of(p, t, pixels);
    double places = problem_is_deformed(p->s) ? p->s->offset_groups * p->taps * pixels * PLACE : 0;
    double ragged = p->out_stride && p->tw % p->lanes ? 2 : 1;
    double unpack = p->out_stride ? ragged * pixels * (double)p->s->out_channels / p->lanes * 3 : 0;
    return places + sampling(&a) + product(&a) + unpack;
}

/* ---- the map ------------------------------------------------------------------------------- */

/* VecLoop along one side: whole ones, and the pixels of one that is cut off. */
typedef struct Side {
    int64_t whole, rest;
    int tile;
} Side;

static Side side_of(int64_t size, int tile)
{
    return (Side){ size / tile, size % tile, tile };
}

double tiled_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads)
{
    TiledPlan p = tiled_plan(s, t, k);
    Side y = side_of(cost_out_rows(s), p.th);
    Side x = side_of(cost_out_cols(s), p.tw);
    const struct {
        int64_t count, pixels;
    } kind[] = {
        { y.whole * x.whole, (int64_t)y.tile * x.tile },
        { y.whole * (x.rest > 0), y.tile * x.rest },
        { x.whole * (y.rest > 0), x.tile * y.rest },
        { (x.rest > 0) * (y.rest > 0), x.rest * y.rest },
    };
    double cycles = 0, tiles = 0;
    for (int i = 0; i < 4; i++)
        if (kind[i].count) {
            cycles += (double)kind[i].count * tile_cycles(&p, t, (double)kind[i].pixels);
            tiles += (double)kind[i].count;
        }
    tiles *= cost_images(s);
    cycles *= cost_images(s);
    double rounds = cost_ceil_div(tiles, threads);
    return rounds * cycles / tiles / COST_CYCLES_PER_NS;
}
