/* bad.h: a lowering whose candidates go wrong in every way there is.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_BAD_H
#define DCN_TESTS_BAD_H

#include "codegen/lowering.h"

/* Choices of its only knob, `how`. */
typedef enum {
    BAD_NOT, /* right */
    BAD_CRASHES_BUILDING,
    BAD_ABORTS_BUILDING, /* with a last word */
    BAD_HANGS_BUILDING,
    BAD_FATAL_IN_LLVM,
    BAD_INVALID_IR,
    BAD_CRASHES_RUNNING,
    BAD_HANGS_RUNNING,
    BAD_COMPUTES_WRONG,
    BAD_WRONG_AT_BORDERS, /* right for ordinary offsets */
    BAD_NWAYS,
} BadWay;

extern const Lowering bad_lowering;

/* Its guess; BAD_NOT at first. */
extern BadWay bad_first;

#endif
