/* glue.h: the layers of a network that are no operators: sums, products, windows, copies.
**
** Each is a kernel inside another one, for one layer of a network whose sizes are numbers: run, tasks and
** workspace_bytes, with the arguments of entry.h.  kernel->s gives its name and dtype.
**
**     forwards    args { layer->arg[0], ..., the output }
**     backwards   args { layer->arg[0], ..., grad_output, grad of arg[0], grad of arg[1], ...; then the
**                 four sizes of every kernel, which are not read; then `accumulate`, as kernel.h says,
**                 bit i % 64 of word i / 64 for tensor number i }
**                 of the arguments only those that glue_back_reads says are read; a gradient may be
**                 NULL, and is then not computed
**
** Values are [n][h][w][c]; parameters lie as net_param says, unpacked.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GLUE_H
#define DCN_CODEGEN_GLUE_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "runtime/spec/network.h"

void glue_emit(Emit *e, Kernel *kernel, const dcn_network *net, const net_layer *layer);
void glue_emit_back(Emit *e, Kernel *kernel, const dcn_network *net, const net_layer *layer);

/* How many phases that has, and what each is expected to take; the tasks follow from shapes and the width
** of vectors. */
int glue_phases(const dcn_network *net, const net_layer *layer, const dcn_target *t, bool back,
                PhaseCost out[2]);

/* Whether the gradients of a layer need its argument number i. */
bool glue_back_reads(const net_layer *layer, int i);

/* Whether two layers of a network compute the same of the same shapes, so that one function serves both. */
bool glue_is_same(const dcn_network *net, const net_layer *a, const net_layer *b);

#endif
