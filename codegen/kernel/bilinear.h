/* bilinear.h: from a position to the pixels around it and their weights.
**
** Along one axis a sample stands at  base + off,  base an integer.  With
**
**     y0 = base + floor(off)     f = off - floor(off)
**
** it takes 1-f of row y0 and f of row y0+1.  Only the offset is floored: base + off would be rounded first, which
** costs digits on wide maps.  So that both rows can always be read, the pair is moved to b, b+1 with
** b = clamp(y0, 0, H-2), and the weights move with it:
**
**     weight(r) = 1-f if r = y0,  f if r = y0+1,  else 0         for r = b, b+1
**
** A map that is one row high has no row b+1: that weight is 0, and so is the step to it (see corners_at).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BILINEAR_H
#define DCN_CODEGEN_BILINEAR_H

#include "codegen/kernel/problem.h"

/* 2^22: larger than any base or size that a spec may have, and f32 still resolves its halves. */
#define BILINEAR_LIMIT 4194304.0

/* Offsets clamped to +-BILINEAR_LIMIT, beyond every map; NaN becomes -BILINEAR_LIMIT. */
fvec bilinear_limit(Emit *e, fvec off);

/* Rows (or columns) at and at + 1, and their weights. */
typedef struct RowPair {
    ivec at;
    fvec weight[2];
} RowPair;

/* A pair that was moved into the map, per lane. */
typedef struct MovedPair {
    RowPair pair;
    mask foreign[2]; /* this row is none of the sample's: its weight is 0 */
    mask touches;    /* some row of the sample in the map has a weight above 0: -1 < y < H */
    mask moved;      /* some row is foreign */
} MovedPair;

MovedPair bilinear_move(Emit *e, const RowPair *p, idx extent);

/* Elements to the right and to the lower neighbour of a pixel, or 0 where there is none.  `pixel`: elements from a
** pixel to the next, a row of the map being w of them. */
typedef struct PixelSteps {
    idx right, down;
} PixelSteps;
PixelSteps pixel_steps(Emit *e, const Problem *pb, idx pixel);

/* Either of them: `distance` in a map of so many columns or rows. */
idx step_along(Emit *e, idx size, idx distance);

/* The four pixels as addresses: upper left, upper right, lower left, lower right; pixel: see pixel_steps. */
typedef struct Corners {
    addr at[4];
} Corners;
Corners corners_at(Emit *e, const Problem *pb, addr upper_left, idx pixel);
Corners corners_apart(Emit *e, addr upper_left, PixelSteps step);

#endif
