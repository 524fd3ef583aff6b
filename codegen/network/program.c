/* program.c: steps, and the parts, places and pieces that they share.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"
#include "codegen/glue/glue.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- parts ----------------------------------------------------------------------------------- */

/* The digest leaves out the name, so that layers that compute the same have one. */
static uint64_t digest_of(const dcn_spec *s)
{
    char text[DCN_SPEC_TEXT_MAX];
    dcn_spec bare = *s;
    snprintf(bare.name, sizeof bare.name, "part");
    dcn_spec_print(&bare, text, sizeof text);
    return dcn_fingerprint(text, strlen(text));
}

/* A part is called NETWORK_12_LAYER: an identifier of no other part, and short enough for those of stages
** to be made of it. */
static void set_name(const NetProgram *p, ProgramPart *part, const char *word)
{
    enum { OF_NETWORK = 20, OF_LAYER = 20 };
    char name[sizeof part->spec.name];
    snprintf(name, sizeof name, "%.*s_%d_%.*s", OF_NETWORK, p->list.s->name, p->list.nparts,
             OF_LAYER, word);
    for (char *at = name; *at; at++)
        *at = isalnum((unsigned char)*at) ? *at : '_';
    memset(part->spec.name, 0, sizeof part->spec.name);
    memcpy(part->spec.name, name, strlen(name));
}

static int add_part(NetProgram *p, const ProgramPart *part, const char *word)
{
    ProgramPart *to = &p->part[p->list.nparts];
    *to = *part;
    to->times = 1;
    to->spec.dtype = p->net->dtype;
    set_name(p, to, word);
    return p->list.nparts++;
}

static bool is_same(const NetProgram *p, const ProgramPart *a, const ProgramPart *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == PART_OPERATOR)
        return a->digest == b->digest;
    if (a->kind == PART_GLUE || a->kind == PART_GLUE_BACK)
        return glue_is_same(p->net, a->layer, b->layer);
    return !memcmp(&a->edge.shape, &b->edge.shape, sizeof a->edge.shape) &&
           a->edge.to_nhwc == b->edge.to_nhwc && a->edge.to_nchw == b->edge.to_nchw &&
           a->edge.adds == b->edge.adds && a->edge.clears == b->edge.clears;
}

static int find_part(NetProgram *p, const ProgramPart *part, const char *word)
{
    for (int i = 0; i < p->list.nparts; i++)
        if (is_same(p, &p->part[i], part)) {
            p->part[i].times++;
            return i;
        }
    return add_part(p, part, word);
}

static int find_part_of_layer(NetProgram *p, const net_layer *layer)
{
    ProgramPart part = { .kind = layer->kind == NET_OPERATOR ? PART_OPERATOR : PART_GLUE,
                         .layer = layer };
    if (part.kind == PART_OPERATOR) {
        part.spec = *layer->spec;
        part.digest = digest_of(layer->spec);
    }
    return find_part(p, &part, layer->name);
}

static int find_part_of_gradients(NetProgram *p, const net_layer *layer, rt_operand_set wanted)
{
    ProgramPart part = { .kind = layer->kind == NET_OPERATOR ? PART_OPERATOR : PART_GLUE_BACK,
                         .layer = layer };
    if (part.kind == PART_OPERATOR) {
        part.spec = *layer->spec;
        part.spec.gradient = wanted;
        part.spec.schedule[0] = '\0'; /* that of the layer's output */
        part.digest = digest_of(&part.spec);
    }
    return find_part(p, &part, layer->name);
}

int program_part_of_layer(NetProgram *p, int layer)
{
    int *known = &p->part_of[layer];
    if (!*known)
        *known = find_part_of_layer(p, &p->net->layer[layer]) + 1;
    return *known - 1;
}

int program_part_of_gradients(NetProgram *p, int layer, rt_operand_set wanted)
{
    int *known = &p->part_of[p->net->nlayers + layer];
    if (!*known)
        *known = find_part_of_gradients(p, &p->net->layer[layer], wanted) + 1;
    return *known - 1;
}

int program_part_of_edge(NetProgram *p, const NetEdge *edge)
{
    const ProgramPart part = { .kind = PART_EDGE, .edge = *edge };
    return find_part(p, &part,
                     edge->to_nhwc   ? "nhwc"
                     : edge->to_nchw ? "nchw"
                     : edge->clears  ? "zero"
                     : edge->adds    ? "sum"
                                     : "copy");
}

/* ---- steps ----------------------------------------------------------------------------------- */

Step *program_add_step(NetProgram *p, int part, int layer)
{
    return steps_add(&p->list, part, layer < 0 ? "edge" : p->net->layer[layer].name, layer);
}

void program_add_edge(NetProgram *p, const NetEdge *edge, StepPlace from, StepPlace to)
{
    Step *st = program_add_step(p, program_part_of_edge(p, edge), -1);
    st->wanted = to.wanted;
    st->out = 1;
    steps_add_place(&p->list, from);
    steps_add_place(&p->list, to);
}

StepPlace program_new_block(NetProgram *p, int64_t elements)
{
    return steps_new_block(&p->list, elements, p->net->dtype);
}

StepPlace program_piece(NetProgram *p, int param, int operand, bool packed)
{
    const net_param *of = &p->net->param[param];
    const int parameters = net_parameters_at(p->net);
    const StepPiece want = { .base = parameters < 0
                                         ? -1
                                         : rt_operand_at(p->list.s, (rt_operand)parameters),
                             .from = of->at,
                             .count = of->count,
                             .number = param,
                             .clears = param >= p->net->nparams,
                             .part = packed ? p->list.step[p->list.nsteps - 1].part : -1,
                             .operand = packed ? operand : 0 };
    return steps_piece(&p->list, &want);
}
