/* rows.h: what the functions of stages on rows share.
**
** A row is the channels of a pixel, or a plane of an nchw map.  A task is some rows that follow one
** another: as many as leave a fixed number of tasks.  What a stage sums over all rows, each task has
** a set of sums of in the workspace, which a second phase adds up in the order of the tasks; so
** sums depend on the number of rows and on nothing else.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ROWS_H
#define DCN_CODEGEN_ROWS_H

#include "codegen/ir/transpose.h"
#include "codegen/kernel/blend.h"
#include "codegen/kernel/entry.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/kernel/norm.h"
#include "codegen/module/module.h"

enum { ROWS_SUMS = 2 }; /* of each channel, at most */

typedef struct Rows {
    const Stage *st;
    addr args;
    addr tensor[MAX_STAGE_OPERANDS];
    idx count, per_task;
    idx length; /* elements of a row */
    LLVMValueRef transpose;
    addr sums; /* [ROWS_SUMS][channels] of the task in hand; .v == NULL: there are none */
} Rows;

/* The operand of that name, and which it is; .v == NULL, -1: the stage has none. */
addr rows_tensor(const Rows *r, const char *name);
int rows_number_of(const Stage *st, const char *name);

/* A gradient, as an output of this call. */
GradientOut rows_gradient(Emit *e, const Rows *r, const char *name);

/* A norm of rows with a weight and a bias, and a blend of rows y and x. */
Norm rows_norm_of(const Rows *r, addr weight, addr bias);
Blend rows_blend_of(const Rows *r, addr y, addr x, addr logits);

/* Where among a task's sums that of a channel is; add a vector of channels from `first` on to the task's own sums. */
idx rows_sum_at(Emit *e, const Rows *r, int which, idx channel);
void rows_add_sum(Emit *e, const Rows *r, int which, idx first, fvec x, mask live);

/* A kind of stage: what is done with a row, and the gradients that are sums over all rows, NULL:
** there are none. */
typedef struct RowKind {
    void (*body)(Emit *e, const Rows *r, idx row);
    const char *sum[ROWS_SUMS];
} RowKind;
extern const RowKind rows_norm, rows_blend, rows_reorder;             /* rowwise.c */
extern const RowKind rows_norm_back, rows_blend_back, rows_transpose; /* rowwise_back.c */
extern const RowKind rows_finish, rows_finish_back;                   /* finish.c */

#endif
