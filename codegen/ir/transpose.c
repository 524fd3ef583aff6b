/* transpose.c: matrices are transposed in squares of lanes x lanes, in registers.
**
** The last square of a row or column of squares ends where the matrix ends and may overlap its neighbour, so there
** is one body for all of them and no mask.  What is narrower than a square is cut into smaller ones, of 4 and of 1.
**
** A square takes log2(n) rounds.  In one of them rows i and i+s become  [evens of i, evens of i+s]  and  [odds of i,
** odds of i+s].  After the rounds s = 1, 2, ... n/2 row i is column i.  Machines do this best within parts of 16 bytes,
** so these are transposed first, then the square of parts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/ir/call.h"

enum { SMALL = 4 }; /* side of the squares of what is narrower than a vector */
enum { PART_BYTES = 16 };

/* Every second unit of a, then of b, within each frame of a vector; size: elements of a unit, of a frame. */
static fvec every_second(Emit *e, fvec a, fvec b, const int size[2], bool odd)
{
    int from[EMIT_MAX_LANES], unit = size[0], frame = size[1];
    for (int j = 0; j < e->lanes; j++) {
        int at = j % frame / unit * 2 + odd, other = at * unit >= frame;
        from[j] = j - j % frame + at * unit % frame + j % unit + other * e->lanes;
    }
    return f_opaque(e, f_shuffle(e, a, b, from));
}

/* Rounds of pairs i and i + s of rows, which take apart frames of so many units. */
static void rounds(Emit *e, fvec *block, const int size[2])
{
    for (int s = size[0]; s < size[1]; s *= 2)
        for (int i = 0; i < e->lanes; i++) {
            if (i & s)
                continue;
            fvec a = block[i], b = block[i + s];
            block[i] = every_second(e, a, b, size, false);
            block[i + s] = every_second(e, a, b, size, true);
        }
}

static void transpose(Emit *e, fvec *block)
{
    int part = PART_BYTES / e->fp_bytes < e->lanes ? PART_BYTES / e->fp_bytes : e->lanes;
    rounds(e, block, (const int[]){ 1, part });
    rounds(e, block, (const int[]){ part, e->lanes });
}

/* Rows in fours: a machine adds up to three of four distances while it addresses. */
static addr row(Emit *e, addr p, idx step, int i)
{
    return p_at(e, p_at(e, p, x_mulk(e, step, i / 4 * 4)), x_mulk(e, step, i % 4));
}

/* lanes x lanes from the beginnings of t->from and t->to. */
static void square(Emit *e, const Transpose *t)
{
    fvec block[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        block[i] = p_load(e, row(e, t->from, t->from_step, i), all_lanes);
    transpose(e, block);
    for (int i = 0; i < e->lanes; i++)
        p_store(e, row(e, t->to, t->to_step, i), block[i], all_lanes);
}

/* The squares whose first row is y. */
static void row_of_squares(Emit *e, const Transpose *t, idx y)
{
    Transpose at = *t;
    addr from = p_at(e, t->from, x_mul(e, y, t->from_step)), to = p_at(e, t->to, y);
    EMIT_FOR_OPAQUE (e, j, x_const(e, 0), t->cols, e->lanes) {
        idx x = x_min(e, j.at, x_addk(e, t->cols, -e->lanes));
        at.from = p_at(e, from, x);
        at.to = p_at(e, to, x_mul(e, x, t->to_step));
        square(e, &at);
    }
}

/* All of a matrix of at least n x n in squares of n x n. */
static void squares(Emit *e, const Transpose *t, int n)
{
    EMIT_LANES (e, n) {
        EMIT_FOR_OPAQUE (e, i, x_const(e, 0), t->rows, n) {
            row_of_squares(e, t, x_min(e, i.at, x_addk(e, t->rows, -n)));
        }
    }
}

static void sized(Emit *e, const Transpose *t, int n)
{
    if (n == 1) {
        squares(e, t, n);
        return;
    }
    EMIT_IF_ELSE (e, narrow, x_less(e, x_min(e, t->rows, t->cols), x_const(e, n))) {
        if (narrow.yes)
            sized(e, t, n > SMALL ? SMALL : 1);
        else
            squares(e, t, n);
    }
}

static const Param param[] = {
    PARAM(Transpose, from), PARAM(Transpose, from_step), PARAM(Transpose, rows),
    PARAM(Transpose, to),   PARAM(Transpose, to_step),   PARAM(Transpose, cols),
};
static const Params params = PARAMS(Transpose, param);

LLVMValueRef emit_transpose(Emit *e)
{
    Transpose t;
    LLVMValueRef fn = e_fn_begin_with(e, "transpose", 1, e->none, &params, &t);
    sized(e, &t, e->lanes);
    e_fn_end(e);
    return fn;
}

void call_transpose(Emit *e, LLVMValueRef fn, const Transpose *t)
{
    e_call_with(e, fn, &params, t);
}
