/* lowering.c: pooling of regions: a table of pixels and weights per bin, then sums with lanes along channels.
**
**     for each region, or rows of its bins:                                           a task
**         box, lists, table                       lanes along bins, f64, once for all channels
**         for each block of nv vectors of channels, for each bin:
**             for each pixel of the table: nv multiply-adds
**
** Channels should lie side by side, so an nchw input is copied once per call in a phase of its own; few regions
** on a large map are better read as they lie, by gathers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/roi/roi.h"

#include <stdio.h>

static const Knob *const knobs[ROI_NKNOBS] = {
    [ROI_NV] = &(const Knob){ .name = "nv",
                              .meaning = "vectors of channels per pass",
                              .guess = 1,
                              CHOICES(1, 2, 4, 8, 16) },
    [ROI_BIN_ROWS] = &(const Knob){ .name = "bin_rows",
                                    .meaning = "rows of bins per task, 0: the whole region",
                                    .guess = 0,
                                    CHOICES(1, 2, 4, 0) },
    [ROI_TABLE_SAMPLES] = &(const Knob){ .name = "table_samples",
                                         .meaning = "samples per axis in one table of a bin",
                                         .guess = 1,
                                         CHOICES(1, 2, 4, 8) },
    [ROI_REPACK] = &(const Knob){ .name = "repack",
                                  .meaning = "1: copy the input so that channels lie side by side",
                                  .guess = 0,
                                  CHOICES(0, 1) },
};

#define MAX_THREAD_BYTES ((int64_t)32 << 20)

/* ---- the plan -------------------------------------------------------------------------------- */

static const struct {
    RoiRule rule;
    int sensitive; /* bins read channels of their own */
} operators[DCN_NUM_OPS] = {
    [DCN_OP_ROI_POOL] = { ROI_RULE_QUANTISED, 0 },
    [DCN_OP_PS_ROI_POOL] = { ROI_RULE_QUANTISED, 1 },
    [DCN_OP_ROI_ALIGN] = { ROI_RULE_ALIGN, 0 },
    [DCN_OP_PS_ROI_ALIGN] = { ROI_RULE_ALIGN, 1 },
    [DCN_OP_DEFORM_ROI_POOL] = { ROI_RULE_ALIGN, 0 },
    [DCN_OP_DEFORM_PS_ROI_POOL] = { ROI_RULE_HALF, 1 },
};

/* As few lanes as the outputs of a class fill, but a quarter of the widest vectors at least. */
static int channel_lanes(const dcn_spec *s, const dcn_target *t, int segment)
{
    int lanes = problem_vector(s, t), least = 16 / (int)dcn_dtype_bytes(s->dtype);
    while (lanes > least && lanes / 2 >= segment)
        lanes /= 2;
    return lanes;
}

