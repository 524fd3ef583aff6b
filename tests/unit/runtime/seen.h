/* seen.h: what a parallel loop ran.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_SEEN_H
#define DCN_TESTS_SEEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SEEN_MOST = 1000, SEEN_THREADS = 256 };

typedef struct Seen {
    atomic_int times[SEEN_MOST];
    atomic_int outside; /* tasks of a thread that the loop has not */
    atomic_int shared;  /* tasks that began while one of the same thread ran */
    atomic_bool busy[SEEN_THREADS];
    int threads;
} Seen;

/* A task of a loop of at most SEEN_MOST; its argument is a Seen. */
void seen_count(void *seen, int64_t i, int thread);

/* Each of n tasks ran once, on a thread of the loop, and no other task did. */
void seen_expect_all(const Seen *s, int64_t n);

#endif
