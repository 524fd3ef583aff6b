/* slots.c: where blocks lie whose sizes are known when the code runs only.
**
** A block goes to the first slot that nothing occupies while it is needed, whatever the sizes will be; a slot is as
** large as the largest of its blocks.  Steps have their own workspace behind all slots.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/steps.h"

#include <assert.h>

void steps_sizes(Emit *e, const Problem *pb, const Step *st, idx size[STEP_SIZES])
{
    const bool out = st->grid == GRID_OUT;
    size[0] = pb->n;
    size[1] = out ? pb->p : pb->h;
    size[2] = out ? pb->q : pb->w;
    size[3] = pb->r;
    if (st->grid == GRID_ROIS) {
        size[0] = size[1] = x_const(e, 1);
        size[2] = pb->r;
    }
}

/* Whether a block that has a slot already is needed when another one is. */
static bool is_occupied(const StepList *l, int slot, int block)
{
    const PlanBlock *b = l->block;
    for (int i = 0; i < block; i++)
        if (l->map[i].slot == slot && l->step[b[i].last].time >= l->step[b[block].first].time)
            return true;
    return false;
}

void steps_find_slots(StepList *l)
{
    l->nslots = 0;
    for (int i = 0; i < l->nblocks; i++) {
        StepMap *m = &l->map[i];
        assert(l->block[i].over < 0);
        m->slot = 0;
        while (is_occupied(l, m->slot, i))
            m->slot++;
        l->nslots = m->slot == l->nslots ? l->nslots + 1 : l->nslots;
    }
}

static idx bytes_of(Emit *e, const Problem *pb, const StepMap *m)
{
    const idx pixels = m->grid == GRID_OUT ? x_mul(e, pb->p, pb->q) : x_mul(e, pb->h, pb->w);
    const idx maps = m->grid == GRID_ROIS ? pb->r : x_mul(e, pb->n, pixels);
    return x_round_up(e, x_mulk(e, maps, m->channels * e->fp_bytes), PLAN_ALIGN);
}

idx steps_slot_at(Emit *e, const Problem *pb, const StepList *l, int slot)
{
    idx at = x_const(e, 0);
    for (int i = 0; i < slot; i++) {
        idx most = x_const(e, 0);
        for (int j = 0; j < l->nblocks; j++)
            if (l->map[j].slot == i)
                most = x_max(e, most, bytes_of(e, pb, &l->map[j]));
        at = x_add(e, at, most);
    }
    return at;
}
