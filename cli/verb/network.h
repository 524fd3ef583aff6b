/* network.h: the layers of a network, as `show network` prints them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_NETWORK_H
#define DCN_CLI_NETWORK_H

#include "cli/load/kernels.h"

#include <jansson.h>

/* A table of the layers of s, and what they are together; s may be no network, which is an error. */
int network_print(const Kernels *k, const dcn_spec *s, dcn_error *err);
json_t *network_json(const Kernels *k, const dcn_spec *s, dcn_error *err);

#endif
