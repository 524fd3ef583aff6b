/* trace.h: what DCNGEN_VERBOSE tells and DCNGEN_DUMP writes about one compilation.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TRACE_H
#define DCN_CODEGEN_TRACE_H

#include "codegen/lowering.h"
#include "runtime/base/env.h"

#include <llvm-c/TargetMachine.h>

typedef struct Trace {
    rt_env env;
    const char *name; /* of the kernel; files are named after it */
    double since_ns;  /* when the last stage ended */
} Trace;

/* Reads the environment; -1 with err if it makes no sense. */
int trace_open(Trace *t, const char *name, dcn_error *err);

/* The spec and the schedule that are being compiled. */
void trace_choice(const Trace *t, const dcn_spec *s, const Schedule *sched);

/* Why a lowering was passed over, or that it was taken (reason NULL). */
void trace_dispatch(const dcn_spec *s, const Schedule *sched, const char *reason);

/* The module as it is now, as NAME.suffix; bit: which word of DCNGEN_VERBOSE prints it. */
int trace_module(const Trace *t, unsigned bit, const char *suffix, LLVMModuleRef m, dcn_error *err);

/* Its machine code, from a copy; also how to make it again with LLVM's own tools. */
int trace_asm(const Trace *t, LLVMModuleRef m, LLVMTargetMachineRef tm, const char *passes,
              dcn_error *err);

/* Time since the last stage. */
void trace_time(Trace *t, const char *stage);

#endif
