/* roi.h: bins of regions and where they look, for pooling forwards (roi.c) and backwards.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_ROI_H
#define DCN_RUNTIME_REFERENCE_ROI_H

#include "runtime/reference/internal.h"

/* One axis of a region: rows (axis 0) or columns. */
typedef struct BinAxis {
    double start, size, bin; /* bin: size of one */
    int64_t bins, at;        /* which bin */
    double extent;           /* of the map */
} BinAxis;

typedef struct Bin {
    int64_t n; /* image, or -1: zeros */
    BinAxis axis[2];
} Bin;

/* A grid of samples: sample t of an axis is at from + t * step. */
typedef struct Grid {
    double from[2], step[2], count[2]; /* count: how many, a whole number */
    double first[2], last[2];          /* those that may be on the map */
} Grid;

Bin roi_bin_of(const rt_ref *r, int64_t roi, const int64_t ab[2]);

/* The channel of the input that output o reads in bin (a, b). */
int64_t roi_channel_of(const dcn_spec *s, int64_t o, const int64_t ab[2]);

/* Pixels range[0] <= i < range[1] of the bin. */
void roi_pixels_of(const dcn_spec *s, const BinAxis *x, int64_t range[2]);

/* The samples of a bin, and where sample t of an axis is. */
Grid roi_aligned_grid(const rt_ref *r, const Bin *bin, const double shift[2]);
double roi_aligned_at(const Grid *g, const Bin *bin, int axis, double t);

/* The rule of RoIAlign: the closed band [-1, extent], with the edges repeated.  false: outside. */
bool roi_aligned_position(const ref_map *t, double y, double x, ref_coord yx[2]);

/* A pixel times its weight in a sample. */
typedef struct BinProduct {
    double value, weight;
    int64_t y, x; /* y < 0: it is no pixel's, but the 0 of a sample outside, or of none */
} BinProduct;

/* The first of the largest products of a bin, samples and in them pixels row by row; it passes over
** NaN. */
BinProduct roi_largest_product(const rt_ref *r, const Bin *bin, const double shift[2], int64_t c);

/* Sample i of a bin of deform_ps_roi_pool, with the edges repeated.  false: it is skipped. */
bool roi_half_position(const dcn_spec *s, const Bin *bin, const double shift[2], int i,
                       ref_coord yx[2]);

/* How far the bin is shifted along y and x, in pixels of the map; which elements of offset or trans,
** both of which hold x first, say so, and how many pixels 1 is there. */
void roi_shift_of(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin, double shift[2]);
int64_t roi_shift_at(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin, int axis);
double roi_shift_unit(const dcn_spec *s, const Bin *bin, int axis);

/* Output o of a bin without its mask; the mask. */
double roi_bin_value(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin);
double roi_mask_of(const rt_ref *r, int64_t roi, const int64_t ab[2]);

#endif
