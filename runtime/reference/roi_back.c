/* roi_back.c: pooling of regions, backwards.
**
** With G = g * mask of a bin, the sums as roi.c makes them:
**
**   average            G / pixels to every pixel of the bin
**   max                G to the first of the largest pixels, to none where no pixel is above -FLT_MAX
**   aligned, max       G times its weight to the pixel of the first largest product
**   aligned            G / samples times the bilinear weights, edges repeated as forwards; and with
**                      (Y, X) a sample's position before edges are repeated, and V its corners after,
**                        d_dx += gamma*rw * G/samples * [(V01-V00)*(yh-Y) + (V11-V10)*(Y-yl)]
**                        d_dy += gamma*rh * G/samples * [(V10-V00)*(xh-X) + (V11-V01)*(X-xl)]
**                      which is upstream's: the derivative for samples inside [0, size-1)
**   deform_ps_roi_pool G / samples not skipped, likewise; corners floor and ceil of the position with
**                      edges repeated, so that slopes are 0 at whole pixels and beyond the edges:
**                        d_tx += trans_std*rw * G/samples * [(V01-V00)*(1-dy) + (V11-V10)*dy]
**   d_mask = sum over channels of g * pooled, times m*(1-m) where it is a logit
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/roi.h"
#include "runtime/spec/op.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* One output of one region. */
typedef struct RoiBack {
    const ref_back *b;
    const rt_ref *r;
    double *d_offset;
    const Bin *bin;
    int64_t roi, o, c; /* c: the channel of the input */
    double g;          /* G */
    double slope[2];   /* sums of G times slopes, in pixels */
} RoiBack;

/* ---- whole pixels -------------------------------------------------------------------------- */

/* The first of the largest pixels; false: none is larger than the start. */
static bool find_largest(const RoiBack *x, const int64_t rows[2], const int64_t columns[2],
                         int64_t at[2])
{
    double largest = -(double)FLT_MAX;
    bool found = false;
    for (int64_t i = rows[0]; i < rows[1]; i++)
        for (int64_t j = columns[0]; j < columns[1]; j++) {
            const double v = ref_value(&x->r->input, x->bin->n, x->c, i, j);
            if (!(v > largest))
                continue;
            largest = v;
            at[0] = i, at[1] = j;
            found = true;
        }
    return found;
}

static void back_pixels(const RoiBack *x)
{
    const ref_map *t = &x->r->input;
    double *to = x->b->to[RT_INPUT];
    int64_t rows[2], columns[2], at[2];
    roi_pixels_of(&x->r->s, &x->bin->axis[0], rows);
    roi_pixels_of(&x->r->s, &x->bin->axis[1], columns);
    if (rows[0] >= rows[1] || columns[0] >= columns[1] || !to)
        return;
    if (x->r->s.mode == DCN_ROI_MAX) {
        if (find_largest(x, rows, columns, at))
            to[ref_at(t, x->bin->n, x->c, at[0], at[1])] += x->g;
        return;
    }
    const double n = (double)((rows[1] - rows[0]) * (columns[1] - columns[0]));
    for (int64_t i = rows[0]; i < rows[1]; i++)
        for (int64_t j = columns[0]; j < columns[1]; j++)
            to[ref_at(t, x->bin->n, x->c, i, j)] += x->g / n;
}

/* ---- samples ------------------------------------------------------------------------------- */

/* Rows or columns low and high of a sample; position and edges as the formulas above have them. */
typedef struct RoiSide {
    int64_t low, high;
    double to_high, from_low; /* high - Y, Y - low */
} RoiSide;

static RoiSide aligned_side(double at, ref_coord inside, int64_t size)
{
    const int64_t low = (int64_t)inside.whole, high = low >= size - 1 ? low : low + 1;
    return (RoiSide){ low, high, (double)high - at, at - (double)low };
}

static RoiSide half_side(ref_coord inside)
{
    const int64_t low = (int64_t)inside.whole;
    return (RoiSide){ low, inside.part > 0 ? low + 1 : low, 1 - inside.part, inside.part };
}

/* What one sample adds, g being its share of G. */
static void back_sample(RoiBack *x, const ref_coord yx[2], const RoiSide side[2], double g)
{
    const ref_map *t = &x->r->input;
    const int64_t n = x->bin->n, c = x->c;
    if (x->b->to[RT_INPUT])
        ref_scatter(&(ref_plane){ t, n, c }, x->b->to[RT_INPUT], DCN_BORDER_CLAMP, yx, g);
    if (!x->d_offset)
        return;
    const double v00 = ref_value(t, n, c, side[0].low, side[1].low);
    const double v01 = ref_value(t, n, c, side[0].low, side[1].high);
    const double v10 = ref_value(t, n, c, side[0].high, side[1].low);
    const double v11 = ref_value(t, n, c, side[0].high, side[1].high);
    x->slope[0] += g * ((v10 - v00) * side[1].to_high + (v11 - v01) * side[1].from_low);
    x->slope[1] += g * ((v01 - v00) * side[0].to_high + (v11 - v10) * side[0].from_low);
}

