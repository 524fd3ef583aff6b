/* module.h: a module as a chain of the project's own operators.
**
** A stage is a plain spec of an operator with a schedule of its own, or a small operation on the
** rows of a channels-last map.  Its operands are the module's tensors or intermediates; those share
** the workspace, and two that are never alive together share one slot of it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MODULE_H
#define DCN_CODEGEN_MODULE_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "runtime/spec/activation.h"

enum { MAX_STAGES = 12, MAX_TEMPS = 12, MAX_STAGE_OPERANDS = 24 };

/* What an operand of a stage is: an operand of the module, or an intermediate, by its number; all
** zero: absent. */
typedef struct StageRef {
    enum { REF_ABSENT, REF_OPERAND, REF_TEMP } kind;
    int index;
} StageRef;

/* Sizes of a stage in terms of the module's. */
typedef enum {
    GRID_IN,   /* its own */
    GRID_OUT,  /* its output's rows and columns as rows and columns of the input */
    GRID_ROIS, /* one image of one row; `per_roi` columns for each roi */
} StageGrid;

typedef enum {
    STAGE_OPERATOR,   /* spec */
    STAGE_NORM,       /* x = act(LayerNorm(x)):  x, weight, bias */
    STAGE_BLEND,      /* y = y*(1 - c) + x*c,  c = sigmoid of one logit per group:  y, x, logits */
    STAGE_INTERLEAVE, /* y[j][i] = x[i][j], i < 2, within a row:  x, y */
} StageKind;

/* An operation on rows of so many channels. */
typedef struct Rowwise {
    int64_t channels;
    int groups; /* of STAGE_BLEND */
    double eps; /* of STAGE_NORM, with its activation */
    rt_activation activation;
} Rowwise;

typedef struct Stage {
    StageKind kind;
    const char *word; /* what it is called in schedules, and after the module's name in symbols */
    dcn_spec spec;    /* of an operator; otherwise only its name */
    Rowwise rows;     /* of any other kind */
    StageGrid grid;
    int64_t per_roi;
    int n;
    const char
        *tensor[MAX_STAGE_OPERANDS]; /* names of its operands; those of an operator in any order */
    StageRef ref[MAX_STAGE_OPERANDS];
} Stage;

/* An intermediate. */
typedef struct Temp {
    StageGrid grid;
    int64_t channels; /* GRID_ROIS: elements per roi */
    int first, last;  /* stages that use it */
    int slot;
} Temp;

typedef struct Stages {
    const dcn_spec *module;
    dcn_tensor tensor[RT_NUM_OPERANDS]; /* of the module */
    int ntensors;
    Stage stage[MAX_STAGES];
    Temp temp[MAX_TEMPS];
    int n, ntemps, nslots;
} Stages;

/* The stages of a module, which must outlive them; NULL without memory.  Freed by free(). */
Stages *stages_open(const dcn_spec *module);

/* The functions of a stage on rows: NAME_run, NAME_tasks, NAME_workspace_bytes. */
void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st);

#endif
