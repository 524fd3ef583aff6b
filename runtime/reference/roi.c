/* roi.c: pooling of regions, quantised, aligned and deformable.
**
** A region is a row (image, x1, y1, x2, y2) in pixels of the picture, or the last four of these where
** there is one image; ss = spatial_scale; round is half away from zero.  A row with a number that is not finite, or
** whose image is none of 0..N-1, gives zeros.  Along one axis, for bin b of n, from the edges e1 and e2:
**
**   whole pixels       start s            length L
**     torchvision      round(e1*ss)       max(round(e2*ss) - s + 1, 1); no + 1 in ps_roi_pool
**     mmcv             e1*ss              (e2 + 1)*ss - s; L <= 0 on any axis gives zeros
**     mxnet            round(e1)*ss       max((round(e2) + 1)*ss - s, 0.1)
**     from floor(b*(L/n) + s) to ceil((b+1)*(L/n) + s), in [0, size]; torchvision rounds before it
**     adds s, computes in the dtype of the spec, and ends ps_roi_pool at size - 1.
**     An empty bin is 0.
**
**   aligned            start e1*ss - a, size e2*ss - a - start; a = 0.5, but 0 and size >= 1 in
**     roi_align without `aligned`.  grid = sampling_ratio, or ceil(size/n) where that is <= 0
**     sample t of bin b at start + gamma*size*offset + b*(size/n) + (t + 0.5)*(size/n)/grid
**     the sum is divided by max(number of samples of the bin, 1), those outside included
**     a maximum is that of all pixels times their weights in a sample; a sample outside is 0
**
**   deform_ps_roi_pool start round(e1)*ss - 0.5, size max((round(e2) + 1)*ss - 0.5 - start, 0.1)
**     sample t at b*(size/n) + start + trans*trans_std*size + t*(size/n/sample_per_part), skipped
**     outside of [-0.5, extent - 0.5]; the sum is divided by the number of those not skipped
**
** Position-sensitive: output o of bin (a, b) reads channel
** (o*gh + floor(a*gh/ph))*gw + floor(b*gw/pw).
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/roi.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- regions ------------------------------------------------------------------------------ */

typedef BinAxis (*Edges)(const dcn_spec *s, double from, double to);

/* What torchvision computes, which it does in the type of its tensors; with two f32, a product or
** quotient in f64 is rounded as if it were made in f32. */
static double in_dtype(const dcn_spec *s, double x)
{
    return rt_round_to(rt_kind_of(s->dtype), x);
}

static BinAxis torchvision(const dcn_spec *s, double from, double to)
{
    const double scale = in_dtype(s, s->spatial_scale);
    const double start = round(in_dtype(s, from * scale)), end = round(in_dtype(s, to * scale));
    const double more = rt_op_has(s->op, RT_POSITION_SENSITIVE) ? 0 : 1;
    return (BinAxis){ .start = start, .size = fmax(end - start + more, 1) };
}

static BinAxis mmcv(const dcn_spec *s, double from, double to)
{
    const double start = from * s->spatial_scale;
    return (BinAxis){ .start = start, .size = (to + 1) * s->spatial_scale - start };
}

static BinAxis mxnet(const dcn_spec *s, double from, double to)
{
    const double start = round(from) * s->spatial_scale;
    return (BinAxis){ .start = start,
                      .size = fmax((round(to) + 1) * s->spatial_scale - start, 0.1) };
}

static BinAxis aligned(const dcn_spec *s, double from, double to)
{
    const bool half = s->aligned || rt_op_has(s->op, RT_HALF_PIXEL);
    const double a = half ? 0.5 : 0, start = from * s->spatial_scale - a;
    const double size = to * s->spatial_scale - a - start;
    return (BinAxis){ .start = start, .size = half ? size : fmax(size, 1) };
}

static BinAxis by_trans(const dcn_spec *s, double from, double to)
{
    const double start = round(from) * s->spatial_scale - 0.5;
    const double end = (round(to) + 1) * s->spatial_scale - 0.5;
    return (BinAxis){ .start = start, .size = fmax(end - start, 0.1) };
}

static Edges edges_of(const dcn_spec *s)
{
    static const Edges quantised[] = {
        [DCN_ROI_MXNET] = mxnet, [DCN_ROI_TORCHVISION] = torchvision, [DCN_ROI_MMCV] = mmcv
    };
    if (rt_op_has(s->op, RT_QUANTISED))
        return quantised[s->variant];
    return rt_op_has(s->op, RT_BY_PART) ? by_trans : aligned;
}

