/* parts.h: the stages as kernels inside the module being written.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_PARTS_H
#define DCN_CODEGEN_PARTS_H

#include "codegen/kernel/entry.h"
#include "codegen/module/module.h"

enum { ALIGN = 64 }; /* bytes; where anything in a workspace or a packed operand begins */

typedef struct Parts {
    const Stages *g;
    Kernel stage[MAX_STAGES];
} Parts;

/* Where that of stage i begins in a packed operand; 0 in any other. */
idx parts_packed_before(Emit *e, const Parts *p, StageRef ref, int i);

/* Both functions of packing. */
void parts_emit_packing(Emit *e, Kernel *kernel, const Parts *p);

#endif
