/* sample.h: where a tap of a deformable convolution looks, and with which weights.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_SAMPLE_H
#define DCN_CODEGEN_SAMPLE_H

#include "codegen/kernel/problem.h"

/* Where the lanes' samples are before any border rule: row y + fy, column x + fx, 0 <= f < 1. */
typedef struct Spot {
    ivec y, x;
    fvec fy, fx;
    fvec modulation; /* m; .v == NULL: 1 */
} Spot;

/* One sample per lane.  The four pixels are (y, x), (y, x+1), (y+1, x), (y+1, x+1); all of them lie in
** the map, unless it is one row or column thin: then the step there is 0 and so is the weight. */
typedef struct Sample {
    ivec y, x;
    fvec y0, y1, x0, x1; /* weights of the two rows and of the two columns */
    mask valid;          /* lanes where the sample is not 0 by the border rule; .v == NULL: all */
    mask
        moved; /* lanes whose four pixels are not where they should be: those of weight 0 are not part of the
                  sample; .v == NULL: none */
    fvec modulation; /* m; .v == NULL: 1 */
} Sample;

/* The place in the output that the lanes stand for: pixels (n, p, q + lane) of offset group d. */
typedef struct Place {
    idx n, d, p, q;
    mask live;
    fvec shift,
        scale; /* softmax over the taps: m = exp(logit - shift) * scale; made by emit_softmax */
} Place;

/* What the softmax over the taps of a place needs; does nothing for other modulations. */
void emit_softmax(Emit *e, const Problem *pb, Place *at);

/* Tap (i, j) at a place. */
Sample emit_sample(Emit *e, const Problem *pb, const Place *at, idx i, idx j);

/* Where the offsets of a pixel lie side by side, lanes may run along the flat tap index d*K + k: those of `taps`
** of pixel (n, p, q), whose rows of offsets and of masks are given.  Not for softmax. */
typedef struct TapTable {
    addr y, x, d; /* of every flat tap: rows and columns from tap 0, offset group */
} TapTable;
typedef struct TapRows {
    addr offset, mask;
} TapRows;
TapTable emit_tap_table(Emit *e, const dcn_spec *s);
Spot emit_spot_taps(Emit *e, const Problem *pb, const TapTable *t, const Place *at,
                    const TapRows *rows, const VecLoop *taps);

/* Lanes whose four pixels all lie in the map, as most do. */
mask emit_spot_inside(Emit *e, const Problem *pb, const Spot *s);

/* The sample at a spot; all_inside: where every lane is. */
Sample emit_spot_sample(Emit *e, const Problem *pb, const Spot *s, int all_inside);

/* Where tap (i, j) of a plain convolution looks: rows and columns may lie outside the map. */
idx emit_tap_row(Emit *e, const Problem *pb, idx p, idx i);
ivec emit_tap_cols(Emit *e, const Problem *pb, idx q, idx j);

/* Steps in elements from a pixel to its right and lower neighbour in a map whose pixels are `pixel` and
** rows `row` elements apart; 0 where there is no neighbour. */
idx emit_step_right(Emit *e, const Problem *pb, idx pixel);
idx emit_step_down(Emit *e, const Problem *pb, idx row);

#endif
