/* order.c: an order of the layers in which less is live.
**
** Layers run in the order in which they were written, unless this one makes the workspace smaller.  It is found
** backwards, from the outputs on: of the layers all of whose readers stand behind, the one comes next, in front of
** them, with which most bytes end being live: those that it makes, without those of what only it has read so far.
** So a map is made shortly before it is read, and whatever else its reader waits for before it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

#include <stdlib.h>

typedef struct Orderer {
    const dcn_network *net;
    int *readers; /* by value: layers in front of which it is not known to stand yet */
    bool *live;   /* by value: a layer that stands already reads it */
    bool *placed; /* by layer */
} Orderer;

/* Bytes that end being live in front of the layer, in elements; counted where a layer reads a value twice, too. */
static int64_t gain_of(const Orderer *o, const net_layer *l)
{
    int64_t gain = net_elements(o->net->value[l->out].shape);
    for (int i = 0; i < l->nargs; i++) {
        const int value = l->arg[i].value;
        if (value >= o->net->ninputs && !o->live[value])
            gain -= net_elements(o->net->value[value].shape);
    }
    return gain;
}

/* The layer to put next; among those that are alike the last one as they were written. */
static int next_layer(const Orderer *o)
{
    int best = -1;
    for (int i = o->net->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &o->net->layer[i];
        if (!o->placed[i] && o->readers[l->out] == 0 &&
            (best < 0 || gain_of(o, l) > gain_of(o, &o->net->layer[best])))
            best = i;
    }
    return best;
}

static void place(Orderer *o, int layer)
{
    const net_layer *l = &o->net->layer[layer];
    o->placed[layer] = true;
    for (int i = 0; i < l->nargs; i++)
        if (l->arg[i].value >= 0) {
            o->readers[l->arg[i].value]--;
            o->live[l->arg[i].value] = true;
        }
}

static void order_all(Orderer *o, int *order)
{
    for (int i = 0; i < o->net->nlayers; i++)
        for (int j = 0; j < o->net->layer[i].nargs; j++)
            if (o->net->layer[i].arg[j].value >= 0)
                o->readers[o->net->layer[i].arg[j].value]++;
    for (int at = o->net->nlayers - 1; at >= 0; at--) {
        order[at] = next_layer(o);
        place(o, order[at]);
    }
}

void program_order_as_written(NetProgram *p)
{
    for (int i = 0; i < p->net->nlayers; i++)
        p->order[i] = i;
}

int program_order_by_bytes(NetProgram *p)
{
    Orderer o = { .net = p->net,
                  .readers = calloc((size_t)p->net->nvalues + 1, sizeof *o.readers),
                  .live = calloc((size_t)p->net->nvalues + 1, sizeof *o.live),
                  .placed = calloc((size_t)p->net->nlayers + 1, sizeof *o.placed) };
    const int failed = o.readers && o.live && o.placed ? 0 : -1;
    if (!failed)
        order_all(&o, p->order);
    free(o.readers);
    free(o.live);
    free(o.placed);
    return failed;
}
