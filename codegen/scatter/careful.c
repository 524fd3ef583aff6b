/* careful.c: the scatter of a block where something is not finite: a NaN or an infinity times the
** coefficient 0 of a corner that is no part of a sample would be NaN, so such corners are left out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/points.h"
#include "codegen/scatter/scatter.h"

/* grad_input: its four pixels, and elements from a group to the next. */
typedef struct CarefulMap {
    Corners corners;
    idx group;
} CarefulMap;

/* A (pixel, group) of the block. */
typedef struct CarefulGroup {
    const ScatterPlan *plan;
    addr g, at, absent, coeff;
    fvec factor; /* .v == NULL: 1 */
    Corners to;
} CarefulGroup;

static void one_corner(Emit *e, const CarefulGroup *t, addr to, fvec coeff)
{
    EMIT_VECTORS (e, v, x_const(e, t->plan->group_channels)) {
        fvec g = p_load(e, p_at(e, t->g, v.at), v.live);
        if (t->factor.v)
            g = f_mul(e, g, t->factor);
        addr at = p_at(e, to, v.at);
        p_store(e, at, f_fma(e, coeff, g, p_load(e, at, v.live)), v.live);
    }
}

static void one_point(Emit *e, const CarefulGroup *t, idx k)
{
    idx at = p_get_i32(e, p_at_i32(e, t->at, k));
    idx absent = p_get_i32(e, p_at_i32(e, t->absent, k));
    addr coeff = p_at(e, t->coeff, x_mulk(e, k, CORNERS));
    for (int c = 0; c < CORNERS; c++) {
        EMIT_IF (e, x_equal(e, x_field(e, absent, (unsigned)c, 1), x_const(e, 0))) {
            one_corner(e, t, p_at(e, t->to.at[c], at), p_splat(e, p_at(e, coeff, x_const(e, c))));
        }
    }
}

static void one_group(Emit *e, const ScatterPlan *p, const ScatterPassArgs *in,
                      const CarefulMap *map, const idx at[2])
{
    CarefulGroup t = { .plan = p, .to = map->corners };
    idx before = x_mul(e, at[1], map->group);
    for (int c = 0; c < CORNERS; c++)
        t.to.at[c] = p_at(e, t.to.at[c], before);
    idx nth = x_add(e, x_mulk(e, at[0], p->block.groups), at[1]);
    idx point = x_mulk(e, nth, p->points), channel = x_mulk(e, at[1], p->group_channels);
    t.g = p_at(e, in->g, x_add(e, x_mulk(e, at[0], p->s->in_channels), channel));
    t.at = p_at_i32(e, scatter_scratch(e, in->scratch, p->scratch.at), point);
    t.absent = p_at_i32(e, scatter_scratch(e, in->scratch, p->scratch.absent), point);
    t.coeff = p_at(e, scatter_scratch(e, in->scratch, p->scratch.coeff), x_mulk(e, point, CORNERS));
    if (p->softmax)
        t.factor = points_scale(
            e, p->s, p_at(e, scatter_scratch(e, in->scratch, p->scratch.masks), point), 1);
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, p->points), 1) {
        one_point(e, &t, k.at);
    }
}

LLVMValueRef scatter_emit_careful(Emit *e, const ScatterPlan *p)
{
    ScatterPassArgs in;
    LLVMValueRef fn = scatter_begin_pass(e, p, "careful", &in);
    Problem pb = problem_load(e, p->s, in.args);
    const CarefulMap map = { scatter_corners(e, p, &pb, in.grad_input),
                             scatter_group_step(e, p, &pb) };
    EMIT_FOR_OPAQUE (e, pixel, x_const(e, 0), in.pixels, 1) {
        EMIT_FOR_OPAQUE (e, group, x_const(e, 0), x_const(e, p->block.groups), 1) {
            one_group(e, p, &in, &map, (const idx[2]){ pixel.at, group.at });
        }
    }
    e_fn_end(e);
    return fn;
}
