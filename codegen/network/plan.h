/* plan.h: which bytes of a workspace blocks of memory have, given when each is needed.
**
** Times are numbers of steps that run one after another.  A block is needed from the step that first
** writes it to the last one that reads it, both included; two blocks that are needed at one time share
** no byte.  A block may be written over another of the same size whose last step is its first: the step
** then reads and writes the same bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_NETWORK_PLAN_H
#define DCN_CODEGEN_NETWORK_PLAN_H

#include <stdint.h>

enum { PLAN_ALIGN = 64 }; /* bytes; blocks begin at multiples of it and are as long as one */

typedef struct PlanBlock {
    int64_t bytes;
    int first, last;
    int over;   /* the number of the block that it is written over; -1: none */
    int64_t at; /* bytes from the beginning of the workspace: the result */
} PlanBlock;

/* Sets `at` of all.  Returns the bytes that they take together, -1 without memory. */
int64_t plan_blocks(PlanBlock *block, int n);

/* The largest sum of bytes that are needed at one time: no plan takes less. */
int64_t plan_least(const PlanBlock *block, int n);

#endif
