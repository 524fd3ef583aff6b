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
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The map that a value is. */
typedef struct Place {
    StageGrid grid;
    int64_t channels; /* GRID_ROIS: of a region */
} Place;

typedef struct Backward {
    Stages *g;           /* being written */
    const rt_stages *of; /* whose gradients they are */
    rt_operand_set wanted;
    rt_walk all, each[RT_NUM_PLAIN]; /* each: for one of the wanted ones alone */
    Place place[RT_MAX_VALUES];
    StageRef value[RT_MAX_VALUES], grad[RT_MAX_VALUES];
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

static int readers_of(const Backward *b, int value)
{
    int n = 0;
    for (int i = 0; i < b->of->n; i++)
        for (int a = 0; a < RT_NUM_PLAIN; a++)
            n += b->of->stage[i].arg[a] == value;
    return n;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool keeps_size(const dcn_spec *s)
{
    for (int axis = 0; axis < 2; axis++)
        if (s->stride[axis] != 1 || rt_padded(s, axis, 0) != rt_covered(s, axis) - 1)
            return false;
    return true;
}

static Place place_of(const Backward *b, const rt_stage *st)
{
    Place p = b->place[st->arg[RT_INPUT]];
    if (st->kind != RT_STAGE_OPERATOR)
        return p;
    p.channels = st->spec.out_channels;
    if (rt_op_has(st->spec.op, RT_HAS_ROIS)) {
        p.grid = GRID_ROIS;
        p.channels *= (int64_t)st->spec.pooled[0] * st->spec.pooled[1];
    } else if (p.grid == GRID_IN && !keeps_size(&st->spec)) {
        p.grid = GRID_OUT;
    }
    return p;
}

static StageRef new_temp(const Backward *b, int value)
{
    return stage_temp(b->g, b->place[value].grid, b->place[value].channels);
}

static StageRef value_of(const Backward *b, const rt_stage *st, rt_operand arg)
{
    return st->arg[arg] == RT_NO_VALUE ? (StageRef){ REF_ABSENT, 0 } : b->value[st->arg[arg]];
}

/* Where the gradient of an argument goes; absent: it is not wanted. */
static StageRef gradient_of(Backward *b, const rt_stage *st, rt_operand arg)
{
    const int v = st->arg[arg];
    if (v == RT_NO_VALUE || !b->all.wanted[v])
        return (StageRef){ REF_ABSENT, 0 };
    if (stage_is_absent(b->grad[v]))
        b->grad[v] = v < RT_NUM_PLAIN
                         ? stage_tensor(b->g, rt_operand_names[rt_grad_of((rt_operand)v)])
                         : new_temp(b, v);
    return b->grad[v];
}

/* ---- stages ---------------------------------------------------------------------------------- */

/* "offset" of the stage whose weight is offset_weight, "norm", the operator's name, ... */
static void set_word(char text[DCN_NAME_MAX], const rt_stage *st, const char *suffix)
{
    static const char tail[] = "_weight";
    static const char *const words[] = { [RT_STAGE_NORM] = "norm",
                                         [RT_STAGE_BLEND] = "blend",
                                         [RT_STAGE_ACTIVATE] = "finish",
                                         [RT_STAGE_TO_NCHW] = "reorder",
                                         [RT_STAGE_FROM_NCHW] = "reorder" };
    const int weight = st->arg[RT_WEIGHT];
    const char *word = st->kind == RT_STAGE_OPERATOR ? dcn_op_name(st->spec.op) : words[st->kind];
    int length = (int)strlen(word);
    if (st->kind == RT_STAGE_OPERATOR && weight != RT_NO_VALUE && weight != RT_WEIGHT) {
        word = rt_operand_names[weight];
        length = (int)(strlen(word) - strlen(tail));
    }
    snprintf(text, DCN_NAME_MAX, "%.*s%s", length, word, suffix);
}

static Stage *keep_word(Stage *t, const char word[DCN_NAME_MAX])
{
    memcpy(t->text, word, sizeof t->text);
    t->word = t->text;
    return t;
}

/* A stage of the same operator on the same maps.  Regions side by side in one row of a channels-last
** map are a matrix, as they are in the module itself. */
static Stage *add_operator(const Backward *b, const rt_stage *st, const char *suffix)
{
    const StageGrid grid = b->place[st->arg[RT_INPUT]].grid;
    char word[DCN_NAME_MAX];
    set_word(word, st, suffix);
    Stage *t = keep_word(stage_add(b->g, word, st->spec.op, grid), word);
    stage_copy_keys(t, &st->spec);
    stage_set_sizes(b->g->module, t);
    if (grid == GRID_ROIS)
        t->spec.layout = DCN_NHWC;
    dcn_spec_complete(&t->spec);
    return t;
}

static Stage *add_rows(const Backward *b, const rt_stage *st, StageKind kind, const char *suffix)
{
    const dcn_spec *s = &st->spec;
    const Place p = b->place[st->arg[RT_INPUT]];
    const Rowwise rows = { .channels = p.channels,
                           .groups = s->offset_groups,
                           .eps = s->norm_eps,
                           .planes = s->layout == DCN_NCHW && st->arg[RT_SCALE] != RT_NO_VALUE,
                           .activation = rt_activation_of(s) };
    char word[DCN_NAME_MAX];
    set_word(word, st, suffix);
    return keep_word(stage_add_rows(b->g, word, kind, &rows, p.grid), word);
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
    t->again[nth] = b->written[v];
    b->written[v] = true;
}

/* ---- forwards -------------------------------------------------------------------------------- */

static bool does_nothing(const Backward *b, const rt_stage *st)
{
    return st->kind == RT_STAGE_ACTIVATE && st->spec.activation == DCN_ACT_NONE &&
           st->arg[RT_SCALE] == RT_NO_VALUE && readers_of(b, st->arg[RT_INPUT]) == 1;
}

static Stage *add_operator_again(Backward *b, const rt_stage *st)
{
    Stage *t = add_operator(b, st, "");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        stage_bind(t, rt_operand_names[i], value_of(b, st, (rt_operand)i));
    return t;
}

/* What a stage on rows calls its arguments. */
typedef struct RowName {
    rt_operand arg;
    const char *name, *grad;
} RowName;

static const RowName norm_names[] = { { RT_INPUT, "x", "grad_x" },
                                      { RT_WEIGHT, "weight", "grad_weight" },
                                      { RT_BIAS, "bias", "grad_bias" } };
static const RowName blend_names[] = { { RT_INPUT, "y", "grad_y" },
                                       { RT_RESIDUAL, "x", "grad_x" },
                                       { RT_MASK, "logits", "grad_logits" } };
static const RowName finish_names[] = { { RT_INPUT, "x", "grad_x" },
                                        { RT_SCALE, "scale", "grad_scale" },
                                        { RT_SHIFT, "shift", "grad_shift" },
                                        { RT_RESIDUAL, "residual", "grad_residual" } };
static const RowName reorder_names[] = { { RT_INPUT, "x", "grad_x" } };

/* Both ways of a stage on rows: what it makes, and the gradients of what it reads. */
typedef struct RowStage {
    StageKind again, back;
    int n;
    const RowName *name;
    const char *out;
} RowStage;

static const RowStage row_stages[] = {
    [RT_STAGE_NORM] = { STAGE_NORM, STAGE_NORM_BACK, 3, norm_names, "out" },
    [RT_STAGE_BLEND] = { STAGE_BLEND, STAGE_BLEND_BACK, 3, blend_names, "out" },
    [RT_STAGE_ACTIVATE] = { STAGE_FINISH, STAGE_FINISH_BACK, 4, finish_names, "y" },
    [RT_STAGE_TO_NCHW] = { STAGE_TRANSPOSE, STAGE_TRANSPOSE, 1, reorder_names, "grad_x" },
    [RT_STAGE_FROM_NCHW] = { STAGE_TRANSPOSE, STAGE_TRANSPOSE, 1, reorder_names, "grad_x" },
};

/* Rows of the matrix that a reordering transposes, from the layout of `spec` to nchw or back. */
static int transposed_rows(const Backward *b, const rt_stage *st, bool to_nchw)
{
    const int64_t all = b->place[st->arg[RT_INPUT]].channels, channels = st->spec.in_channels;
    return (int)(to_nchw ? all / channels : channels);
}

static bool is_reorder(const rt_stage *st)
{
    return st->kind == RT_STAGE_TO_NCHW || st->kind == RT_STAGE_FROM_NCHW;
}

static Stage *add_rows_again(Backward *b, const rt_stage *st)
{
    const RowStage *rows = &row_stages[st->kind];
    Stage *t = add_rows(b, st, rows->again, "");
    if (is_reorder(st))
        t->rows.groups = transposed_rows(b, st, st->kind == RT_STAGE_TO_NCHW);
    for (int i = 0; i < rows->n; i++)
        stage_bind(t, rows->name[i].name, value_of(b, st, rows->name[i].arg));
    return t;
}

static void make_again(Backward *b, const rt_stage *st)
{
    const bool operates = st->kind == RT_STAGE_OPERATOR;
    if (does_nothing(b, st) && st->arg[RT_RESIDUAL] == RT_NO_VALUE) {
        b->value[st->out] = b->value[st->arg[RT_INPUT]];
        return;
    }
    Stage *t = operates ? add_operator_again(b, st) : add_rows_again(b, st);
    b->value[st->out] = new_temp(b, st->out);
    stage_bind(t, operates ? "output" : row_stages[st->kind].out, b->value[st->out]);
    t->wanted = made_for(b, st->out);
}

/* ---- backwards ------------------------------------------------------------------------------- */

static Stage *add_operator_back(Backward *b, const rt_stage *st)
{
    Stage *t = add_operator(b, st, "_grad");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (st->arg[i] != RT_NO_VALUE && b->all.wanted[st->arg[i]])
            t->spec.gradient |= (rt_operand_set)1 << i;
    const rt_operand_set reads = rt_gradient_reads(&t->spec, t->spec.gradient);
    for (int i = 0; i < RT_NUM_PLAIN; i++) {
        if (rt_operand_in((rt_operand)i, reads))
            stage_bind(t, rt_operand_names[i], value_of(b, st, (rt_operand)i));
        bind_gradient(b, t, st, (rt_operand)i, rt_operand_names[rt_grad_of((rt_operand)i)]);
    }
    stage_bind(t, rt_operand_names[rt_grad_of(RT_OUTPUT)], b->grad[st->out]);
    return t;
}

/* Whether what a stage was given is read by nobody else, so that its gradient may lie there. */
static bool may_overwrite(const Backward *b, const rt_stage *st)
{
    const int v = st->arg[RT_INPUT];
    return st->kind == RT_STAGE_ACTIVATE && v >= RT_NUM_PLAIN && b->value[v].kind == REF_TEMP &&
           readers_of(b, v) == 1;
}

static Stage *add_rows_back(Backward *b, const rt_stage *st)
{
    const RowStage *rows = &row_stages[st->kind];
    rt_operand_set wanted = 0;
    Stage *t = add_rows(b, st, rows->back, "_grad");
    for (int i = 0; i < rows->n; i++) {
        const int v = st->arg[rows->name[i].arg];
        if (v != RT_NO_VALUE && b->all.wanted[v])
            wanted |= (rt_operand_set)1 << rows->name[i].arg;
    }
    const rt_operand_set reads = rt_stage_reads(st, wanted);
    if (is_reorder(st))
        t->rows.groups = transposed_rows(b, st, st->kind == RT_STAGE_FROM_NCHW);
    if (may_overwrite(b, st))
        b->grad[st->arg[RT_INPUT]] = b->value[st->arg[RT_INPUT]];
    stage_bind(t, is_reorder(st) ? "x" : "g", b->grad[st->out]);
    for (int i = 0; i < rows->n; i++) {
        if (rt_operand_in(rows->name[i].arg, reads))
            stage_bind(t, rows->name[i].name, value_of(b, st, rows->name[i].arg));
        bind_gradient(b, t, st, rows->name[i].arg, rows->name[i].grad);
    }
    return t;
}

/* Of something that only passes on what it is given, the gradient is that of its output. */
static bool passes_on(Backward *b, const rt_stage *st)
{
    const int v = st->arg[RT_INPUT];
    if (!does_nothing(b, st) || v < RT_NUM_PLAIN || !b->all.wanted[v])
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
    const rt_operands o = rt_operands_of(b->g->module);
    b->all = rt_stages_walk(b->of, b->wanted);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, b->wanted))
            b->each[i] = rt_stages_walk(b->of, (rt_operand_set)1 << i);
    for (int i = 0; i < o.n; i++)
        if (!rt_operand_is_grad(o.which[i]))
            b->value[o.which[i]] = (StageRef){ REF_OPERAND, i };
    b->place[RT_INPUT] = (Place){ GRID_IN, b->g->module->in_channels };
    for (int i = 0; i < b->of->n; i++)
        b->place[b->of->stage[i].out] = place_of(b, &b->of->stage[i]);
    b->grad[RT_OUTPUT] = stage_tensor(b->g, rt_operand_names[rt_grad_of(RT_OUTPUT)]);
}

int stages_backward(Stages *g)
{
    const dcn_spec plain = rt_plain_spec(g->module);
    rt_stages *of = backward_stages(&plain);
    Backward *b = of ? calloc(1, sizeof *b) : NULL;
    if (b) {
        *b = (Backward){ .g = g, .of = of, .wanted = rt_wanted(g->module) };
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
