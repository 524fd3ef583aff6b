/* builder.h: what the modules are put together with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BUILDER_H
#define DCN_CODEGEN_BUILDER_H

#include "codegen/module/module.h"

/* The operand of the module that has that name; absent if it has none. */
StageRef stage_tensor(const Stages *g, const char *name);
bool stage_is_absent(StageRef ref);

/* A new intermediate. */
StageRef stage_temp(Stages *g, StepGrid grid, int64_t channels);

/* A stage of an operator, with the module's dtype and layout.  Its operands are bound by name, in
** any order; binding an absent one does nothing. */
Stage *stage_add(Stages *g, const char *word, dcn_op op, StepGrid grid);
void stage_bind(Stage *st, const char *tensor, StageRef ref);

/* A stage on rows.  Its operands are bound in their order. */
Stage *stage_add_rows(Stages *g, const char *word, StageKind kind, const Rowwise *rows,
                      StepGrid grid);

/* Set the sizes of a stage's spec, again after its grid has changed. */
void stage_set_sizes(const dcn_spec *module, Stage *st);

#endif
