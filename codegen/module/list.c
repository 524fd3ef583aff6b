/* list.c: stages as steps: what their operands are becomes places.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/module.h"

#include <assert.h>
#include <string.h>

typedef struct StageList {
    const Stages *g;
    StepList *l;
    int block[MAX_TEMPS]; /* by intermediate; -1: nothing has written it yet */
} StageList;

/* ---- intermediates --------------------------------------------------------------------------- */

int64_t stages_rows(const dcn_spec *module, StepGrid grid)
{
    const bool out = grid == GRID_OUT;
    const int64_t h = out ? dcn_out_height(module, module->height) : module->height;
    const int64_t w = out ? dcn_out_width(module, module->width) : module->width;
    if (grid == GRID_ROIS)
        return module->rois;
    return module->batch == DCN_DYNAMIC || h == DCN_DYNAMIC || w == DCN_DYNAMIC
               ? DCN_DYNAMIC
               : module->batch * h * w;
}

static StepPlace new_block(const StageList *s, const Temp *t)
{
    const dcn_spec *module = s->g->module;
    const int64_t rows = stages_rows(module, t->grid);
    s->l->map[s->l->nblocks] = (StepMap){ .grid = t->grid, .channels = t->channels };
    return steps_new_block(s->l, rows == DCN_DYNAMIC ? -1 : rows * t->channels, module->dtype);
}

static StepPlace block_of(StageList *s, int temp)
{
    if (s->block[temp] < 0)
        s->block[temp] = new_block(s, &s->g->temp[temp]).index;
    return (StepPlace){ .in = PLACE_BLOCK, .index = s->block[temp] };
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Gradients of the module's operands, as those among the kernel's. */
static StepWanted wanted_of(const dcn_spec *module, rt_operand_set set)
{
    StepWanted wanted = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, set))
            wanted |= (StepWanted)1 << rt_operand_at(module, rt_grad_of((rt_operand)i));
    return wanted;
}

/* Operand number `operand` of stage i: what is packed is packed for each stage that reads it. */
static StepPlace place_of(StageList *s, int i, StageRef ref, int operand)
{
    const StepPiece piece = { .base = ref.index, .part = i, .operand = operand };
    if (ref.kind == REF_TEMP)
        return block_of(s, ref.index);
    return s->g->tensor[ref.index].role == DCN_WEIGHT ? steps_piece(s->l, &piece)
                                                      : steps_operand(ref.index);
}

/* Which of its operands is bound by that name. */
static int bound_to(const Stage *st, const char *name)
{
    for (int i = 0; i < st->n; i++)
        if (strcmp(st->tensor[i], name) == 0)
            return i;
    assert(!"every operand of a stage is bound");
    return 0;
}

/* The operands in the order in which the stage takes them, by the order in which they are bound;
** returns how many. */
static int operands_of(const Stage *st, int nth[MAX_STAGE_OPERANDS])
{
    dcn_tensor t[RT_NUM_OPERANDS];
    for (int i = 0; i < st->n; i++)
        nth[i] = i;
    if (st->kind != STAGE_OPERATOR)
        return st->n;
    const int n = dcn_spec_tensors(&st->spec, t, RT_NUM_OPERANDS);
    assert(n <= MAX_STAGE_OPERANDS);
    for (int i = 0; i < n; i++)
        nth[i] = bound_to(st, t[i].name);
    return n;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* A stage on rows has what it makes last. */
static void add_step(StageList *s, int i)
{
    const Stage *st = &s->g->stage[i];
    int nth[MAX_STAGE_OPERANDS];
    const int n = operands_of(st, nth);
    Step *to = steps_add(s->l, i, st->word, -1);
    to->grid = st->grid;
    to->wanted = wanted_of(s->g->module, st->wanted);
    to->out = n - 1;
    for (int j = 0; j < n; j++) {
        StepPlace place = place_of(s, i, st->ref[nth[j]], j);
        place.wanted = wanted_of(s->g->module, st->operand_wanted[nth[j]]);
        place.adds = st->adds[nth[j]];
        steps_add_place(s->l, place);
        if (strcmp(st->tensor[nth[j]], "output") == 0)
            to->out = j;
    }
}

int stages_list(const Stages *g, StepList *l)
{
    StageList s = { .g = g, .l = l };
    const size_t n = (size_t)g->n, places = n * MAX_STAGE_OPERANDS;
    const StepBounds most = { n, n, places, MAX_TEMPS, places };
    if (steps_open(l, g->module, &most))
        return -1;
    for (int i = 0; i < g->ntemps; i++)
        s.block[i] = -1;
    for (int i = 0; i < g->n; i++)
        add_step(&s, i);
    l->nparts = g->n;
    return 0;
}
