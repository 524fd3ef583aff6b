/* entry.c: the entry points of a network: one of its steps after another.
**
**     step         an internal function: from a phase of a call, and a number among the steps that run beside each
**                  other in it, to what is to be done: the argument block of its part is written, and one number
**                  says which part it is, and which of the part's phases
**     count        how many tasks that is
**     tasks, run   ask them, and hand on to the part
**     workspace    the plan; that of the step in hand lies behind all blocks that are needed then
**
** Both choices, by the phase and by the part, are tables, so neither takes longer in a network of many
** layers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/network/program.h"

#include <assert.h>

/* What `step` returns: the number of the phase, of the part, whether nothing is wanted of it, whether it runs beside
** others and whether another one follows, and where its workspace begins, in units of PLAN_ALIGN. */
enum {
    PHASE_BITS = 14,
    PHASE_MASK = (1 << PHASE_BITS) - 1,
    PART_MASK = 0xffff,
    IDLE_BIT = 30,
    BESIDE_BIT = 31,
    MORE_BIT = 32,
    OWN_BIT = 33,
    OWN_MASK = 0x3fffffff /* 64 GiB */
};

/* Behind the places of an argument block: sizes, which no part reads, since all of them are numbers, and of
** gradients what is added to. */
enum { NSIZES = 4, WORD_BITS = 64, BEHIND_PLACES = NSIZES + 2 * NET_MAX_ARGS / WORD_BITS + 1 };

/* What all functions of a network that is being written share. */
typedef struct NetFunctions {
    const NetProgram *p;
    LLVMValueRef step, count;
    addr constants; /* .v == NULL: the parameters are an operand */
} NetFunctions;

/* ---- from phases to steps ---------------------------------------------------------------------- */

typedef struct StepArgs {
    addr args;
    idx phase, turn;       /* among the steps beside each other */
    addr workspace, block; /* the part's argument block, to be written */
} StepArgs;

static const Param step_param[] = { PARAM(StepArgs, args), PARAM(StepArgs, phase),
                                    PARAM(StepArgs, turn), PARAM(StepArgs, workspace),
                                    PARAM(StepArgs, block) };
static const Params step_params = PARAMS(StepArgs, step_param);

/* Where places begin, in the function being written. */
typedef struct Bases {
    addr operand[RT_NUM_OPERANDS], workspace, pieces;
    idx given, added; /* gradients that the call wants, and adds to, by operand */
} Bases;

static Bases load_bases(Emit *e, const NetFunctions *f, const StepArgs *in)
{
    const rt_operands o = rt_operands_of(f->p->s);
    const int parameters = net_parameters_at(f->p->net);
    Bases b = { .workspace = in->workspace, .pieces = f->constants };
    for (int i = 0; i < o.n; i++)
        b.operand[i] = p_get_addr(e, p_at_word(e, in->args, x_const(e, i)));
    if (!b.pieces.v && parameters >= 0)
        b.pieces = b.operand[rt_operand_at(f->p->s, (rt_operand)parameters)];
    b.given = b.added = x_const(e, 0);
    for (int i = 0; i < o.n && f->p->s->gradient; i++) {
        const idx bit = x_const(e, (int64_t)1 << i), none = x_const(e, 0);
        if (o.tensor[i].role == DCN_OUT)
            b.given = x_or(e, b.given, x_select(e, p_is_null(e, b.operand[i]), none, bit));
    }
    if (f->p->s->gradient)
        b.added = p_get_i64(e, p_at_word(e, in->args, x_const(e, o.n + NSIZES)));
    return b;
}

static addr address_of(Emit *e, const NetProgram *p, const Bases *b, const NetPlace *at)
{
    if (at->in == PLACE_NONE)
        return (addr){ LLVMConstNull(e->ptr) };
    if (at->in == PLACE_OPERAND)
        return p_at_bytes(e, b->operand[at->index], x_const(e, at->at));
    if (at->in == PLACE_BLOCK)
        return p_at_bytes(e, b->workspace, x_const(e, p->block[at->index].at + at->at));
    return p_at_bytes(e, b->pieces, x_const(e, p->piece[at->index].at + at->at));
}

/* Whether the call wants none of these. */
static cond wants_none(Emit *e, const Bases *b, NetWanted any)
{
    return x_equal(e, x_and(e, b->given, x_const(e, (int64_t)any)), x_const(e, 0));
}

