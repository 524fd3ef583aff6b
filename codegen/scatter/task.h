/* task.h: what a task and its blocks share.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_SCATTER_TASK_H
#define DCN_CODEGEN_SCATTER_TASK_H

#include "codegen/scatter/scatter.h"

/* What a call wants. */
enum { PASS_INPUT = 1, PASS_DOTS = 2, PASS_BOTH = PASS_INPUT | PASS_DOTS };

/* The internal functions of a task; NULL: not needed.  pass[what]: bits of what a call wants. */
typedef struct ScatterFns {
    LLVMValueRef scan, inputs, table, pass[PASS_BOTH + 1], careful, offsets, deliver, clear, rows,
        fill, drain;
} ScatterFns;

typedef struct ScatterTask {
    const ScatterPlan *plan;
    const ScatterFns *fns;
    const ScatterTaskArgs *in;
    Problem pb;
    ScatterShared shared;
    ScatterOuts out;
    GradientOut input;
    ScatterMaps maps;
    idx n, band, group; /* image; group: the task's first */
    idx passes;         /* bits of what the call wants */
    idx first, last;    /* rows of grad_input that are the band's */
    addr flags;         /* the task's */
    idx channel; /* element of the task's first channel in a map, at pixel (0, 0) of the image */
    addr map, spill; /* grad_input, and the band's own map, from there; spill.v == NULL: none */
} ScatterTask;

/* A block: of which output row and column and group, its pixels. */
typedef struct ScatterBlock {
    idx p, q, group, pixels;
    idx y, x;                                    /* the taps' centre at its first pixel */
    idx channel;                                 /* of its first group */
    addr g;                                      /* of grad_output */
    addr offsets, masks, grad_offset, grad_mask; /* in the tensors */
} ScatterBlock;

/* Whether some of the bits are set. */
static inline cond scatter_has(Emit *e, idx bits, int which)
{
    return x_less(e, x_const(e, 0), x_and(e, bits, x_const(e, which)));
}

/* From group `group` of output pixel (p, q) on; its pixels are still to be set. */
ScatterBlock scatter_block_at(Emit *e, const ScatterTask *t, idx p, idx q, idx group);

/* All that is done with it. */
void scatter_block(Emit *e, const ScatterTask *t, ScatterBlock b);

/* The maps that a block works on, from the first channel of its first group: rows that it reaches are
** there. */
typedef struct ScatterTarget {
    addr input, grad_input;
} ScatterTarget;
ScatterTarget scatter_target(Emit *e, const ScatterTask *t, const ScatterBlock *b);

/* The band's rows of grad_input are whole. */
void scatter_end_rows(Emit *e, const ScatterTask *t);

#endif
