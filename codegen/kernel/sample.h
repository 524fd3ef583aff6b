/* sample.h: where a tap of a deformable convolution looks, and with which coefficients.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_SAMPLE_H
#define DCN_CODEGEN_SAMPLE_H

#include "codegen/kernel/modulation.h"
#include "codegen/kernel/problem.h"

/* The output pixels that the lanes stand for: (n, p, q + lane), and their offset group d. */
typedef struct OutPixels {
    idx n, d, p, q;
    mask live;
    Softmax softmax; /* over the taps, if the modulation is one: made by emit_softmax */
} OutPixels;

/* Where the lanes' taps are before any border rule: row y + fy, column x + fx, 0 <= f <= 1, where
** 1 is the rounding of a fraction just below it. */
typedef struct TapPos {
    ivec y, x;
    fvec fy, fx;
    fvec modulation; /* m; .v == NULL: 1 */
} TapPos;

/* One bilinear sample per lane.  The four pixels are (y, x), (y, x+1), (y+1, x), (y+1, x+1); all of
** them lie in the map, unless it is one row or column thin: then the step there is 0 and so is the
** coefficient. */
typedef struct BilinearTap {
    ivec y, x;
    fvec y0, y1, x0, x1; /* coefficients of the two rows and of the two columns */
    /* Lanes where the sample is not 0 by the border rule; .v == NULL: all. */
    mask valid;
    /* Lanes whose four pixels were moved into the map: those of coefficient 0 are no part of the sample.  .v == NULL:
    ** none. */
    mask moved;
    fvec modulation; /* m; .v == NULL: 1 */
} BilinearTap;

/* What the softmax over the taps needs; does nothing for other modulations. */
void emit_softmax(Emit *e, const Problem *pb, OutPixels *at);

/* Tap (i, j) of these pixels; without a modulation where the kernel does not read its mask. */
BilinearTap emit_tap(Emit *e, const Problem *pb, const OutPixels *at, idx i, idx j);

/* The tap with the slopes of its coefficients: of those of the rows in y, and of those of the columns in
** x, each 1, 0 or -1: right-hand ones where a sample stands on a whole position. */
typedef struct TapSlopes {
    BilinearTap tap;
    fvec y[2], x[2];
} TapSlopes;
TapSlopes emit_tap_slopes(Emit *e, const Problem *pb, const OutPixels *at, idx i, idx j);
TapSlopes emit_slopes_at(Emit *e, const Problem *pb, const TapPos *t, bool all_inside);

/* Where the offsets of a pixel lie side by side, lanes may run along the flat tap index d*K + k:
** those of `taps` of pixel (n, p, q), whose rows of offsets and of masks are given.  Not for
** softmax. */
typedef struct TapTable {
    addr y, x, d; /* rows and columns from tap 0, and offset group, of every flat tap */
} TapTable;
typedef struct TapRows {
    addr offset, mask;
} TapRows;
bool emit_can_tap_lanes(const dcn_spec *s); /* the tap table is one of constants */
TapTable emit_tap_table(Emit *e, const dcn_spec *s);
TapPos emit_tap_positions(Emit *e, const Problem *pb, const TapTable *table, const OutPixels *at,
                          const TapRows *rows, const VecLoop *taps);

/* Lanes whose four pixels all lie in the map, as most do. */
mask emit_tap_inside(Emit *e, const Problem *pb, const TapPos *t);

/* The sample at a position; all_inside: where every lane is. */
BilinearTap emit_bilinear_tap(Emit *e, const Problem *pb, const TapPos *t, bool all_inside);

/* An entry of a sample table is the element of the upper left of a sample's four pixels; TAP_OUTSIDE for a sample
** that is 0; or TAP_CLAMPED minus the element, where the pixels were moved into the map: those of
** coefficient 0 are no part of it. */
enum { TAP_OUTSIDE = -1, TAP_CLAMPED = -2 };

/* Lanes of taps that are outside, and of taps that were moved into the map; .v == NULL: none. */
typedef struct TapMasks {
    mask outside, clamped;
} TapMasks;
ivec emit_tap_entry(Emit *e, ivec at, TapMasks m);

/* Stores the samples at positions in entries from `entry` on, by `store`, which is emitted twice: most vectors lie
** inside the map and need not look at its border. */
typedef void (*TapStore)(Emit *e, const void *self, idx entry, const BilinearTap *s);
void emit_taps_stored(Emit *e, const Problem *pb, const TapPos *t, idx entry, TapStore store,
                      const void *self);

/* Where tap (i, j) of a plain convolution looks: rows and columns may lie outside the map.  The column is that of the
** first lane. */
idx emit_tap_row(Emit *e, const Problem *pb, idx p, idx i);
idx emit_tap_col(Emit *e, const Problem *pb, idx q, idx j);
ivec emit_tap_cols(Emit *e, const Problem *pb, idx q, idx j);

/* Rows (axis 0) or columns of the map, first <= i < end, that the taps of at[1] output pixels from at[0] on
** cover, and `around` more on each side. */
typedef struct TapRange {
    idx first, end;
} TapRange;
TapRange emit_tap_range(Emit *e, const Problem *pb, int axis, const idx at[2], int around);

/* Where a tap looks that has no offset, and which lanes look at a pixel of the map. */
typedef struct PlainTap {
    ivec y, x;
    mask inside;
} PlainTap;
PlainTap emit_plain_tap(Emit *e, const Problem *pb, const OutPixels *at, const idx tap[2]);

#endif