/* A bit for each of the n places, of 64 at most, that are added to: by the order of the steps, else as the
** call says of the operand. */
static idx added_to(Emit *e, const NetPlace *place, int n, const Bases *b)
{
    int64_t adds = 0;
    idx bits = x_const(e, 0);
    for (int i = 0; i < n && i < WORD_BITS; i++) {
        const unsigned operand = (unsigned)place[i].index;
        const int64_t bit = (int64_t)((uint64_t)1 << i);
        if (place[i].adds)
            adds |= bit;
        else if (place[i].wanted && place[i].in == PLACE_OPERAND)
            bits = x_or(e, bits, x_mulk(e, x_field(e, b->added, operand, 1), bit));
    }
    return x_or(e, bits, x_const(e, adds));
}

static void fill_block(Emit *e, const NetProgram *p, const NetStep *st, const Bases *b, addr block)
{
    const NetPlace *place = &p->place[st->first_place];
    for (int i = 0; i < st->n; i++) {
        const addr word = p_at_word(e, block, x_const(e, i));
        p_put_addr(e, word, address_of(e, p, b, &place[i]));
        if (place[i].wanted != 0 && place[i].wanted != st->wanted) {
            EMIT_IF (e, wants_none(e, b, place[i].wanted)) {
                p_put_i64(e, word, x_const(e, 0));
            }
        }
    }
    for (int i = 0; i < st->n && st->wanted; i += WORD_BITS)
        p_put_i64(e, p_at_word(e, block, x_const(e, st->n + NSIZES + i / WORD_BITS)),
                  added_to(e, place + i, st->n - i, b));
}

/* What is returned for step number i of some beside each other, of which `more` follow it, in a phase of its own. */
static idx what_of(Emit *e, const NetProgram *p, int i, int more, const Bases *b, idx phase)
{
    const NetStep *st = &p->step[i];
    const bool beside = program_steps_beside(p, i) > 1 || (i > 0 && st[-1].time == st->time);
    const int64_t own = p->own[st->time].at / PLAN_ALIGN;
    assert(own <= OWN_MASK);
    const int64_t flags = ((int64_t)beside << BESIDE_BIT) + ((int64_t)(more > 0) << MORE_BIT);
    const idx what = x_addk(e, phase, (own << OWN_BIT) + flags + ((int64_t)st->part << PHASE_BITS));
    const idx idle = x_addk(e, what, (int64_t)1 << IDLE_BIT);
    const idx wanted = st->wanted ? x_select(e, wants_none(e, b, st->wanted), idle, what) : what;
    const idx last = x_const(e, p->part[st->part].kernel.phases - 1);
    return beside ? x_select(e, x_less(e, last, phase), idle, wanted) : wanted;
}

static void emit_step(Emit *e, NetFunctions *f)
{
    const NetProgram *p = f->p;
    StepArgs in;
    f->step = program_begin_inner(e, p, "_step", e->i64, &step_params, &in);
    const Bases bases = load_bases(e, f, &in);
    const var found = v_index(e, x_const(e, -1));
    Switch by_phase = switch_begin(e, in.phase, p->ntimes);
    for (int i = 0, first = 0, n = 0; i < p->nsteps; i += n) {
        const int last = first + program_phases_beside(p, i);
        n = program_steps_beside(p, i);
        switch_case(e, &by_phase,
                    p->step[i].layer < 0 ? "edge" : p->net->layer[p->step[i].layer].name, first,
                    last);
        for (int j = 0; j < n; j++) {
            EMIT_IF (e, x_equal(e, n > 1 ? in.turn : x_const(e, j), x_const(e, j))) {
                fill_block(e, p, &p->step[i + j], &bases, in.block);
                v_index_set(e, found,
                            what_of(e, p, i + j, n - 1 - j, &bases, x_addk(e, in.phase, -first)));
            }
        }
        first = last;
    }
    switch_end(e, &by_phase);
    e_return(e, v_index_get(e, found));
}

/* A step, found in the function being written. */
typedef struct Found {
    idx part, phase, own;
    cond is_one, idle, beside, more;
} Found;

static addr new_block(Emit *e, const NetFunctions *f)
{
    return p_alloca(e, f->p->max_places + BEHIND_PLACES);
}

