/* target.h: dcn_target and LLVM's idea of the same machine.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_H
#define DCN_CODEGEN_TARGET_H

#include <dcngen.h>
#include <llvm-c/TargetMachine.h>

/* A target machine for position-independent code; NULL with err when LLVM has none. */
LLVMTargetMachineRef cg_target_machine(const dcn_target *t, dcn_error *err);

/* Registers LLVM's targets and its fatal-error handler; once per process, thread-safe. */
void cg_llvm_init(void);

#endif
