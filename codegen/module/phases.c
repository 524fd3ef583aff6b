/* phases.c: what each phase of a module of static sizes is expected to take.
**
** Operators are taken from their lowerings' accounts; stages on rows move memory.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/module.h"

#include <stdlib.h>

/* Of one core, from its L2 cache or beyond. */
#define BYTES_PER_NS 8.0

static double rows_ns(const dcn_spec *module, const Stage *st)
{
    const bool out = st->grid == GRID_OUT;
    const int64_t h = out ? dcn_out_height(module, module->height) : module->height;
    const int64_t w = out ? dcn_out_width(module, module->width) : module->width;
    const int64_t maps = st->grid == GRID_ROIS ? module->rois : module->batch * h * w;
    return (double)(maps * st->rows.channels * st->n) * (double)dcn_dtype_bytes(module->dtype) /
           BYTES_PER_NS;
}

/* Adds those of one stage; where an account has other phases than the kernel, they are unknown. */
static void put_stage(const Stages *g, int i, const Kernel *k, const Schedule *sc,
                      const dcn_target *t, double *ns)
{
    PhaseCost cost[MAX_PHASES];
    const Stage *st = &g->stage[i];
    const bool known = sc && sc->lowering->phases;
    const int n = known ? sc->lowering->phases(&st->spec, t, sc->k, cost) : 0;
    for (int j = 0; j < k->phases; j++)
        ns[j] += n == k->phases ? cost[j].tasks * cost[j].ns : 0;
    if (!sc)
        ns[0] = rows_ns(g->module, st);
}

void stages_account(const Stages *g, const Kernel *stage, const SchedPart *part,
                    const dcn_target *t, Kernel *kernel)
{
    double *ns =
        kernel->phases && kernel->internal ? calloc((size_t)kernel->phases + 1, sizeof *ns) : NULL;
    int first = 0, end = 0;
    kernel->phase_ns = ns;
    for (int i = 0; ns && i < g->n; i++) {
        const bool operates = g->stage[i].kind == STAGE_OPERATOR;
        first = i && g->stage[i].time == g->stage[i - 1].time ? first : end;
        put_stage(g, i, &stage[i], operates ? &part++->sched : NULL, t, ns + first);
        end = first + stage[i].phases > end ? first + stage[i].phases : end;
    }
}