static int64_t aligned(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void lay_out(RoiPlan *p)
{
    int64_t bins = p->bins + p->wide, lists = (int64_t)p->wide * (p->list + 2) * (4 + p->fp_bytes);
    p->at_lists = 0;
    p->at_counts = aligned(2 * lists + 2 * (int64_t)p->wide * 4);
    p->at_table = p->at_counts + aligned(bins * 8);
    p->at_scale = p->at_table + aligned(bins * p->entries * (4 + p->fp_bytes));
    p->at_tile = p->at_scale + aligned(bins * p->fp_bytes);
    p->thread_bytes =
        p->at_tile + aligned((int64_t)(p->bins + p->lanes) * p->out_stride * p->fp_bytes);
}

static int samples_along(const dcn_spec *s, RoiRule rule)
{
    if (rule == ROI_RULE_HALF)
        return s->sample_per_part;
    return rule == ROI_RULE_QUANTISED || s->sampling_ratio <= 0 ? 0 : s->sampling_ratio;
}

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    int rows = k[ROI_BIN_ROWS] ? k[ROI_BIN_ROWS] : s->pooled[0];
    RoiPlan p = { .s = s, .rule = operators[s->op].rule, .nh = s->pooled[0], .nw = s->pooled[1] };
    p.fp_bytes = (int)dcn_dtype_bytes(s->dtype);
    p.wide = t->vector_bytes / 8;
    p.bins = rows * p.nw;
    p.parts = (p.nh + rows - 1) / rows;
    p.nv = k[ROI_NV];
    p.grid = samples_along(s, p.rule);
    p.samples = k[ROI_TABLE_SAMPLES];
    p.tables = p.grid && p.grid <= p.samples;
    for (int i = 0; i < 2; i++)
        p.groups[i] = operators[s->op].sensitive ? s->group_size[i] : 1;
    p.outputs = (int)s->out_channels;
    p.classes = s->op == DCN_OP_DEFORM_PS_ROI_POOL && !s->no_trans ? s->num_classes : 1;
    p.segment = p.outputs / p.classes;
    p.lanes = channel_lanes(s, t, p.segment);
    p.copies = k[ROI_REPACK];
    p.together = p.copies || (s->layout == DCN_NHWC && p.groups[0] * p.groups[1] == 1);
    p.list = 2 * p.samples;
    p.entries = p.list * p.list;
    if (s->layout == DCN_NCHW)
        p.out_stride = (p.outputs + p.lanes - 1) / p.lanes * p.lanes + p.lanes;
    lay_out(&p);
    return p;
}

/* ---- knobs ----------------------------------------------------------------------------------- */

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    RoiPlan p = roi_plan(s, t, k);
    if (p.nv + 2 > t->registers)
        return "the sums do not fit the registers";
    if (p.nv > 1 && p.nv / 2 * p.lanes >= p.segment)
        return "a pass is wider than the channels of a class";
    if (k[ROI_BIN_ROWS] >= p.nh)
        return "a region has no more rows of bins than that: use bin_rows=0";
    if (p.rule == ROI_RULE_QUANTISED ? p.samples > 1 : p.grid && p.samples / 2 >= p.grid)
        return "a bin has fewer samples than a table would hold";
    if (p.copies && s->layout == DCN_NHWC && p.together && p.groups[0] * p.groups[1] == 1)
        return "the channels lie side by side as they are: use repack=0";
    if (p.thread_bytes > MAX_THREAD_BYTES && k[ROI_BIN_ROWS] != 1)
        return "the workspace of a task would exceed 32 MiB";
    return NULL;
}

/* Whether so many pixels are read that a copy of the map costs less than reading it as it lies. */
static int copy_pays(const dcn_spec *s, int scattered)
{
    if (!scattered)
        return 0;
    if (s->rois == DCN_DYNAMIC || s->height == DCN_DYNAMIC || s->width == DCN_DYNAMIC)
        return 1;
    double images = s->batch == DCN_DYNAMIC ? 1 : (double)s->batch;
    double map = images * (double)s->height * (double)s->width;
    return (double)s->rois * s->pooled[0] * s->pooled[1] * 16 > map;
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    for (int i = 0; i < ROI_NKNOBS; i++)
        k[i] = knobs[i]->guess;
    RoiPlan p = roi_plan(s, t, k);
    int most = t->registers >= 32 ? 16 : 8;
    while (k[ROI_NV] < most && k[ROI_NV] * p.lanes < p.segment)
        k[ROI_NV] *= 2;
    if (p.rule != ROI_RULE_QUANTISED)
        while (k[ROI_TABLE_SAMPLES] < 4 && (!p.grid || k[ROI_TABLE_SAMPLES] < p.grid))
            k[ROI_TABLE_SAMPLES] *= 2;
    int scattered = s->layout == DCN_NCHW || p.groups[0] * p.groups[1] > 1;
    k[ROI_REPACK] = copy_pays(s, scattered);
    if (p.nh > 1 && roi_plan(s, t, k).thread_bytes > MAX_THREAD_BYTES)
        k[ROI_BIN_ROWS] = 1;
}

