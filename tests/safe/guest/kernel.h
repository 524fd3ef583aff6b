/* kernel.h: the kernel of guest.h through the library that the program is linked with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TEST_GUEST_KERNEL_H
#define DCN_TEST_GUEST_KERNEL_H

#include "guest.h"

static inline dcn_kernel *guest_compile(void)
{
    dcn_error err = { 0 };
    dcn_module *m = NULL;
    dcn_kernel *k = NULL;
    if (dcn_load_text(guest_spec, "guest", NULL, 0, &m, &err) ||
        dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err))
        guest_fail(err.text);
    dcn_module_free(m);
    return k;
}

/* From any thread, as often as it likes. */
static inline void guest_run(const dcn_kernel *k, int threads)
{
    float *input = malloc(2 * GUEST_COUNT * sizeof *input), *output = input + GUEST_COUNT;
    float weight = 3, bias = 1;
    void *packed = malloc(dcn_kernel_packed_bytes(k) + 1);
    dcn_error err = { 0 };
    if (!input || !packed)
        guest_fail("no memory");
    for (int i = 0; i < GUEST_COUNT; i++)
        input[i] = (float)(i % 1000);
    dcn_pack_weights(k, &weight, packed);
    dcn_call call = { .tensor = (void *[]){ input, packed, &bias, output },
                      .ntensors = 4,
                      .threads = threads };
    if (dcn_execute(k, &call, &err))
        guest_fail(err.text);
    guest_check(input, output);
    free(packed);
    free(input);
}

#endif
