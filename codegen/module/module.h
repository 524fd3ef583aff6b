/* module.h: a module, or the gradients of one, as a chain of the project's own operators.
**
** A stage is a plain spec of an operator with a schedule of its own, or a small operation on the
** rows of a map.  Its operands are the module's tensors or intermediates.  Once all are written, they become
** a list of steps (list.c), as a network does.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MODULE_H
#define DCN_CODEGEN_MODULE_H

#include "codegen/steps/steps.h"
#include "runtime/spec/activation.h"
#include "runtime/spec/stages.h"

/* Gradients go through the stages of their module, epilogues apart (apart.c), once forwards and once backwards;
** each stage makes one value, which has one gradient. */
enum { MAX_STAGES = 2 * RT_MAX_STAGES, MAX_TEMPS = 2 * RT_MAX_STAGES, MAX_STAGE_OPERANDS = 24 };

/* What an operand of a stage is: an operand of the module, or an intermediate, by its number; all
** zero: absent. */
typedef struct StageRef {
    enum { REF_ABSENT, REF_OPERAND, REF_TEMP } kind;
    int index;
} StageRef;

typedef enum {
    STAGE_OPERATOR, /* spec */
    STAGE_NORM,     /* x = act(LayerNorm(x)):  x, weight, bias */
    STAGE_BLEND,    /* y = y*(1 - c) + x*c,  c = sigmoid of one logit per group:  y, x, logits */
    STAGE_REORDER,  /* y[j][i] = x[i][j], i < groups, within a row:  x, y */

    /* Stages of gradients know their operands by name, and a grad_NAME may be missing: see
    ** rowwise_back.c and finish.c. */
    STAGE_TRANSPOSE, /* y[j][i] (+)= x[i][j], i < groups, within a row:  x, grad_x */
    STAGE_FINISH,    /* y = act(x*scale + shift + residual) */
    STAGE_NORM_BACK,
    STAGE_BLEND_BACK,
    STAGE_FINISH_BACK,
    NSTAGE_KINDS
} StageKind;

/* An operation on rows of so many channels. */
typedef struct Rowwise {
    int64_t channels;
    int groups;  /* of a blend; rows of what is transposed */
    double eps;  /* of a norm */
    bool planes; /* of a finish: rows are planes of an nchw map */
    rt_activation activation;
} Rowwise;

typedef struct Stage {
    StageKind kind;
    const char *word; /* what it is called in schedules, and after the module's name in symbols */
    dcn_spec spec;    /* of an operator; otherwise only its name */
    Rowwise rows;     /* of any other kind */
    StepGrid grid;
    int n;
    /* Names of its operands; those of an operator in any order. */
    const char *tensor[MAX_STAGE_OPERANDS];
    StageRef ref[MAX_STAGE_OPERANDS];

    /* For which of the module's gradients a stage of gradients is run, and its operand is one: if a
    ** call wants none of them it is left out, and NULL; 0: always. */
    rt_operand_set wanted, operand_wanted[MAX_STAGE_OPERANDS];
    bool adds[MAX_STAGE_OPERANDS]; /* to what an earlier stage has put there */
    char text[DCN_NAME_MAX];       /* what `word` points to, if that is made here */
} Stage;

/* An intermediate. */
typedef struct Temp {
    StepGrid grid;
    int64_t channels; /* GRID_ROIS: elements per roi */
} Temp;

typedef struct Stages {
    const dcn_spec *module;
    dcn_tensor tensor[RT_NUM_OPERANDS]; /* of the module */
    int ntensors;
    Stage stage[MAX_STAGES];
    Temp temp[MAX_TEMPS];
    int n, ntemps;
} Stages;

/* The stages of a module, which must outlive them; NULL without memory.  Freed by free(). */
Stages *stages_open(const dcn_spec *module);

/* The stages as steps, each of a part of its own, in a list that steps_close closes.  -1 without memory. */
int stages_list(const Stages *g, StepList *l);

/* Pixels, or regions, of the maps of a grid, each of which is a row of channels; DCN_DYNAMIC: that is no number. */
int64_t stages_rows(const dcn_spec *module, StepGrid grid);

/* The functions of a stage on rows: NAME_run, NAME_tasks, NAME_workspace_bytes; transpose: for STAGE_REORDER. */
void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st, LLVMValueRef transpose);

/* Fills the costs of a stage on rows; with nothing where sizes are no numbers. */
void stages_account_rows(const Stages *g, const Stage *st, StepPart *part);

#endif
