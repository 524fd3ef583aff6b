/* thin.h: lists of kernels of which a sanitized run compiles a part.
**
** Sanitizers see the compiler, not the code that it makes.  So a list that tries code over all its options is run whole
** without them; with them every n-th of its kernels is enough, and the run says so.  How many is one table, in thin.c.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_THIN_H
#define DCN_TESTS_THIN_H

#include <stdbool.h>

typedef enum ThinList {
    THIN_GUARD,
    THIN_FLAGS,
    THIN_LAWS,
    THIN_SHAPES,
    THIN_GOLDEN,
    THIN_GRADIENTS,
    THIN_RANDOM,
    THIN_LISTINGS,
    THIN_NLISTS
} ThinList;

/* Whether the next of the list has its turn; a process begins with one that has. */
bool thin_takes(ThinList list);

/* So many of n. */
int thin_share(ThinList list, int n);

/* Whether the process is sanitized. */
bool thin_is_on(void);

#endif
