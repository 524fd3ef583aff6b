/* gradient.c: which gradients are wanted, and what they are made from.
**
** An operator is  out = act((sum + bias) * scale + shift + residual)  of a sum that is linear in its
** input, its weights and its masks, and of which offsets say where the input is read.  So with g the
** gradient of the sum, which needs `scale`:
**
**     input    reads weights, places, masks; where the largest of a bin is taken also itself
**     weight   reads input, places, masks
**     offset   reads input, weights, places, masks
**     mask     reads input, weights, places; itself where it is a logit
**     scale    reads all that the sum is made of; bias, shift and residual read nothing
**
** An activation but `none` needs the number that it was given, which nobody keeps: it is made again
** from all operands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/base/base.h"
#include "runtime/base/text.h"
#include "runtime/spec/network.h"
#include "runtime/spec/op.h"
#include "runtime/spec/stages.h"

#include <stdlib.h>
#include <string.h>

#define PLACES    (RT_SET(OFFSET) | RT_SET(OFFSET_MASK) | RT_SET(TRANS) | RT_SET(ROIS))
#define AFTER_SUM (RT_SET(SCALE) | RT_SET(SHIFT) | RT_SET(RESIDUAL))
#define ALL       (~(rt_operand_set)0)

/* ---- which ---------------------------------------------------------------------------------- */

static rt_operand_set operands_read(const dcn_spec *s)
{
    const rt_operands o = rt_plain_operands_of(s);
    rt_operand_set set = 0;
    for (int i = 0; i < o.n; i++)
        if (o.tensor[i].role != DCN_OUT)
            set |= (rt_operand_set)1 << o.which[i];
    return set;
}

rt_operand_set rt_differentiable(const dcn_spec *s)
{
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return net_differentiable(s->network);
    return operands_read(s) & ~RT_SET(ROIS);
}

rt_operand_set rt_wanted(const dcn_spec *s)
{
    return s->gradient == DCN_GRADIENT_ALL ? rt_differentiable(s) : s->gradient;
}

dcn_spec rt_plain_spec(const dcn_spec *s)
{
    dcn_spec plain = *s;
    plain.gradient = 0;
    return plain;
}

/* ---- what they read ------------------------------------------------------------------------- */

static rt_operand_set sum_reads(const dcn_spec *s, rt_operand_set wanted)
{
    const bool logits =
        s->modulation == DCN_MODULATION_SIGMOID || s->modulation == DCN_MODULATION_SOFTMAX;
    rt_operand_set reads = 0;
    if (wanted & RT_SET(INPUT))
        reads |= RT_SET(WEIGHT) | PLACES | RT_SET(MASK);
    if (wanted & RT_SET(INPUT) && s->mode == DCN_ROI_MAX)
        reads |= RT_SET(INPUT);
    if (wanted & RT_SET(WEIGHT))
        reads |= RT_SET(INPUT) | PLACES | RT_SET(MASK);
    if (wanted & PLACES)
        reads |= RT_SET(INPUT) | RT_SET(WEIGHT) | PLACES | RT_SET(MASK);
    if (wanted & RT_SET(MASK))
        reads |= RT_SET(INPUT) | RT_SET(WEIGHT) | PLACES | (logits ? RT_SET(MASK) : 0);
    if (wanted & RT_SET(SCALE))
        reads |= ALL & ~AFTER_SUM;
    if (wanted & ~AFTER_SUM)
        reads |= RT_SET(SCALE);
    return s->activation != DCN_ACT_NONE && wanted ? ALL : reads;
}

bool rt_gradient_is_of_sums(const dcn_spec *s)
{
    const rt_operand_set after = RT_SET(SCALE) | RT_SET(RESIDUAL);
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return false;
    return s->activation == DCN_ACT_NONE && !s->projection && !(rt_wanted(s) & after) &&
           !rt_op_has(s->op, RT_COMPOSITE);
}

bool rt_gradient_recomputes(const dcn_spec *s)
{
    return s->activation != DCN_ACT_NONE || rt_op_has(s->op, RT_COMPOSITE) ||
           rt_op_has(s->op, RT_IS_NETWORK);
}

rt_operand_set rt_stage_arguments(const rt_stage *st)
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (st->arg[i] != RT_NO_VALUE)
            set |= (rt_operand_set)1 << i;
    return set;
}

rt_operand_set rt_stage_reads(const rt_stage *st, rt_operand_set wanted)
{
    const rt_operand_set all = rt_stage_arguments(st);
    const bool active = st->spec.activation != DCN_ACT_NONE;
    rt_operand_set reads = 0;
    switch (st->kind) {
    case RT_STAGE_OPERATOR:
        return sum_reads(&st->spec, wanted) & all;
    case RT_STAGE_NORM:
        reads = wanted & RT_SET(INPUT) ? RT_SET(INPUT) | RT_SET(WEIGHT) : 0;
        reads |= wanted & RT_SET(WEIGHT) ? RT_SET(INPUT) : 0;
        return wanted && active ? all : reads;
    case RT_STAGE_BLEND:
        return wanted & RT_SET(MASK) ? all : RT_SET(MASK);
    case RT_STAGE_ACTIVATE:
        reads = wanted & RT_SET(SCALE) ? RT_SET(INPUT) : 0;
        reads |= wanted & RT_SET(INPUT) ? RT_SET(SCALE) : 0;
        return (active ? all : reads) & all;
    case RT_STAGE_TO_NCHW:
    case RT_STAGE_FROM_NCHW:
        break;
    }
    return 0;
}

