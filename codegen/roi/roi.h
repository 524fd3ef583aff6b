/* roi.h: the pieces of the RoI lowering, and the plan that they share.
**
** Every operator of the family is, per region and bin, a sum or a maximum over a grid of pixels:
**
**     out[r, o, a, b] = scale[a, b] * sum over rows y, columns x of wy[y] wx[x] map[n, c(o, a, b),
** y, x]
**
** because the samples of a bin stand on a grid, and so do the four pixels of each. Per task, which
** is a region, or some rows of its bins, or some of its channels:
**
**     box          the region and its bins; lanes along bins, in f64                  box.c
**     tables       pixels that the samples of a bin touch, and weights                samples.c
**     ranges       or, for quantised bins, the pixels that they cover                 ranges.c
**     accumulate   channels, lanes along them, read from the map                      accumulate.c
**     unpack       nchw: outputs from the order [bin][channel]                        output.c
**
** Samples of one axis that touch the same pixels are merged in a list: an adaptive grid reads each
** pixel once instead of four times. For a maximum every sample keeps its own: the product of both
** lists is then all pixels of all samples with their weights.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROI_H
#define DCN_CODEGEN_ROI_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/repack.h"
#include "codegen/lowering.h"

enum { ROI_NV, ROI_BIN_ROWS, ROI_TASK_CHANNELS, ROI_TABLE_SAMPLES, ROI_REPACK, ROI_NKNOBS };
_Static_assert((int)ROI_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

/* ---- the plan ------------------------------------------------------------------------------ */

/* How an operator places its samples. */
typedef enum {
    ROI_SAMPLING_ALIGN, /* valid in [-1, size], edges repeated; sums are divided by all samples */
    ROI_SAMPLING_HALF,  /* valid in [-0.5, size - 0.5], clamped; divided by the valid ones */
    ROI_SAMPLING_QUANTISED /* no samples: bins of whole pixels */
} RoiSampling;

/* Byte offsets in a thread's workspace. Arrays per bin have room for a whole vector of bins at the
** end. */
typedef struct RoiScratch {
    int64_t lists;  /* of a vector of bins: per axis offsets and weights of pixels; their lengths */
    int64_t counts; /* pixels in the table of each bin, i64 */
    int64_t
        table; /* offsets of each bin's pixels, then their weights; quantised: [4][bin] limits */
    int64_t scale;    /* of each bin */
    int64_t out_tile; /* nchw: outputs in the order [bin][channel] */
    int64_t bytes;    /* of all; from a thread's part to the next one's */
} RoiScratch;

typedef struct RoiPlan {
    const dcn_spec *s;
    RoiSampling sampling;
    bool maximum; /* of the pixels of a bin, or of pixels times weights in samples; else averages */
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

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Channels of the last task of a class. */
int roi_last_channels(const RoiPlan *p);

/* Samples of a bin along the axis that has more; 0: that depends on the region. */
int roi_most_samples(const RoiPlan *p);

/* ---- choices ------------------------------------------------------------------------------- */

/* A task's workspace beyond this is refused, where a smaller task is possible. */
#define ROI_MAX_THREAD_BYTES ((int64_t)32 << 20)

/* A schedule in question. */
typedef struct RoiChoice {
    const dcn_target *t;
    const int *k;
    RoiPlan p;
} RoiChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason
** ends them. */
typedef struct RoiRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const RoiChoice *c);
} RoiRefusal;

extern const Knob *const roi_knobs[ROI_NKNOBS];
extern const RoiRefusal roi_refusals[];
const char *roi_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void roi_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
int roi_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES]);

/* ---- a task -------------------------------------------------------------------------------- */

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

/* Types with a lane per bin: of positions, which are f64 and uncontracted, and of the kernel's
** values. */
LaneType roi_pos_type(const RoiPlan *p);
LaneType roi_val_type(const RoiPlan *p);

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
/* 1 / number of samples, times the bin's modulation; of a maximum what it is at least. */
fvec roi_scale(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b);
void roi_store_scale(Emit *e, const RoiCtx *c, const RoiBins *b, fvec scale);

/* ---- tables and ranges: in the type of positions ---- */

/* Lists of zeros, once per task: rows of a table are products of whole lists, and those of what the
** memory held might raise floating-point exceptions. */
void roi_clear_lists(Emit *e, const RoiCtx *c);
/* Fill the tables of all bins of the task with the samples from (k[0], k[1]) on; and the scales. */
void roi_tables(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2]);
void roi_scales(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);
/* Samples along an axis that can touch the map, at most. */
idx roi_max_samples(Emit *e, const RoiCtx *c, const RoiAxis axis[2], int which);
void roi_ranges(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);

/* ---- accumulate: in the type of the kernel, lanes along channels ---- */

/* out = scale * sum, or out += sum if the bin has several tables, for the task's channels of the
** class in hand; or the maximum. */
void roi_accumulate(Emit *e, const RoiCtx *c);
/* For bins with several tables: what sums and maxima begin with before, and the scale and the
** activation after. */
void roi_begin(Emit *e, const RoiCtx *c);
void roi_epilogue(Emit *e, const RoiCtx *c);
/* For a region without an image: out = 0, activated. */
void roi_clear(Emit *e, const RoiCtx *c);

/* ---- scratch and outputs ---- */

/* Byte `at` of the thread's workspace. */
addr roi_scratch(Emit *e, const RoiCtx *c, int64_t at);
/* The table of a bin of the task: offsets (i32) and weights of its pixels. */
addr roi_table_offsets(Emit *e, const RoiCtx *c, idx bin);
addr roi_table_weights(Emit *e, const RoiCtx *c, idx bin);
/* Limits of quantised bins (i32), from `bin` on: first row, number of rows, first column, number of
** columns. */
addr roi_limit(Emit *e, const RoiCtx *c, int which, idx bin);
/* Where output `channel` of a bin is collected. */
addr roi_out(Emit *e, const RoiCtx *c, idx bin, idx channel);
/* nchw: the output tile to the output. */
void roi_unpack(Emit *e, const RoiCtx *c, LLVMValueRef transpose);

/* ---- the whole kernel ---- */

void roi_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
