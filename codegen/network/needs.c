/* needs.c: which values the gradients of a network read, and which gradients lead to which, found out before
** there are steps.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/network/program.h"
#include "runtime/spec/gradient.h"

#include <stdlib.h>
#include <string.h>

static StepWanted bit(int operand)
{
    return operand < 0 ? 0 : (StepWanted)1 << operand;
}

int needs_grad_operand(const NetProgram *p, int position)
{
    return rt_operand_at(p->list.s, rt_grad_of((rt_operand)position));
}

StepWanted needs_inner(const NetProgram *p, int value)
{
    for (int i = 0; i < p->net->ninner; i++)
        if (p->net->inner[i] == value)
            return bit(needs_grad_operand(p, net_inner_at(p->net, i)));
    return 0;
}

/* ---- arguments ------------------------------------------------------------------------------------- */

bool needs_is_rois(const net_arg *a)
{
    return strcmp(a->operand, rt_operand_names[RT_ROIS]) == 0;
}

StepWanted needs_reach(const NetProgram *p, const net_arg *a)
{
    if (needs_is_rois(a))
        return 0;
    if (a->value >= 0)
        return p->needs.reach[a->value];
    const bool wanted = a->param < p->net->nparams && p->net->param[a->param].wanted;
    return wanted ? bit(p->needs.parameters) : 0;
}

void needs_arguments(const net_layer *l, int arg[RT_NUM_PLAIN])
{
    const rt_operands o = rt_operands_of(l->spec);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        arg[i] = -1;
    for (int i = 0, n = 0; i < o.n; i++)
        if (o.tensor[i].role != DCN_OUT)
            arg[o.which[i]] = n++;
}

rt_operand_set needs_wanted(const NetProgram *p, const net_layer *l, const int arg[RT_NUM_PLAIN])
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (arg[i] >= 0 && needs_reach(p, &l->arg[arg[i]]))
            set |= (rt_operand_set)1 << i;
    return set;
}

/* ---- what follows from the layers ------------------------------------------------------------------ */

static void find_reach(NetProgram *p)
{
    for (int i = 0; i < p->net->ninputs; i++)
        p->needs.reach[i] = bit(needs_grad_operand(p, i));
    for (int i = 0; i < p->net->nlayers; i++) {
        const net_layer *l = &p->net->layer[i];
        for (int j = 0; j < l->nargs && !p->net->value[l->out].still; j++)
            p->needs.reach[l->out] |= needs_reach(p, &l->arg[j]);
        p->needs.passes[l->out] = p->needs.reach[l->out];
        p->needs.reach[l->out] |= needs_inner(p, l->out);
    }
}

/* What the gradients of a layer read of its arguments. */
static void mark_reads(NetProgram *p, const net_layer *l)
{
    int arg[RT_NUM_PLAIN];
    rt_operand_set reads = 0;
    if (l->spec) {
        needs_arguments(l, arg);
        dcn_spec s = *l->spec;
        s.gradient = needs_wanted(p, l, arg);
        reads = rt_gradient_reads(&s, s.gradient);
    }
    for (int i = 0; i < RT_NUM_PLAIN && l->spec; i++)
        if (rt_operand_in((rt_operand)i, reads) && arg[i] >= 0 && l->arg[arg[i]].value >= 0)
            p->needs.back[l->arg[arg[i]].value] = true;
    for (int i = 0; i < l->nargs && !l->spec; i++)
        if (l->arg[i].value >= 0 && glue_back_reads(l, i))
            p->needs.back[l->arg[i].value] = true;
}

static void find_known(NetProgram *p)
{
    NetNeeds *n = &p->needs;
    for (int i = 0; i < p->net->nlayers; i++)
        if (n->passes[p->net->layer[i].out])
            mark_reads(p, &p->net->layer[i]);
    memcpy(n->known, n->back, (size_t)p->net->nvalues * sizeof *n->known);
    for (int i = p->net->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &p->net->layer[i];
        for (int j = 0; j < l->nargs && n->known[l->out]; j++)
            if (l->arg[j].value >= 0)
                n->known[l->arg[j].value] = true;
    }
}

