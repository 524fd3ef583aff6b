/* stages.h: a module as a list of stages, each an operator or a small operation, for whoever goes
** through it forwards or backwards: the reference, and the question what a gradient reads.
**
** A value is an operand of the module, by its rt_operand, or a map in between, from RT_NUM_PLAIN on.
** Every stage makes one value, each value is made once, and the last stage makes the output.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_STAGES_H
#define DCN_RUNTIME_SPEC_STAGES_H

#include "runtime/spec/operands.h"

enum { RT_MAX_STAGES = 20, RT_MAX_VALUES = RT_NUM_PLAIN + RT_MAX_STAGES, RT_NO_VALUE = -1 };

/* What a stage does with its arguments, which are known by the operands that they would be of an
** operator.  x stands for RT_INPUT. */
typedef enum {
    RT_STAGE_OPERATOR, /* `spec` */
    RT_STAGE_NORM,  /* act(LayerNorm of x over the channels of a pixel), by RT_WEIGHT and RT_BIAS */
    RT_STAGE_BLEND, /* x*(1 - c) + RT_RESIDUAL*c, c = sigmoid(RT_MASK), one for each group */
    RT_STAGE_ACTIVATE, /* act(x); of an operator whose epilogue code takes apart (codegen/module/apart.c)
                        ** also act(x*RT_SCALE + RT_SHIFT + RT_RESIDUAL), of what it has */
    RT_STAGE_TO_NCHW,   /* x, maps in the layout of `spec`, in nchw */
    RT_STAGE_FROM_NCHW, /* and back */
} rt_stage_kind;

typedef struct rt_stage {
    rt_stage_kind kind;
    const char *word; /* what it is called; of two that do the same the same */
    /* What an operator computes; of any other kind of stage batch, height, width, in_channels, layout,
    ** activation, norm_eps and offset_groups, the groups of a blend. */
    dcn_spec spec;
    int arg[RT_NUM_PLAIN]; /* value by operand; RT_NO_VALUE: none */
    int out;
} rt_stage;

typedef struct rt_stages {
    const dcn_spec *module; /* computing the output */
    int n, nvalues;
    rt_stage stage[RT_MAX_STAGES];
} rt_stages;

/* The stages of a composite operator's spec, which outlives them; freed by free().  NULL without
** memory. */
rt_stages *rt_stages_of(const dcn_spec *module);

/* The arguments that a stage has. */
rt_operand_set rt_stage_arguments(const rt_stage *st);

/* What of its arguments must be known to compute the gradients of `wanted` ones. */
rt_operand_set rt_stage_reads(const rt_stage *st, rt_operand_set wanted);

/* How gradients of operands of a module pass through its stages, by value. */
typedef struct rt_walk {
    bool wanted[RT_MAX_VALUES]; /* its gradient is one of those, or on the way to one */
    bool known[RT_MAX_VALUES];  /* it is read on the way */
} rt_walk;
rt_walk rt_stages_walk(const rt_stages *g, rt_operand_set wanted);

#endif
