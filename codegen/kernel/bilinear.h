/* bilinear.h: from a position to the pixels around it and their coefficients.
**
** Along one axis a sample stands at  base + off,  base an integer.  With
**
**     y0 = base + floor(off)     f = off - floor(off)
**
** it takes 1-f of row y0 and f of row y0+1.  Only the offset is floored: base + off would be rounded first, which
** costs digits on wide maps.  So that both rows can always be read, the pair is moved to b, b+1 with
** b = clamp(y0, 0, H-2), and the coefficients move with it:
**
**     coeff(r) = 1-f if r = y0,  f if r = y0+1,  else 0         for r = b, b+1
**
** A map that is one row high has no row b+1: that coefficient is 0, and so is the step to it (see corners_at).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BILINEAR_H
#define DCN_CODEGEN_BILINEAR_H

#include "codegen/kernel/problem.h"

/* The four pixels of a sample: upper left, upper right, lower left, lower right. */
enum { CORNERS = 4, ALL_CORNERS = (1 << CORNERS) - 1 };

/* 2^22: larger than any base or size that a spec may have, and f32 still resolves its halves. */
#define BILINEAR_LIMIT 4194304.0

/* Offsets clamped to +-BILINEAR_LIMIT, beyond every map; NaN becomes -BILINEAR_LIMIT. */
fvec bilinear_limit(Emit *e, fvec off);

/* Rows (or columns) at and at + 1, and their coefficients. */
typedef struct RowPair {
    ivec at;
    fvec coeff[2];
} RowPair;

/* A pair that was moved into the map, per lane. */
typedef struct MovedPair {
    RowPair pair;
    mask foreign[2]; /* this row is none of the sample's: its coefficient is 0 */
    mask touches;    /* some row of the sample in the map has a coefficient above 0: -1 < y < H */
    mask moved;      /* some row is foreign */
} MovedPair;

MovedPair bilinear_move(Emit *e, const RowPair *p, idx extent);

/* Elements to the right and to the lower neighbour of a pixel, or 0 where there is none.  `pixel`: elements from a
** pixel to the next, a row of the map being w of them. */
typedef struct PixelSteps {
    idx right, down;
} PixelSteps;
PixelSteps pixel_steps(Emit *e, const Problem *pb, idx pixel);

/* `distance` in a map of `size` columns or rows, or 0 in a map of one, where there is no neighbour. */
idx step_along(Emit *e, idx size, idx distance);

/* The corners' addresses; pixel: see pixel_steps. */
typedef struct Corners {
    addr at[CORNERS];
} Corners;
Corners corners_at(Emit *e, const Problem *pb, addr upper_left, idx pixel);
Corners corners_apart(Emit *e, addr upper_left, PixelSteps step);

/* The coefficient of corner i, given a vector that holds the four of a sample over and over. */
fvec bilinear_corner(Emit *e, fvec fours, int i);

/* a b x, or 0 where a b is 0: x may be anything there, a NaN too. */
fvec bilinear_times(Emit *e, fvec a, fvec b, fvec x);

#endif
