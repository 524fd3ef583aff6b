/* roi_gradient.h: what the files of this lowering have between them: its knobs and its plan.
**
** A task owns a block of output channels of an image, and with them the input channels that their
** bins read. It goes through the regions of that image in their order. With g the gradient of a
** bin's output, and w the coefficients of the pixels that the bin touches (codegen/roi/bins.h), per
** region, class and rows of bins:
**
**     tables       pixels and coefficients of all bins                          codegen/roi, tables.c
**     sums         what an activation was given, and its slope there       activate.c
**     scatter      grad_input[pixel] += w * scale * g                      scatter.c
**     largest      or, of a maximum, that of the largest only              largest.c
**     dots         sums of g * w * pixel over the block's channels         dots.c
**
** so that no two tasks write to one place. Tables are made by each task again, or once for all of
** them in a phase before. The map and its gradient are as they are, or the task's own
** copies of its channels, [group][pixel][channel], which it makes before and stores after (maps.c): in
** nchw, where the channels of a bin lie apart, and where so few of a pixel's are the block's that the
** others' places in caches would be lost. What the blocks have of a dot is added up
** in their order once all tasks are done (finish.c). A region whose g is all zero in the block is
** passed over.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROI_GRADIENT_H
#define DCN_CODEGEN_ROI_GRADIENT_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/lowering.h"
#include "codegen/roi/bins.h"

enum {
    ROI_GRADIENT_NV,
    ROI_GRADIENT_CHANNELS,
    ROI_GRADIENT_BIN_ROWS,
    ROI_GRADIENT_TABLE_SAMPLES,
    ROI_GRADIENT_REPACK,
    ROI_GRADIENT_SHARE_TABLES,
    ROI_GRADIENT_NKNOBS
};
_Static_assert((int)ROI_GRADIENT_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

extern const Knob *const roi_gradient_knobs[ROI_GRADIENT_NKNOBS];
const char *roi_gradient_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void roi_gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
int roi_gradient_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                        PhaseCost out[MAX_PHASES]);

/* ---- the plan ---------------------------------------------------------------------------- */

/* Gradients that are asked for, and what they need. */
typedef struct RoiGradientWant {
    bool input, offset, mask; /* offset: or trans */
    bool dots;                /* of g with weighed pixels */
    bool map;                 /* the input is read */
    bool slopes;              /* of an activation, of a sum that is made again */
} RoiGradientWant;

/* Byte offsets in a thread's workspace, beside those of the tables. */
typedef struct RoiGradientScratch {
    int64_t g;      /* nchw: [bin][output] of a region */
    int64_t slopes; /* of an activation: [bin][channel] */
    int64_t best;   /* of a maximum over samples: [bin][channel] products, coefficients, pixels */
    int64_t lane;   /* pixels, and what they are given, of a vector */
    int64_t shift, parts; /* gradients of shifts, of bins and of parts: along y, along x */
    int64_t bytes;        /* of all but the maps */
} RoiGradientScratch;

typedef struct RoiGradientPlan {
    const dcn_spec *s;
    RoiPlan bins;
    RoiGradientWant want;
    int lanes, fp_bytes; /* along channels */
    int nv;              /* vectors of a pass */
    int groups;          /* sets of channels that bins read */
    bool scattered;      /* channels of a bin do not lie together */
    bool copies;         /* the maps are copies */
    bool shares_tables;  /* they are made once, before all blocks */
    int pixel_step;      /* elements from a pixel to the next */
    int classes;         /* of a block; if it has several, with all their channels */
    int channels[2];     /* of a class in a block: in all blocks of the class but the last, in it */
    int per_class;       /* blocks of a class: 1 where a block has several */
    int blocks;
    int ndots, first_dot; /* of a bin: kinds of coefficients of its table */
    int g_stride;         /* from a bin to the next */
    int row_stride;       /* of a class's channels, padded to whole vectors */
    RoiGradientScratch scratch;
} RoiGradientPlan;

RoiGradientPlan roi_gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Whether the largest product of a bin gives its output. */
bool roi_gradient_is_sampled_maximum(const RoiGradientPlan *p);

