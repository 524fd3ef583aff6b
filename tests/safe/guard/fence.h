/* fence.h: memory between two pages that may not be touched.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GUARD_FENCE_H
#define DCN_TESTS_GUARD_FENCE_H

#include <stddef.h>

typedef struct Fence {
    unsigned char *at; /* the buffer, of `size` bytes */
    size_t size;
    unsigned char *room; /* the pages between the two forbidden ones */
    size_t room_size;
} Fence;

/* The buffer begins at the first byte of the room, or ends at its last (as nearly as `align` lets it).
** The rest of the room is filled with a pattern. */
Fence fence_open(size_t size, size_t align, int at_end);
void fence_close(Fence *f);

/* From now on the buffer can only be read. */
void fence_freeze(Fence *f);

/* The pattern beside the buffer still stands. */
int fence_intact(const Fence *f);

/* Name what runs next: a forbidden access then ends the process with a line that says so. */
void fence_watch(const char *what);

#endif
