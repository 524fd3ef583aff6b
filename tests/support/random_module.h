/* random_module.h: small specs of layers over all their options.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_RANDOM_MODULE_H
#define DCN_TESTS_RANDOM_MODULE_H

#include "runtime/base/random.h"
#include <dcngen/spec.h>

/* A legal spec of a layer; some sizes are dynamic. */
dcn_spec random_module(rt_rng *r, dcn_op op);

#endif
