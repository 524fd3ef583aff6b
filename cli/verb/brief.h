/* brief.h: schedules in few words.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_BRIEF_H
#define DCN_CLI_VERB_BRIEF_H

#include "cli/args/args.h"

/* The knobs of a schedule that are not as they would be guessed; with -v all of them.  Returns out,
** of DCN_SCHEDULE_MAX bytes. */
const char *brief_schedule(const Args *a, const dcn_spec *s, const dcn_target *t,
                           const char *schedule, char *out);

#endif
