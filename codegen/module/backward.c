/* backward.c: the gradients of an operator or module, as stages: reverse mode over its own.
**
** First the values that a gradient reads are made again, in the order of the module.  Then every
** stage, the last first, gives the gradients of its arguments from that of its output.  A value that
** several stages read has the sum of what they give: the first to be walked over writes it, the
** others add to it, so the order of a sum is that of the stages.
**
** Gradients that a call does not want are left out with all that only they need: each stage knows
** for which of them it is there, by a walk for each (rt_stages_walk).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/backward.h"

#include <stdlib.h>

typedef struct Backward {
    StageValues v; /* of what it is the gradients of */
    rt_operand_set wanted;
    rt_walk all, each[RT_NUM_PLAIN]; /* each: for one of the wanted ones alone */
    StageRef grad[RT_MAX_VALUES];
    bool written[RT_MAX_VALUES]; /* the gradient, by an earlier stage */
} Backward;

/* ---- who needs what -------------------------------------------------------------------------- */

static rt_operand_set made_for(const Backward *b, int value)
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, b->wanted) && b->each[i].known[value])
            set |= (rt_operand_set)1 << i;
    return set;
}

static rt_operand_set on_the_way_to(const Backward *b, int value)
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, b->wanted) && b->each[i].wanted[value])
            set |= (rt_operand_set)1 << i;
    return set;
}

/* ---- gradients ------------------------------------------------------------------------------- */

/* Where the gradient of an argument goes; absent: it is not wanted. */
static StageRef gradient_of(Backward *b, const rt_stage *st, rt_operand arg)
{
    const int v = st->arg[arg];
    if (v == RT_NO_VALUE || !b->all.wanted[v])
        return (StageRef){ REF_ABSENT, 0 };
    if (stage_is_absent(b->grad[v]))
        b->grad[v] = v < RT_NUM_PLAIN
                         ? stage_tensor(b->v.g, rt_operand_names[rt_grad_of((rt_operand)v)])
                         : values_new(&b->v, v);
    return b->grad[v];
}

static bool is_same(StageRef a, StageRef b)
{
    return a.kind == b.kind && a.index == b.index;
}

/* The gradient of an argument, by the name that the stage has for it; not if it is that of the output
** (see passes_on). */
static void bind_gradient(Backward *b, Stage *t, const rt_stage *st, rt_operand arg,
                          const char *tensor)
{
    const StageRef to = gradient_of(b, st, arg);
    if (stage_is_absent(to) || is_same(to, b->grad[st->out]))
        return;
    const int v = st->arg[arg], nth = t->n;
    stage_bind(t, tensor, to);
    t->operand_wanted[nth] = on_the_way_to(b, v);
    t->adds[nth] = b->written[v];
    b->written[v] = true;
}

/* ---- forwards -------------------------------------------------------------------------------- */

static void make_again(Backward *b, const rt_stage *st)
{
    Stage *t = values_make(&b->v, st);
    if (t)
        t->wanted = made_for(b, st->out);
}

/* ---- backwards ------------------------------------------------------------------------------- */

static Stage *add_operator_back(Backward *b, const rt_stage *st)
{
    Stage *t = values_add_operator(&b->v, st, "_grad");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (st->arg[i] != RT_NO_VALUE && b->all.wanted[st->arg[i]])
            t->spec.gradient |= (rt_operand_set)1 << i;
    const rt_operand_set reads = rt_gradient_reads(&t->spec, t->spec.gradient);
    for (int i = 0; i < RT_NUM_PLAIN; i++) {
        if (rt_operand_in((rt_operand)i, reads))
            stage_bind(t, rt_operand_names[i], values_of(&b->v, st, (rt_operand)i));
        bind_gradient(b, t, st, (rt_operand)i, rt_operand_names[rt_grad_of((rt_operand)i)]);
    }
    stage_bind(t, rt_operand_names[rt_grad_of(RT_OUTPUT)], b->grad[st->out]);
    return t;
}

/* Whether what a stage was given is read by nobody else, so that its gradient may lie there. */
static bool may_overwrite(const Backward *b, const rt_stage *st)
{
    const int v = st->arg[RT_INPUT];
    return st->kind == RT_STAGE_ACTIVATE && v >= RT_NUM_PLAIN && b->v.value[v].kind == REF_TEMP &&
           values_readers(&b->v, v) == 1;
}

static Stage *add_rows_back(Backward *b, const rt_stage *st)
{
    const RowStage *rows = values_row_stage(st);
    rt_operand_set wanted = 0;
    Stage *t = values_add_rows(&b->v, st, rows->back, "_grad");
    for (int i = 0; i < rows->n; i++) {
        const int v = st->arg[rows->name[i].arg];
        if (v != RT_NO_VALUE && b->all.wanted[v])
            wanted |= (rt_operand_set)1 << rows->name[i].arg;
    }
    const rt_operand_set reads = rt_stage_reads(st, wanted);
    if (values_is_reorder(st))
        t->rows.groups = values_transposed(&b->v, st, st->kind == RT_STAGE_FROM_NCHW);
    if (may_overwrite(b, st))
        b->grad[st->arg[RT_INPUT]] = b->v.value[st->arg[RT_INPUT]];
    stage_bind(t, values_is_reorder(st) ? "x" : "g", b->grad[st->out]);
    for (int i = 0; i < rows->n; i++) {
        if (rt_operand_in(rows->name[i].arg, reads))
            stage_bind(t, rows->name[i].name, values_of(&b->v, st, rows->name[i].arg));
        bind_gradient(b, t, st, rows->name[i].arg, rows->name[i].grad);
    }
    return t;
}

/* What only passes on what it is given has the gradient of its output. */
static bool passes_on(Backward *b, const rt_stage *st)
{
    const int v = st->arg[RT_INPUT];
    if (!values_does_nothing(&b->v, st) || v < RT_NUM_PLAIN || !b->all.wanted[v])
        return false;
    b->grad[v] = b->grad[st->out];
    return st->arg[RT_RESIDUAL] == RT_NO_VALUE || !b->all.wanted[st->arg[RT_RESIDUAL]];
}

static void go_back(Backward *b, const rt_stage *st)
{
    if (passes_on(b, st))
        return;
    Stage *t = st->kind == RT_STAGE_OPERATOR ? add_operator_back(b, st) : add_rows_back(b, st);
    t->wanted = on_the_way_to(b, st->out);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void open(Backward *b)
{
    b->all = rt_stages_walk(b->v.of, b->wanted);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, b->wanted))
            b->each[i] = rt_stages_walk(b->v.of, (rt_operand_set)1 << i);
    b->grad[RT_OUTPUT] = stage_tensor(b->v.g, rt_operand_names[rt_grad_of(RT_OUTPUT)]);
}

int stages_backward(Stages *g)
{
    const dcn_spec plain = rt_plain_spec(g->module);
    rt_stages *of = backward_stages(&plain);
    Backward *b = of ? calloc(1, sizeof *b) : NULL;
    if (b) {
        *b = (Backward){ .v = values_open(g, of), .wanted = rt_wanted(g->module) };
        open(b);
        for (int i = 0; i + 1 < of->n; i++)
            if (b->all.known[of->stage[i].out])
                make_again(b, &of->stage[i]);
        for (int i = of->n - 1; i >= 0; i--)
            if (b->all.wanted[of->stage[i].out])
                go_back(b, &of->stage[i]);
    }
    const int failed = b ? 0 : -1;
    free(b);
    free(of);
    return failed;
}
