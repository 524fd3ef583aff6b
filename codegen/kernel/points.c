/* points.c: positions of DCNv3's and DCNv4's points, and logits of their softmax.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/points.h"
#include "codegen/kernel/intmath.h"
#include "runtime/spec/op.h"

#include <assert.h>
#include <math.h>

/* ---- constants -------------------------------------------------------------------------------- */

/* Row and column of point k among the taps: column by column, the centre left out if it is removed. */
static void tap_of(const dcn_spec *s, int k, int *row, int *col)
{
    const int *kernel = s->kernel;
    int centre = kernel[1] / 2 * kernel[0] + kernel[0] / 2;
    int tap = s->remove_center && k >= centre ? k + 1 : k;
    *row = tap % kernel[0];
    *col = tap / kernel[0];
}

int points_centre(const dcn_spec *s, int axis)
{
    return s->dilation[axis] * (s->kernel[axis] - 1) / 2;
}

static double step_of(const dcn_spec *s, int axis, int point)
{
    int tap[2];
    tap_of(s, point % rt_points(s), &tap[0], &tap[1]);
    double step = (tap[axis] * s->dilation[axis] - points_centre(s, axis)) * s->offset_scale;
    return fmax(-BILINEAR_LIMIT, fmin(BILINEAR_LIMIT, step));
}

void points_constants(Emit *e, PointTable *t, int axis, int n, int groups, idx base)
{
    const dcn_spec *s = t->s;
    const int points = rt_points(s);
    int whole[EMIT_TABLE_LIMIT];
    bool fractional = false;
    double fraction[EMIT_TABLE_LIMIT];
    assert(n <= EMIT_TABLE_LIMIT);
    for (int i = 0; i < n; i++) {
        double step = step_of(s, axis, i), down = floor(step);
        int pixel = i / points / groups;
        whole[i] = (int)down + (axis ? pixel * s->stride[1] : 0);
        fraction[i] = step - down;
        fractional = fractional || fraction[i] != 0;
    }
    t->step[axis] = p_table_i32(e, whole, n);
    t->fraction[axis] = fractional ? p_table(e, fraction, n) : (addr){ NULL };
    t->base[axis] = i_splat(e, base);
}

addr points_groups(Emit *e, const dcn_spec *s, int n, int groups, int each)
{
    int at[EMIT_TABLE_LIMIT];
    assert(n <= EMIT_TABLE_LIMIT);
    for (int i = 0; i < n; i++)
        at[i] = i / rt_points(s) % groups * each;
    return p_table_i32(e, at, n);
}

/* ---- blocks ----------------------------------------------------------------------------------- */

PointBlock points_block(const dcn_spec *s, int task_groups, int most)
{
    PointBlock b = { .groups = int_divisor(task_groups, most) };
    b.pixels = b.groups == task_groups ? most / task_groups : 1;
    b.points = b.pixels * b.groups * rt_points(s);
    return b;
}

bool points_block_is_redundant(const PointBlock *b, int most)
{
    return most > 1 && b->pixels * b->groups <= most / 2;
}

bool points_block_is_too_long(const PointBlock *b, int most)
{
    return most > 1 && b->points > POINTS_MAX_BLOCK;
}

/* ---- positions -------------------------------------------------------------------------------- */

void points_offsets(Emit *e, addr offsets, idx point, idx points, mask live, fvec xy[2])
{
    addr from = p_at(e, offsets, x_mulk(e, point, 2));
    idx twice = x_mulk(e, x_sub(e, points, point), 2);
    fvec a = p_load(e, from, live.v ? m_below(e, twice) : all_lanes);
    addr second = p_at(e, from, x_const(e, e->lanes));
    fvec b = p_load(e, second, live.v ? m_below(e, x_addk(e, twice, -e->lanes)) : all_lanes);
    xy[0] = f_deinterleave(e, a, b, 0);
    xy[1] = f_deinterleave(e, a, b, 1);
}

