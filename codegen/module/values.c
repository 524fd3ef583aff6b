/* values.c: a module's stages (runtime/spec/stages.h) as stages of code.
**
** A value between stages is an intermediate of its own, but for what a stage on rows makes of something that nobody
** reads any more: that is written over it.  Gradients need what they read, and have nothing written over.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/values.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- maps ------------------------------------------------------------------------------------ */

static bool keeps_size(const dcn_spec *s)
{
    for (int axis = 0; axis < 2; axis++)
        if (s->stride[axis] != 1 || rt_padded(s, axis, 0) != rt_covered(s, axis) - 1)
            return false;
    return true;
}

static ValueMap map_of(const StageValues *v, const rt_stage *st)
{
    ValueMap m = v->map[st->arg[RT_INPUT]];
    if (st->kind != RT_STAGE_OPERATOR)
        return m;
    m.channels = st->spec.out_channels;
    if (rt_op_has(st->spec.op, RT_HAS_ROIS)) {
        m.grid = GRID_ROIS;
        m.channels *= (int64_t)st->spec.pooled[0] * st->spec.pooled[1];
    } else if (m.grid == GRID_IN && !keeps_size(&st->spec)) {
        m.grid = GRID_OUT;
    }
    return m;
}

StageValues values_open(Stages *g, const rt_stages *of)
{
    StageValues v = { .g = g, .of = of };
    const rt_operands o = rt_operands_of(g->module);
    for (int i = 0; i < o.n; i++)
        if (!rt_operand_is_grad(o.which[i]))
            v.value[o.which[i]] = (StageRef){ REF_OPERAND, i };
    v.map[RT_INPUT] = (ValueMap){ GRID_IN, g->module->in_channels };
    for (int i = 0; i < of->n; i++)
        v.map[of->stage[i].out] = map_of(&v, &of->stage[i]);
    return v;
}

StageRef values_new(const StageValues *v, int value)
{
    return stage_temp(v->g, v->map[value].grid, v->map[value].channels);
}

StageRef values_of(const StageValues *v, const rt_stage *st, rt_operand arg)
{
    return st->arg[arg] == RT_NO_VALUE ? (StageRef){ REF_ABSENT, 0 } : v->value[st->arg[arg]];
}

int values_readers(const StageValues *v, int value)
{
    int n = 0;
    for (int i = 0; i < v->of->n; i++)
        for (int a = 0; a < RT_NUM_PLAIN; a++)
            n += v->of->stage[i].arg[a] == value;
    return n;
}

/* ---- stages ---------------------------------------------------------------------------------- */

static Stage *keep_word(Stage *t, const char word[DCN_NAME_MAX])
{
    memcpy(t->text, word, sizeof t->text);
    t->word = t->text;
    return t;
}

/* Regions side by side in one row of a channels-last map are a matrix, as they are in the module itself. */
Stage *values_add_operator(const StageValues *v, const rt_stage *st, const char *suffix)
{
    const StepGrid grid = v->map[st->arg[RT_INPUT]].grid;
    char word[DCN_NAME_MAX];
    snprintf(word, sizeof word, "%s%s", st->word, suffix);
    Stage *t = keep_word(stage_add(v->g, word, st->spec.op, grid), word);
    rt_fields_copy(&st->spec, &t->spec);
    stage_set_sizes(v->g->module, t);
    if (grid == GRID_ROIS)
        t->spec.layout = DCN_NHWC;
    dcn_spec_complete(&t->spec);
    return t;
}

Stage *values_add_rows(const StageValues *v, const rt_stage *st, StageKind kind, const char *suffix)
{
    const dcn_spec *s = &st->spec;
    const ValueMap m = v->map[st->arg[RT_INPUT]];
    const Rowwise rows = { .channels = m.channels,
                           .groups = s->offset_groups,
                           .eps = s->norm_eps,
                           .planes = s->layout == DCN_NCHW && st->arg[RT_SCALE] != RT_NO_VALUE,
                           .activation = rt_activation_of(s) };
    char word[DCN_NAME_MAX];
    snprintf(word, sizeof word, "%s%s", st->word, suffix);
    return keep_word(stage_add_rows(v->g, word, kind, &rows, m.grid), word);
}

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

