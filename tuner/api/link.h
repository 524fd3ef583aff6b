/* link.h: one object as a shared library.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_LINK_H
#define DCN_TUNER_LINK_H

#include <dcngen/error.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct TuneLink {
    const char *name; /* the library's soname is lib<name>.so */
    const void *object;
    size_t size;
    bool foreign; /* for another machine: the system's own linker will not do */
} TuneLink;

/* Runs the first of ld.lld-19, ld.lld and ld that is found.  *bytes is malloc'ed. */
int tune_link(const TuneLink *l, void **bytes, size_t *size, dcn_error *err);

#endif
