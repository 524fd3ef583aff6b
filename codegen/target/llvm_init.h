/* llvm_init.h: LLVM itself, and its idea of a target.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_LLVM_INIT_H
#define DCN_CODEGEN_LLVM_INIT_H

#include <dcngen.h>
#include <llvm-c/TargetMachine.h>

/* The triple that LLVM is given: for Windows always that of the GNU environment.  Calls of plain C are the
** same in both, but for Microsoft's LLVM adds a reference to _fltused of the C runtime, and constants
** as symbols that other objects see. */
enum { CG_TRIPLE_MAX = 64 };
const char *cg_llvm_triple(const dcn_target *t, char buf[CG_TRIPLE_MAX]);

/* A target machine for position-independent code; NULL with err when LLVM has none. */
LLVMTargetMachineRef cg_target_machine(const dcn_target *t, dcn_error *err);

/* Registers LLVM's targets and its fatal-error handler; once per process, thread-safe. */
void cg_llvm_init(void);

#endif