RowPair points_pair(Emit *e, const PointTable *t, int axis, idx point, fvec offset)
{
    double scale = t->s->offset_scale;
    if (t->fraction[axis].v) {
        fvec fraction = p_load(e, p_at(e, t->fraction[axis], point), all_lanes);
        offset = f_fma(e, offset, f_const(e, scale), fraction);
    } else if (scale != 1) {
        offset = f_mul(e, offset, f_const(e, scale));
    }
    RowPair p;
    offset = bilinear_limit(e, offset);
    fvec whole = f_floor(e, offset);
    ivec step = p_load_i32(e, p_at_i32(e, t->step[axis], point));
    p.at = i_add(e, i_add(e, t->base[axis], step), f_to_i(e, whole));
    p.coeff[1] = f_sub(e, offset, whole);
    p.coeff[0] = f_sub(e, f_const(e, 1), p.coeff[1]);
    return p;
}

mask points_inside(Emit *e, const Problem *pb, const RowPair *y, const RowPair *x)
{
    return m_and(e, i_below(e, y->at, i_splat(e, x_addk(e, pb->h, -1))),
                 i_below(e, x->at, i_splat(e, x_addk(e, pb->w, -1))));
}

void points_coeff(Emit *e, const RowPair *y, const RowPair *x, fvec m, fvec coeff[CORNERS])
{
    fvec row[] = { y->coeff[0], y->coeff[1] };
    for (int i = 0; m.v && i < 2; i++)
        row[i] = f_mul(e, row[i], m);
    for (int i = 0; i < CORNERS; i++)
        coeff[i] = f_mul(e, row[i / 2], x->coeff[i % 2]);
}

ivec points_absent(Emit *e, const MovedPair *y, const MovedPair *x)
{
    ivec bits = i_const(e, 0);
    for (int i = 0; i < CORNERS; i++) {
        mask absent = m_or(e, y->foreign[i / 2], x->foreign[i % 2]);
        bits = i_add(e, bits, i_select(e, absent, i_const(e, 1 << i), i_const(e, 0)));
    }
    return i_select(e, m_and(e, y->touches, x->touches), bits, i_const(e, ALL_CORNERS));
}

/* ---- logits ----------------------------------------------------------------------------------- */

/* exp(-40) = 4e-18: products with it are still normal numbers, in f32 too. */
#define FAR 40.0

/* The largest and, unless smallest is NULL, the smallest of n elements, in every lane. */
static fvec largest(Emit *e, addr from, idx n, fvec *smallest)
{
    var high = v_float(e, f_const(e, -INFINITY)), low = v_float(e, f_const(e, INFINITY));
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live), up = v_get(e, high);
        v_set(e, high, f_select(e, v.live, f_max(e, x, up), up));
        if (smallest) {
            fvec down = v_get(e, low);
            v_set(e, low, f_select(e, v.live, f_min(e, x, down), down));
        }
    }
    if (smallest)
        *smallest = f_hmin(e, v_get(e, low));
    return f_hmax(e, v_get(e, high));
}

static void subtract(Emit *e, addr to, addr from, idx n, fvec shift)
{
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live);
        p_store(e, p_at(e, to, v.at), f_sub(e, x, shift), v.live);
    }
}

/* From the logits of each group the largest of them. */
static void shift_groups(Emit *e, const dcn_spec *s, addr to, addr from, idx groups)
{
    EMIT_FOR (e, g, x_const(e, 0), groups, 1) {
        idx at = x_mulk(e, g.at, rt_points(s)), points = x_const(e, rt_points(s));
        addr group = p_at(e, from, at);
        subtract(e, p_at(e, to, at), group, points, largest(e, group, points, NULL));
    }
}

/* The largest logit of all serves every group unless the logits are FAR apart; only then is the
** largest of each group looked for. */
void points_shift_logits(Emit *e, const dcn_spec *s, addr to, addr from, idx groups)
{
    idx n = x_mulk(e, groups, rt_points(s));
    fvec low, high = largest(e, from, n, &low);
    cond close = c_any(e, f_less(e, f_sub(e, high, low), f_const(e, FAR)));
    EMIT_IF_ELSE (e, b, close) {
        if (b.yes)
            subtract(e, to, from, n, high);
        else
            shift_groups(e, s, to, from, groups);
    }
}

