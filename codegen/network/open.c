/* open.c: the program of a network's spec: memory for it, its steps, their plan.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"
#include "runtime/network/part.h"

#include <stdlib.h>

/* Bounds of all lists.  Forwards there is a step for each layer, an edge for each input and each output;
** backwards two steps for each layer, or three where it is made again, an edge for each of its arguments,
** for each input and each value whose gradient is wanted, and two for each output. */
static int get_memory(NetProgram *p)
{
    const dcn_network *n = p->net;
    size_t args = 0;
    for (int i = 0; i < n->nlayers; i++)
        args += (size_t)n->layer[i].nargs;
    const size_t steps = 3 * (size_t)(n->nlayers + n->noutputs) + 2 * (size_t)n->ninputs +
                         (size_t)n->ninner + args + 1;
    const size_t places = 2 * steps + 4 * args;
    p->part = calloc(steps, sizeof *p->part);
    p->step = calloc(steps, sizeof *p->step);
    p->own = calloc(steps, sizeof *p->own);
    p->place = calloc(places, sizeof *p->place);
    p->value = calloc((size_t)n->nvalues + 1, sizeof *p->value);
    p->block = calloc(steps + args, sizeof *p->block);
    p->piece = calloc(places, sizeof *p->piece);
    p->order = calloc((size_t)n->nlayers + 1, sizeof *p->order);
    p->part_of = calloc(2 * (size_t)n->nlayers + 1, sizeof *p->part_of);
    return p->part && p->step && p->own && p->place && p->value && p->block && p->piece &&
                   p->order && p->part_of
               ? 0
               : -1;
}

int program_write(NetProgram *p)
{
    p->nsteps = p->nplaces = p->nblocks = p->npieces = p->max_places = 0;
    if (p->s->gradient && program_backward(p))
        return -1;
    if (!p->s->gradient)
        program_forward(p);
    program_overwrite(p);
    for (int i = 0; i < p->nsteps; i++)
        p->step[i].time = i;
    p->ntimes = p->nsteps;
    return 0;
}

NetProgram *program_open(const dcn_spec *s)
{
    NetProgram *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (NetProgram){ .s = s, .net = net_for_code(s->network, s->gradient != 0) };
    int failed = !p->net || get_memory(p) || (s->gradient && needs_open(p));
    if (!failed)
        program_order_as_written(p);
    failed = failed || program_write(p);
    if (!failed)
        return p;
    program_close(p);
    return NULL;
}

/* ---- memory ------------------------------------------------------------------------------------- */

/* Of all steps of a time; those of several have a place of the same size. */
static void find_own(NetProgram *p)
{
    for (int i = 0; i < p->ntimes; i++)
        p->own[i] = (PlanStep){ .bytes = 0 };
    for (int i = 0, n = 0; i < p->nsteps; i += n) {
        n = program_steps_beside(p, i);
        p->own[p->step[i].time].bytes =
            n > 1 ? p->beside_bytes : p->part[p->step[i].part].kernel.one_thread_bytes;
    }
}

int program_plan(NetProgram *p)
{
    PlanBlock *block = malloc(((size_t)p->nblocks + 1) * sizeof *block);
    const Plan plan = { block, p->nblocks, p->own, p->ntimes };
    find_own(p);
    for (int i = 0; i < p->nblocks && block; i++) {
        block[i] = p->block[i];
        block[i].first = p->step[p->block[i].first].time;
        block[i].last = p->step[p->block[i].last].time;
    }
    p->plan_bytes = block ? plan_blocks(&plan) : -1;
    for (int i = 0; i < p->nblocks && block; i++)
        p->block[i].at = block[i].at;
    free(block);
    return p->plan_bytes < 0 ? -1 : 0;
}

void program_close(NetProgram *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nparts; i++)
        free(p->part[i].kernel.phase_ns);
    free(p->part);
    free(p->step);
    free(p->own);
    free(p->part_of);
    free(p->order);
    needs_close(&p->needs);
    net_release(p->net);
    free(p->place);
    free(p->value);
    free(p->block);
    free(p->piece);
    free(p);
}
