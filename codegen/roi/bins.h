/* bins.h: regions, their bins, and what these touch of the map: for pooling and for its gradients.
**
**     box          a region and its bins; lanes along bins, in f64                  box.c
**     tables       pixels that the samples of a bin touch, and coefficients              samples.c
**     ranges       or, for quantised bins, the pixels that they cover               ranges.c
**
** Samples of one axis that touch the same pixels are merged in a list: an adaptive grid reads each
** pixel once instead of four times. For a maximum every sample keeps its own: the product of both
** lists is then all pixels of all samples with their coefficients.
**
** For a derivative by where the samples stand a pixel has three coefficients, products of three of either
** axis.  With `at` the sample's place before it was moved into the map, lo and hi its pixels:
**
**     of an axis          of lo       of hi            of a pixel
**     ROI_SHARE           1 - f       f                rows' share * columns' share
**     ROI_REACH           hi - at     at - lo          slope along y: rows' slope * columns' reach
**     ROI_SLOPE           -1          1                slope along x: rows' reach * columns' slope
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROI_BINS_H
#define DCN_CODEGEN_ROI_BINS_H

#include "codegen/kernel/repack.h"
#include "codegen/lowering.h"

/* ---- the plan ------------------------------------------------------------------------------ */

/* How an operator places its samples. */
typedef enum {
    ROI_SAMPLING_ALIGN, /* valid in [-1, size], edges repeated; sums are divided by all samples */
    ROI_SAMPLING_HALF,  /* valid in [-0.5, size - 0.5], clamped; divided by the valid ones */
    ROI_SAMPLING_QUANTISED, /* no samples: bins of whole pixels */
} RoiSampling;

/* Vectors of channels of a pass, at most: the largest choice of the knob nv, of pooling and of its gradients. */
enum { ROI_MAX_NV = 16 };
_Static_assert((int)ROI_MAX_NV > 8, "the last choice of nv is the largest");
#define ROI_NV_CHOICES CHOICES(1, 2, 4, 8, ROI_MAX_NV)

/* Coefficients of an axis in its list, and those of a pixel in the table of a bin. */
enum { ROI_SHARE, ROI_REACH, ROI_SLOPE, ROI_MAX_COEFFS };
enum { ROI_TABLE_SHARE, ROI_TABLE_Y, ROI_TABLE_X };

/* Byte offsets in a thread's workspace. Arrays per bin have room for a whole vector of bins at the
** end. */
typedef struct RoiScratch {
    /* Lists of a vector of bins: per axis offsets and coefficients of pixels; their lengths. */
    int64_t lists;
    int64_t counts; /* pixels in the table of each bin, i64 */
    /* Offsets of each bin's pixels, then their coefficients; of quantised bins limits, [4][bin]. */
    int64_t table;
    int64_t scale;    /* of each bin */
    int64_t out_tile; /* nchw: outputs in the order [bin][channel] */
    int64_t bytes;    /* of all; from a thread's part to the next one's */
} RoiScratch;

typedef struct RoiPlan {
    const dcn_spec *s;
    RoiSampling sampling;
    /* Maxima of the pixels of a bin, or of pixels times coefficients in samples; else averages. */
    bool maximum;
    int lanes, fp_bytes;      /* along channels */
    int bins_per_vec;         /* bins in a vector of f64 */
    int pooled_h, pooled_w;   /* bins of a region */
    int task_bins, bin_tasks; /* bins of a task at most, tasks of a region with other bins */
    bool splits_channels;     /* a task has one class, or a part of it; else all channels */
    int task_channels;        /* output channels of a class in a task, at most */
    int channel_tasks;        /* tasks of a region with the same bins */
    int task_outs;            /* output channels of a task, of all its classes */
    int nv;                   /* vectors of channels per pass */
    int grid[2];              /* samples of a bin along y, x; both 0: depends on the region */
    int table_samples;        /* of an axis, that one table holds */
    bool one_table;           /* one table of a bin holds all its samples; else it has several */
    int coeffs;               /* of a pixel of a table: 1, or ROI_MAX_COEFFS */
    int coeff_bytes;          /* of one of them */
    int groups[2];            /* position-sensitive groups along y, x; {1, 1}: none */
    int out_channels;
    int classes, class_channels; /* sets of trans, output channels of each */
    bool repacks; /* the map is a copy: channels [group][output] of a pixel side by side */
    Repack repack;
    bool contiguous;     /* outputs that follow one another are read from channels that do */
    int max_axis_pixels; /* of a bin along an axis, in a list */
    int max_pixels;      /* of a bin, in its table */
    int out_stride;      /* nchw: row of the output tile, elements; else 0 */
    RoiScratch scratch;
} RoiPlan;

/* What a schedule decides of a plan. */
typedef struct RoiCuts {
    int nv, bin_rows, task_channels, table_samples; /* 0: all rows, all channels of all classes */
    bool repacks;
    int coeffs, coeff_bytes;
} RoiCuts;

RoiPlan roi_plan_of(const dcn_spec *s, const dcn_target *t, const RoiCuts *cuts);

/* As few lanes as so many channels fill, but a quarter of the widest vectors at least. */
int roi_channel_lanes(const dcn_spec *s, const dcn_target *t, int channels);

/* Samples of a bin along the axis that has more; 0: that depends on the region. */
int roi_most_samples(const RoiPlan *p);

