/* roi.h: the pieces of the RoI lowering, and the plan that they share.
**
** Every operator of the family is, per region and bin, a sum or a maximum over a grid of pixels:
**
**     out[r, o, a, b] = scale[a, b] * sum over rows y, columns x of wy[y] wx[x] map[n, c(o, a, b), y, x]
**
** because the samples of a bin stand on a grid, and so do the four pixels of each.  Per task, which is a
** region or some rows of its bins:
**
**     box        the region and its bins; lanes along bins, in f64                 roi_box.c
**     lists      rows and columns that the samples of a bin touch, and weights      roi_lists.c
**     ranges     or, for quantised bins, the pixels that they cover                 roi_ranges.c
**     sums       channels, lanes along them, read from the view                     roi_sum.c
**
** Samples of one axis that touch the same pixels are merged in the lists: an adaptive grid reads each pixel
** once instead of four times.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROI_H
#define DCN_CODEGEN_ROI_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

enum { ROI_NV, ROI_BIN_ROWS, ROI_TABLE_SAMPLES, ROI_REPACK, ROI_NKNOBS };

/* How an operator places its samples. */
typedef enum {
    ROI_RULE_ALIGN,    /* band [-1, size], edges repeated; sums are divided by all samples */
    ROI_RULE_HALF,     /* band [-0.5, size - 0.5], clamped; divided by the samples in it */
    ROI_RULE_QUANTISED /* no samples: bins of whole pixels */
} RoiRule;

typedef struct RoiPlan {
    const dcn_spec *s;
    RoiRule rule;
    int lanes, fp_bytes;  /* along channels */
    int wide;             /* bins per vector of f64 */
    int nh, nw;           /* bins of a region */
    int bins, parts;      /* bins of a task at most, tasks of a region */
    int nv;               /* vectors of channels per pass */
    int grid;             /* samples of a bin along an axis; 0: depends on the region */
    int samples;          /* of an axis, that one table holds */
    int tables;           /* 1: one table holds all samples; else a bin has several */
    int groups[2];        /* position-sensitive groups along y, x; {1, 1}: none */
    int outputs;          /* channels of the output */
    int classes, segment; /* sets of trans, output channels of each */
    int copies;           /* the view is a copy: channels [group][output] of a pixel side by side */
    int together;         /* outputs that follow one another are read from channels that do */
    int list;             /* entries of a list */
    int entries;          /* of the table of a bin */
    int out_stride;       /* nchw: row of the output tile, elements; else 0 */
    int64_t at_lists, at_counts, at_table, at_scale,
        at_tile; /* byte offsets in a thread's workspace */
    int64_t thread_bytes;
} RoiPlan;

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* A task's workspace beyond this is refused, where a smaller task is possible. */
#define ROI_MAX_THREAD_BYTES ((int64_t)32 << 20)

/* A schedule in question. */
typedef struct RoiChoice {
    const dcn_target *t;
    const int *k;
    RoiPlan p;
} RoiChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason ends them. */
typedef struct RoiRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const RoiChoice *c);
} RoiRefusal;

extern const Knob *const roi_knobs[ROI_NKNOBS];
extern const RoiRefusal roi_refusals[];
const char *roi_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void roi_guess(const dcn_spec *s, const dcn_target *t, int *k);
double roi_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads);

/* What the loops over one task hand on. */
typedef struct RoiCtx {
    const RoiPlan *plan;
    Problem pb;
    addr own;             /* this thread's workspace */
    addr map;             /* image n of the view */
    idx r, n;             /* the region; its image, or -1 if it has none */
    idx first, bins;      /* of the task: its first bin, how many */
    idx cls;              /* the class in hand */
    idx pixel, row, lane; /* elements from a pixel, a row, a channel of the map to the next */
} RoiCtx;

/* One axis of a region: f64, the same in every lane. */
typedef struct RoiAxis {
    fvec start, size, bin, grid;
} RoiAxis;

/* A vector of bins: f64, one per lane. */
typedef struct RoiBins {
    idx first;    /* in the task */
    mask live;    /* lanes that are bins of the task */
    fvec at[2];   /* row and column of the bin */
    fvec base[2]; /* where the bin begins, with its offset */
} RoiBins;

/* The float type of positions and of the kernel, with a lane per bin. */
LaneType roi_precise(const RoiPlan *p);
LaneType roi_plain(const RoiPlan *p);

/* In precise shape. */
RoiAxis roi_axis(Emit *e, const RoiCtx *c, int axis);
idx roi_image(Emit *e, const RoiCtx *c);
RoiBins roi_bins(Emit *e, const RoiCtx *c, const RoiAxis axis[2], idx first);
fvec roi_position(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec base, fvec t);
mask roi_valid(Emit *e, const RoiCtx *c, int axis, fvec position);
fvec roi_extent(Emit *e, const RoiCtx *c, int axis); /* size of the map along an axis */
/* 1 / number of samples, times the bin's modulation */
fvec roi_scale(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b);
void roi_put_scale(Emit *e, const RoiCtx *c, const RoiBins *b, fvec scale);

/* Fill the tables of all bins of the task with the samples from (ky, kx) on; and the scales. */
void roi_tables(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2]);
void roi_scales(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);
/* Samples along an axis that can touch the map, at most. */
idx roi_reach(Emit *e, const RoiCtx *c, const RoiAxis axis[2], int which);
void roi_ranges(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);

/* out = scale * sum, or out += sum if the bin has several tables, for all channels of the class in hand. */
void roi_sums(Emit *e, const RoiCtx *c);
/* For bins with several tables: out = 0 before, out *= scale after. */
void roi_clear(Emit *e, const RoiCtx *c);
void roi_finish(Emit *e, const RoiCtx *c);
/* nchw: the output tile to the output. */
void roi_unpack(Emit *e, const RoiCtx *c, LLVMValueRef turn);
/* Part of the workspace; where output `channel` of a bin is collected. */
addr roi_own(Emit *e, const RoiCtx *c, int64_t at);
addr roi_out(Emit *e, const RoiCtx *c, idx bin, idx channel);

/* repack(args, to, task): one row of one image into the view */
LLVMValueRef roi_emit_repack(Emit *e, const RoiPlan *p, LLVMValueRef turn);

/* The whole kernel. */
void roi_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