static void find_readers(NetProgram *p)
{
    for (int i = 0; i < p->net->nlayers; i++) {
        const net_layer *l = &p->net->layer[i];
        for (int j = 0; j < l->nargs; j++)
            if (l->arg[j].value >= 0 && !needs_is_rois(&l->arg[j]))
                p->needs.readers[l->arg[j].value]++;
    }
}

int needs_open(NetProgram *p)
{
    const size_t values = (size_t)p->net->nvalues + 1, layers = (size_t)p->net->nlayers + 1;
    const int parameters = net_parameters_at(p->net);
    NetNeeds *n = &p->needs;
    *n = (NetNeeds){ .parameters = parameters >= 0 ? needs_grad_operand(p, parameters) : -1,
                     .reach = calloc(values, sizeof *n->reach),
                     .passes = calloc(values, sizeof *n->passes),
                     .back = calloc(values, sizeof *n->back),
                     .known = calloc(values, sizeof *n->known),
                     .readers = calloc(values, sizeof *n->readers),
                     .segment = calloc(layers, sizeof *n->segment),
                     .kept = calloc(values, sizeof *n->kept),
                     .first = calloc(layers, sizeof *n->first),
                     .again = calloc(layers, sizeof *n->again) };
    if (!n->reach || !n->passes || !n->back || !n->known || !n->readers || !n->segment ||
        !n->kept || !n->first || !n->again)
        return -1;
    find_reach(p);
    find_known(p);
    find_readers(p);
    return 0;
}

void needs_close(NetNeeds *n)
{
    free(n->reach);
    free(n->passes);
    free(n->back);
    free(n->known);
    free(n->readers);
    free(n->segment);
    free(n->kept);
    free(n->first);
    free(n->again);
}

/* ---- what follows from segments -------------------------------------------------------------------- */

/* The layer that makes an argument; -1: none does. */
static int maker(const NetProgram *p, const net_arg *a)
{
    return a->value >= 0 ? p->net->value[a->value].layer : -1;
}

static void find_kept(NetProgram *p)
{
    NetNeeds *n = &p->needs;
    for (int i = 0; i < p->net->nlayers; i++) {
        const net_layer *l = &p->net->layer[i];
        if (!n->segment[i])
            n->kept[l->out] = true;
        for (int j = 0; j < l->nargs; j++) {
            const int by = maker(p, &l->arg[j]);
            if (by >= 0 && n->segment[by] != n->segment[i] &&
                (n->known[l->out] || n->back[l->arg[j].value]))
                n->kept[l->arg[j].value] = true;
        }
    }
}

/* A layer runs first if what it makes is kept, or leads to that; again if what it makes is not kept and is
** read backwards, or leads to that. */
static void find_runs(NetProgram *p)
{
    NetNeeds *n = &p->needs;
    for (int i = p->net->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &p->net->layer[i];
        n->first[i] = n->known[l->out] && (n->first[i] || n->kept[l->out]);
        n->again[i] = !n->kept[l->out] && (n->again[i] || n->back[l->out]);
        for (int j = 0; j < l->nargs; j++) {
            const int by = maker(p, &l->arg[j]);
            if (by < 0)
                continue;
            n->first[by] = n->first[by] || n->first[i];
            n->again[by] = n->again[by] || n->again[i];
        }
    }
}

void needs_segments(NetProgram *p)
{
    NetNeeds *n = &p->needs;
    memset(n->kept, 0, (size_t)p->net->nvalues * sizeof *n->kept);
    memset(n->first, 0, (size_t)p->net->nlayers * sizeof *n->first);
    memset(n->again, 0, (size_t)p->net->nlayers * sizeof *n->again);
    find_kept(p);
    find_runs(p);
}
