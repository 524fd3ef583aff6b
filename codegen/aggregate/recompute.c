/* recompute.c: sums of a block that are NaN, once more without corners that are no part of a sample.
**
** A corner that is absent has coefficient 0, and 0 times a number is 0; but 0 times a NaN or an
** infinity of the map is NaN. So a NaN among the outputs is the only sign that an absent corner was
** looked at where it matters, and nearly all blocks have none.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/group.h"

/* sum += point k of the channels from `channel` on, absent corners masked out. */
static void masked_point(Emit *e, const GroupCtx *g, idx channel, idx k, var sum)
{
    idx at = p_get_i32(e, p_at_i32(e, g->at, k));
    idx absent = p_get_i32(e, p_at_i32(e, g->absent, k));
    addr coeff = p_at(e, g->coeff, x_mulk(e, k, CORNERS));
    for (int i = 0; i < CORNERS; i++) {
        var x = v_float(e, f_const(e, 0));
        idx bit = x_rem(e, x_div(e, absent, x_const(e, 1 << i)), x_const(e, 2));
        EMIT_IF (e, x_equal(e, bit, x_const(e, 0))) {
            addr from = p_at(e, p_at(e, g->from.at[i], at), channel);
            v_set(e, x, p_load(e, from, all_lanes));
        }
        fvec w = p_splat(e, p_at(e, coeff, x_const(e, i)));
        v_set(e, sum, f_fma(e, w, v_get(e, x), v_get(e, sum)));
    }
}

static void recompute_vector(Emit *e, const GroupCtx *g, idx channel)
{
    addr to = p_at(e, g->to, channel);
    EMIT_IF (e, c_any(e, f_is_nan(e, p_load(e, to, all_lanes)))) {
        var sum = v_float(e, f_const(e, 0));
        EMIT_FOR (e, k, x_const(e, 0), x_const(e, g->plan->points), 1) {
            masked_point(e, g, channel, k.at, sum);
        }
        fvec total = v_get(e, sum);
        p_store(e, to, aggregate_output(e, g->plan, total, aggregate_scale(e, g)), all_lanes);
    }
}

/* By vectors, of which the last may overlap the one before. */
static void recompute_group(Emit *e, const GroupCtx *g)
{
    int channels = g->plan->group_channels, rest = channels % e->lanes;
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, channels - rest), e->lanes) {
        recompute_vector(e, g, c.at);
    }
    if (rest)
        recompute_vector(e, g, x_const(e, channels - e->lanes));
}

LLVMValueRef aggregate_emit_recompute(Emit *e, const AggregatePlan *p)
{
    AggregateSumArgs in;
    LLVMValueRef fn = aggregate_begin_sums(e, p, "recompute", &in);
    GroupCtx first = aggregate_first_group(e, p, &in);
    EMIT_FOR (e, group, x_const(e, 0), in.groups, 1) {
        GroupCtx g = aggregate_group_at(e, &first, group.at);
        recompute_group(e, &g);
    }
    e_fn_end(e);
    return fn;
}
