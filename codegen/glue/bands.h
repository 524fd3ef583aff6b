/* bands.h: gradients of pools and of resizing: a task owns a band of input rows and adds to these only.
**
** A task clears its rows first, unless the call adds to what is there, and goes through the output rows
** that look at some of them, in order.  So no two tasks write to one row, and sums have one order.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GLUE_BANDS_H
#define DCN_CODEGEN_GLUE_BANDS_H

#include "codegen/glue/inside.h"

typedef struct Band {
    const Glue *g;
    const GlueTask *task;
    idx row; /* of the output, in hand */
} Band;

/* The output rows of a task, one after another. */
typedef void (*BandRow)(Emit *e, const Band *b);
void band_task(Emit *e, const Glue *g, const GlueTask *t, BandRow row);

/* Whether an input row is the task's own. */
cond band_owns(Emit *e, const Band *b, idx row);

/* Channels of an output pixel in the gradient, of an input pixel in a map like the input. */
addr band_output(Emit *e, const Band *b, idx column);
addr band_input(Emit *e, const Band *b, addr map, idx row, idx column);

/* A vector added to what is there. */
void band_add(Emit *e, addr to, fvec x, mask live);

#endif