/* ---- an account of costs --------------------------------------------------------------------- */

static const double CYCLES_PER_NS = 3;
static const double VECTOR = 1.4;             /* a multiply-add with a vector from the map */
static const double GATHER = 0.9;             /* a lane of a vector that does not lie together */
static const double ENTRY = 8;                /* of the table, per pass: offset, weight, loop */
static const double PLACE = 25;               /* of a sample along an axis, per bin */
static const double COPY = 0.3, UNPACK = 0.4; /* an element of the view, of the output */
enum { DYNAMIC_SIZE = 64, DYNAMIC_ROIS = 256 };

static double size_or(int64_t size, int otherwise)
{
    return (double)(size > 0 ? size : otherwise);
}

/* Samples of a bin along an axis; where they depend on the region, of one that is a third of the map. */
static double samples_of(const RoiPlan *p)
{
    double size = size_or(p->s->height, DYNAMIC_SIZE) / 3 / p->nh;
    return p->grid ? p->grid : size > 1 ? size : 1;
}

static double bin_cycles(const RoiPlan *p)
{
    double along = samples_of(p), tables = along > p->samples ? along / p->samples : 1;
    double pixels = p->rule == ROI_RULE_QUANTISED ? along * along : 2.2 * along * along;
    double vectors = (p->segment + p->lanes - 1) / p->lanes;
    double passes = (p->segment + p->nv * p->lanes - 1) / (p->nv * p->lanes);
    double load = p->together ? VECTOR : GATHER * p->lanes;
    double sums = vectors * (pixels * load + 3 * tables * tables) + passes * pixels * ENTRY;
    double places = p->rule == ROI_RULE_QUANTISED ? PLACE : 2 * along * tables * PLACE;
    return p->classes * (sums + places / p->wide);
}

static double cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads)
{
    RoiPlan p = roi_plan(s, t, k);
    double tasks = size_or(s->rois, DYNAMIC_ROIS) * p.parts;
    double turns = (double)(((int64_t)tasks + threads - 1) / threads);
    double view = size_or(s->batch, 1) * size_or(s->height, DYNAMIC_SIZE) *
                  size_or(s->width, DYNAMIC_SIZE) * (double)s->in_channels;
    double task = p.bins * bin_cycles(&p) + 200;
    if (p.out_stride)
        task += UNPACK * p.outputs * (p.bins < p.lanes ? p.lanes : p.bins);
    return (turns * task + (p.copies ? COPY * view / threads : 0)) / CYCLES_PER_NS;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    RoiPlan p = roi_plan(s, t, k);
    long long bins = p.bins, entry = 4 + p.fp_bytes;
    snprintf(buf, size,
             "registers: %d sums of %d channels, 1 weight, of %d\n"
             "task: %d bins of a region; positions %d bins at a time in f64\n"
             "tables: %lld KiB (L1 %lld KiB)%s\n"
             "workspace: %lld KiB per thread%s\n",
             p.nv, p.lanes, t->registers, p.bins, p.wide, bins * p.entries * entry / 1024,
             (long long)t->l1_bytes / 1024,
             p.tables || p.rule == ROI_RULE_QUANTISED ? "" : ", several per bin",
             (long long)p.thread_bytes / 1024, p.copies ? ", and one copy of the input" : "");
}

const struct Lowering lower_roi = {
    .name = "roi",
    .summary = "bins of regions: tables of pixels and weights, lanes along channels",
    .rev = 2,
    .ops = 1u << DCN_OP_ROI_POOL | 1u << DCN_OP_PS_ROI_POOL | 1u << DCN_OP_ROI_ALIGN |
           1u << DCN_OP_PS_ROI_ALIGN | 1u << DCN_OP_DEFORM_ROI_POOL |
           1u << DCN_OP_DEFORM_PS_ROI_POOL,
    .knobs = knobs,
    .nknobs = ROI_NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .cost = cost,
    .explain = explain,
    .emit = roi_emit,
};
