/* multi.h: one kernel compiled for several CPUs, and the choice between them at run time.
**
**     multi_plan            which variants there are, best first, and what each needs
**     multi_open_variant    the module turns to variant i; its lowering then writes the kernel
**     multi_close_variant   what was written since belongs to variant i alone
**     multi_close           the entry points, which choose
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MULTI_H
#define DCN_CODEGEN_MULTI_H

#include "codegen/cg.h"
#include "codegen/kernel/entry.h"

typedef struct Multi {
    const dcn_spec *spec;
    const struct MultiArch *arch;
    dcn_target base; /* what every machine of the triple can run: the entry points are for it */
    int n;
    CgVariant v[CG_MAX_VARIANTS];       /* best class first, else in the order of the user */
    uint64_t features[CG_MAX_VARIANTS]; /* that its code may use: rows of arch->probes */
    /* While a module is written: */
    Kernel kernel[CG_MAX_VARIANTS];
    LLVMValueRef state, machine, pick, last;
} Multi;

/* -1: the variants do not go together. */
int multi_plan(Multi *m, const dcn_spec *s, const CgVariant *v, int n, dcn_error *err);

/* The kernel that the variant's lowering is to write. */
Kernel *multi_open_variant(Multi *m, Emit *e, int i);
void multi_close_variant(Multi *m, Emit *e, int i);
void multi_close(Multi *m, Emit *e);

#endif