static void back_aligned(RoiBack *x, const double shift[2])
{
    const ref_map *t = &x->r->input;
    const Grid g = roi_aligned_grid(x->r, x->bin, shift);
    const double share = x->g / fmax(g.count[0] * g.count[1], 1);
    for (double ty = g.first[0]; ty <= g.last[0]; ty++)
        for (double tx = g.first[1]; tx <= g.last[1]; tx++) {
            ref_coord yx[2];
            const double y = roi_aligned_at(&g, x->bin, 0, ty);
            const double at = roi_aligned_at(&g, x->bin, 1, tx);
            if (!roi_aligned_position(t, y, at, yx))
                continue;
            const RoiSide side[2] = { aligned_side(y, yx[0], t->h), aligned_side(at, yx[1], t->w) };
            back_sample(x, yx, side, share);
        }
}

static void back_largest(const RoiBack *x, const double shift[2])
{
    const BinProduct p = roi_largest_product(x->r, x->bin, shift, x->c);
    if (p.y >= 0 && x->b->to[RT_INPUT])
        x->b->to[RT_INPUT][ref_at(&x->r->input, x->bin->n, x->c, p.y, p.x)] += x->g * p.weight;
}

static void back_half(RoiBack *x, const double shift[2])
{
    const dcn_spec *s = &x->r->s;
    const int samples = s->sample_per_part[0] * s->sample_per_part[1];
    ref_coord yx[2];
    int count = 0;
    for (int i = 0; i < samples; i++)
        count += roi_half_position(s, x->bin, shift, i, yx);
    for (int i = 0; i < samples; i++) {
        if (!roi_half_position(s, x->bin, shift, i, yx))
            continue;
        const RoiSide side[2] = { half_side(yx[0]), half_side(yx[1]) };
        back_sample(x, yx, side, x->g / count);
    }
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void back_output(RoiBack *x)
{
    const dcn_spec *s = &x->r->s;
    double shift[2];
    if (rt_op_has(s->op, RT_QUANTISED)) {
        back_pixels(x);
        return;
    }
    roi_shift_of(x->r, x->roi, x->o, x->bin, shift);
    if (rt_op_has(s->op, RT_BY_PART))
        back_half(x, shift);
    else if (s->mode == DCN_ROI_MAX)
        back_largest(x, shift);
    else
        back_aligned(x, shift);
    for (int i = 0; i < 2 && x->d_offset; i++)
        x->d_offset[roi_shift_at(x->r, x->roi, x->o, x->bin, i)] +=
            roi_shift_unit(s, x->bin, i) * x->slope[i];
}

static void back_bin(const ref_back *b, const rt_ref *r, const double *g, int64_t roi,
                     const int64_t ab[2])
{
    const dcn_spec *s = &r->s;
    const Bin bin = roi_bin_of(r, roi, ab);
    const double m = roi_mask_of(r, roi, ab);
    double d_mask = 0;
    for (int64_t o = 0; o < s->out_channels && bin.n >= 0; o++) {
        const double e = g[ref_at(&r->output, roi, o, ab[0], ab[1])];
        if (e == 0)
            continue;
        if (b->to[RT_MASK])
            d_mask += e * roi_bin_value(r, roi, o, &bin);
        RoiBack x = { .b = b, .r = r, .bin = &bin, .roi = roi, .o = o, .g = e * m };
        x.d_offset = b->to[rt_op_has(s->op, RT_BY_PART) ? RT_TRANS : RT_OFFSET];
        x.c = roi_channel_of(s, o, ab);
        back_output(&x);
    }
    if (!b->to[RT_MASK])
        return;
    const int64_t at = ref_at(&r->mask, roi, 0, ab[0], ab[1]);
    const bool logit = s->modulation == DCN_MODULATION_SIGMOID;
    b->to[RT_MASK][at] += logit ? ref_back_sigmoid(r->mask.v[at], d_mask) : d_mask;
}

int ref_back_roi(const ref_back *b)
{
    double *g = ref_back_finish(b);
    rt_ref *r = g ? ref_open(&b->s, b->tensor) : NULL;
    const int64_t h = b->s.pooled[0], w = b->s.pooled[1];
    for (int64_t i = 0; r && i < b->s.rois * h * w; i++)
        back_bin(b, r, g, i / (h * w), (int64_t[2]){ i / w % h, i % w });
    const bool made = r != NULL;
    free(g);
    rt_ref_close(r);
    return made ? 0 : -1;
}
