/* clash.h: kernels of one command that could not be used in one program.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_CLASH_H
#define DCN_CLI_VERB_CLASH_H

#include "cli/load/kernels.h"

/* -1 if the objects or headers of two kernels, each for so many targets, define the same name. */
int clash_check(const Kernels *k, int targets, dcn_error *err);

#endif
