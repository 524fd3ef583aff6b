/* lowering.c: a network, or its gradients, as its layers, one after another inside one object.
**
** Every part is emitted once, as functions of this object only, however many layers it is for.  Parts that
** are operators have schedules of their own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "codegen/glue/glue.h"
#include "codegen/ir/transpose.h"
#include "codegen/network/program.h"
#include "runtime/base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts ----------------------------------------------------------------------------------- */

/* After the first layer that it is for; a long name ends with the number that its symbols have. */
static void name_part(LoweringPart *to, const ProgramPart *part, int number)
{
    enum { ROOM = sizeof to->name - 16 };
    rt_text t = rt_text_in(to->name, sizeof to->name);
    const bool fits = strlen(part->layer->name) < ROOM;
    rt_text_add(&t, "%.*s", ROOM, part->layer->name);
    if (!fits)
        rt_text_add(&t, "~%d", number);
    if (part->spec.gradient)
        rt_text_add(&t, ".grad");
}

static int parts(const dcn_spec *s, LoweringPart **out)
{
    NetProgram *p = program_open(s);
    int n = 0;
    *out = p ? calloc((size_t)p->list.nparts + 1, sizeof **out) : NULL;
    for (int i = 0; *out && i < p->list.nparts; i++) {
        const ProgramPart *part = &p->part[i];
        if (part->kind != PART_OPERATOR)
            continue;
        name_part(&(*out)[n], part, i);
        (*out)[n].spec = part->spec;
        (*out)[n++].times = part->times;
    }
    program_close(p);
    return *out ? n : -1;
}

/* ---- emitting them --------------------------------------------------------------------------- */

/* Large, so there is one for all edges, and none where there are no edges. */
static LLVMValueRef transpose_for(Emit *e, const NetProgram *p)
{
    for (int i = 0; i < p->list.nparts; i++)
        if (p->part[i].kind == PART_EDGE && (p->part[i].edge.to_nhwc || p->part[i].edge.to_nchw))
            return emit_transpose(e);
    return NULL;
}

/* Fills the costs of a part that is no operator. */
static void account(const NetProgram *p, const ProgramPart *part, const dcn_target *t, StepPart *to)
{
    const bool back = part->kind == PART_GLUE_BACK;
    if (part->kind == PART_EDGE)
        to->cost[to->ncosts++] = edge_cost(&part->edge, (int)dcn_dtype_bytes(p->net->dtype));
    else
        to->ncosts = glue_phases(p->net, part->layer, t, back, to->cost);
    to->ncosts = to->ncosts == to->kernel.phases ? to->ncosts : 0;
}

static int emit_all(Emit *e, const dcn_target *t, NetProgram *p, const SchedPart *sched)
{
    const LLVMValueRef transpose = transpose_for(e, p);
    for (int i = 0; i < p->list.nparts; i++) {
        const ProgramPart *part = &p->part[i];
        StepPart *to = &p->list.part[i];
        const Schedule *own = part->kind == PART_OPERATOR ? &sched++->sched : NULL;
        to->kernel = (Kernel){ .s = &part->spec, .internal = true };
        if (part->kind == PART_GLUE)
            glue_emit(e, &to->kernel, p->net, part->layer);
        else if (part->kind == PART_GLUE_BACK)
            glue_emit_back(e, &to->kernel, p->net, part->layer);
        else if (part->kind == PART_EDGE)
            edge_emit(e, &to->kernel, &part->edge, transpose);
        else if (sched_emit(own, e, &to->kernel, t))
            return -1;
        assert(to->kernel.phases > 0);
        if (own)
            steps_account(to, own, t);
        else
            account(p, part, t, to);
    }
    return 0;
}

/* ---- the whole --------------------------------------------------------------------------------- */

static int emit_parts(Emit *e, Kernel *kernel, const dcn_target *t, const SchedPart *sched)
{
    NetProgram *p = program_open(kernel->s);
    const int misfit = p && !emit_all(e, t, p, sched) ? program_fit(p) : -1;
    int failed = misfit;
    kernel->least_bytes = misfit > 0 ? p->list.plan_bytes : 0;
    if (!failed) {
        steps_place_pieces(&p->list, p->net->dtype);
        steps_emit(e, kernel, &p->list);
        failed = steps_phases(&p->list, kernel);
    }
    program_close(p);
    return failed ? -1 : 0;
}

const struct Lowering lower_network = {
    .name = "network",
    .summary = "the layers of a network, one after another",
    .rev = 6,
    .ops = RT_OP(NETWORK),
    .gradient_ops = RT_OP(NETWORK),
    .is_brief = true,
    .parts = parts,
    .emit_parts = emit_parts,
};
