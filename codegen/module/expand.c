/* expand.c: from a module to its stages.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/backward.h"

#include <stdlib.h>

Stages *stages_open(const dcn_spec *module)
{
    Stages *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->module = module;
    g->ntensors = dcn_spec_tensors(module, g->tensor, RT_NUM_OPERANDS);
    if (!(module->gradient ? stages_backward(g) : stages_forward(g)))
        return g;
    free(g);
    return NULL;
}
