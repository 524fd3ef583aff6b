/* run.c: the verb that runs one kernel on files.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernels.h"
#include "names.h"
#include "operands.h"
#include "runtime/base.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_single(const Kernels *k, dcn_error *err)
{
    const char *names[17] = { NULL }; /* more would not fit into a message */
    char all[512];
    if (k->n == 1)
        return 0;
    for (int i = 0; i < k->n && i < 16; i++)
        names[i] = k->spec[i]->name;
    return dcn_fail(err, DCN_EUSAGE, "run needs one kernel, chosen by --kernel: %s has %s%s",
                    k->path, names_join(names, all, sizeof all), k->n > 16 ? ", ..." : "");
}

static int execute(const Args *a, const dcn_kernel *k, const Operands *o, void *packed,
                   dcn_error *err)
{
    dcn_call call = { .batch = o->bound.batch,
                      .height = o->bound.height,
                      .width = o->bound.width,
                      .threads = a->threads };
    for (int i = 0; i < o->n; i++) {
        const Operand *p = &o->at[i];
        bool weight = p->tensor.role == DCN_WEIGHT;
        call.tensor[i] = weight ? packed : p->data;
        if (weight && dcn_pack_weights(k, p->data, packed))
            return dcn_fail(err, DCN_EENV, "the weights cannot be packed");
    }
    return dcn_execute(k, &call, err);
}

static int compile_and_execute(const Kernels *all, const Operands *o, dcn_error *err)
{
    dcn_kernel *k = NULL;
    if (kernel_compile(all, o->spec, &k, err))
        return -1;
    int status = -1;
    void *packed = malloc(dcn_kernel_packed_bytes(k) + 1);
    if (!packed)
        dcn_fail(err, DCN_EENV, "no memory for the packed weights");
    else
        status = execute(all->args, k, o, packed, err);
    free(packed);
    dcn_kernel_free(k);
    return status;
}

int verb_run(const Args *a, dcn_error *err)
{
    Kernels k;
    Operands o = { .n = 0 };
    int status = -1;
    if (!kernels_load(a, &k, err) && !check_single(&k, err) &&
        !operands_read(a, k.spec[0], &o, err) && !compile_and_execute(&k, &o, err))
        status = operands_write(&o, err);
    operands_free(&o);
    kernels_free(&k);
    return status;
}
