/* fatal.h: survive a fatal error of LLVM.
**
**     CgRecovery r, *former = cg_recovery_set(&r);
**     if (setjmp(r.back) == 0) { ... LLVM ... } else { ... r.reason ... }
**     cg_recovery_set(former);
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_FATAL_H
#define DCN_CODEGEN_FATAL_H

#include <setjmp.h>

typedef struct CgRecovery {
    jmp_buf back;
    char reason[512];
} CgRecovery;

/* Where fatal errors on this thread go from now on; returns where they went before. */
CgRecovery *cg_recovery_set(CgRecovery *r);

#endif
