/* turn.h: rows of planes to rows of pixels: nchw in memory, channels side by side inside a kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TURN_H
#define DCN_CODEGEN_TURN_H

#include "emit.h"

/* A row of an nchw map and where its pixels go: place c of pixel x is element x*view + c%view of block c/view,
** and holds channel (c % outputs) * groups + c / outputs, which brings channels together that lie `groups`
** apart; outputs * groups is at most channels, and what stands in places beyond it does not matter. */
typedef struct Turn {
    addr from, to;
    idx plane, block; /* elements from a channel of `from`, from a block of `to` to the next */
    int64_t channels, view;  /* view == channels: one block */
    int64_t groups, outputs; /* groups == 1: channels keep their order, outputs is not read */
} Turn;

void emit_turn(Emit *e, const Turn *t, idx pixels);

#endif
