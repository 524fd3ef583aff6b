/* values.h: the values of a module while its stages are written: where each is, and the stage that makes it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_VALUES_H
#define DCN_CODEGEN_VALUES_H

#include "codegen/module/builder.h"
#include "runtime/spec/stages.h"

/* The map that a value is. */
typedef struct ValueMap {
    StepGrid grid;
    int64_t channels; /* GRID_ROIS: of a region */
} ValueMap;

typedef struct StageValues {
    Stages *g;           /* being written */
    const rt_stages *of; /* what they compute, or whose gradients they are */
    ValueMap map[RT_MAX_VALUES];
    StageRef value[RT_MAX_VALUES];
} StageValues;

/* The operands of g's module; what stages make has no place yet. */
StageValues values_open(Stages *g, const rt_stages *of);

/* A new intermediate for a value, or for its gradient. */
StageRef values_new(const StageValues *v, int value);

/* The value that a stage reads as an operand; how many arguments of stages are that value. */
StageRef values_of(const StageValues *v, const rt_stage *st, rt_operand arg);
int values_readers(const StageValues *v, int value);

/* The stage that makes a value; NULL: it lies where its argument does, because the stage does nothing. */
Stage *values_make(StageValues *v, const rt_stage *st);
bool values_does_nothing(const StageValues *v, const rt_stage *st);

/* A stage of the same operator on the same maps, and one on rows of them, called after st and the suffix. */
Stage *values_add_operator(const StageValues *v, const rt_stage *st, const char *suffix);
Stage *values_add_rows(const StageValues *v, const rt_stage *st, StageKind kind,
                       const char *suffix);

/* What a stage on rows calls its arguments. */
typedef struct RowName {
    rt_operand arg;
    const char *name, *grad;
} RowName;

/* A stage on rows both ways: what it makes, and the gradients of what it reads. */
typedef struct RowStage {
    StageKind make, back;
    int n;
    const RowName *name;
    const char *out;
} RowStage;
const RowStage *values_row_stage(const rt_stage *st);

/* A reordering transposes a matrix, from the layout of `spec` to nchw or back; and how many rows that has. */
bool values_is_reorder(const rt_stage *st);
int values_transposed(const StageValues *v, const rt_stage *st, bool to_nchw);

/* The stages of a module's own value; -1 without memory. */
int stages_forward(Stages *g);

#endif