static int64_t image_of(const rt_ref *r, const double *row)
{
    for (int i = 0; i < 5; i++) {
        if (!isfinite(row[i]))
            return -1;
    }
    return row[0] > -1 && row[0] < (double)r->s.batch ? (int64_t)row[0] : -1;
}

/* Where rows name no image, it is the first. */
static void row_of(const rt_ref *r, int64_t roi, double row[5])
{
    const int n = rt_roi_numbers(&r->s);
    row[0] = 0;
    memcpy(row + 5 - n, r->tensor[RT_ROIS] + n * roi, (size_t)n * sizeof *row);
}

Bin roi_bin_of(const rt_ref *r, int64_t roi, const int64_t ab[2])
{
    const dcn_spec *s = &r->s;
    double row[5];
    row_of(r, roi, row);
    Bin bin = { .n = image_of(r, row) };
    for (int i = 0; i < 2; i++) {
        BinAxis *x = &bin.axis[i];
        *x = edges_of(s)(s, row[2 - i], row[4 - i]);
        x->bins = s->pooled[i];
        x->at = ab[i];
        x->bin = x->size / (double)x->bins;
        if (edges_of(s) == torchvision)
            x->bin = in_dtype(s, in_dtype(s, x->size) / (double)x->bins);
        x->extent = (double)(i ? s->width : s->height);
    }
    if (edges_of(s) == mmcv && !(bin.axis[0].size > 0 && bin.axis[1].size > 0))
        bin.n = -1;
    return bin;
}

int64_t roi_channel_of(const dcn_spec *s, int64_t o, const int64_t ab[2])
{
    const int *g = s->group_size;
    if (g[0] == 0)
        return o;
    const int64_t i = ab[0] * g[0] / s->pooled[0], j = ab[1] * g[1] / s->pooled[1];
    return (o * g[0] + i) * g[1] + j;
}

/* ---- whole pixels -------------------------------------------------------------------------- */

static double clamp(double v, double max)
{
    return v > 0 ? fmin(v, max) : 0;
}

void roi_pixels_of(const dcn_spec *s, const BinAxis *x, int64_t range[2])
{
    const bool before = s->variant == DCN_ROI_TORCHVISION; /* rounds before it adds the start */
    const double max =
        before && rt_op_has(s->op, RT_POSITION_SENSITIVE) ? x->extent - 1 : x->extent;
    double from = (double)x->at * x->bin, to = (double)(x->at + 1) * x->bin;
    if (before) {
        from = in_dtype(s, from);
        to = in_dtype(s, to);
    }
    range[0] = (int64_t)clamp(before ? floor(from) + x->start : floor(from + x->start), max);
    range[1] = (int64_t)clamp(before ? ceil(to) + x->start : ceil(to + x->start), max);
}

static double pooled(const rt_ref *r, const Bin *bin, int64_t c)
{
    int64_t y[2], x[2];
    roi_pixels_of(&r->s, &bin->axis[0], y);
    roi_pixels_of(&r->s, &bin->axis[1], x);
    if (y[0] >= y[1] || x[0] >= x[1])
        return 0;
    double sum = 0, largest = -(double)FLT_MAX; /* upstream's, in f64 too */
    for (int64_t i = y[0]; i < y[1]; i++) {
        for (int64_t j = x[0]; j < x[1]; j++) {
            const double v = ref_value(&r->input, bin->n, c, i, j);
            sum += v;
            largest = v > largest ? v : largest;
        }
    }
    return r->s.mode == DCN_ROI_MAX ? largest : sum / (double)((y[1] - y[0]) * (x[1] - x[0]));
}

/* ---- samples ------------------------------------------------------------------------------- */

/* Leave out samples far outside, of which a huge region has more than can be counted. */
static void narrow(Grid *g, int i, double extent)
{
    g->first[i] = 0;
    g->last[i] = g->count[i] - 1;
    if (g->count[i] <= 64 || !(g->step[i] > 0))
        return;
    g->first[i] = fmax(0, floor((-1 - g->from[i]) / g->step[i]) - 1);
    g->last[i] = fmin(g->last[i], ceil((extent - g->from[i]) / g->step[i]) + 1);
    if (!(fabs(g->first[i]) < 0x1p50 && fabs(g->last[i]) < 0x1p50)) {
        g->first[i] = 0;
        g->last[i] = -1;
    }
}

