/* offsets.h: the value of --offsets.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_LOAD_OFFSETS_H
#define DCN_CLI_LOAD_OFFSETS_H

#include <dcngen/error.h>

/* -1 with a usage error unless text has a form that --offsets takes.  Whether a file is what it
** must be is seen when it is read.  NULL, for an option that was not given, is right. */
int offsets_check(const char *text, dcn_error *err);

#endif
