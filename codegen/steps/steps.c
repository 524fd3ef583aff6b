/* steps.c: the list while it is written.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/steps.h"
#include "codegen/kernel/intmath.h"

#include <assert.h>
#include <stdlib.h>

int steps_open(StepList *l, const dcn_spec *s, const StepBounds *most)
{
    *l = (StepList){ .s = s };
    l->part = calloc(most->parts + 1, sizeof *l->part);
    l->step = calloc(most->steps + 1, sizeof *l->step);
    l->own = calloc(most->steps + 1, sizeof *l->own);
    l->place = calloc(most->places + 1, sizeof *l->place);
    l->block = calloc(most->blocks + 1, sizeof *l->block);
    l->map = calloc(most->blocks + 1, sizeof *l->map);
    l->piece = calloc(most->pieces + 1, sizeof *l->piece);
    return l->part && l->step && l->own && l->place && l->block && l->map && l->piece ? 0 : -1;
}

void steps_close(StepList *l)
{
    for (int i = 0; i < l->nparts; i++)
        free(l->part[i].kernel.phase);
    free(l->part);
    free(l->step);
    free(l->own);
    free(l->place);
    free(l->block);
    free(l->map);
    free(l->piece);
}

void steps_clear(StepList *l)
{
    l->nsteps = l->nplaces = l->nblocks = l->npieces = l->max_places = 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

Step *steps_add(StepList *l, int part, const char *name, int layer)
{
    Step *st = &l->step[l->nsteps++];
    *st = (Step){ .part = part, .name = name, .layer = layer, .first_place = l->nplaces };
    return st;
}

void steps_add_place(StepList *l, StepPlace place)
{
    Step *st = &l->step[l->nsteps - 1];
    l->place[l->nplaces++] = place;
    st->n++;
    l->max_places = st->n > l->max_places ? st->n : l->max_places;
    if (place.in == PLACE_BLOCK)
        l->block[place.index].last = l->nsteps - 1;
}

StepPlace steps_operand(int number)
{
    return (StepPlace){ .in = PLACE_OPERAND, .index = number };
}

StepPlace steps_new_block(StepList *l, int64_t elements, dcn_dtype dtype)
{
    const int now = l->nsteps - 1;
    l->block[l->nblocks] = (PlanBlock){
        .bytes = elements * (int64_t)dcn_dtype_bytes(dtype), .first = now, .last = now, .over = -1
    };
    return (StepPlace){ .in = PLACE_BLOCK, .index = l->nblocks++ };
}

static bool is_same(const StepPiece *a, const StepPiece *b)
{
    return a->base == b->base && a->number == b->number && a->part == b->part &&
           a->operand == b->operand;
}

StepPlace steps_piece(StepList *l, const StepPiece *want)
{
    int i = 0;
    while (i < l->npieces && !is_same(&l->piece[i], want))
        i++;
    if (i == l->npieces)
        l->piece[l->npieces++] = *want;
    return (StepPlace){ .in = PLACE_PIECE, .index = i };
}

/* ---- times ----------------------------------------------------------------------------------- */

void steps_one_by_one(StepList *l)
{
    for (int i = 0; i < l->nsteps; i++)
        l->step[i].time = i;
    l->ntimes = l->nsteps;
    l->beside_bytes = 0;
}

int steps_beside(const StepList *l, int i)
{
    int n = 1;
    while (i + n < l->nsteps && l->step[i + n].time == l->step[i].time)
        n++;
    return n;
}

int steps_phases_beside(const StepList *l, int i)
{
    int most = 0;
    for (int j = 0; j < steps_beside(l, i); j++) {
        const int phases = l->part[l->step[i + j].part].kernel.phases;
        most = phases > most ? phases : most;
    }
    return most;
}

/* ---- places ---------------------------------------------------------------------------------- */

/* What the steps of a time need of their own; where there are several, each has a place of the same size. */
static void find_own(StepList *l)
{
    for (int i = 0; i < l->ntimes; i++)
        l->own[i] = (PlanStep){ .bytes = 0 };
    for (int i = 0, n = 0; i < l->nsteps; i += n) {
        n = steps_beside(l, i);
        l->own[l->step[i].time].bytes =
            n > 1 ? l->beside_bytes : l->part[l->step[i].part].kernel.one_thread_bytes;
    }
}

static bool is_dynamic(const StepList *l)
{
    for (int i = 0; i < l->nblocks; i++)
        if (l->block[i].bytes < 0)
            return true;
    return false;
}

static int plan_numbers(StepList *l)
{
    PlanBlock *block = malloc(((size_t)l->nblocks + 1) * sizeof *block);
    const Plan plan = { block, l->nblocks, l->own, l->ntimes };
    for (int i = 0; i < l->nblocks && block; i++) {
        block[i] = l->block[i];
        block[i].first = l->step[l->block[i].first].time;
        block[i].last = l->step[l->block[i].last].time;
    }
    l->plan_bytes = block ? plan_blocks(&plan) : -1;
    for (int i = 0; i < l->nblocks && block; i++)
        l->block[i].at = block[i].at;
    free(block);
    return l->plan_bytes < 0 ? -1 : 0;
}

int steps_plan(StepList *l)
{
    find_own(l);
    if (!is_dynamic(l))
        return plan_numbers(l);
    steps_find_slots(l);
    return 0;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static int64_t bytes_of_piece(const StepList *l, const StepPiece *piece, dcn_dtype dtype)
{
    if (piece->part < 0)
        return piece->count * (int64_t)dcn_dtype_bytes(dtype);
    const Kernel *kernel = &l->part[piece->part].kernel;
    const rt_operands o = rt_operands_of(kernel->s);
    int nth = 0;
    for (int i = 0; i < piece->operand; i++)
        nth += o.tensor[i].role == DCN_WEIGHT;
    return kernel->packed[nth];
}

int64_t steps_packed_bytes(const StepList *l, int base)
{
    int64_t bytes = 0;
    for (int i = 0; i < l->npieces; i++)
        if (l->piece[i].base == base)
            bytes += int_round_up(l->piece[i].bytes, PLAN_ALIGN);
    return bytes;
}

void steps_place_pieces(StepList *l, dcn_dtype dtype)
{
    for (int i = 0; i < l->npieces; i++) {
        StepPiece *piece = &l->piece[i];
        piece->bytes = 0;
        piece->at = steps_packed_bytes(l, piece->base);
        piece->bytes = bytes_of_piece(l, piece, dtype);
    }
}