static cond has_bit(Emit *e, idx found, unsigned bit)
{
    return x_equal(e, x_field(e, found, bit, 1), x_const(e, 1));
}

static Found find_step(Emit *e, const NetFunctions *f, const StepArgs *give)
{
    const idx found = { e_call_with(e, f->step, &step_params, give) };
    const cond is_one = x_less(e, x_const(e, -1), found);
    return (Found){ .part = x_field(e, found, PHASE_BITS, PART_MASK),
                    .phase = x_field(e, found, 0, PHASE_MASK),
                    .own = x_mulk(e, x_field(e, found, OWN_BIT, OWN_MASK), PLAN_ALIGN),
                    .is_one = is_one,
                    .idle = has_bit(e, found, IDLE_BIT),
                    .beside = has_bit(e, found, BESIDE_BIT),
                    .more = c_and(e, is_one, has_bit(e, found, MORE_BIT)) };
}

/* Most steps that run beside each other. */
static int most_beside(const NetProgram *p)
{
    int most = 1;
    for (int i = 0; i < p->nsteps; i++) {
        const int n = program_steps_beside(p, i);
        most = n > most ? n : most;
    }
    return most;
}

/* ---- entry points ------------------------------------------------------------------------------ */

typedef struct CountArgs {
    addr block;
    idx part, phase;
} CountArgs;

static const Param count_param[] = { PARAM(CountArgs, block), PARAM(CountArgs, part),
                                     PARAM(CountArgs, phase) };
static const Params count_params = PARAMS(CountArgs, count_param);

static void emit_count(Emit *e, NetFunctions *f)
{
    CountArgs in;
    f->count = program_begin_inner(e, f->p, "_count", e->i64, &count_params, &in);
    const TasksArgs give = { in.block, in.phase };
    const var n = v_index(e, x_const(e, 0));
    Switch by_part = switch_begin(e, in.part, f->p->nparts);
    for (int i = 0; i < f->p->nparts; i++) {
        switch_case(e, &by_part, f->p->part[i].spec.name, i, i + 1);
        v_index_set(e, n, kernel_call_tasks(e, &f->p->part[i].kernel, &give));
    }
    switch_end(e, &by_part);
    e_return(e, v_index_get(e, n));
}

static idx count_tasks(Emit *e, const NetFunctions *f, const Found *at, addr block)
{
    const CountArgs give = { block, at->part, at->phase };
    const idx n = { e_call_with(e, f->count, &count_params, &give) };
    return x_select(e, at->idle, x_const(e, 0), n);
}

static void emit_tasks(Emit *e, Kernel *kernel, const NetFunctions *f)
{
    const TasksArgs in = kernel_tasks_begin(e, kernel);
    const addr block = new_block(e, f);
    const var n = v_index(e, x_const(e, -1)), more = v_index(e, x_const(e, 1));
    EMIT_FOR (e, turn, x_const(e, 0), x_const(e, most_beside(f->p)), 1) {
        EMIT_IF (e, x_equal(e, v_index_get(e, more), x_const(e, 1))) {
            const StepArgs give = { in.args, in.phase, turn.at, in.args, block };
            const Found at = find_step(e, f, &give);
            EMIT_IF (e, at.is_one) {
                const idx before = x_max(e, v_index_get(e, n), x_const(e, 0));
                v_index_set(e, n, x_add(e, before, count_tasks(e, f, &at, block)));
            }
            v_index_set(e, more, x_select(e, at.more, x_const(e, 1), x_const(e, 0)));
        }
    }
    e_return(e, v_index_get(e, n));
    kernel->phases = 0;
    for (int i = 0; i < f->p->nsteps; i += program_steps_beside(f->p, i))
        kernel->phases += program_phases_beside(f->p, i);
}

static void call_part(Emit *e, const NetFunctions *f, idx part, const RunArgs *in)
{
    Switch by_part = switch_begin(e, part, f->p->nparts);
    for (int i = 0; i < f->p->nparts; i++) {
        switch_case(e, &by_part, f->p->part[i].spec.name, i, i + 1);
        kernel_call_run(e, &f->p->part[i].kernel, in);
    }
    switch_end(e, &by_part);
}

