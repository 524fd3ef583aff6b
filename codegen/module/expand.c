/* expand.c: from a module to its stages, and where their intermediates live.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/backward.h"

#include <stdlib.h>

/* Intermediates are numbered in the order in which they are first written. */
static void find_lifetimes(Stages *g)
{
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            const StageRef ref = g->stage[i].ref[j];
            if (ref.kind != REF_TEMP)
                continue;
            Temp *t = &g->temp[ref.index];
            t->first = t->first < 0 ? i : t->first;
            t->last = i;
        }
}

/* Each intermediate goes to the first slot that nothing alive occupies. */
static void assign_slots(Stages *g)
{
    int busy_until[MAX_TEMPS];
    for (int i = 0; i < g->ntemps; i++) {
        Temp *t = &g->temp[i];
        while (t->slot < g->nslots && busy_until[t->slot] >= t->first)
            t->slot++;
        busy_until[t->slot] = t->last;
        g->nslots = t->slot == g->nslots ? g->nslots + 1 : g->nslots;
    }
}

Stages *stages_open(const dcn_spec *module)
{
    static void (*const expand[DCN_NUM_OPS])(Stages *) = {
        [DCN_OP_DEFORM_CONV2D_PACK] = stages_deform_conv2d_pack,
        [DCN_OP_SEPARABLE_CONV2D] = stages_separable_conv2d,
        [DCN_OP_DCNV3_MODULE] = stages_dcnv3_module,
        [DCN_OP_DCNV4_MODULE] = stages_dcnv4_module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = stages_deform_roi_pool_pack,
    };
    Stages *g = calloc(1, sizeof *g);
    int failed = g ? 0 : -1;
    if (g) {
        g->module = module;
        g->ntensors = dcn_spec_tensors(module, g->tensor, RT_NUM_OPERANDS);
    }
    if (g && module->gradient)
        failed = stages_backward(g);
    else if (g)
        expand[module->op](g);
    if (failed) {
        free(g);
        return NULL;
    }
    find_lifetimes(g);
    assign_slots(g);
    return g;
}