fvec points_scale(Emit *e, const dcn_spec *s, addr terms, double scale)
{
    const int points = rt_points(s);
    fvec sum = f_const(e, 0);
    for (int k = 0; k < points; k += e->lanes)
        sum = f_add(e, sum, p_load(e, p_at(e, terms, x_const(e, k)), m_up_to(e, points - k)));
    return f_div(e, f_const(e, scale), f_hadd(e, sum));
}

/* ---- as they are passed ------------------------------------------------------------------------ */

static void copy_vector(Emit *e, addr to, addr from, idx at)
{
    p_store(e, p_at(e, to, at), p_load(e, p_at(e, from, at), all_lanes), all_lanes);
}

/* n elements, by vectors of which the last may overlap the one before. */
static void copy(Emit *e, addr to, addr from, int n)
{
    int lanes = int_power_of_two(n, e->lanes);
    EMIT_LANES (e, lanes) {
        EMIT_FOR (e, i, x_const(e, 0), x_const(e, n / lanes * lanes), lanes) {
            copy_vector(e, to, from, i.at);
        }
        if (n % lanes)
            copy_vector(e, to, from, x_const(e, n - lanes));
    }
}

/* Group g has its 2K' offsets and then its K' masks at 3K'g of a packed row. */
static void copy_packed(Emit *e, const dcn_spec *s, int groups, const PointInputs *to, addr row)
{
    const int points = rt_points(s);
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, groups), 1) {
        addr from = p_at(e, row, x_mulk(e, g.at, 3 * (int64_t)points));
        idx at = x_mulk(e, g.at, points);
        copy(e, p_at(e, to->offsets, x_mulk(e, at, 2)), from, 2 * points);
        copy(e, p_at(e, to->masks, at), p_at(e, from, x_const(e, 2 * (int64_t)points)), points);
    }
}

static void copy_pixel(Emit *e, const dcn_spec *s, int groups, const PointInputs *to,
                       const PointInputs *from, idx pixel)
{
    const int points = groups * rt_points(s);
    const int64_t all = (int64_t)s->offset_groups * rt_points(s);
    idx at = x_mulk(e, pixel, points);
    PointInputs of = { .offsets = p_at(e, to->offsets, x_mulk(e, at, 2)) };
    if (to->masks.v)
        of.masks = p_at(e, to->masks, at);
    if (rt_op_has(s->op, RT_PACKED_OFFSETS)) {
        idx row = x_mulk(e, pixel, rt_packed_channels(s));
        copy_packed(e, s, groups, &of, p_at(e, from->offsets, row));
        return;
    }
    copy(e, of.offsets, p_at(e, from->offsets, x_mulk(e, pixel, 2 * all)), 2 * points);
    if (to->masks.v)
        copy(e, of.masks, p_at(e, from->masks, x_mulk(e, pixel, all)), points);
}

void points_gather(Emit *e, const dcn_spec *s, int groups, const PointInputs *to,
                   const PointInputs *from, idx pixels)
{
    EMIT_FOR (e, pixel, x_const(e, 0), pixels, 1) {
        copy_pixel(e, s, groups, to, from, pixel.at);
    }
}

/* ---- rows that are reached --------------------------------------------------------------------- */

PointRows points_rows(Emit *e)
{
    return (PointRows){ v_float(e, f_const(e, BILINEAR_LIMIT)), v_float(e, f_const(e, 0)) };
}

void points_note_rows(Emit *e, const PointRows *r, ivec y, mask live)
{
    fvec row = i_to_f(e, y), first = v_get(e, r->first), last = v_get(e, r->last);
    v_set(e, r->first, f_select(e, live, f_min(e, row, first), first));
    v_set(e, r->last, f_select(e, live, f_max(e, row, last), last));
}

void points_store_rows(Emit *e, const PointRows *r, addr to, idx height)
{
    idx first = i_first(e, f_to_i(e, f_hmin(e, v_get(e, r->first))));
    idx last = i_first(e, f_to_i(e, f_hmax(e, v_get(e, r->last))));
    p_put_i64(e, to, first);
    p_put_i64(e, p_at_word(e, to, x_const(e, 1)), x_min(e, x_addk(e, last, 2), height));
}