/* A step's tasks among first .. last - 1 of its phase, of which `before` are those of the steps before it. */
static void run_step(Emit *e, const NetFunctions *f, const Found *at, const RunArgs *in, var before,
                     addr block)
{
    const idx zero = x_const(e, 0), skip = x_sub(e, zero, v_index_get(e, before));
    const var first = v_index(e, in->first), last = v_index(e, in->last);
    const idx own = x_mulk(e, in->thread, f->p->beside_bytes);
    RunArgs give = *in;
    EMIT_IF (e, at->beside) {
        const idx n = count_tasks(e, f, at, block);
        v_index_set(e, first, x_max(e, zero, x_add(e, in->first, skip)));
        v_index_set(e, last, x_min(e, n, x_add(e, in->last, skip)));
        v_index_set(e, before, x_add(e, v_index_get(e, before), n));
    }
    give.args = block;
    give.phase = at->phase;
    give.first = v_index_get(e, first);
    give.last = v_index_get(e, last);
    give.workspace =
        p_at_bytes(e, in->workspace, x_add(e, at->own, x_select(e, at->beside, own, zero)));
    give.thread = x_select(e, at->beside, zero, in->thread);
    EMIT_IF (e, x_less(e, give.first, give.last)) {
        call_part(e, f, at->part, &give);
    }
}

static void emit_run(Emit *e, Kernel *kernel, const NetFunctions *f)
{
    const RunArgs in = kernel_run_begin(e, kernel);
    const addr block = new_block(e, f);
    const var before = v_index(e, x_const(e, 0)), more = v_index(e, x_const(e, 1));
    EMIT_FOR (e, turn, x_const(e, 0), x_const(e, most_beside(f->p)), 1) {
        EMIT_IF (e, x_equal(e, v_index_get(e, more), x_const(e, 1))) {
            const StepArgs give = { in.args, in.phase, turn.at, in.workspace, block };
            const Found at = find_step(e, f, &give);
            run_step(e, f, &at, &in, before, block);
            v_index_set(e, more, x_select(e, at.more, x_const(e, 1), x_const(e, 0)));
        }
    }
    e_fn_end(e);
}

static int64_t end_of_blocks(const NetProgram *p)
{
    int64_t end = 0;
    for (int i = 0; i < p->nblocks; i++)
        if (p->block[i].at + p->block[i].bytes > end)
            end = p->block[i].at + p->block[i].bytes;
    return int_round_up(end, PLAN_ALIGN);
}

/* The last of the places at which steps that run by themselves give a part its workspace; of all parts, -1, those
** that run beside others.  -1: there are none. */
static int64_t last_place(const NetProgram *p, int part)
{
    int64_t at = -1;
    for (int i = 0, n = 0; i < p->nsteps; i += n) {
        n = program_steps_beside(p, i);
        const bool counts = part < 0 ? n > 1 : n == 1 && p->step[i].part == part;
        if (counts && p->own[p->step[i].time].at > at)
            at = p->own[p->step[i].time].at;
    }
    return at;
}

static void emit_workspace(Emit *e, Kernel *kernel, const NetProgram *p)
{
    const WorkspaceArgs in = kernel_workspace_begin(e, kernel);
    const int64_t beside = last_place(p, -1);
    idx most = x_const(e, end_of_blocks(p));
    if (beside >= 0)
        most = x_max(e, most, x_addk(e, x_mulk(e, in.threads, p->beside_bytes), beside));
    for (int i = 0; i < p->nparts; i++)
        if (p->part[i].kernel.one_thread_bytes && last_place(p, i) >= 0) {
            const idx own = kernel_call_workspace(e, &p->part[i].kernel, &in);
            most = x_max(e, most, x_addk(e, own, last_place(p, i)));
        }
    e_return(e, most);
}

/* ---- the whole ----------------------------------------------------------------------------------- */

void program_emit(Emit *e, Kernel *kernel, const NetProgram *p)
{
    NetFunctions f = { .p = p };
    if (kernel->constants)
        f.constants = p_constant(e, kernel->constants, (size_t)p->packed_bytes, PAGE_BYTES);
    program_emit_packing(e, kernel, p);
    emit_step(e, &f);
    emit_count(e, &f);
    emit_workspace(e, kernel, p);
    emit_tasks(e, kernel, &f);
    emit_run(e, kernel, &f);
}
