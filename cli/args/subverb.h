/* subverb.h: verbs whose first word says which of several things they do.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_ARGS_SUBVERB_H
#define DCN_CLI_ARGS_SUBVERB_H

#include "cli/args/args.h"

/* Where the first word stands among `names` (ended by NULL), or -1 with the nearest of them. */
int subverb_find(const Args *a, const char *const *names, dcn_error *err);

/* -1 if an option was given that means nothing to that subverb. */
int subverb_check(const Args *a, const char *subverb, uint64_t allowed, dcn_error *err);

#endif
