/* trace.h: what DCNGEN_VERBOSE tells and DCNGEN_DUMP writes about one compilation.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TRACE_H
#define DCN_CODEGEN_TRACE_H

#include "runtime/base/env.h"

#include <llvm-c/TargetMachine.h>
#include <stdbool.h>

typedef struct Trace {
    rt_env env;
    const char *name; /* of the kernel; files are named after it */
    double since_ns;  /* when the last stage ended */
} Trace;

/* Reads the environment; -1 with err if it makes no sense. */
int trace_open(Trace *t, const char *name, dcn_error *err);

/* Whether this word of DCNGEN_VERBOSE is set. */
bool trace_wants(const Trace *t, unsigned bit);

/* The spec and the schedule that are being compiled, as text. */
void trace_spec(const Trace *t, const char *spec, const char *schedule);

/* Why a kernel does not get this schedule, or that it does (reason NULL); for the word "dispatch", whatever is being
** compiled. */
bool trace_wants_choices(void);
void trace_choice(const char *kernel, const char *schedule, const char *reason);

/* The module as it is now, as NAME.suffix; bit: which word of DCNGEN_VERBOSE prints it. */
int trace_module(const Trace *t, unsigned bit, const char *suffix, LLVMModuleRef m, dcn_error *err);

/* The module's machine code, from a copy; also how to make it again with LLVM's own tools. */
int trace_asm(const Trace *t, LLVMModuleRef m, LLVMTargetMachineRef tm, const char *passes,
              dcn_error *err);

/* Time since the last stage. */
void trace_time(Trace *t, const char *stage);

#endif
