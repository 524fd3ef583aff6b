/* phases.c: what each phase of a network's call is expected to take, and whose it is.
**
** Operators, glue layers and edges are taken from their accounts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/lowering.h"
#include "codegen/network/program.h"
#include "runtime/exec/kernel.h"

#include <stdlib.h>

/* Where an account has another number of phases than the kernel, what they take is unknown. */
void program_account(const NetProgram *p, ProgramPart *part, const Schedule *sc,
                     const dcn_target *t)
{
    const bool back = part->kind == PART_GLUE_BACK;
    if (part->kind == PART_OPERATOR)
        part->ncosts =
            sc->lowering->phases ? sc->lowering->phases(&part->spec, t, sc->k, part->cost) : 0;
    else if (part->kind == PART_EDGE)
        part->cost[part->ncosts++] = edge_cost(&part->edge, (int)dcn_dtype_bytes(p->net->dtype));
    else
        part->ncosts = glue_phases(p->net, part->layer, t, back, part->cost);
    part->ncosts = part->ncosts == part->kernel.phases ? part->ncosts : 0;
}

/* Of a phase of a part, on one thread; 0: unknown. */
static double phase_ns(const ProgramPart *part, int phase)
{
    if (part->kernel.phase_ns) /* of a module */
        return part->kernel.phase_ns[phase];
    return phase < part->ncosts ? part->cost[phase].tasks * part->cost[phase].ns : 0;
}

/* Phase number j of a time whose first step is i; shares are equal where the time of one is unknown. */
static rt_phase phase_of(const NetProgram *p, int i, int j)
{
    rt_phase out = { .ns = 0 };
    bool known = true;
    for (int k = i; k < i + program_steps_beside(p, i); k++) {
        const ProgramPart *part = &p->part[p->step[k].part];
        if (j >= part->kernel.phases)
            continue;
        const double ns = phase_ns(part, j);
        out.layer[out.n] = p->step[k].layer;
        out.share[out.n++] = ns;
        out.ns += ns;
        known = known && ns > 0;
    }
    for (int k = 0; k < out.n; k++)
        out.share[k] = known ? out.share[k] / out.ns : 1.0 / out.n;
    out.ns = known ? out.ns : 0;
    return out;
}

int program_phases(const NetProgram *p, Kernel *kernel)
{
    rt_phase *out = kernel->phase = malloc(((size_t)kernel->phases + 1) * sizeof *out);
    for (int i = 0; out && i < p->nsteps; i += program_steps_beside(p, i))
        for (int j = 0; j < program_phases_beside(p, i); j++)
            *out++ = phase_of(p, i, j);
    return kernel->phase ? 0 : -1;
}
