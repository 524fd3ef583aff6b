/* layers.c: a library that has the kernel of layers.lua in it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "first.h"

int64_t layers_bytes(void);

int64_t layers_bytes(void)
{
    return first_packed_bytes(FIRST_WEIGHT);
}
