/* open.c: the program of a network's spec: memory for it, its steps, their plan.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

#include <stdlib.h>

/* Bounds of all lists.  Forwards there is a step for each layer, an edge for each input and each output;
** backwards a step for each layer, an edge for each of its arguments, for each input, and two for each
** output. */
static int get_memory(NetProgram *p)
{
    const dcn_network *n = p->net;
    size_t args = 0;
    for (int i = 0; i < n->nlayers; i++)
        args += (size_t)n->layer[i].nargs;
    const size_t steps = 2 * (size_t)(n->nlayers + n->ninputs) + 3 * (size_t)n->noutputs + args + 1;
    const size_t places = 2 * steps + 3 * args;
    p->part = calloc(steps, sizeof *p->part);
    p->step = calloc(steps, sizeof *p->step);
    p->place = calloc(places, sizeof *p->place);
    p->value = calloc((size_t)n->nvalues + 1, sizeof *p->value);
    p->block = calloc(steps + args, sizeof *p->block);
    p->piece = calloc(places, sizeof *p->piece);
    return p->part && p->step && p->place && p->value && p->block && p->piece ? 0 : -1;
}

static int write_steps(NetProgram *p)
{
    if (p->s->gradient && program_backward(p))
        return -1;
    if (!p->s->gradient)
        program_forward(p);
    program_overwrite(p);
    p->plan_bytes = plan_blocks(p->block, p->nblocks);
    return p->plan_bytes < 0 ? -1 : 0;
}

NetProgram *program_open(const dcn_spec *s)
{
    NetProgram *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (NetProgram){ .s = s, .net = s->network };
    if (!get_memory(p) && !write_steps(p))
        return p;
    program_close(p);
    return NULL;
}

void program_close(NetProgram *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nparts; i++)
        free(p->part[i].kernel.phase_ns);
    free(p->part);
    free(p->step);
    free(p->place);
    free(p->value);
    free(p->block);
    free(p->piece);
    free(p);
}
