/* threads.h: how many threads a call uses where it does not say.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_THREADS_H
#define DCN_RUNTIME_THREADS_H

#include <dcngen.h>

/* threads if it is 1 .. RT_MAX_THREADS; for 0 DCNGEN_NUM_THREADS, else OMP_NUM_THREADS, else the
** cores that this process may use.  -1 with err for any other number. */
int rt_threads(int threads, dcn_error *err);

/* What rt_threads makes of 0, and where that comes from, for people. */
int rt_threads_print(char *text, size_t size, dcn_error *err);

#endif
