/* file.h: whole files: read at once, written completely or not at all.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_FILE_H
#define DCN_RUNTIME_FILE_H

#include <dcngen/error.h>
#include <stddef.h>
#include <stdint.h>

/* The file's bytes, malloc'ed, and a NUL after them that *size does not count.  More than `max`
** bytes are an error.  A path that is wrong is DCN_EUSAGE; anything else DCN_EENV. */
int rt_read_file(const char *path, size_t max, void **bytes, size_t *size, dcn_error *err);

/* Reads as much of a file from elsewhere as its beginning says.  ask() gets the first bytes, at most 128 KiB, and how
** many the file has, -1 of a pipe; *max is the most that are then read in all, as in rt_read_file, or RT_ENOUGH: no
** more than the first ones.  -1 with a message: the file is refused. */
#define RT_ENOUGH ((size_t)0)
typedef struct rt_file_limit {
    int (*ask)(void *self, const void *first, size_t have, int64_t all, size_t *max,
               dcn_error *err);
    void *self;
} rt_file_limit;
int rt_read_file_if(const char *path, const rt_file_limit *limit, void **bytes, size_t *size,
                    dcn_error *err);

/* Create or replace the file.  Until all bytes are on disk the old file, or none, is seen.  What
** is not a regular file (a pipe, /dev/stdout) is written to directly.  Failures are DCN_EENV. */
int rt_write_file(const char *path, const void *bytes, size_t size, dcn_error *err);

#endif
