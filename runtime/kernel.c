/* kernel.c: what a compiled kernel tells about itself, its weights packed, its end.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernel.h"

#include <stdlib.h>

void dcn_kernel_free(dcn_kernel *k)
{
    if (!k)
        return;
    if (k->release)
        k->release(k->owner);
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
    return k->schedule;
}

size_t dcn_kernel_code_bytes(const dcn_kernel *k)
{
    return k->code_bytes;
}

size_t dcn_kernel_packed_bytes(const dcn_kernel *k)
{
    return (size_t)k->entry.packed_bytes();
}

int dcn_pack_weights(const dcn_kernel *k, const void *weight, void *packed)
{
    if (!weight || !packed)
        return -1;
    k->entry.pack(weight, packed);
    return 0;
}