/* Output channels of a block, and vectors of a class in it. */
int roi_gradient_outputs(const RoiGradientPlan *p, int shape);

/* ---- what is in hand ----------------------------------------------------------------------- */

/* A block of a region. */
typedef struct RoiGradient {
    const RoiGradientPlan *plan;
    int shape;             /* which of plan->channels */
    RoiCtx c;              /* c.scratch has the tables, c.map is not used: */
    addr own;              /* the thread's workspace, as RoiGradientScratch says */
    addr from, to;         /* map and gradient at pixel 0, group 0, first channel of the block */
    idx plane;             /* elements of a map from a group to the next */
    idx number;            /* of the block */
    idx first_out;         /* its first output channel */
    addr g;                /* first bin of the region, first output of the block */
    idx class_first;       /* channel in the block at which the class in hand begins */
    addr dots, class_dots; /* of the region: of the first class of the block, of that in hand */
    cond input, any_dots;  /* what the call asks for */
} RoiGradient;

/* Some channels of a bin, all of the class that is `nth` in the block: `vectors` vectors, `last`
** channels in the last one. */
typedef struct RoiGradientPass {
    const RoiGradient *g;
    idx bin;   /* of those in hand */
    idx first; /* channel in the block */
    int vectors, last;
} RoiGradientPass;

/* What is done with a bin, and with a pass of it. */
typedef void (*RoiGradientBody)(Emit *e, const RoiGradient *g, idx nth, idx bin);
typedef void (*RoiGradientPassBody)(Emit *e, const RoiGradientPass *p, void *self);

/* body for all channels of a bin, nv vectors at a time. */
void roi_gradient_over_channels(Emit *e, const RoiGradient *g, idx nth, idx bin,
                                RoiGradientPassBody body, void *self);

/* Lanes of vector v that are channels; those of the maps that may be touched. */
mask roi_gradient_channels(Emit *e, const RoiGradientPass *p, int v);
mask roi_gradient_reach(Emit *e, const RoiGradientPass *p, int v);

/* Gradient of the output, before its activation, vector v of a bin; and times the bin's scale, but 0 where it is 0. */
fvec roi_gradient_g(Emit *e, const RoiGradientPass *p, int v);
fvec roi_gradient_scaled(Emit *e, const RoiGradientPass *p, int v);

/* Slopes of the activation for the pass's channels of a bin; whole vectors. */
addr roi_gradient_slopes(Emit *e, const RoiGradientPass *p);

/* body for the pixels that a quantised bin covers, row by row, in a map. */
typedef void (*RoiGradientPixelBody)(Emit *e, const RoiGradientPass *p, addr at, idx pixel,
                                     void *self);
void roi_gradient_over_range(Emit *e, const RoiGradientPass *p, addr map, RoiGradientPixelBody body,
                             void *self);

/* Pixel `pixel` of a map, from the first channel of the pass on, in the group of a bin. */
addr roi_gradient_pixels(Emit *e, const RoiGradientPass *p, addr map);
addr roi_gradient_pixel(Emit *e, const RoiGradientPass *p, addr first, idx pixel);
addr roi_gradient_vector(Emit *e, addr first, int v);

/* ---- bodies ---------------------------------------------------------------------------------- */

void roi_gradient_scatter(Emit *e, const RoiGradient *g, idx nth, idx bin); /* a table */
void roi_gradient_dots(Emit *e, const RoiGradient *g, idx nth, idx bin);
/* What an activation was given, of an average: before, a table or all pixels, after. */
void roi_gradient_sums_begin(Emit *e, const RoiGradient *g, idx nth, idx bin);
void roi_gradient_sums(Emit *e, const RoiGradient *g, idx nth, idx bin);
void roi_gradient_sums_end(Emit *e, const RoiGradient *g, idx nth, idx bin);
/* Quantised: all pixels, or the largest. */
void roi_gradient_spread(Emit *e, const RoiGradient *g, idx nth, idx bin);
void roi_gradient_largest(Emit *e, const RoiGradient *g, idx nth, idx bin);
/* The largest product of a bin's samples, which come one to a table: before, a sample, after. */
void roi_gradient_best_begin(Emit *e, const RoiGradient *g, idx nth, idx bin);
void roi_gradient_best(Emit *e, const RoiGradient *g, idx nth, idx bin);
void roi_gradient_best_end(Emit *e, const RoiGradient *g, idx nth, idx bin);
/* What a bin begins with, as its scale: 0 if its first sample is outside, which comes first. */
void roi_gradient_store_beginning(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);