/* ---- the account of costs, see kernel/cost.h ------------------------------------------------- */

/* Regions, and tables of a bin. */
double roi_cost_regions(const dcn_spec *s);
double roi_cost_tables(const RoiPlan *p);
/* Pixels that a bin's samples touch, a pixel as often as it stands in the tables. */
double roi_cost_pixels(const RoiPlan *p);
/* Cycles to find the samples of a bin, and to write its tables. */
double roi_cost_places(const RoiPlan *p);

/* ---- what is in hand ----------------------------------------------------------------------- */

/* What the loops over one task hand on. */
typedef struct RoiCtx {
    const RoiPlan *plan;
    Problem pb;
    addr scratch;        /* this thread's workspace */
    addr map;            /* image n of what is sampled */
    idx r, n;            /* the region; its image, or -1 if it has none */
    idx first_bin, bins; /* of the task: its first bin, how many */
    idx first_out, outs; /* its first output channel, how many */
    idx cls;             /* the class in hand */
    idx first_of_class;  /* of whose channels the task's begin here */
    cond is_short;       /* fewer channels are left than tasks have; .v NULL: tasks are alike */
    idx pixel_step, row_step, channel_step; /* elements of the map from one to the next */
} RoiCtx;

/* One axis of a region: f64, the same in every lane.  grid: samples of a bin, none if it is below 1;
** steps: what their distance is divided by. */
typedef struct RoiAxis {
    fvec start, size, bin, grid, steps;
} RoiAxis;

/* A vector of bins: f64, one per lane. */
typedef struct RoiBins {
    idx first;    /* in the task */
    mask live;    /* lanes that are bins of the task */
    fvec at[2];   /* row and column of the bin */
    fvec base[2]; /* where the bin begins, with its offset */
} RoiBins;

/* Types with a lane per bin: of positions, which are f64 and uncontracted, of the kernel's values,
** and of coefficients. */
LaneType roi_pos_type(const RoiPlan *p);
LaneType roi_val_type(const RoiPlan *p);
LaneType roi_coeff_type(const RoiPlan *p);

/* ---- box: in the type of positions ---- */

RoiAxis roi_axis(Emit *e, const RoiCtx *c, int axis);
/* The image of region r, or -1; of one whose other numbers may not be finite. */
idx roi_image(Emit *e, const RoiCtx *c);
idx roi_named_image(Emit *e, const RoiCtx *c);
/* x rounded to the dtype of the spec, where the variant works in that: torchvision. */
fvec roi_in_dtype(Emit *e, const dcn_spec *s, fvec x);
RoiBins roi_bins(Emit *e, const RoiCtx *c, const RoiAxis axis[2], idx first);
fvec roi_position(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec base, fvec t);
mask roi_valid(Emit *e, const RoiCtx *c, int axis, fvec position);
fvec roi_extent(Emit *e, const RoiCtx *c, int axis); /* size of the map along an axis */
/* The number of samples that a sum is divided by; the modulation, of an operator that has one. */
fvec roi_divisor(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b);
fvec roi_modulation(Emit *e, const RoiCtx *c, const RoiBins *b);
/* 1 / number of samples, times the bin's modulation; of a maximum what it is at least. */
fvec roi_scale(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b);
void roi_store_scale(Emit *e, const RoiCtx *c, const RoiBins *b, fvec scale);
/* The position-sensitive group that a bin of the task reads. */
idx roi_group(Emit *e, const RoiCtx *c, idx bin);

/* ---- tables and ranges: in the type of positions ---- */

/* Lists of zeros, once per task: rows of a table are products of whole lists, and those of what the
** memory held might raise floating-point exceptions. */
void roi_clear_lists(Emit *e, const RoiCtx *c);
/* Fill the tables of all bins of the task with the samples from (k[0], k[1]) on; and the scales. */
void roi_tables(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2]);
void roi_scales(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);
/* Samples along an axis that can touch the map, at most. */
idx roi_max_samples(Emit *e, const RoiCtx *c, const RoiAxis axis[2], int which);
/* Limits, and scales, of quantised bins. */
void roi_ranges(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);

/* ---- passes: channels, some vectors at a time ------------------------------------------------ */

/* Channels first ..: `vectors` vectors, `last` channels in the last one. */
typedef struct RoiVectors {
    idx first;
    int vectors, last;
} RoiVectors;
typedef void (*RoiVectorsBody)(Emit *e, const RoiVectors *v, const void *self);

/* body for `channels` channels from `from` on, nv vectors at a time; self: what the body wants to know. */
void roi_over_channels(Emit *e, idx from, int channels, int nv, RoiVectorsBody body,
                       const void *self);

/* ---- the workspace of a thread ---- */

/* Byte `at` of the workspace. */
addr roi_scratch(Emit *e, const RoiCtx *c, int64_t at);
/* The table of a bin of the task: how many pixels, their offsets (i32), and one kind of their coefficients. */
idx roi_table_count(Emit *e, const RoiCtx *c, idx bin);
addr roi_table_offsets(Emit *e, const RoiCtx *c, idx bin);
addr roi_table_coeffs(Emit *e, const RoiCtx *c, int which, idx bin);
/* Limits of quantised bins (i32), from `bin` on: first row, number of rows, first column, number of
** columns. */
addr roi_limit(Emit *e, const RoiCtx *c, int which, idx bin);

#endif