const RowStage *values_row_stage(const rt_stage *st)
{
    static const RowStage rows[] = {
        [RT_STAGE_NORM] = { STAGE_NORM, STAGE_NORM_BACK, 3, norm_names, "out" },
        [RT_STAGE_BLEND] = { STAGE_BLEND, STAGE_BLEND_BACK, 3, blend_names, "out" },
        [RT_STAGE_ACTIVATE] = { STAGE_FINISH, STAGE_FINISH_BACK, 4, finish_names, "y" },
        [RT_STAGE_TO_NCHW] = { STAGE_REORDER, STAGE_TRANSPOSE, 1, reorder_names, "y" },
        [RT_STAGE_FROM_NCHW] = { STAGE_REORDER, STAGE_TRANSPOSE, 1, reorder_names, "y" },
    };
    return &rows[st->kind];
}

int values_transposed(const StageValues *v, const rt_stage *st, bool to_nchw)
{
    const int64_t all = v->map[st->arg[RT_INPUT]].channels, channels = st->spec.in_channels;
    return (int)(to_nchw ? all / channels : channels);
}

bool values_is_reorder(const rt_stage *st)
{
    return st->kind == RT_STAGE_TO_NCHW || st->kind == RT_STAGE_FROM_NCHW;
}

/* ---- what makes a value ---------------------------------------------------------------------- */

bool values_does_nothing(const StageValues *v, const rt_stage *st)
{
    return st->kind == RT_STAGE_ACTIVATE && st->spec.activation == DCN_ACT_NONE &&
           st->arg[RT_SCALE] == RT_NO_VALUE && values_readers(v, st->arg[RT_INPUT]) == 1;
}

static bool is_read_later(const StageValues *v, const rt_stage *st, int value)
{
    for (const rt_stage *later = st + 1; later < v->of->stage + v->of->n; later++)
        for (int a = 0; a < RT_NUM_PLAIN; a++)
            if (later->arg[a] == value)
                return true;
    return false;
}

/* Whether a stage makes the output, or what only a last stage that does nothing would pass on to it. */
static bool makes_output(const StageValues *v, const rt_stage *st)
{
    const rt_stage *last = &v->of->stage[v->of->n - 1];
    return st->out == RT_OUTPUT || (values_does_nothing(v, last) && last->arg[RT_INPUT] == st->out);
}

/* Where the value goes that a stage makes. */
static StageRef place_for(const StageValues *v, const rt_stage *st)
{
    const int in = st->arg[RT_INPUT];
    const bool elementwise = st->kind != RT_STAGE_OPERATOR && !values_is_reorder(st);
    if (v->g->module->gradient)
        return values_new(v, st->out);
    if (makes_output(v, st))
        return v->value[RT_OUTPUT];
    if (elementwise && v->value[in].kind == REF_TEMP && !is_read_later(v, st, in))
        return v->value[in];
    return values_new(v, st->out);
}

static Stage *make_by_operator(const StageValues *v, const rt_stage *st)
{
    Stage *t = values_add_operator(v, st, "");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        stage_bind(t, rt_operand_names[i], values_of(v, st, (rt_operand)i));
    return t;
}

static Stage *make_by_rows(const StageValues *v, const rt_stage *st)
{
    const RowStage *rows = values_row_stage(st);
    Stage *t = values_add_rows(v, st, rows->make, "");
    if (values_is_reorder(st))
        t->rows.groups = values_transposed(v, st, st->kind == RT_STAGE_TO_NCHW);
    for (int i = 0; i < rows->n; i++)
        stage_bind(t, rows->name[i].name, values_of(v, st, rows->name[i].arg));
    return t;
}

Stage *values_make(StageValues *v, const rt_stage *st)
{
    const bool operates = st->kind == RT_STAGE_OPERATOR;
    if (values_does_nothing(v, st) && st->arg[RT_RESIDUAL] == RT_NO_VALUE) {
        v->value[st->out] = v->value[st->arg[RT_INPUT]];
        return NULL;
    }
    Stage *t = operates ? make_by_operator(v, st) : make_by_rows(v, st);
    v->value[st->out] = place_for(v, st);
    stage_bind(t, operates ? "output" : values_row_stage(st)->out, v->value[st->out]);
    return t;
}

int stages_forward(Stages *g)
{
    rt_stages *of = rt_stages_of(g->module);
    StageValues v;
    if (!of)
        return -1;
    v = values_open(g, of);
    for (int i = 0; i < of->n; i++)
        values_make(&v, &of->stage[i]);
    free(of);
    return 0;
}
