/* use.c: prints a size that is known from a header, whether both kernels are there, and a result.
** SPDX-License-Identifier: Apache-2.0
*/
#include "first.h"
#include "other.h"

#include <stdio.h>

int64_t layers_bytes(void);

int main(void)
{
    static _Alignas(64) char workspace[1 << 16], packed[1 << 12];
    const float in[4] = { 1, 2, 3, 4 }, weight = 10;
    float out[4];
    const other_args args = { .input = in, .weight = packed, .output = out };
    other_pack(OTHER_WEIGHT, &weight, packed);
    other(&args, workspace);
    printf("%lld %d %s %g %g\n", (long long)FIRST_INPUT_BYTES, layers_bytes() > 0,
           other_variant()[0] == 'x' ? "x86-64" : "none", out[0], out[3]);
    return 0;
}
