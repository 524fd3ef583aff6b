/* kernel.c: what a compiled kernel tells about itself, its weights packed, its end.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/kernel.h"
#include "runtime/spec/network.h"
#include "runtime/spec/operands.h"

#include <stdlib.h>

void dcn_kernel_free(dcn_kernel *k)
{
    if (!k)
        return;
    if (k->release)
        k->release(k->owner);
    net_release((dcn_network *)(uintptr_t)k->spec.network);
    free(k->phase);
    free(k);
}

const dcn_spec *dcn_kernel_spec(const dcn_kernel *k)
{
    return &k->spec;
}

const dcn_target *dcn_kernel_target(const dcn_kernel *k)
{
    return &k->target;
}

const char *dcn_kernel_schedule(const dcn_kernel *k)
{
    return k->choice.schedule;
}

const dcn_choice *dcn_kernel_choice(const dcn_kernel *k)
{
    return &k->choice;
}

size_t dcn_kernel_code_bytes(const dcn_kernel *k)
{
    return k->code_bytes;
}

static int is_packed(const dcn_kernel *k, int i)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(&k->spec, t, RT_NUM_OPERANDS);
    return i >= 0 && i < n && t[i].role == DCN_WEIGHT;
}

static int first_packed(const dcn_kernel *k)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(&k->spec, t, RT_NUM_OPERANDS);
    int i = 0;
    while (i < n && t[i].role != DCN_WEIGHT)
        i++;
    return i;
}

size_t dcn_kernel_tensor_bytes(const dcn_kernel *k, int i)
{
    return is_packed(k, i) ? (size_t)k->entry.packed_bytes(i) : 0;
}

int dcn_pack_tensor(const dcn_kernel *k, int i, const void *weight, void *packed)
{
    if (!weight || !packed || !is_packed(k, i))
        return -1;
    k->entry.pack(i, weight, packed);
    return 0;
}

size_t dcn_kernel_packed_bytes(const dcn_kernel *k)
{
    return dcn_kernel_tensor_bytes(k, first_packed(k));
}

int dcn_pack_weights(const dcn_kernel *k, const void *weight, void *packed)
{
    return dcn_pack_tensor(k, first_packed(k), weight, packed);
}
