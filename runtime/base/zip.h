/* zip.h: reading zip archives that are in memory: entries that are stored or deflated.
**
** An archive is untrusted: every place and size of it is checked, and an entry unpacks to exactly as many bytes
** as the archive says, or is refused.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_ZIP_H
#define DCN_RUNTIME_ZIP_H

#include <dcngen/error.h>
#include <stddef.h>

typedef struct rt_zip rt_zip;

/* `file` names it in messages; both are borrowed as long as it is open.  What is wrong with it is
** DCN_EUSAGE. */
int rt_zip_open(const char *file, const void *bytes, size_t size, rt_zip **out, dcn_error *err);
void rt_zip_close(rt_zip *z);

int rt_zip_count(const rt_zip *z);
const char *rt_zip_name(const rt_zip *z, int i);
size_t rt_zip_bytes(const rt_zip *z, int i); /* that entry i unpacks to, as the archive says */

/* The first n bytes of entry i, at most rt_zip_bytes; if these are all, its checksum is checked. */
int rt_zip_unpack(const rt_zip *z, int i, void *to, size_t n, dcn_error *err);

#endif
