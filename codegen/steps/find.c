/* find.c: an internal function, from a phase of a call and a number among the steps that run beside each other in it,
** to what is to be done: the argument block of a part is written, and one number says which part it is, and which of
** its phases.
**
** The choice by the phase is a table, so it takes no longer where there are many steps.  Where the number of phases of
** a part depends on sizes, it is a chain of comparisons.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/find.h"

#include <assert.h>
#include <stdio.h>

/* What the function returns: the number of the phase, of the part, whether nothing is wanted of it, whether it runs
** beside others and whether another one follows, and where its workspace begins, in units of PLAN_ALIGN. */
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

/* Behind the places of an argument block are sizes, and of gradients what is added to, a bit for each place. */
enum { WORD_BITS = 64, MAX_ADDED_WORDS = 3 };

LLVMValueRef steps_begin_inner(Emit *e, const StepList *l, const char *suffix, LLVMTypeRef result,
                               const Params *params, void *args)
{
    char name[DCN_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s%s", l->s->name, suffix);
    return e_fn_begin_with(e, name, true, result, params, args);
}

bool steps_have_sizes(const StepList *l)
{
    return l->nsteps > 0 && l->step[0].grid != GRID_NUMBERS;
}

addr steps_new_args(Emit *e, const StepFunctions *f)
{
    assert(f->l->max_places <= MAX_ADDED_WORDS * WORD_BITS);
    return p_alloca(e, f->l->max_places + STEP_SIZES + MAX_ADDED_WORDS);
}

/* ---- argument blocks --------------------------------------------------------------------------- */

static const Param step_param[] = { PARAM(StepArgs, args), PARAM(StepArgs, phase),
                                    PARAM(StepArgs, turn), PARAM(StepArgs, workspace),
                                    PARAM(StepArgs, block) };
static const Params step_params = PARAMS(StepArgs, step_param);

/* Where places begin, in the function being written. */
typedef struct Bases {
    addr operand[RT_NUM_OPERANDS], workspace, constants;
    Problem pb;       /* where parts read sizes */
    idx given, added; /* gradients that the call wants, and adds to, by operand */
} Bases;

static Bases load_bases(Emit *e, const StepFunctions *f, const StepArgs *in)
{
    const rt_operands o = rt_operands_of(f->l->s);
    Bases b = { .workspace = in->workspace, .constants = f->constants };
    if (steps_have_sizes(f->l))
        b.pb = problem_load(e, f->l->s, in->args);
    for (int i = 0; i < o.n; i++)
        b.operand[i] = p_get_addr(e, p_at_word(e, in->args, x_const(e, i)));
    b.given = b.added = x_const(e, 0);
    for (int i = 0; i < o.n && f->l->s->gradient; i++) {
        const idx bit = x_const(e, (int64_t)1 << i), none = x_const(e, 0);
        if (o.tensor[i].role == DCN_OUT)
            b.given = x_or(e, b.given, x_select(e, p_is_null(e, b.operand[i]), none, bit));
    }
    if (f->l->s->gradient)
        b.added = p_get_i64(e, p_at_word(e, in->args, x_const(e, o.n + STEP_SIZES)));
    return b;
}

static addr address_of(Emit *e, const StepList *l, const Bases *b, const StepPlace *at)
{
    if (at->in == PLACE_NONE)
        return (addr){ LLVMConstNull(e->ptr) };
    if (at->in == PLACE_OPERAND)
        return p_at_bytes(e, b->operand[at->index], x_const(e, at->at));
    if (at->in == PLACE_BLOCK && l->nslots)
        return p_at_bytes(e, b->workspace, steps_slot_at(e, &b->pb, l, l->map[at->index].slot));
    if (at->in == PLACE_BLOCK)
        return p_at_bytes(e, b->workspace, x_const(e, l->block[at->index].at + at->at));
    const StepPiece *piece = &l->piece[at->index];
    return p_at_bytes(e, piece->base < 0 ? b->constants : b->operand[piece->base],
                      x_const(e, piece->at + at->at));
}

/* Whether the call wants none of some gradients. */
static cond wants_none(Emit *e, const Bases *b, StepWanted any)
{
    return x_equal(e, x_and(e, b->given, x_const(e, (int64_t)any)), x_const(e, 0));
}

/* A bit for each of the n places, of 64 at most, that are added to: by the order of the steps, else as the
** call says of the operand. */
static idx added_to(Emit *e, const StepPlace *place, int n, const Bases *b)
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

static void fill_sizes(Emit *e, const Step *st, const Bases *b, addr block)
{
    idx size[STEP_SIZES];
    if (st->grid == GRID_NUMBERS)
        return;
    steps_sizes(e, &b->pb, st, size);
    for (int i = 0; i < STEP_SIZES; i++)
        p_put_i64(e, p_at_word(e, block, x_const(e, st->n + i)), size[i]);
}

static void fill_block(Emit *e, const StepList *l, const Step *st, const Bases *b, addr block)
{
    const StepPlace *place = &l->place[st->first_place];
    fill_sizes(e, st, b, block);
    for (int i = 0; i < st->n; i++) {
        const addr word = p_at_word(e, block, x_const(e, i));
        p_put_addr(e, word, address_of(e, l, b, &place[i]));
        if (place[i].wanted != 0 && place[i].wanted != st->wanted) {
            EMIT_IF (e, wants_none(e, b, place[i].wanted)) {
                p_put_i64(e, word, x_const(e, 0));
            }
        }
    }
    for (int i = 0; i < st->n && st->wanted; i += WORD_BITS)
        p_put_i64(e, p_at_word(e, block, x_const(e, st->n + STEP_SIZES + i / WORD_BITS)),
                  added_to(e, place + i, st->n - i, b));
}

/* ---- from phases to steps ---------------------------------------------------------------------- */

/* How many phases a part has. */
static idx phases_of(Emit *e, const StepList *l, const Step *st, const Problem *pb)
{
    const Kernel *part = &l->part[st->part].kernel;
    idx size[STEP_SIZES];
    if (part->phases)
        return x_const(e, part->phases);
    steps_sizes(e, pb, st, size);
    return kernel_call_phases(e, part, &(PhasesArgs){ size[0], size[1], size[2], size[3] });
}

/* What is returned for step number i of some beside each other, of which `more` follow it, in a phase of its own. */
static idx what_of(Emit *e, const StepList *l, int i, int more, const Bases *b, idx phase)
{
    const Step *st = &l->step[i];
    const bool beside = steps_beside(l, i) > 1 || (i > 0 && st[-1].time == st->time);
    const int64_t own = l->nslots ? 0 : l->own[st->time].at / PLAN_ALIGN;
    assert(own <= OWN_MASK);
    const int64_t flags = ((int64_t)beside << BESIDE_BIT) + ((int64_t)(more > 0) << MORE_BIT);
    const idx what = x_addk(e, phase, (own << OWN_BIT) + flags + ((int64_t)st->part << PHASE_BITS));
    const idx idle = x_addk(e, what, (int64_t)1 << IDLE_BIT);
    const idx wanted = st->wanted ? x_select(e, wants_none(e, b, st->wanted), idle, what) : what;
    if (!beside)
        return wanted;
    const idx last = x_addk(e, phases_of(e, l, st, &b->pb), -1);
    return x_select(e, x_less(e, last, phase), idle, wanted);
}

/* The steps from number i on that run at its time, whose phases begin with `first`. */
typedef struct Turn {
    int i;
    idx first;
    const StepArgs *in;
    var found;
} Turn;

static void find_at(Emit *e, const StepList *l, const Turn *t, const Bases *b)
{
    const int n = steps_beside(l, t->i);
    const idx phase = x_sub(e, t->in->phase, t->first);
    for (int j = 0; j < n; j++) {
        EMIT_IF (e, x_equal(e, n > 1 ? t->in->turn : x_const(e, j), x_const(e, j))) {
            fill_block(e, l, &l->step[t->i + j], b, t->in->block);
            v_index_set(e, t->found, what_of(e, l, t->i + j, n - 1 - j, b, phase));
        }
    }
}

static void find_by_table(Emit *e, const StepList *l, Turn *t, const Bases *b)
{
    Switch by_phase = switch_begin(e, t->in->phase, l->ntimes);
    int first = 0;
    for (t->i = 0; t->i < l->nsteps; t->i += steps_beside(l, t->i)) {
        const int last = first + steps_phases_beside(l, t->i);
        switch_case(e, &by_phase, l->step[t->i].name, first, last);
        t->first = x_const(e, first);
        find_at(e, l, t, b);
        first = last;
    }
    switch_end(e, &by_phase);
}

/* The end of the phases of a turn. */
static idx end_of(Emit *e, const StepList *l, const Turn *t, const Problem *pb)
{
    idx most = x_const(e, 0);
    for (int j = 0; j < steps_beside(l, t->i); j++)
        most = x_max(e, most, phases_of(e, l, &l->step[t->i + j], pb));
    return x_add(e, t->first, most);
}

static void find_by_comparing(Emit *e, const StepList *l, Turn *t, const Bases *b)
{
    t->first = x_const(e, 0);
    for (t->i = 0; t->i < l->nsteps; t->i += steps_beside(l, t->i)) {
        const idx end = end_of(e, l, t, &b->pb);
        EMIT_IF (e, c_and(e, x_less(e, x_addk(e, t->first, -1), t->in->phase),
                          x_less(e, t->in->phase, end))) {
            e_name_block(e, l->step[t->i].name);
            find_at(e, l, t, b);
        }
        t->first = end;
    }
}

int steps_count_phases(const StepList *l)
{
    int phases = 0;
    for (int i = 0; i < l->nsteps; i++)
        if (!l->part[l->step[i].part].kernel.phases)
            return 0;
    for (int i = 0; i < l->nsteps; i += steps_beside(l, i))
        phases += steps_phases_beside(l, i);
    return phases;
}

void steps_emit_find(Emit *e, StepFunctions *f)
{
    StepArgs in;
    f->step = steps_begin_inner(e, f->l, "_step", e->i64, &step_params, &in);
    const Bases bases = load_bases(e, f, &in);
    Turn t = { .in = &in, .found = v_index(e, x_const(e, -1)) };
    if (steps_count_phases(f->l))
        find_by_table(e, f->l, &t, &bases);
    else
        find_by_comparing(e, f->l, &t, &bases);
    e_return(e, v_index_get(e, t.found));
}

/* ---- the call ---------------------------------------------------------------------------------- */

static cond has_bit(Emit *e, idx found, unsigned bit)
{
    return x_equal(e, x_field(e, found, bit, 1), x_const(e, 1));
}

Found steps_find(Emit *e, const StepFunctions *f, const StepArgs *give)
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
