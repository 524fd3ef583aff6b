/* phases.c: what each phase of a network's call is expected to take, and whose it is.
**
** Operators and glue layers are taken from their accounts.  Edges move memory; a number that is right to a
** factor of two or so is enough to tell a phase that is worth a second thread from one that is not.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/lowering.h"
#include "codegen/network/program.h"
#include "runtime/exec/kernel.h"

#include <stdlib.h>

/* What one core moves from its L2 cache or beyond, to a factor of two or so. */
#define BYTES_PER_NS 8.0

/* The phases of a glue layer, as its emitters account for them. */
static void put_glue(const NetProgram *p, const NetPart *part, const dcn_target *t, double *ns)
{
    PhaseCost cost[2];
    const bool back = part->kind == PART_GLUE_BACK;
    const int n = glue_phases(p->net, part->layer, t, back, cost);
    for (int i = 0; i < part->kernel.phases; i++)
        ns[i] = n == part->kernel.phases ? cost[i].tasks * cost[i].ns : 0;
}

static double edge_ns(const NetProgram *p, const NetEdge *edge)
{
    return 2 * (double)net_elements(edge->shape) * (double)dcn_dtype_bytes(p->net->dtype) /
           BYTES_PER_NS;
}

/* The phases of a part with a schedule.  Where the account of its lowering has another number of them, what
** they take is unknown, 0. */
static void put_account(const NetPart *part, const Schedule *sc, const dcn_target *t, double *ns)
{
    PhaseCost cost[MAX_PHASES];
    const double *inside = part->kernel.phase_ns; /* of a module */
    const int n = sc->lowering->phases ? sc->lowering->phases(&part->spec, t, sc->k, cost) : 0;
    for (int i = 0; i < part->kernel.phases; i++) {
        ns[i] = n == part->kernel.phases ? cost[i].tasks * cost[i].ns : 0;
        ns[i] = inside ? inside[i] : ns[i];
    }
}

/* The phases of all parts, one part after another; at[i]: where those of part i begin. */
static void estimate(const NetProgram *p, const SchedPart *sched, const dcn_target *t, int *at,
                     double *ns)
{
    for (int i = 0, n = 0; i < p->nparts; i++) {
        const NetPart *part = &p->part[i];
        at[i] = n;
        if (part->kind == PART_OPERATOR)
            put_account(part, &sched++->sched, t, ns + n);
        else if (part->kind == PART_EDGE)
            ns[n] = edge_ns(p, &part->edge);
        else
            put_glue(p, part, t, ns + n);
        n += part->kernel.phases;
    }
}

static void list_phases(const NetProgram *p, const int *at, const double *ns, rt_phase *out)
{
    for (int i = 0; i < p->nsteps; i++) {
        const NetStep *st = &p->step[i];
        for (int j = 0; j < p->part[st->part].kernel.phases; j++)
            *out++ = (rt_phase){ .ns = ns[at[st->part] + j], .layer = st->layer };
    }
}

int program_phases(const NetProgram *p, const SchedPart *sched, const dcn_target *t, Kernel *kernel)
{
    const size_t n = (size_t)kernel->phases + 1; /* parts have no more of them than steps have */
    int *at = malloc(((size_t)p->nparts + 1) * sizeof *at);
    double *ns = malloc(n * sizeof *ns);
    kernel->phase = malloc(n * sizeof *kernel->phase);
    const int failed = !at || !ns || !kernel->phase;
    if (!failed) {
        estimate(p, sched, t, at, ns);
        list_phases(p, at, ns, kernel->phase);
    }
    free(at);
    free(ns);
    return failed ? -1 : 0;
}
