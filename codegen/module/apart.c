/* apart.c: an operator or module as stages that have no epilogue: what gradients are made of.
**
**     projection   dcnv3 and dcnv4 with weights are the operator without them, then a 1x1 convolution
**     epilogue     what follows the sum and its bias is a stage of its own, RT_STAGE_ACTIVATE
**
** So a gradient of an operator need only know its sums, and what an activation was given is a value
** like any other: made once, whoever reads it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/backward.h"
#include "runtime/spec/op.h"

#include <assert.h>
#include <stdlib.h>

/* What of an operator's operands is its projection's. */
#define AFTER_SAMPLES                                                                              \
    (RT_SET(WEIGHT) | RT_SET(BIAS) | RT_SET(SCALE) | RT_SET(SHIFT) | RT_SET(RESIDUAL))

/* The stages of a plain operator: itself, of all its operands. */
static rt_stages *alone(const dcn_spec *s)
{
    const rt_operands o = rt_operands_of(s);
    rt_stages *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    rt_stage *st = &g->stage[g->n++];
    *st = (rt_stage){
        .kind = RT_STAGE_OPERATOR, .word = dcn_op_name(s->op), .spec = *s, .out = RT_OUTPUT
    };
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        st->arg[i] = RT_NO_VALUE;
    for (int i = 0; i < o.n; i++)
        st->arg[o.which[i]] = (int)o.which[i];
    st->arg[RT_OUTPUT] = RT_NO_VALUE;
    g->module = s;
    g->nvalues = RT_NUM_PLAIN;
    return g;
}

static rt_stage *add(rt_stages *g, const rt_stage *st)
{
    assert(g->n < RT_MAX_STAGES);
    g->stage[g->n] = *st;
    return &g->stage[g->n++];
}

static void move(rt_stage *from, rt_stage *to, rt_operand which)
{
    to->arg[which] = from->arg[which];
    from->arg[which] = RT_NO_VALUE;
}

/* A stage after st, of its output alone, which has a value of its own now. */
static rt_stage next_of(rt_stages *g, rt_stage *st, const char *word, rt_stage_kind kind)
{
    rt_stage next = { .kind = kind, .word = word, .spec = st->spec, .out = st->out };
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        next.arg[i] = RT_NO_VALUE;
    st->out = next.arg[RT_INPUT] = g->nvalues++;
    return next;
}

/* st becomes the operator without its weights; what is returned follows it. */
static rt_stage take_projection(rt_stages *g, rt_stage *st)
{
    const dcn_spec whole = st->spec;
    rt_stage linear = next_of(g, st, "project", RT_STAGE_OPERATOR);
    st->spec.projection = 0;
    st->spec.bias = st->spec.scale_shift = st->spec.residual = false;
    rt_set_activation(&st->spec, rt_plain_activation(DCN_ACT_NONE));
    dcn_spec_complete(&st->spec);
    dcn_spec *to = &linear.spec;
    dcn_spec_init(to, DCN_OP_CONV2D);
    to->dtype = whole.dtype;
    to->layout = whole.layout;
    to->batch = whole.batch;
    to->height = dcn_out_height(&whole, whole.height);
    to->width = dcn_out_width(&whole, whole.width);
    to->in_channels = st->spec.out_channels;
    to->out_channels = whole.projection;
    to->kernel[0] = to->kernel[1] = 1;
    to->bias = whole.bias;
    to->scale_shift = whole.scale_shift;
    to->residual = whole.residual;
    rt_set_activation(to, rt_activation_of(&whole));
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, AFTER_SAMPLES))
            move(st, &linear, (rt_operand)i);
    return linear;
}

static rt_stage take_epilogue(rt_stages *g, rt_stage *st)
{
    rt_stage finish = next_of(g, st, "finish", RT_STAGE_ACTIVATE);
    move(st, &finish, RT_SCALE);
    move(st, &finish, RT_SHIFT);
    move(st, &finish, RT_RESIDUAL);
    rt_set_activation(&st->spec, rt_plain_activation(DCN_ACT_NONE));
    st->spec.scale_shift = st->spec.residual = false;
    return finish;
}

static void add_apart(rt_stages *g, rt_stage st)
{
    if (st.kind == RT_STAGE_OPERATOR && st.spec.projection) {
        const rt_stage linear = take_projection(g, &st);
        add(g, &st);
        st = linear;
    }
    const dcn_spec *s = &st.spec;
    const bool follows = s->activation != DCN_ACT_NONE || s->scale_shift || s->residual;
    if (st.kind == RT_STAGE_OPERATOR && follows) {
        const rt_stage finish = take_epilogue(g, &st);
        add(g, &st);
        st = finish;
    }
    add(g, &st);
}

rt_stages *backward_stages(const dcn_spec *plain)
{
    rt_stages *whole = rt_op_has(plain->op, RT_COMPOSITE) ? rt_stages_of(plain) : alone(plain);
    rt_stages *g = whole ? calloc(1, sizeof *g) : NULL;
    if (g) {
        g->module = plain;
        g->nvalues = whole->nvalues;
        for (int i = 0; i < whole->n; i++)
            add_apart(g, whole->stage[i]);
    }
    free(whole);
    return g;
}
