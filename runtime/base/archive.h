/* archive.h: one object as a static library.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_ARCHIVE_H
#define DCN_RUNTIME_ARCHIVE_H

#include <dcngen/error.h>
#include <stddef.h>

/* An `ar` archive with the GNU symbol index; equal input gives equal bytes.
**   name     of the object in the archive, e.g. "conv.o"
**   symbols  the n names that the object defines
** *bytes is malloc'ed. */
typedef struct rt_archived {
    const char *name;
    const void *bytes;
    size_t size;
    const char *const *symbols;
    int nsymbols;
} rt_archived;

int rt_archive(const rt_archived *m, void **bytes, size_t *size, dcn_error *err);

/* An archive as rt_archive makes it, with the index that macOS reads. */
int rt_archive_macos(const rt_archived *m, void **bytes, size_t *size, dcn_error *err);

#endif