/* ---- the shared workspace ---------------------------------------------------------------------- */

/* Dots are [part][region][class][bin][kind], the parts those of the blocks of a class. */
idx roi_gradient_dots_at(Emit *e, const RoiGradientPlan *p, const Problem *pb, idx part, idx r,
                         idx cls);
idx roi_gradient_shared_bytes(Emit *e, const Problem *pb, const void *plan);
idx roi_gradient_thread_bytes(Emit *e, const RoiGradientPlan *p, const Problem *pb);

/* Elements of a group of a map. */
idx roi_gradient_plane(Emit *e, const RoiGradientPlan *p, const Problem *pb);

/* Bytes from the tables of a region to the next one's, where they are shared; where they are. */
int64_t roi_gradient_table_bytes(const RoiGradientPlan *p);
addr roi_gradient_tables(Emit *e, const RoiGradientPlan *p, const Problem *pb, addr workspace,
                         idx r);

/* ---- tables.c: tables of a region, for all blocks ------------------------------------------------ */

typedef struct RoiGradientTablesArgs {
    addr args, tables;
    idx r;
} RoiGradientTablesArgs;

LLVMValueRef roi_gradient_emit_tables(Emit *e, const RoiGradientPlan *p);
void roi_gradient_call_tables(Emit *e, LLVMValueRef fn, const RoiGradientTablesArgs *in);

/* ---- functions --------------------------------------------------------------------------------- */

/* A block of region r. */
typedef struct RoiGradientRegionArgs {
    addr args, workspace, scratch, from, to;
    idx number, r;
} RoiGradientRegionArgs;

LLVMValueRef roi_gradient_emit_region(Emit *e, const RoiGradientPlan *p, LLVMValueRef transpose,
                                      int shape);
void roi_gradient_call_region(Emit *e, LLVMValueRef fn, const RoiGradientRegionArgs *in);

/* What a call asks for, see RoiGradient. */
void roi_gradient_find_wanted(Emit *e, RoiGradient *g, addr args);

/* First output channel of a block; its first class. */
idx roi_gradient_first_out(Emit *e, const RoiGradientPlan *p, idx number);
idx roi_gradient_first_class(Emit *e, const RoiGradientPlan *p, idx number);

/* Maps of a block of image n. */
typedef struct RoiGradientMaps {
    const RoiGradientPlan *plan;
    int shape;
    Problem pb;
    LLVMValueRef transpose;
    addr own; /* the task's copies */
    GradientOut out;
    idx n, number;
} RoiGradientMaps;

/* Where pixel 0 of the block is in the input, or its copy; and in the gradient. */
addr roi_gradient_map_from(Emit *e, const RoiGradientMaps *m);
addr roi_gradient_map_to(Emit *e, const RoiGradientMaps *m);
/* Before the regions: the copy, and a gradient that is 0, or what it is added to.  After them. */
void roi_gradient_open_map(Emit *e, const RoiGradientMaps *m);
void roi_gradient_open_gradient(Emit *e, const RoiGradientMaps *m);
void roi_gradient_close_gradient(Emit *e, const RoiGradientMaps *m);

/* Gradients of offset, trans and mask of a region. */
typedef struct RoiGradientFinishArgs {
    addr args, workspace, scratch;
    idx r;
} RoiGradientFinishArgs;

LLVMValueRef roi_gradient_emit_finish(Emit *e, const RoiGradientPlan *p);
void roi_gradient_call_finish(Emit *e, LLVMValueRef fn, const RoiGradientFinishArgs *in);

void roi_gradient_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
