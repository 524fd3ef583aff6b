/* inputs.c: offsets and masks as the places want them.
**
** gather (dcnv4): group g of a pixel has its 2K' offsets and then its K' masks at 3K'g of a packed row; they
** are copied to where offsets, and masks, of a whole block lie side by side.
**
** shift (softmax): exp(l - a) / sum exp(l - a) does not depend on a, and nothing overflows if a is not below
** any logit of the group; nor does the sum vanish if a is not far above all of them.  The largest logit of the
** block serves every group unless its logits are FAR apart; only then is the largest of each group looked for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"

#include <math.h>

/* exp(-40) = 4e-18: products with it are still normal numbers, in f32 too. */
#define FAR 40.0

static addr own(Emit *e, addr workspace, int64_t at)
{
    return p_at_bytes(e, workspace, x_const(e, at));
}

/* ---- gather --------------------------------------------------------------------------------- */

/* n elements, by vectors of which the last may overlap the one before. */
static void copy(Emit *e, addr to, addr from, int n)
{
    int lanes = 1;
    while (lanes * 2 <= n && lanes < e->lanes)
        lanes *= 2;
    EMIT_LANES (e, lanes) {
        EMIT_FOR (e, i, x_const(e, 0), x_const(e, n / lanes * lanes), lanes) {
            p_store(e, p_at(e, to, i.at), p_load(e, p_at(e, from, i.at), all_lanes), all_lanes);
        }
        if (n % lanes) {
            idx last = x_const(e, n - lanes);
            p_store(e, p_at(e, to, last), p_load(e, p_at(e, from, last), all_lanes), all_lanes);
        }
    }
}

LLVMValueRef aggregate_emit_gather(Emit *e, const AggregatePlan *p)
{
    enum { FROM, OWN, GROUPS };
    const LLVMTypeRef args[] = { e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "gather", 1, e->none, 3, args);
    addr offsets = own(e, e_arg_addr(e, OWN), p->offsets);
    addr masks = own(e, e_arg_addr(e, OWN), p->masks);
    EMIT_FOR (e, first, x_const(e, 0), e_arg_idx(e, GROUPS), p->parts) {
        idx pixel = x_div(e, first.at, x_const(e, p->parts));
        addr row = p_at(e, e_arg_addr(e, FROM), x_mulk(e, pixel, p->packed));
        EMIT_FOR (e, g, x_const(e, 0), x_const(e, p->parts), 1) {
            addr from = p_at(e, row, x_mulk(e, g.at, 3 * (int64_t)p->points));
            idx at = x_mulk(e, x_add(e, first.at, g.at), p->points);
            copy(e, p_at(e, offsets, x_mulk(e, at, 2)), from, 2 * p->points);
            copy(e, p_at(e, masks, at), p_at(e, from, x_const(e, 2 * (int64_t)p->points)),
                 p->points);
        }
    }
    e_fn_end(e);
    return fn;
}

/* ---- shift ---------------------------------------------------------------------------------- */

/* The largest and the smallest of n elements, in every lane. */
static fvec largest(Emit *e, addr from, idx n, fvec *smallest)
{
    var most = v_float(e, f_const(e, -INFINITY)), least = v_float(e, f_const(e, INFINITY));
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live), up = v_get(e, most);
        v_set(e, most, f_select(e, v.live, f_max(e, x, up), up));
        if (smallest) {
            fvec down = v_get(e, least);
            v_set(e, least, f_select(e, v.live, f_min(e, x, down), down));
        }
    }
    if (smallest)
        *smallest = f_hmin(e, v_get(e, least));
    return f_hmax(e, v_get(e, most));
}

static void subtract(Emit *e, addr to, addr from, idx n, fvec shift)
{
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live);
        p_store(e, p_at(e, to, v.at), f_sub(e, x, shift), v.live);
    }
}

LLVMValueRef aggregate_emit_shift(Emit *e, const AggregatePlan *p)
{
    enum { LOGITS, OWN, GROUPS };
    const LLVMTypeRef args[] = { e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "shift", 1, e->none, 3, args);
    addr to = own(e, e_arg_addr(e, OWN), p->masks);
    addr from = p->packed ? to : e_arg_addr(e, LOGITS);
    idx groups = e_arg_idx(e, GROUPS), n = x_mulk(e, groups, p->points);
    fvec least, most = largest(e, from, n, &least);
    cond close = c_any(e, f_less(e, f_sub(e, most, least), f_const(e, FAR)));
    EMIT_IF_ELSE (e, b, close) {
        if (b.yes) {
            subtract(e, to, from, n, most);
            continue;
        }
        EMIT_FOR (e, g, x_const(e, 0), groups, 1) {
            idx at = x_mulk(e, g.at, p->points), all = x_const(e, p->points);
            addr mine = p_at(e, from, at);
            subtract(e, p_at(e, to, at), mine, all, largest(e, mine, all, NULL));
        }
    }
    e_fn_end(e);
    return fn;
}
