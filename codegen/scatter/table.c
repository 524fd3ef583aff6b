/* table.c: where every point of a block looks, lanes along the order (pixel, group, point).
**
**     at[point]        element of the upper left of four pixels
**     coeff[point][c]  bilinear coefficient of corner c, times the modulation
**     absent[point]    bit c: corner c is not part of the sample
**     masks[point]     of a softmax: the term exp(logit - shift)
**     rows             the first row that any of them reaches, and that after the last
**
** The formula is that of bilinear.h.  Most vectors of points lie wholly inside the map and need no
** border rule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/math/math.h"
#include "codegen/scatter/scatter.h"

typedef struct ScatterTable {
    const ScatterPlan *plan;
    ScatterTableArgs in;
    Problem pb;
    PointTable points;
    PointRows rows;
    var unsound; /* NaN once a modulation is not finite */
} ScatterTable;

static addr array(Emit *e, const ScatterTable *t, int64_t at)
{
    return scatter_scratch(e, t->in.scratch, at);
}

/* m of the points; of a softmax, its numerator. */
static fvec modulation(Emit *e, const ScatterTable *t, idx point, mask live)
{
    const ScatterPlan *p = t->plan;
    if (!p->modulated)
        return (fvec){ NULL };
    fvec m = p_load(e, p_at(e, t->in.masks, point), live);
    if (p->softmax) {
        m = emit_exp_below_0(e, m);
        p_store(e, p_at(e, array(e, t, p->scratch.masks), point), m, all_lanes);
    }
    return m;
}

/* A vector of points. */
typedef struct TablePoints {
    idx first;
    mask live;
    fvec m;
} TablePoints;

static void store(Emit *e, const ScatterTable *t, const TablePoints *v, const RowPair *y,
                  const RowPair *x, ivec absent)
{
    const ScatterPlan *p = t->plan;
    idx row = scatter_row_elements(e, p, t->pb.w);
    ivec at = i_mul(e, y->at, i_splat(e, row));
    at = i_add(e, at, i_mul(e, x->at, i_const(e, p->pixel)));
    p_store_i32(e, p_at_i32(e, array(e, t, p->scratch.at), v->first), at);
    if (p->want.input || p->compact)
        points_note_rows(e, &t->rows, y->at, v->live);
    if (!p->want.input)
        return;
    p_store_i32(e, p_at_i32(e, array(e, t, p->scratch.absent), v->first), absent);
    fvec coeff[CORNERS];
    points_coeff(e, y, x, v->m, coeff);
    addr to = array(e, t, p->scratch.coeff);
    p_store_interleaved4(e, p_at(e, to, x_mulk(e, v->first, CORNERS)), coeff);
}

static void one_vector(Emit *e, const ScatterTable *t, idx point, mask live)
{
    fvec xy[2];
    points_offsets(e, t->in.offsets, point, t->in.points, live, xy);
    const TablePoints v = { point, live, modulation(e, t, point, live) };
    if (v.m.v)
        v_set(e, t->unsound, f_fma(e, v.m, f_const(e, 0), v_get(e, t->unsound)));
    RowPair y = points_pair(e, &t->points, 0, point, xy[1]);
    RowPair x = points_pair(e, &t->points, 1, point, xy[0]);
    mask inside = points_inside(e, &t->pb, &y, &x);
    EMIT_IF_ELSE (e, border, c_any(e, m_not(e, inside))) {
        if (border.yes) {
            MovedPair my = bilinear_move(e, &y, t->pb.h), mx = bilinear_move(e, &x, t->pb.w);
            store(e, t, &v, &my.pair, &mx.pair, points_absent(e, &my, &mx));
        } else {
            store(e, t, &v, &y, &x, i_const(e, 0));
        }
    }
}

/* ---- the function ---------------------------------------------------------------------------- */

static const Param param[] = { PARAM(ScatterTableArgs, args),   PARAM(ScatterTableArgs, offsets),
                               PARAM(ScatterTableArgs, masks),  PARAM(ScatterTableArgs, scratch),
                               PARAM(ScatterTableArgs, points), PARAM(ScatterTableArgs, y),
                               PARAM(ScatterTableArgs, x) };
static const Params params = PARAMS(ScatterTableArgs, param);

LLVMValueRef scatter_emit_table(Emit *e, const ScatterPlan *p)
{
    ScatterTable t = { .plan = p, .points.s = p->s };
    LLVMValueRef fn = e_fn_begin_with(e, "sample_table", 1, e->i64, &params, &t.in);
    const int constants = p->block.points + p->lanes; /* a vector may begin at the last point */
    t.pb = problem_load(e, p->s, t.in.args);
    for (int axis = 0; axis < 2; axis++)
        points_constants(e, &t.points, axis, constants, p->block.groups, axis ? t.in.x : t.in.y);
    t.rows = points_rows(e);
    t.unsound = v_float(e, f_const(e, 0));
    EMIT_VECTORS (e, v, t.in.points) {
        one_vector(e, &t, v.at, v.live);
    }
    if (p->want.input || p->compact)
        points_store_rows(e, &t.rows, array(e, &t, p->scratch.rows), t.pb.h);
    mask unsound = f_is_nan(e, v_get(e, t.unsound));
    e_return(e, x_select(e, c_any(e, unsound), x_const(e, SCATTER_UNSOUND), x_const(e, 0)));
    return fn;
}

idx scatter_call_table(Emit *e, LLVMValueRef fn, const ScatterTableArgs *in)
{
    return (idx){ e_call_with(e, fn, &params, in) };
}
