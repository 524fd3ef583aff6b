/* problem.h: the operands and sizes of a kernel, as values in the function being written.
**
** A size that the spec knows is a constant and folds away; a dynamic one is read from the
** argument block.  That is the whole difference between static and dynamic kernels.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_PROBLEM_H
#define DCN_CODEGEN_PROBLEM_H

#include "codegen/ir/emit.h"
#include "runtime/spec/operands.h"

typedef struct Problem {
    const dcn_spec *s;
    addr operand[RT_NUM_OPERANDS]; /* .v == NULL: not in this spec */
    /* The operands that operators have, by name. */
    addr input, weight, bias, scale, shift, residual, offset, mask, offset_mask, rois, trans,
        output;
    idx n, h, w, r; /* batch, input rows and columns, rois */
    idx p, q;       /* output rows and columns */
    /* Channels of the maps that offset and mask are in, which may be one. */
    int64_t offset_channels, mask_channels;
} Problem;

Problem problem_load(Emit *e, const dcn_spec *s, addr args);

/* The sizes alone, from the parameters (batch, height, width, rois) of a size query. */
Problem problem_of_sizes(Emit *e, const dcn_spec *s, const idx size[4]);

/* Operand number i in calling order. */
addr problem_nth(const Problem *pb, int i);

int problem_taps(const dcn_spec *s);         /* K */
bool problem_is_deformed(const dcn_spec *s); /* has offsets */

/* Elements of the spec's dtype in a register of the target. */
int problem_vector(const dcn_spec *s, const dcn_target *t);

/* Element offset of [n][c][y][x] in a map of `channels` channels and `rows` x `cols`, in the spec's layout. */
idx problem_at(Emit *e, const Problem *pb, idx channels, idx rows, idx cols, const idx at[4]);

/* Lanes along x: element (n, c, y, x + lane) of such a map; dead lanes are not read and are 0. */
fvec problem_lanes(Emit *e, const Problem *pb, addr map, idx channels, const idx at[4], mask live);

#endif