bool roi_aligned_position(const ref_map *t, double y, double x, ref_coord yx[2])
{
    if (!(y >= -1 && y <= (double)t->h && x >= -1 && x <= (double)t->w))
        return false;
    yx[0] = ref_coord_of(0, fmin(fmax(y, 0), (double)(t->h - 1)));
    yx[1] = ref_coord_of(0, fmin(fmax(x, 0), (double)(t->w - 1)));
    return true;
}

Grid roi_aligned_grid(const rt_ref *r, const Bin *bin, const double shift[2])
{
    Grid g;
    for (int i = 0; i < 2; i++) {
        const BinAxis *x = &bin->axis[i];
        g.count[i] =
            r->s.sampling_ratio > 0 ? r->s.sampling_ratio : ceil(x->size / (double)x->bins);
        g.from[i] = x->start + shift[i] + (double)x->at * x->bin;
        g.step[i] = x->bin / g.count[i];
        narrow(&g, i, x->extent);
    }
    return g;
}

double roi_aligned_at(const Grid *g, const Bin *bin, int axis, double t)
{
    return g->from[axis] + (t + 0.5) * bin->axis[axis].bin / g->count[axis];
}

static double aligned_mean(const rt_ref *r, const Bin *bin, const double shift[2], int64_t c)
{
    const Grid g = roi_aligned_grid(r, bin, shift);
    double sum = 0;
    for (double ty = g.first[0]; ty <= g.last[0]; ty++) {
        for (double tx = g.first[1]; tx <= g.last[1]; tx++) {
            ref_coord yx[2];
            const double y = roi_aligned_at(&g, bin, 0, ty), x = roi_aligned_at(&g, bin, 1, tx);
            if (roi_aligned_position(&r->input, y, x, yx))
                sum += ref_bilinear(&r->input, DCN_BORDER_CLAMP, bin->n, c, yx);
        }
    }
    return sum / fmax(g.count[0] * g.count[1], 1);
}

static BinProduct largest_product(const ref_map *t, int64_t n, int64_t c, const ref_coord yx[2])
{
    BinProduct best = { .value = -(double)FLT_MAX, .y = -1 };
    for (int i = 0; i < 4; i++) {
        const int down = i / 2, right = i % 2;
        BinProduct p = { .y = (int64_t)fmin(yx[0].whole + down, (double)(t->h - 1)),
                         .x = (int64_t)fmin(yx[1].whole + right, (double)(t->w - 1)) };
        p.weight = (down ? yx[0].part : 1 - yx[0].part) * (right ? yx[1].part : 1 - yx[1].part);
        p.value = p.weight * ref_value(t, n, c, p.y, p.x);
        best = p.value > best.value ? p : best;
    }
    return best;
}

/* Whether samples were left out, which are outside and so 0, or there are none, which makes 0. */
static bool is_partial(const Grid *g, int i)
{
    return !(g->count[i] >= 1 && g->first[i] <= 0 && g->last[i] >= g->count[i] - 1);
}

BinProduct roi_largest_product(const rt_ref *r, const Bin *bin, const double shift[2], int64_t c)
{
    const Grid g = roi_aligned_grid(r, bin, shift);
    const bool partial = is_partial(&g, 0) || is_partial(&g, 1);
    BinProduct best = { .value = partial ? 0 : -(double)FLT_MAX, .y = -1 };
    for (double ty = g.first[0]; ty <= g.last[0]; ty++) {
        for (double tx = g.first[1]; tx <= g.last[1]; tx++) {
            ref_coord yx[2];
            const double y = roi_aligned_at(&g, bin, 0, ty), x = roi_aligned_at(&g, bin, 1, tx);
            BinProduct p = { .value = 0, .y = -1 };
            if (roi_aligned_position(&r->input, y, x, yx))
                p = largest_product(&r->input, bin->n, c, yx);
            best = p.value > best.value ? p : best;
        }
    }
    return best;
}

bool roi_half_position(const dcn_spec *s, const Bin *bin, const double shift[2], int i,
                       ref_coord yx[2])
{
    const int *along = s->sample_per_part;
    bool in = true;
    for (int d = 0; d < 2; d++) {
        const BinAxis *x = &bin->axis[d];
        const int t = d ? i % along[1] : i / along[1];
        const double at = (double)x->at * x->bin + x->start + shift[d] + t * (x->bin / along[d]);
        in = in && at >= -0.5 && at <= x->extent - 0.5;
        yx[d] = ref_coord_of(0, fmin(fmax(at, 0), x->extent - 1));
    }
    return in;
}

