/* fatal.h: survive a fatal error of LLVM.
**
**     CgGuard g, *old = cg_guard_set(&g);
**     if (setjmp(g.back) == 0) { ... LLVM ... } else { ... g.reason ... }
**     cg_guard_set(old);
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GUARD_H
#define DCN_CODEGEN_GUARD_H

#include <setjmp.h>

typedef struct CgGuard {
    jmp_buf back;
    char reason[512];
} CgGuard;

/* The guard of this thread; returns the former one. */
CgGuard *cg_guard_set(CgGuard *g);

#endif
