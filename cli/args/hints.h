/* hints.h: lists of known names in messages.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_NAMES_H
#define DCN_CLI_NAMES_H

#include <stddef.h>

enum { HINT_MAX = 128 };

/* "a, b, c" of a list ended by NULL, cut to size; returns buf. */
const char *names_join(const char *const *names, char *buf, size_t size);

/* " (did you mean 'near'?)", or "" if no name is near; returns buf. */
const char *names_hint(const char *word, const char *const *names, char buf[HINT_MAX]);

#endif
