/* module.h: a module as a chain of the project's own operators.
**
** A stage is a plain spec of an operator with a schedule of its own, or a small operation on the rows of a
** channels-last map.  Its operands are the module's tensors or intermediates; those share the workspace,
** and two that are never alive together share one slot of it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_STAGES_H
#define DCN_CODEGEN_STAGES_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

enum { MAX_STAGES = 12, MAX_BETWEEN = 12, MAX_STAGE_OPERANDS = 24 };

/* Operand i of the module, or ~i: intermediate i. */
typedef int StageRef;

/* Sizes of a stage in terms of the module's. */
typedef enum {
    GRID_IN,   /* its own */
    GRID_OUT,  /* its output's rows and columns as rows and columns of the input */
    GRID_ROIS, /* one image of one row; `per_roi` columns for each roi */
} StageGrid;

typedef enum {
    STAGE_OPERATOR, /* s.op */
    STAGE_NORM,     /* x = act(LayerNorm(x)):  x, weight, bias */
    STAGE_BLEND,    /* y = y*(1 - c) + x*c,  c = sigmoid of one logit per group:  y, x, logits */
    STAGE_TURN,     /* y[j][i] = x[i][j], i < 2, within a row:  x, y */
} StageKind;

typedef struct Stage {
    dcn_spec s; /* its name prefixes the functions of the stage */
    StageKind kind;
    StageGrid grid;
    int64_t per_roi;
    int n;
    const char
        *tensor[MAX_STAGE_OPERANDS]; /* of an operator: the names of its operands, in any order */
    StageRef ref[MAX_STAGE_OPERANDS];
    Schedule sched; /* of an operator */
} Stage;

typedef struct Between {
    StageGrid grid;
    int64_t channels; /* GRID_ROIS: elements per roi */
    int first, last, slot;
} Between;

typedef struct Stages {
    const dcn_spec *s;
    dcn_tensor tensor[RT_NUM_OPERANDS]; /* of the module */
    int ntensors;
    Stage stage[MAX_STAGES];
    Between between[MAX_BETWEEN];
    int n, nbetween, nslots;
    int core; /* the stage that the module is there for */
} Stages;

/* The stages of a module, without schedules. */
void stages_of(const dcn_spec *s, Stages *out);

/* The kernel of a stage on rows, which packs nothing: run, tasks and workspace_bytes. */
void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st);

#endif
