/* aligned.c: memory that begins at a cache line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/aligned.h"

#include <stdint.h>
#include <stdlib.h>

void *rt_aligned(size_t bytes)
{
    if (bytes > SIZE_MAX - RT_LINE_BYTES)
        return NULL;
    return aligned_alloc(RT_LINE_BYTES, (bytes / RT_LINE_BYTES + 1) * RT_LINE_BYTES);
}