/* The arguments of a stage whose gradients are on the way. */
static rt_operand_set wanted_of(const rt_walk *w, const rt_stage *st)
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (st->arg[i] != RT_NO_VALUE && w->wanted[st->arg[i]])
            set |= (rt_operand_set)1 << i;
    return set;
}

static void read_arguments(rt_walk *w, const rt_stage *st, rt_operand_set arguments)
{
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, arguments) && st->arg[i] != RT_NO_VALUE)
            w->known[st->arg[i]] = true;
}

/* First forwards, which gradients are on the way; then backwards: what each stage reads for them,
** and, where somebody reads what it makes, all of its arguments. */
rt_walk rt_stages_walk(const rt_stages *g, rt_operand_set wanted)
{
    rt_walk w = { .known = { false } };
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        w.wanted[i] = rt_operand_in((rt_operand)i, wanted);
    for (int i = 0; i < g->n; i++)
        w.wanted[g->stage[i].out] = wanted_of(&w, &g->stage[i]) != 0;
    for (int i = g->n - 1; i >= 0; i--) {
        const rt_stage *st = &g->stage[i];
        const rt_operand_set of = wanted_of(&w, st);
        if (of)
            read_arguments(&w, st, rt_stage_reads(st, of));
        if (w.known[st->out])
            read_arguments(&w, st, rt_stage_arguments(st));
    }
    return w;
}

/* A network of gradients reads whatever the network reads.  Of a module without memory for the stages
** it is all operands, more than is needed. */
static rt_operand_set module_reads(const dcn_spec *s, rt_operand_set wanted)
{
    const dcn_spec plain = rt_plain_spec(s);
    rt_stages *g = rt_stages_of(&plain);
    rt_operand_set reads = 0;
    if (!g)
        return ALL;
    const rt_walk w = rt_stages_walk(g, wanted);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        reads |= w.known[i] ? (rt_operand_set)1 << i : 0;
    free(g);
    return reads;
}

rt_operand_set rt_gradient_reads(const dcn_spec *s, rt_operand_set wanted)
{
    const bool module = rt_op_has(s->op, RT_COMPOSITE);
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return operands_read(s);
    return (module ? module_reads(s, wanted) : sum_reads(s, wanted)) & operands_read(s);
}

/* ---- asking for them ------------------------------------------------------------------------ */

static const char **names_of(const dcn_spec *s, rt_operand_set set,
                             const char *names[RT_NUM_PLAIN + 1])
{
    int n = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, set))
            names[n++] = rt_operand_name(s, (rt_operand)i);
    names[n] = NULL;
    return names;
}

int rt_no_gradient_of(const dcn_spec *s, const char *name, dcn_error *err)
{
    const char *names[RT_NUM_PLAIN + 1];
    char all[512];
    if (strcmp(name, rt_operand_names[RT_ROIS]) == 0 && rt_op_has(s->op, RT_HAS_ROIS))
        return dcn_fail(err, DCN_ESPEC, "'gradient': rois have no gradient");
    const char *near = rt_nearest(name, names_of(s, rt_differentiable(s), names));
    if (near)
        return dcn_fail(err, DCN_ESPEC,
                        "'gradient': this %s has no gradient of '%.64s' (did you mean '%s'?)",
                        dcn_op_name(s->op), name, near);
    return dcn_fail(err, DCN_ESPEC,
                    "'gradient': this %s has no gradient of '%.64s'; it has those of %s",
                    dcn_op_name(s->op), name, rt_join(names, all, sizeof all));
}

static const char *foreign_name(const dcn_spec *s, int i)
{
    return i < RT_NUM_PLAIN ? rt_operand_name(s, (rt_operand)i) : "?";
}

int rt_check_gradient(const dcn_spec *s, dcn_error *err)
{
    const rt_operand_set foreign = rt_wanted(s) & (s->gradient ? ~rt_differentiable(s) : 0);
    for (int i = 0; i < 64; i++)
        if (foreign >> i & 1)
            return rt_no_gradient_of(s, foreign_name(s, i), err);
    return 0;
}

int dcn_spec_want_gradient(dcn_spec *s, const char *name, dcn_error *err)
{
    const dcn_spec plain = rt_plain_spec(s);
    const rt_operand_set all = rt_differentiable(&plain);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, all) &&
            strcmp(name, rt_operand_name(&plain, (rt_operand)i)) == 0) {
            s->gradient |= (uint64_t)1 << i;
            return 0;
        }
    return rt_no_gradient_of(&plain, name, err);
}
