/* cost.c: how long a gradient kernel takes, worked out and not measured: both products at the rate
** of the micro-kernel, the pass over the samples by its vectors, the table once per block.
**
** COPY and CONFLICT are fitted to layers A, B, C, E, F and G with compact=0 and 1, on one core of Emerald
** Rapids, PIXEL and G to layers A, E, F and G of bench/workloads.lua with 16, 32 and 64 channels to
** a block, on one core of Zen 5; the other rates are estimates, from counts of instructions.  See
** kernel/cost.h for what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/workspace.h"

static const double VECTOR = 14;              /* a vector of samples, with all that may be wanted */
static const double SAMPLE = 12;              /* a tap of a pixel, for a block */
static const double NARROW_VECTOR = 30;       /* a vector of samples of several offset groups */
static const double ENTRY = 5, TAP_ENTRY = 3; /* a lane of the table, along pixels or along taps */
static const double GROUP_LANE = 2;           /* an output of a packed group */
static const double PIXEL = 150;  /* for a block: lines of offsets and masks that blocks share */
static const double G = 0.4;      /* an output of a pixel, for a block */
static const double SUM = 1;      /* an element of a part that is added up */
static const double COPY = 2.1;   /* an element of a map, to a copy or back */
static const double CONFLICT = 7; /* a vector of a sample, see conflicts */
static const double WEIGHT = 3;   /* an element of grad_weight, for each band */
static const double DOT = 10,
                    DOT_PART = 4; /* a tap of a pixel: its gradients, a part of its dots */
static const double CALL = 25;    /* a call of the micro-kernel */

/* Cycles of one multiply-add of the register tile for each of its columns. */
static double update_cycles(const GradientPlan *p)
{
    double sums = p->mr * p->nv, units = p->nv == 1 ? sums / 1.4 : sums / 2 * 1.1;
    return cost_larger(cost_larger(units, (p->mr + p->nv) / 1.8), 4);
}

/* A product of rows x depth x columns, in register tiles. */
static double product_cycles(const GradientPlan *p, double rows, double depth, double columns)
{
    double tiles = cost_ceil_div(rows, p->mr) * cost_ceil_div(columns, p->nr);
    return tiles * (depth * update_cycles(p) + CALL);
}

/* Gradients of offsets and masks, of so many taps of pixels. */
static double offset_cycles(const GradientPlan *p, double taps)
{
    return p->want.dots ? taps * (DOT + DOT_PART * p->blocks.parts) : 0;
}

/* What of the sets of the caches a block's pixels of a tensor cannot use: each doubling of the distance
** between its pixels leaves half of them, and so do rows that are whole pages apart. */
static double conflicts(const GradientPlan *p, const GradientShape *a)
{
    const dcn_spec *s = p->s;
    double halves = 0;
    if (p->copies || !p->deformed)
        return 0;
    for (int64_t n = s->in_channels / a->channels; n > 1; n /= 2)
        halves++;
    bool pages = s->width > 0 && s->width * s->in_channels * p->fp_bytes % PAGE_BYTES == 0;
    return halves + pages;
}

static double block_cycles(const GradientPlan *p, const GradientShape *a, double pixels,
                           double tiles)
{
    const GradientBlocks *b = &p->blocks;
    double taps = pixels * b->taps, each = pixels / tiles, cycles = 0;
    double passes = (double)a->vectors / (a->samples_per_vec > 1 ? 1 : a->run_vectors);
    double vector = a->samples_per_vec > 1 ? NARROW_VECTOR : VECTOR;
    vector += CONFLICT * conflicts(p, a) * a->samples_per_vec;
    if (p->want.product)
        cycles += tiles * product_cycles(p, each, b->out_channels, a->columns);
    if (p->want.weight)
        cycles += tiles * product_cycles(p, p->outputs, each, a->columns);
    if (p->want.samples) {
        double entry = p->deformed ? p->entries.tap_lanes ? TAP_ENTRY : ENTRY : 1;
        cycles += taps * (SAMPLE * passes + vector * a->vectors + entry * a->spans);
    }
    cycles += pixels * (PIXEL + a->g_outputs * G);
    if (p->lanes_are_groups)
        cycles += pixels * a->groups * b->out_channels * GROUP_LANE;
    return cycles + (gradient_owns_dots(p) ? offset_cycles(p, taps * a->spans) : 0);
}

/* Whether a phase follows the main one. */
static bool finishes(const GradientPlan *p)
{
    const GradientWant *w = &p->want;
    return (w->dots && !gradient_owns_dots(p)) || w->weight || w->sums ||
           (w->input && (p->copies || p->bands > 1));
}

/* Elements of the input. */
static double map_elements(const dcn_spec *s)
{
    double rows = (double)cost_in_rows(s);
    double cols = (double)cost_in_cols(s);
    return rows * cols * cost_images(s) * (double)s->in_channels;
}

/* What follows from it: sums over bands, and a row of offsets. */
static PhaseCost finish_phase(const GradientPlan *p, double rows, double pixels)
{
    const dcn_spec *s = p->s;
    double map = (p->bands - 1) * SUM + (p->copies ? COPY : 0);
    double cycles = p->want.input ? map_elements(s) * map : 0;
    if (!gradient_owns_dots(p))
        cycles += offset_cycles(p, pixels * s->offset_groups * p->blocks.taps);
    cycles += p->want.weight ? (double)p->weight_elements * p->bands * WEIGHT : 0;
    return (PhaseCost){ .tasks = rows, .ns = cycles / rows / COST_CYCLES_PER_NS };
}

int gradient_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    const GradientPlan p = gradient_plan(s, t, k);
    const GradientBlocks *b = &p.blocks;
    double rows = (double)cost_out_rows(s), cols = (double)cost_out_cols(s);
    double images = cost_images(s), pixels = rows * cols * images;
    double tiles = cost_ceil_div(rows, p.th) * cost_ceil_div(cols, p.tw) * images;
    double units = (double)s->in_channels / b->unit, tasks = (double)b->count * p.bands;
    double copied = map_elements(s) * COPY, cycles = 0;
    int n = 0;
    if (b->per_unit > 1)
        cycles += units * (b->per_unit - 1) * block_cycles(&p, &b->shape[0], pixels, tiles);
    cycles += units * block_cycles(&p, &b->shape[1], pixels, tiles);
    if (p.copies && p.want.samples)
        out[n++] = (PhaseCost){ .tasks = rows * images,
                                .ns = copied / (rows * images) / COST_CYCLES_PER_NS };
    if (p.want.samples)
        out[n++] = (PhaseCost){ .tasks = tasks, .ns = cycles / tasks / COST_CYCLES_PER_NS };
    if (finishes(&p))
        out[n++] = finish_phase(&p, rows * images, pixels);
    return n;
}
