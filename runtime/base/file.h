/* file.h: whole files: read at once, written completely or not at all.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_FILE_H
#define DCN_RUNTIME_FILE_H

#include <dcngen/error.h>
#include <stddef.h>

/* The file's bytes, malloc'ed, and a NUL after them that *size does not count.  More than `max`
** bytes are an error.  A path that is wrong is DCN_EUSAGE; anything else DCN_EENV. */
int rt_read_file(const char *path, size_t max, void **bytes, size_t *size, dcn_error *err);

/* Create or replace the file.  Until all bytes are on disk the old file, or none, is seen.  What
** is not a regular file (a pipe, /dev/stdout) is written to directly.  Failures are DCN_EENV. */
int rt_write_file(const char *path, const void *bytes, size_t size, dcn_error *err);

#endif
