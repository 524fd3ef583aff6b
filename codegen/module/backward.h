/* backward.h: gradients as stages.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BACKWARD_H
#define DCN_CODEGEN_BACKWARD_H

#include "codegen/module/values.h"
#include "runtime/spec/gradient.h"

/* An operator or module as stages none of which has an epilogue; NULL without memory.  Freed by
** free(). */
rt_stages *backward_stages(const dcn_spec *plain);

/* The stages of the gradients that g->module asks for; -1 without memory. */
int stages_backward(Stages *g);

#endif