/* Mean over the samples in the closed band [-0.5, extent - 0.5]. */
static double half_mean(const rt_ref *r, const Bin *bin, const double shift[2], int64_t c)
{
    const int *along = r->s.sample_per_part;
    double sum = 0;
    int count = 0;
    for (int i = 0; i < along[0] * along[1]; i++) {
        ref_coord yx[2];
        const bool in = roi_half_position(&r->s, bin, shift, i, yx);
        count += in;
        sum += in ? ref_bilinear(&r->input, DCN_BORDER_CLAMP, bin->n, c, yx) : 0;
    }
    return count ? sum / count : 0;
}

/* ---- shifts and masks ---------------------------------------------------------------------- */

double roi_shift_unit(const dcn_spec *s, const Bin *bin, int axis)
{
    const double factor = rt_op_has(s->op, RT_BY_PART) ? s->trans_std : s->gamma;
    return factor * bin->axis[axis].size;
}

int64_t roi_shift_at(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin, int axis)
{
    const dcn_spec *s = &r->s;
    const bool trans = rt_op_has(s->op, RT_BY_PART);
    const int64_t cls = trans ? o / (s->out_channels / s->num_classes) : 0;
    const int64_t a = bin->axis[0].at * r->offset.h / s->pooled[0];
    const int64_t b = bin->axis[1].at * r->offset.w / s->pooled[1];
    return ref_at(&r->offset, roi, 2 * cls + 1 - axis, a, b);
}

void roi_shift_of(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin, double shift[2])
{
    const dcn_spec *s = &r->s;
    const bool trans = rt_op_has(s->op, RT_BY_PART);
    shift[0] = shift[1] = 0;
    for (int i = 0; i < 2 && r->offset.v; i++) {
        const double v = r->offset.v[roi_shift_at(r, roi, o, bin, i)];
        shift[i] = trans ? v * s->trans_std * bin->axis[i].size : s->gamma * bin->axis[i].size * v;
    }
}

double roi_bin_value(const rt_ref *r, int64_t roi, int64_t o, const Bin *bin)
{
    const dcn_spec *s = &r->s;
    const int64_t c = roi_channel_of(s, o, (int64_t[2]){ bin->axis[0].at, bin->axis[1].at });
    double shift[2];
    if (bin->n < 0)
        return 0;
    if (rt_op_has(s->op, RT_QUANTISED))
        return pooled(r, bin, c);
    roi_shift_of(r, roi, o, bin, shift);
    if (s->mode == DCN_ROI_MAX)
        return roi_largest_product(r, bin, shift, c).value;
    return rt_op_has(s->op, RT_BY_PART) ? half_mean(r, bin, shift, c)
                                        : aligned_mean(r, bin, shift, c);
}

double roi_mask_of(const rt_ref *r, int64_t roi, const int64_t ab[2])
{
    const double m = r->mask.v ? r->mask.v[ref_at(&r->mask, roi, 0, ab[0], ab[1])] : 1;
    return r->s.modulation == DCN_MODULATION_SIGMOID ? ref_sigmoid(m) : m;
}

static void roi_pixel(const rt_ref *r, int64_t roi, const int64_t ab[2], const int64_t outs[2],
                      double *value)
{
    const Bin bin = roi_bin_of(r, roi, ab);
    const double m = roi_mask_of(r, roi, ab);
    for (int64_t o = outs[0]; o < outs[1]; o++) {
        const double v = roi_bin_value(r, roi, o, &bin);
        value[o - outs[0]] = ref_activate(rt_activation_of(&r->s), bin.n < 0 ? 0 : v * m);
    }
}

int ref_open_roi(rt_ref *r)
{
    const dcn_spec *s = &r->s;
    const bool nhwc = s->layout == DCN_NHWC, trans = rt_op_has(s->op, RT_BY_PART);
    r->offset = ref_output_map(r, RT_OFFSET, 2);
    if (trans)
        r->offset = (ref_map){ r->tensor[RT_TRANS], 2 * (int64_t)s->num_classes, s->part_size[0],
                               s->part_size[1], nhwc };
    r->mask = ref_output_map(r, RT_MASK, 1);
    r->pixel = roi_pixel;
    return 0;
}
