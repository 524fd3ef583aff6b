/* guarded.h: memory whose neighbours cannot be touched.
**
** A read or write one byte outside ends the test with SIGSEGV, whoever does it: generated code is
** not instrumented, so no sanitizer would see it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GUARDED_H
#define DCN_TESTS_GUARDED_H

#include <stddef.h>

typedef struct Guarded {
    void *at;
    void *map;
    size_t bytes, map_bytes;
} Guarded;

/* Which neighbour is the guard; the other side is padded up to a page. */
typedef enum { GUARD_BEFORE, GUARD_AFTER } Guard;

/* All bytes are 0xff: NaN in any format. */
Guarded guarded_new(size_t bytes, Guard side);
void guarded_read_only(const Guarded *g);
void guarded_free(Guarded *g);

#endif
