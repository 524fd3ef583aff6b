/* plan.h: which bytes of a workspace blocks of memory have, given when each is needed.
**
** Times are numbers of steps that run one after another.  A block is needed from the step that first
** writes it to the last one that reads it, both included; two blocks that are needed at one time share
** no byte.  A block may be written over another of the same size whose last step is its first: the step
** then reads and writes the same bytes.
**
** A step has bytes of its own besides, behind all blocks that are needed then: how many may depend on
** what is known when the code runs only, so they have an end nowhere.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_STEPS_PLAN_H
#define DCN_CODEGEN_STEPS_PLAN_H

#include <stdint.h>

enum { PLAN_ALIGN = 64 }; /* bytes; blocks begin at multiples of it and are as long as one */

typedef struct PlanBlock {
    int64_t bytes;
    int first, last;
    int over;   /* the number of the block that it is written over; -1: none */
    int64_t at; /* bytes from the beginning of the workspace: the result */
} PlanBlock;

typedef struct PlanStep {
    int64_t bytes; /* of its own, as many as are expected */
    int64_t at;    /* where they begin: the result */
} PlanStep;

typedef struct Plan {
    PlanBlock *block;
    int nblocks;
    PlanStep *step; /* by time */
    int nsteps;
} Plan;

/* Sets `at` of all.  Returns the bytes that they take together, -1 without memory. */
int64_t plan_blocks(const Plan *plan);

/* The largest sum of bytes that are needed at one time: no plan takes less. */
int64_t plan_least(const Plan *plan);

#endif
