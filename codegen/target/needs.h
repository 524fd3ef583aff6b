/* needs.h: which feature of a CPU takes which others for granted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_NEEDS_H
#define DCN_CODEGEN_TARGET_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

/* A CPU has the feature only with all that it needs (with commas between), and with all that those
** need. */
typedef struct Need {
    const char *feature, *needs;
} Need;

/* The table of the triple's architecture, ended by a NULL feature. */
const Need *cg_needs(const char *triple);

/* What the feature of n letters needs itself; "": nothing. */
const char *cg_needs_of(const Need *needs, const char *feature, size_t n);

/* Whether who has feature a (na letters) has b (nb letters): b is a, or a needs it. */
bool cg_implies(const Need *needs, const char *a, size_t na, const char *b, size_t nb);

#endif
