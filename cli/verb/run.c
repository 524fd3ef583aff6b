/* run.c: the verb that runs one kernel on files.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/load/operands.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"

#include <stdlib.h>

/* The weights as the kernel wants them; freed by the caller, also after a failure. */
static int pack(const dcn_kernel *k, const OperandFiles *o, void *packed[RT_NUM_OPERANDS],
                dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        if (o->at[i].tensor.role != DCN_WEIGHT)
            continue;
        packed[i] = malloc(dcn_kernel_tensor_bytes(k, i) + 1);
        if (!packed[i] || dcn_pack_tensor(k, i, o->at[i].data, packed[i]))
            return dcn_fail(err, DCN_EENV, "no memory for '%s', packed", o->at[i].tensor.name);
    }
    return 0;
}

static int execute(const Args *a, const dcn_kernel *k, const OperandFiles *o,
                   void *const packed[RT_NUM_OPERANDS], dcn_error *err)
{
    void *tensor[RT_NUM_OPERANDS];
    const dcn_call call = { .tensor = tensor,
                            .ntensors = o->n,
                            .batch = o->bound.batch,
                            .height = o->bound.height,
                            .width = o->bound.width,
                            .rois = o->bound.rois,
                            .threads = a->threads };
    for (int i = 0; i < o->n; i++) {
        const bool wanted = !o->spec->gradient || o->at[i].path || o->at[i].tensor.role != DCN_OUT;
        tensor[i] = packed[i] ? packed[i] : wanted ? o->at[i].data : NULL;
    }
    return dcn_execute(k, &call, err);
}

static int compile_and_execute(const Kernels *all, const OperandFiles *o, dcn_error *err)
{
    dcn_kernel *k = NULL;
    if (kernel_compile(all, o->spec, &k, err))
        return -1;
    void *packed[RT_NUM_OPERANDS] = { NULL };
    int status = -1;
    if (!pack(k, o, packed, err))
        status = execute(all->args, k, o, packed, err);
    for (int i = 0; i < o->n; i++)
        free(packed[i]);
    dcn_kernel_free(k);
    return status;
}

int verb_run(const Args *a, dcn_error *err)
{
    Kernels k;
    OperandFiles o = { .n = 0 };
    int status = -1;
    if (!kernels_load(a, &k, err) && !kernels_check_single(&k, "run", err) &&
        !operands_read(a, k.spec[0], true, &o, err) && !compile_and_execute(&k, &o, err))
        status = operands_write(&o, err);
    operands_free(&o);
    kernels_free(&k);
    return status;
}
