/* subverb.h: verbs whose first word says which of several things they do.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_TASK_H
#define DCN_CLI_TASK_H

#include "cli/args/args.h"

/* Where the first word stands among `names` (ended by NULL), or -1 with the nearest of them. */
int task_find(const Args *a, const char *const *names, dcn_error *err);

/* -1 if an option was given that means nothing to that task. */
int task_check(const Args *a, const char *task, uint64_t allowed, dcn_error *err);

#endif
