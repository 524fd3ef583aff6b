/* roi.h: the pieces of the RoI lowering.
**
** Every operator of the family is, per region and bin, a sum or a maximum over a grid of pixels:
**
**     out[r, o, a, b] = scale[a, b] * sum over rows y, columns x of wy[y] wx[x] map[n, c(o, a, b),
** y, x]
**
** because the samples of a bin stand on a grid, and so do the four pixels of each. Per task, which
** is a region, or some rows of its bins, or some of its channels:
**
**     bins         the region, its bins, and what they touch                          bins.h
**     accumulate   channels, lanes along them, read from the map                      accumulate.c
**     unpack       nchw: outputs from the order [bin][channel]                        output.c
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROI_H
#define DCN_CODEGEN_ROI_H

#include "codegen/kernel/entry.h"
#include "codegen/roi/bins.h"

enum { ROI_NV, ROI_BIN_ROWS, ROI_TASK_CHANNELS, ROI_TABLE_SAMPLES, ROI_REPACK, ROI_NKNOBS };
_Static_assert((int)ROI_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

/* ---- the plan ------------------------------------------------------------------------------ */

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Channels of the last task of a class. */
int roi_last_channels(const RoiPlan *p);

/* ---- choices ------------------------------------------------------------------------------- */

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

/* ---- outputs ---- */

/* Where output `channel` of a bin is collected. */
addr roi_out(Emit *e, const RoiCtx *c, idx bin, idx channel);
/* nchw: the output tile to the output. */
void roi_unpack(Emit *e, const RoiCtx *c, LLVMValueRef transpose);

/* ---- the whole kernel ---- */

void roi_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
