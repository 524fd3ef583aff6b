/* constants.h: the parameters of a network as its code reads them, before there is the code.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_CONSTANTS_H
#define DCN_CODEGEN_CONSTANTS_H

#include "codegen/lowering.h"

/* *packed is malloc'ed; NULL where the spec is no network whose parameters are constants. */
int pack_constants(const dcn_spec *s, const Schedule *sched, const dcn_target *t, void **packed,
                   dcn_error *err);

#endif
