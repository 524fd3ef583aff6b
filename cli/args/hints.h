/* hints.h: near names in messages.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_ARGS_HINTS_H
#define DCN_CLI_ARGS_HINTS_H

enum { HINT_MAX = 128 };

/* " (did you mean 'near'?)", or "" if no name is near; returns buf. */
const char *hint_nearest(const char *word, const char *const *names, char buf[HINT_MAX]);

#endif
