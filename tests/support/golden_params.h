/* golden_params.h: the parameters of a golden case as a spec.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GOLDEN_PARAMS_H
#define DCN_TESTS_GOLDEN_PARAMS_H

#include <dcngen/spec.h>
#include <jansson.h>

/* root: case.json.  Sizes that only the tensors tell are left as they are.  -1: not an operator. */
int golden_params(const json_t *root, dcn_spec *s);

#endif
