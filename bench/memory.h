/* memory.h: how much memory this process has held.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_MEMORY_H
#define DCN_BENCH_MEMORY_H

#include <stddef.h>

/* To be called first: large blocks then are new pages, never those of freed ones. */
void bench_memory_start(void);

/* Forget the peak so far; bytes held now. */
size_t bench_memory_mark(void);

/* The most bytes held at once since the mark. */
size_t bench_memory_peak(void);

#endif
