/* spec_json.h: a spec as JSON.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_SPEC_JSON_H
#define DCN_CLI_OUT_SPEC_JSON_H

#include <dcngen/spec.h>
#include <jansson.h>

/* "op", then every key of the spec language; a dynamic size is "dynamic".  NULL without memory. */
json_t *spec_json(const dcn_spec *s);

#endif
