/* aligned.h: memory that begins at a cache line.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_ALIGNED_H
#define DCN_RUNTIME_ALIGNED_H

#include <stddef.h>

enum { RT_LINE_BYTES = 64 };

/* At least `bytes` bytes, also of 0; NULL: no memory.  Freed by free. */
void *rt_aligned(size_t bytes);

#endif
