/* find.h: from a phase of a call to what is to be done in it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_STEPS_FIND_H
#define DCN_CODEGEN_STEPS_FIND_H

#include "codegen/ir/call.h"
#include "codegen/steps/steps.h"

/* What all functions of a list that is being written share. */
typedef struct StepFunctions {
    const StepList *l;
    LLVMValueRef step, count;
    addr constants; /* .v == NULL: all that is packed are operands */
} StepFunctions;

typedef struct StepArgs {
    addr args;
    idx phase, turn;       /* among the steps beside each other */
    addr workspace, block; /* the part's argument block, to be written */
} StepArgs;

/* A step, found in the function being written. */
typedef struct Found {
    idx part, phase, own; /* where its workspace begins; not where blocks are in slots */
    cond is_one, idle, beside, more;
} Found;

/* Begins a function of the list's own, NAME and the suffix. */
LLVMValueRef steps_begin_inner(Emit *e, const StepList *l, const char *suffix, LLVMTypeRef result,
                               const Params *params, void *args);

/* Whether parts read sizes. */
bool steps_have_sizes(const StepList *l);

/* Phases of all steps; 0: that depends on sizes. */
int steps_count_phases(const StepList *l);

/* The function; memory for an argument block; the call. */
void steps_emit_find(Emit *e, StepFunctions *f);
addr steps_new_args(Emit *e, const StepFunctions *f);
Found steps_find(Emit *e, const StepFunctions *f, const StepArgs *give);

#endif
