/* expand.c: from a module to its stages.
**
** Deformable pooling with its branches has stages of its own (roi.c), which need no map in another layout.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/backward.h"

#include <stdlib.h>

static int expand(Stages *g)
{
    if (g->module->gradient)
        return stages_backward(g);
    if (g->module->op != DCN_OP_DEFORM_ROI_POOL_PACK)
        return stages_forward(g);
    stages_deform_roi_pool_pack(g);
    return 0;
}

Stages *stages_open(const dcn_spec *module)
{
    Stages *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->module = module;
    g->ntensors = dcn_spec_tensors(module, g->tensor, RT_NUM_OPERANDS);
    if (!expand(g))
        return g;
    free(g);
    return NULL;
}
