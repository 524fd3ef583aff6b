/* parts.c: what a task of several for one tile computes, and where its sums go.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"

/* first .. end of the nth part of `all`, each of `size`. */
static void cut(Emit *e, idx nth, int64_t size, int64_t all, idx *first, idx *end)
{
    *first = x_const(e, 0);
    *end = x_const(e, all);
    if (size >= all)
        return;
    *first = x_mulk(e, nth, size);
    *end = x_min(e, x_addk(e, *first, size), *end);
}

TilePart tiled_part(Emit *e, const TiledPlan *p, idx number)
{
    const TiledGroups *g = &p->groups;
    const TiledParts *a = &p->parts;
    idx oc = x_rem(e, number, x_const(e, a->oc_parts));
    TilePart t = { .ic = x_div(e, number, x_const(e, a->oc_parts)) };
    cut(e, oc, a->groups, g->count, &t.first_group, &t.end_group);
    cut(e, t.ic, a->channels, g->in_channels, &t.first_channel, &t.end_channel);
    cut(e, oc, (int64_t)a->out_blocks * p->tile.nr, (int64_t)g->out_blocks * p->tile.nr,
        &t.first_out, &t.end_out);
    return t;
}

addr tiled_partial(Emit *e, const TiledPlan *p, const Problem *pb, addr shared)
{
    return tiled_repacks(p) ? p_at_bytes(e, shared, repack_bytes(e, &p->repack, pb)) : shared;
}
