/* kernel.h: the kernel of one layer of a network, compiled alone and called between guard pages.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GLUE_KERNEL_H
#define DCN_TESTS_GLUE_KERNEL_H

#include "runtime/exec/kernel.h"
#include "tests/support/glue_cases.h"
#include "tests/support/guarded.h"

enum { KERNEL_MAX_TENSORS = 2 * GLUE_MAX_INPUTS + 1 };

typedef struct LayerKernel {
    GlueNet g;
    const char *name;
    bool back;
    dcn_kernel kernel;
} LayerKernel;

/* For this machine, as DCNGEN_MAX_ISA has it. */
void kernel_open(LayerKernel *k, const GlueCase *c, int64_t channels, dcn_dtype dtype, bool back);
void kernel_close(LayerKernel *k);

/* A call: its tensors in the kernel's order, in double precision; a tensor that is NULL is handed over so.
** Those from number `outputs` on are written. */
typedef struct LayerCall {
    int n, outputs;
    double *v[KERNEL_MAX_TENSORS];
    int64_t count[KERNEL_MAX_TENSORS];
    bool add[KERNEL_MAX_TENSORS];
    bool backwards; /* the tasks of a phase, one by one */
} LayerCall;

/* All phases; each tensor has a page that cannot be touched on the side that is named. */
void kernel_call(const LayerKernel *k, const LayerCall *call, Guard side);

#endif
