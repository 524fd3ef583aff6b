/* account.c: what each phase of a list of steps is expected to take, and whose it is.
**
** Operators are taken from their lowerings' accounts; whoever writes the list says what other parts take.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/steps.h"
#include "runtime/exec/kernel.h"

#include <stdlib.h>

/* Where an account has another number of phases than the kernel, what they take is unknown. */
void steps_account(StepPart *part, const Schedule *sc, const dcn_target *t)
{
    const Lowering *how = sc->lowering;
    part->ncosts = how->phases ? how->phases(part->kernel.s, t, sc->k, part->cost) : 0;
    part->ncosts = part->ncosts == part->kernel.phases ? part->ncosts : 0;
}

/* Time that a phase of a part takes on one thread; 0: unknown. */
static double phase_ns(const StepPart *part, int phase)
{
    if (part->kernel.phase) /* of a part that is a list itself */
        return part->kernel.phase[phase].ns;
    return phase < part->ncosts ? part->cost[phase].tasks * part->cost[phase].ns : 0;
}

/* Phase number j of a time whose first step is i; shares are equal where the time of one is unknown. */
static rt_phase phase_of(const StepList *l, int i, int j)
{
    rt_phase out = { .ns = 0 };
    bool known = true;
    for (int k = i; k < i + steps_beside(l, i); k++) {
        const StepPart *part = &l->part[l->step[k].part];
        if (j >= part->kernel.phases)
            continue;
        const double ns = phase_ns(part, j);
        out.layer[out.n] = l->step[k].layer;
        out.share[out.n++] = ns;
        out.ns += ns;
        known = known && ns > 0;
    }
    for (int k = 0; k < out.n; k++)
        out.share[k] = known ? out.share[k] / out.ns : 1.0 / out.n;
    out.ns = known ? out.ns : 0;
    return out;
}

int steps_phases(const StepList *l, Kernel *kernel)
{
    rt_phase *out = kernel->phase = malloc(((size_t)kernel->phases + 1) * sizeof *out);
    for (int i = 0; out && i < l->nsteps; i += steps_beside(l, i))
        for (int j = 0; j < steps_phases_beside(l, i); j++)
            *out++ = phase_of(l, i, j);
    return kernel->phase ? 0 : -1;
}
