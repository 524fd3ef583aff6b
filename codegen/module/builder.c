/* builder.c: the parts that modules are put together from, and where their intermediates live.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/builder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- building blocks --------------------------------------------------------------------------- */

StageRef stage_named(const Stages *g, const char *name)
{
    for (int i = 0; i < g->ntensors; i++)
        if (strcmp(g->tensor[i].name, name) == 0)
            return i;
    return STAGE_ABSENT;
}

StageRef stage_between(Stages *g, StageGrid grid, int64_t channels)
{
    assert(g->nbetween < MAX_BETWEEN);
    g->between[g->nbetween] = (Between){ .grid = grid, .channels = channels, .first = -1 };
    return ~g->nbetween++;
}

void stage_bind(Stage *st, const char *tensor, StageRef ref)
{
    assert(st->n < MAX_STAGE_OPERANDS);
    st->tensor[st->n] = tensor;
    st->ref[st->n++] = ref;
}

/* The batch, height and width of a stage's spec. */
void stage_size(const dcn_spec *s, Stage *st)
{
    dcn_spec *to = &st->s;
    to->batch = s->batch;
    to->height = st->grid == GRID_OUT ? dcn_out_height(s, s->height) : s->height;
    to->width = st->grid == GRID_OUT ? dcn_out_width(s, s->width) : s->width;
    if (st->grid != GRID_ROIS)
        return;
    to->batch = to->height = 1;
    to->width = s->rois == DCN_DYNAMIC ? DCN_DYNAMIC : s->rois * st->per_roi;
}

/* word: what the stage is called after the module's name. */
Stage *stage_add(Stages *g, const char *word, dcn_op op, StageGrid grid)
{
    assert(g->n < MAX_STAGES);
    Stage *st = &g->stage[g->n++];
    *st = (Stage){ .kind = STAGE_OPERATOR, .grid = grid, .per_roi = 1 };
    dcn_spec_init(&st->s, op);
    snprintf(st->s.name, sizeof st->s.name, "%.47s_%s", g->s->name, word);
    st->s.dtype = g->s->dtype;
    st->s.layout = g->s->layout;
    stage_size(g->s, st);
    return st;
}

Stage *stage_add_conv(Stages *g, const Conv *c)
{
    Stage *st = stage_add(g, c->word, DCN_OP_CONV2D, c->grid);
    st->s.in_channels = c->in;
    st->s.out_channels = c->out;
    st->s.kernel[0] = st->s.kernel[1] = 1;
    st->s.bias = stage_named(g, c->bias) != STAGE_ABSENT;
    stage_bind(st, "input", c->from);
    stage_bind(st, "weight", stage_named(g, c->weight));
    stage_bind(st, "bias", stage_named(g, c->bias));
    stage_bind(st, "output", c->to);
    return st;
}

/* The window of the module's own kernel. */
void stage_window(Stage *st, const dcn_spec *s)
{
    memcpy(st->s.kernel, s->kernel, sizeof s->kernel);
    memcpy(st->s.stride, s->stride, sizeof s->stride);
    memcpy(st->s.padding, s->padding, sizeof s->padding);
    memcpy(st->s.dilation, s->dilation, sizeof s->dilation);
}

void stage_is_core(Stages *g, const Stage *st)
{
    g->core = (int)(st - g->stage);
}

/* What the module does to its output is done by its last stage. */
void stage_finish(const Stages *g, Stage *st)
{
    static const char *const tensors[] = { "scale", "shift", "residual" };
    st->s.activation = g->s->activation;
    st->s.scale_shift = g->s->scale_shift;
    st->s.residual = g->s->residual;
    for (int i = 0; i < 3; i++)
        stage_bind(st, tensors[i], stage_named(g, tensors[i]));
}

/* ---- lifetimes ------------------------------------------------------------------------------------ */

static void find_lifetimes(Stages *g)
{
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            if (g->stage[i].ref[j] >= 0)
                continue;
            Between *b = &g->between[~g->stage[i].ref[j]];
            b->first = b->first < 0 ? i : b->first;
            b->last = i;
        }
}

/* The first slot that nothing alive occupies; intermediates are numbered in the order of their birth. */
static void assign_slots(Stages *g)
{
    int busy_until[MAX_BETWEEN];
    for (int i = 0; i < g->nbetween; i++) {
        Between *b = &g->between[i];
        while (b->slot < g->nslots && busy_until[b->slot] >= b->first)
            b->slot++;
        busy_until[b->slot] = b->last;
        g->nslots = b->slot == g->nslots ? g->nslots + 1 : g->nslots;
    }
}

void stages_of(const dcn_spec *s, Stages *g)
{
    static void (*const expand[DCN_NUM_OPS])(Stages *) = {
        [DCN_OP_DEFORM_CONV2D_PACK] = stages_deform_conv2d_pack,
        [DCN_OP_SEPARABLE_CONV2D] = stages_separable_conv2d,
        [DCN_OP_DCNV3_MODULE] = stages_dcnv3_module,
        [DCN_OP_DCNV4_MODULE] = stages_dcnv4_module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = stages_deform_roi_pool_pack,
    };
    *g = (Stages){ .s = s };
    g->ntensors = dcn_spec_tensors(s, g->tensor, RT_NUM_OPERANDS);
    expand[s->op](g);
    find_lifetimes(g);
    assign_slots(g);
}
