/* open.c: the program of a network's spec: memory for it, its steps, their plan.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"
#include "runtime/network/part.h"

#include <stdlib.h>

/* Bounds of all lists.  Forwards there is a step for each layer, an edge for each input and each output;
** backwards two steps for each layer, or three where it is made again, an edge for each of its arguments,
** for each input and each value whose gradient is wanted, and two for each output. */
static int get_memory(NetProgram *p, const dcn_spec *s)
{
    const dcn_network *n = p->net;
    size_t args = 0;
    for (int i = 0; i < n->nlayers; i++)
        args += (size_t)n->layer[i].nargs;
    const size_t steps = 3 * (size_t)(n->nlayers + n->noutputs) + 2 * (size_t)n->ninputs +
                         (size_t)n->ninner + args + 1;
    const size_t places = 2 * steps + 4 * args;
    const StepBounds most = { steps, steps, places, steps + args, places };
    const int failed = steps_open(&p->list, s, &most);
    p->part = calloc(steps, sizeof *p->part);
    p->value = calloc((size_t)n->nvalues + 1, sizeof *p->value);
    p->order = calloc((size_t)n->nlayers + 1, sizeof *p->order);
    p->part_of = calloc(2 * (size_t)n->nlayers + 1, sizeof *p->part_of);
    return !failed && p->part && p->value && p->order && p->part_of ? 0 : -1;
}

int program_write(NetProgram *p)
{
    steps_clear(&p->list);
    if (p->list.s->gradient && program_backward(p))
        return -1;
    if (!p->list.s->gradient)
        program_forward(p);
    program_overwrite(p);
    steps_one_by_one(&p->list);
    return 0;
}

NetProgram *program_open(const dcn_spec *s)
{
    NetProgram *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (NetProgram){ .list.s = s, .net = net_for_code(s->network, s->gradient != 0) };
    int failed = !p->net || get_memory(p, s) || (s->gradient && needs_open(p));
    if (!failed)
        program_order_as_written(p);
    failed = failed || program_write(p);
    if (!failed)
        return p;
    program_close(p);
    return NULL;
}

void program_close(NetProgram *p)
{
    if (!p)
        return;
    steps_close(&p->list);
    free(p->part);
    free(p->part_of);
    free(p->order);
    needs_close(&p->needs);
    net_release(p->net);
    free(p->value);
    free(p);
}
