/* lowering.c: a module, or gradients, as their stages, one after another inside one object.
**
** Every stage is emitted whole, as functions of this object only, which the list of steps calls (codegen/steps).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/module/module.h"
#include "runtime/spec/gradient.h"

#include <stdio.h>
#include <stdlib.h>

/* Gradients that one kernel does not make alone. */
static bool takes(const dcn_spec *s)
{
    return !s->gradient || !rt_gradient_is_of_sums(s);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static int parts(const dcn_spec *s, LoweringPart **out)
{
    Stages *g = stages_open(s);
    int n = 0;
    *out = g ? calloc((size_t)g->n + 1, sizeof **out) : NULL;
    for (int i = 0; *out && i < g->n; i++) {
        if (g->stage[i].kind != STAGE_OPERATOR)
            continue;
        LoweringPart *p = &(*out)[n++];
        snprintf(p->name, sizeof p->name, "%s", g->stage[i].word);
        p->spec = g->stage[i].spec;
        p->spec.schedule[0] = '\0'; /* stages that are made of the whole have its text */
        p->times = 1;
    }
    free(g);
    return *out ? n : -1;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Large, so there is one for all stages, and none where no stage reorders. */
static LLVMValueRef transpose_for(Emit *e, const Stages *g)
{
    for (int i = 0; i < g->n; i++)
        if (g->stage[i].kind == STAGE_REORDER)
            return emit_transpose(e);
    return NULL;
}

/* The functions of every stage, internal to the object.  -1 without memory. */
static int emit_stages(Emit *e, const dcn_target *t, const Stages *g, const SchedPart *sched,
                       StepPart *part)
{
    const LLVMValueRef transpose = transpose_for(e, g);
    for (int i = 0; i < g->n; i++) {
        const Stage *st = &g->stage[i];
        const Schedule *own = st->kind == STAGE_OPERATOR ? &sched++->sched : NULL;
        part[i].kernel = (Kernel){ .s = &st->spec, .internal = true };
        if (!own)
            stages_emit_rows(e, &part[i].kernel, st, transpose);
        else if (sched_emit(own, e, &part[i].kernel, t))
            return -1;
        if (own)
            steps_account(&part[i], own, t);
        else
            stages_account_rows(g, st, &part[i]);
    }
    return 0;
}

static int emit_list(Emit *e, Kernel *kernel, StepList *l)
{
    if (kernel->s->gradient)
        steps_one_by_one(l);
    else
        steps_find_beside(l);
    if (steps_plan(l))
        return -1;
    steps_place_pieces(l, kernel->s->dtype);
    steps_emit(e, kernel, l);
    return kernel->internal && kernel->phases ? steps_phases(l, kernel) : 0;
}

static int emit_parts(Emit *e, Kernel *kernel, const dcn_target *t, const SchedPart *sched)
{
    Stages *g = stages_open(kernel->s);
    StepList l = { .s = NULL };
    const int failed =
        !g || stages_list(g, &l) || emit_stages(e, t, g, sched, l.part) || emit_list(e, kernel, &l);
    steps_close(&l);
    free(g);
    return failed ? -1 : 0;
}

const struct Lowering lower_stages = {
    .name = "stages",
    .summary = "the operators that a module is made of, one after another",
    .rev = 11,
    .ops = RT_OP(DEFORM_CONV2D_PACK) | RT_OP(SEPARABLE_CONV2D) | RT_OP(DCNV3_MODULE) |
           RT_OP(DCNV4_MODULE) | RT_OP(DEFORM_ROI_POOL_PACK),
    .gradient_ops = RT_ANY_OP,
    .takes = takes,
    .parts = parts,
    .emit_parts = emit_parts,
};
