/* builder.h: what the modules are put together with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_STAGES_BUILD_H
#define DCN_CODEGEN_STAGES_BUILD_H

#include "codegen/module/module.h"

/* An operand that the module does not have. */
enum { STAGE_ABSENT = 1 << 20 };

/* An operand of the module by its name. */
StageRef stage_named(const Stages *g, const char *name);

/* A new intermediate; they are asked for in the order in which they are first written. */
StageRef stage_between(Stages *g, StageGrid grid, int64_t channels);

/* A stage of an operator, called `word` after the module's name; the operands are bound by name. */
Stage *stage_add(Stages *g, const char *word, dcn_op op, StageGrid grid);
void stage_bind(Stage *st, const char *tensor, StageRef ref);

/* Set the sizes of a stage's spec again, after its grid has changed. */
void stage_size(const dcn_spec *s, Stage *st);

/* A plain convolution, 1x1 unless more is said of it: weight and bias are tensors of the module. */
typedef struct Conv {
    const char *word, *weight, *bias;
    StageGrid grid;
    int64_t in, out;
    StageRef from, to;
} Conv;

Stage *stage_add_conv(Stages *g, const Conv *c);

/* The window of the module's own kernel. */
void stage_window(Stage *st, const dcn_spec *s);

/* This is the stage that the module is there for. */
void stage_is_core(Stages *g, const Stage *st);

/* What the module does to its output is done by its last stage. */
void stage_finish(const Stages *g, Stage *st);

void stages_deform_conv2d_pack(Stages *g);
void stages_separable_conv2d(Stages *g);
void stages_dcnv3_module(Stages *g);
void stages_dcnv4_module(Stages *g);
void stages_deform_roi_pool_pack(Stages *g);

#endif
