/* builder.c: the parts that modules are put together from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

StageRef stage_tensor(const Stages *g, const char *name)
{
    for (int i = 0; i < g->ntensors; i++)
        if (strcmp(g->tensor[i].name, name) == 0)
            return (StageRef){ REF_OPERAND, i };
    return (StageRef){ REF_ABSENT, 0 };
}

bool stage_is_absent(StageRef ref)
{
    return ref.kind == REF_ABSENT;
}

StageRef stage_temp(Stages *g, StepGrid grid, int64_t channels)
{
    assert(g->ntemps < MAX_TEMPS);
    g->temp[g->ntemps] = (Temp){ grid, channels };
    return (StageRef){ REF_TEMP, g->ntemps++ };
}

void stage_bind(Stage *st, const char *tensor, StageRef ref)
{
    if (stage_is_absent(ref))
        return;
    assert(st->n < MAX_STAGE_OPERANDS);
    st->tensor[st->n] = tensor;
    st->ref[st->n++] = ref;
}

void stage_set_sizes(const dcn_spec *module, Stage *st)
{
    dcn_spec *to = &st->spec;
    to->batch = module->batch;
    to->height = st->grid == GRID_OUT ? dcn_out_height(module, module->height) : module->height;
    to->width = st->grid == GRID_OUT ? dcn_out_width(module, module->width) : module->width;
    if (st->grid != GRID_ROIS)
        return;
    to->batch = to->height = 1;
    to->width = module->rois;
}

static Stage *add(Stages *g, const char *word, StageKind kind, StepGrid grid)
{
    assert(g->n < MAX_STAGES);
    Stage *st = &g->stage[g->n++];
    *st = (Stage){ .kind = kind, .word = word, .grid = grid };
    return st;
}

/* The name fills the whole array, so that equal specs have equal bytes.  All of the word has room. */
static void set_name(const Stages *g, Stage *st)
{
    const int left = (int)sizeof st->spec.name - 2 - (int)strlen(st->word);
    memset(st->spec.name, 0, sizeof st->spec.name);
    snprintf(st->spec.name, sizeof st->spec.name, "%.*s_%s", left < 47 ? left : 47, g->module->name,
             st->word);
}

Stage *stage_add(Stages *g, const char *word, dcn_op op, StepGrid grid)
{
    Stage *st = add(g, word, STAGE_OPERATOR, grid);
    dcn_spec_init(&st->spec, op);
    set_name(g, st);
    st->spec.dtype = g->module->dtype;
    st->spec.layout = g->module->layout;
    stage_set_sizes(g->module, st);
    return st;
}

Stage *stage_add_rows(Stages *g, const char *word, StageKind kind, const Rowwise *rows,
                      StepGrid grid)
{
    Stage *st = add(g, word, kind, grid);
    st->rows = *rows;
    set_name(g, st);
    return st;
}
