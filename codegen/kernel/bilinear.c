/* bilinear.c: from a position to the pixels around it and their coefficients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/bilinear.h"

fvec bilinear_limit(Emit *e, fvec off)
{
    fvec limit = f_const(e, BILINEAR_LIMIT);
    return f_min(e, f_max(e, off, f_const(e, -BILINEAR_LIMIT)), limit);
}

MovedPair bilinear_move(Emit *e, const RowPair *p, idx extent)
{
    fvec zero = f_const(e, 0);
    ivec size = i_splat(e, extent), one = i_const(e, 1), y0 = p->at;
    ivec b = i_max(e, i_min(e, y0, i_sub(e, size, i_const(e, 2))), i_const(e, 0));
    mask same = i_equal(e, y0, b), down = i_equal(e, i_add(e, y0, one), b);
    mask up = i_equal(e, y0, i_add(e, b, one)), thick = i_less(e, one, size);
    fvec first = f_select(e, down, p->coeff[1], zero);
    first = f_select(e, same, p->coeff[0], first);
    fvec second = f_select(e, up, p->coeff[0], zero);
    second = f_select(e, thick, f_select(e, same, p->coeff[1], second), zero);
    MovedPair m = { .pair = { b, { first, second } } };
    e_name(e, b.v, "moved");
    e_name(e, first.v, "coeff0");
    e_name(e, second.v, "coeff1");
    m.foreign[0] = m_not(e, m_or(e, same, down));
    m.foreign[1] = m_not(e, m_and(e, thick, m_or(e, same, up)));
    m.touches = f_less(e, zero, f_add(e, first, second));
    m.moved = m_not(e, m_and(e, same, thick));
    return m;
}

idx step_along(Emit *e, idx size, idx distance)
{
    return x_select(e, x_less(e, x_const(e, 1), size), distance, x_const(e, 0));
}

PixelSteps pixel_steps(Emit *e, const Problem *pb, idx pixel)
{
    idx row = x_mul(e, pb->w, pixel);
    idx right = step_along(e, pb->w, pixel);
    return (PixelSteps){ right, step_along(e, pb->h, row) };
}

Corners corners_apart(Emit *e, addr upper_left, PixelSteps step)
{
    static const char *const name[CORNERS] = { "upper_left", "upper_right", "lower_left",
                                               "lower_right" };
    Corners c = { { upper_left } };
    c.at[1] = p_at(e, upper_left, step.right);
    c.at[2] = p_at(e, upper_left, step.down);
    c.at[3] = p_at(e, c.at[2], step.right);
    for (int i = 0; i < CORNERS; i++)
        e_name(e, c.at[i].v, name[i]);
    return c;
}

Corners corners_at(Emit *e, const Problem *pb, addr upper_left, idx pixel)
{
    return corners_apart(e, upper_left, pixel_steps(e, pb, pixel));
}

fvec bilinear_corner(Emit *e, fvec fours, int i)
{
    int from[EMIT_MAX_LANES];
    for (int lane = 0; lane < e->lanes; lane++)
        from[lane] = lane / CORNERS * CORNERS + i;
    return f_permute(e, fours, from);
}

fvec bilinear_times(Emit *e, fvec a, fvec b, fvec x)
{
    fvec zero = f_const(e, 0), w = f_mul(e, a, b);
    return f_select(e, f_equal(e, w, zero), zero, f_mul(e, w, x));
}
