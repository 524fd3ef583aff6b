/* module.h: a module, or the gradients of one, as a chain of the project's own operators.
**
** A stage is a plain spec of an operator with a schedule of its own, or a small operation on the
** rows of a map.  Its operands are the module's tensors or intermediates; those share the workspace,
** and two that are never alive together share one slot of it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MODULE_H
#define DCN_CODEGEN_MODULE_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "runtime/spec/activation.h"

/* A gradient has the stages of its module twice, and one more for each epilogue. */
enum { MAX_STAGES = 40, MAX_TEMPS = 40, MAX_STAGE_OPERANDS = 24 };

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

    /* Of gradients; these know their operands by name, and a grad_NAME may be missing: see
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
    int groups;  /* of a blend, of a transposition */
    double eps;  /* of a norm */
    bool planes; /* of a finish: rows are planes of an nchw map */
    rt_activation activation;
} Rowwise;

typedef struct Stage {
    StageKind kind;
    const char *word; /* what it is called in schedules, and after the module's name in symbols */
    dcn_spec spec;    /* of an operator; otherwise only its name */
    Rowwise rows;     /* of any other kind */
    StageGrid grid;
    int64_t per_roi;
    int time; /* its turn; equal numbers: it runs beside the stage before it */
    int n;
    const char
        *tensor[MAX_STAGE_OPERANDS]; /* names of its operands; those of an operator in any order */
    StageRef ref[MAX_STAGE_OPERANDS];

    /* Of gradients.  For which of the module's gradients a stage is run, and its operand is one: if a
    ** call wants none of them it is left out, and NULL; 0: always. */
    rt_operand_set wanted, operand_wanted[MAX_STAGE_OPERANDS];
    bool adds[MAX_STAGE_OPERANDS]; /* to what an earlier stage has put there */
    char text[DCN_NAME_MAX];       /* what `word` points to, if that is made here */
} Stage;

/* An intermediate. */
typedef struct Temp {
    StageGrid grid;
    int64_t channels; /* GRID_ROIS: elements per roi */
    int first, last;  /* times of the stages that use it */
    int slot;
} Temp;

typedef struct Stages {
    const dcn_spec *module;
    dcn_tensor tensor[RT_NUM_OPERANDS]; /* of the module */
    int ntensors;
    Stage stage[MAX_STAGES];
    Temp temp[MAX_TEMPS];
    int n, ntemps, nslots;
    int64_t beside_bytes; /* of each thread, for any stages that run beside others */
} Stages;

/* The stages of a module, which must outlive them; NULL without memory.  Freed by free(). */
Stages *stages_open(const dcn_spec *module);

/* Which stages run beside others, and where intermediates live; stage[i]: as emitted, part: of the operators among
** them. */
void stages_place(Stages *g, const Kernel *stage, const SchedPart *part, const dcn_target *t);
bool stages_is_beside(const Stages *g, int i);

/* Fills kernel->phase_ns of a module that is a part and whose phases are known; stage[i], part: of its stages,
** of the operators among them.  Without memory they stay unknown. */
void stages_account(const Stages *g, const Kernel *stage, const SchedPart *part,
                    const dcn_target *t, Kernel *kernel);

/* The functions of a stage on rows: NAME_run, NAME_tasks, NAME_workspace_bytes. */
void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st);

#endif
