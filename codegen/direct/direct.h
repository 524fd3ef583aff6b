/* direct.h: what the files of the direct lowering have between them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_DIRECT_H
#define DCN_CODEGEN_DIRECT_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

/* Output channels that share a sample, at most. */
enum { DIRECT_MAX_OUTS = 16 };

/* A sample of a plain convolution is a load: what the lanes look at lies side by side. */
bool direct_lanes_are_neighbours(const dcn_spec *s);

/* The whole kernel: vectors of `lanes` output columns, `outs` output channels at a time. */
void direct_emit(Emit *e, Kernel *kernel, int lanes, int outs);

/* The one phase of a call, with so many lanes and output channels that share a sample. */
PhaseCost direct_phase(const dcn_spec *s, const dcn_target *t, int lanes, int outs);

#endif
