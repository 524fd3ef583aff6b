/* backward.h: a gradient kernel with operands, and calls of it between guards.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_BACKWARD_H
#define DCN_TESTS_BACKWARD_H

#include "runtime/spec/operands.h"

#include <dcngen.h>

/* Operands by rt_operand, in double precision and in the kernel's layout, all of which its type
** holds exactly; those of the kernel without gradients, too. */
typedef struct Backward {
    dcn_spec spec;  /* with static sizes */
    rt_operands of; /* the kernel's */
    dcn_kernel *kernel;
    int64_t count[RT_NUM_OPERANDS];
    double *value[RT_NUM_OPERANDS]; /* NULL: there is no such operand */
} Backward;

/* bound: the kernel's spec with static sizes.  Values follow from the seed; offsets reach beyond
** the map.  Ends the test on an error. */
Backward backward_open(const dcn_spec *s, const dcn_spec *bound, const char *schedule, int seed);
void backward_close(Backward *b);

/* How it is called.  wanted: bit r for the gradient of operand r; others are NULL. */
typedef struct BackwardCall {
    uint64_t wanted;
    bool accumulate; /* all of them */
    bool shuffled;   /* tasks in another order */
    int threads;     /* 0: 1 */
    bool guard_before;
} BackwardCall;

/* The gradients, by rt_operand of the operand, in double precision; NULL where not wanted.  With
** accumulate they are added to `start` (by the same numbers; NULL: 0). */
typedef struct BackwardResult {
    double *grad[RT_NUM_PLAIN];
} BackwardResult;

BackwardResult backward_call(const Backward *b, const BackwardCall *how,
                             const BackwardResult *start);
void backward_free(BackwardResult *r);

/* Whether both have the same gradients, bit for bit, of those operands that both have. */
bool backward_same(const Backward *b, const BackwardResult *x, const BackwardResult *y);

#endif
