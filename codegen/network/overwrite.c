/* overwrite.c: results that are written over an argument that nobody reads any more: the workspace has one
** block less.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/network/program.h"

/* Whether a layer reads each element of a value of the result's shape for the last time where it then writes the
** result; a norm has read all of a pixel before it writes that. */
static bool may_overwrite(const net_layer *l)
{
    return l->kind == NET_ADD || l->kind == NET_MUL || l->kind == NET_ACTIVATION ||
           l->kind == NET_LAYER_NORM || l->kind == NET_BLEND;
}

/* The last place of a glue layer's step is what the layer makes. */
static void overwrite(NetProgram *p, int step)
{
    const Step *st = &p->list.step[step];
    const StepPlace *place = &p->list.place[st->first_place], out = place[st->n - 1];
    if (p->part[st->part].kind != PART_GLUE || out.in != PLACE_BLOCK)
        return;
    const net_layer *l = &p->net->layer[st->layer];
    for (int i = 0; i < l->nargs && may_overwrite(l); i++)
        if (l->arg[i].value >= 0 && place[i].in == PLACE_BLOCK &&
            p->list.block[place[i].index].last == step &&
            net_same_shape(p->net->value[l->arg[i].value].shape, p->net->value[l->out].shape)) {
            p->list.block[out.index].over = place[i].index;
            return;
        }
}

void program_overwrite(NetProgram *p)
{
    for (int i = 0; i < p->list.nsteps; i++)
        overwrite(p, i);
}
