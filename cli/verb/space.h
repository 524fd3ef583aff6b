/* space.h: the schedules that one kernel can have.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_SPACE_H
#define DCN_CLI_VERB_SPACE_H

#include <dcngen.h>
#include <jansson.h>

/* Every lowering: its knobs, how many schedules are legal, and why the others are not. */
void space_print(const dcn_spec *s, const dcn_target *t);
json_t *space_json(const dcn_spec *s, const dcn_target *t);

#endif
