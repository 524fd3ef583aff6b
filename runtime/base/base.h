/* base.h: what every folder may use: failing with one line, memory that is checked.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_BASE_H
#define DCN_RUNTIME_BASE_H

#include <dcngen/error.h>
#include <stddef.h>

#if defined(__GNUC__)
#define RT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define RT_PRINTF(fmt, args)
#endif

/* Fills err (if not NULL) and returns -1, so that a failure is one line:
** return dcn_fail(err, ...); */
int dcn_fail(dcn_error *err, dcn_status code, const char *fmt, ...) RT_PRINTF(3, 4);

/* Fails likewise, with the place in a file that is to blame. */
int dcn_fail_at(dcn_error *err, dcn_status code, const char *file, int line, const char *fmt, ...)
    RT_PRINTF(5, 6);

/* The name in `names` (ended by NULL) nearest to `word` in edit distance, or NULL if none is
** near. */
const char *rt_nearest(const char *word, const char *const *names);

#endif
