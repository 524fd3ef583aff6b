/* tensors.h: the operands of one kernel, as a user has to hand them over.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_TENSORS_H
#define DCN_CLI_OUT_TENSORS_H

#include <dcngen/spec.h>
#include <jansson.h>

/* In calling order: name, role, dtype, layout, shape, and what numbers along the channels mean. */
void tensors_print(const dcn_spec *s);
json_t *tensors_json(const dcn_spec *s);

#endif
