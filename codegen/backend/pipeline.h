/* pipeline.h: from a module that an emitter writes to bytes.
**
**     build_open      the module is there to be written
**     build_finish    verified, optimised, rendered; everything is disposed of
**     build_abandon   what was written is of no use; everything is disposed of
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_PIPELINE_H
#define DCN_CODEGEN_PIPELINE_H

#include "codegen/backend/trace.h"
#include "codegen/cg.h"
#include "codegen/ir/emit.h"

typedef struct Build {
    Emit e;
    Trace trace;
    CgKind kind;
    LLVMTargetMachineRef tm;
    LLVMMemoryBufferRef out;
    char *text;
    bool large_frame; /* of a function for Windows */
    bool merges;      /* functions that are the same become one */
} Build;

/* A module of this name for a target, which will become what kind says; -1 where there is nothing to finish. */
int build_open(Build *b, CgKind kind, const char *name, dcn_dtype dtype, const dcn_target *t,
               dcn_error *err);

/* *bytes is malloc'ed, see cg_build. */
int build_finish(Build *b, void **bytes, size_t *size, dcn_error *err);

/* Drops what was written, but for this function and what it calls. */
void build_keep_only(Build *b, LLVMValueRef fn);

/* -1: there was no memory for what was to be written. */
int build_abandon(Build *b, dcn_error *err);

#endif
