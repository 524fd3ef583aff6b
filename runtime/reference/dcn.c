/* dcn.c: the cores of DCNv3 and DCNv4, with their projection.
**
**     points: for each column i of the kernel, each row j, but not (kw/2, kh/2) with remove_center
**     cw = dw*(kw-1) div 2,  ch = dh*(kh-1) div 2,  s = offset_scale, K' points, t = c div (C/D)
**     X = (cw - left + q*sw) + (i*dw - cw)*s + dx*s
**     Y = (ch - top  + p*sh) + (j*dh - ch)*s + dy*s
**     y[n, p, q, c] = sum over points of m * S(plane c; Y, X)
**     out[n, p, q, o] = y[o], or sum_c w[o, c] * y[c] with a projection; and ref_finish
**
** dcnv3: offsets (dx, dy) of point k of group t at channel (t*K' + k)*2, masks at t*K' + k.
** dcnv4: both in one tensor, group t from channel 3*K'*t on: 2*K' offsets, then K' masks.
**
** Backwards, with g the gradient of the sums and u[c] = g[c], or sum_o w[o, c] * g[o]:
**
**     d_w[o, c] = sum_npq g[o] * y[c]              d_plane[corner] += u * m * weight of the corner
**     d_m = sum_c u * S                            d_dx = s * sum_c u * m * dS/dX, d_dy likewise
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/whole.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The offsets and masks of one group at one pixel, both one number after the other: where they are
** in their maps, and themselves; a mask that is not known is NULL. */
typedef struct Group {
    int64_t offset_at, mask_at;
    const double *offset, *mask;
} Group;

static Group group_at(const rt_ref *r, int64_t n, int64_t t, const int64_t pq[2])
{
    const int64_t points = rt_points(&r->s);
    const bool packed = rt_op_has(r->s.op, RT_PACKED_OFFSETS);
    const ref_map *mask = packed ? &r->offset : &r->mask;
    Group g;
    g.offset_at = ref_at(&r->offset, n, (packed ? 3 : 2) * points * t, pq[0], pq[1]);
    g.mask_at = packed ? g.offset_at + 2 * points : ref_at(mask, n, points * t, pq[0], pq[1]);
    g.offset = r->offset.v + g.offset_at;
    g.mask = mask->v ? mask->v + g.mask_at : NULL;
    return g;
}

/* Along one axis: the position of tap `tap` for output position `at`.  The whole pixels of the
** tap's scaled place belong to the base, its fraction to the offset; with a scale of 1 it has none,
** and the position is that of a convolution. */
static ref_coord position(const dcn_spec *s, int axis, int64_t at, int64_t tap, double offset)
{
    const int64_t centre = (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) / 2;
    const double base = (double)(centre - s->padding[axis] + at * s->stride[axis]);
    const double place = (double)(tap * s->dilation[axis] - centre) * s->offset_scale;
    const double whole = floor(place);
    return ref_coord_of(base + whole, place - whole + offset * s->offset_scale);
}

/* Where point k of a group looks, and its mask; 1 where that is not known. */
static double point_of(const dcn_spec *s, const Group *g, int64_t k, const int64_t pq[2],
                       ref_coord yx[2])
{
    const int64_t centre = (int64_t)s->kernel[1] / 2 * s->kernel[0] + s->kernel[0] / 2;
    const int64_t tap = k + (s->remove_center && k >= centre);
    yx[0] = position(s, 0, pq[0], tap % s->kernel[0], g->offset[2 * k + 1]);
    yx[1] = position(s, 1, pq[1], tap / s->kernel[0], g->offset[2 * k]);
    if (!g->mask)
        return 1;
    const bool softmax = s->modulation == DCN_MODULATION_SOFTMAX;
    return softmax ? ref_softmax(g->mask, 1, rt_points(s), k) : g->mask[k];
}

/* y of the channels first <= c < last, which are of group t, into scratch[c]. */
static void gather(const rt_ref *r, int64_t n, const int64_t pq[2], int64_t t,
                   const int64_t range[2])
{
    const Group g = group_at(r, n, t, pq);
    memset(r->scratch + range[0], 0, (size_t)(range[1] - range[0]) * sizeof(double));
    for (int64_t k = 0; k < rt_points(&r->s); k++) {
        ref_coord yx[2];
        const double m = point_of(&r->s, &g, k, pq, yx);
        for (int64_t c = range[0]; c < range[1]; c++)
            r->scratch[c] += m * ref_bilinear(&r->input, DCN_BORDER_ZERO, n, c, yx);
    }
}

/* y of the channels first <= c < last, of any groups. */
static void gather_all(const rt_ref *r, int64_t n, const int64_t pq[2], int64_t first, int64_t last)
{
    const int64_t per_group = r->s.in_channels / r->s.offset_groups;
    for (int64_t c = first, end; c < last; c = end) {
        end = rt_min(last, (c / per_group + 1) * per_group);
        gather(r, n, pq, c / per_group, (int64_t[2]){ c, end });
    }
}

static void dcn_pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                      double *value)
{
    const int64_t c = r->s.in_channels;
    if (r->s.projection)
        gather_all(r, n, pq, 0, c);
    else
        gather_all(r, n, pq, outs[0], outs[1]);
    for (int64_t o = outs[0]; o < outs[1]; o++) {
        double sum = r->s.projection ? 0 : r->scratch[o];
        for (int64_t i = 0; r->s.projection && i < c; i++)
            sum += r->weight[o * c + i] * r->scratch[i];
        value[o - outs[0]] = ref_finish(r, sum, n, o, pq);
    }
}

/* ---- backwards ------------------------------------------------------------------------------ */

typedef struct DcnBack {
    const ref_back *b;
    const rt_ref *r;
    const double *g;       /* of the sums, a map as the output */
    double *u, *d;         /* of one pixel: [c]; of one group: d_m of each point */
    double *offset, *mask; /* where those go: of dcnv4 one map */
} DcnBack;

/* u of one pixel, and what it adds to d_w. */
static void back_projection(const DcnBack *x, int64_t n, const int64_t pq[2])
{
    const rt_ref *r = x->r;
    const int64_t c = r->s.in_channels;
    double *d_weight = x->b->to[RT_WEIGHT];
    memset(x->u, 0, (size_t)c * sizeof *x->u);
    if (d_weight)
        gather_all(r, n, pq, 0, c);
    for (int64_t o = 0; o < r->s.out_channels; o++) {
        const double g = x->g[ref_at(&r->output, n, o, pq[0], pq[1])];
        if (!r->s.projection)
            x->u[o] = g;
        for (int64_t i = 0; i < c && g != 0 && r->weight; i++)
            x->u[i] += r->weight[o * c + i] * g;
        for (int64_t i = 0; i < c && g != 0 && d_weight; i++)
            d_weight[o * c + i] += g * r->scratch[i];
    }
}

static void back_point(const DcnBack *x, int64_t n, const int64_t pq[2], int64_t t, int64_t k)
{
    const rt_ref *r = x->r;
    const int64_t per_group = r->s.in_channels / r->s.offset_groups;
    const Group g = group_at(r, n, t, pq);
    double sum[2] = { 0, 0 };
    ref_sample sample = { .border = DCN_BORDER_ZERO,
                          .at_edge = DCN_GRADIENT_MMCV,
                          .to = x->b->to[RT_INPUT],
                          .d_m = x->mask ? &x->d[k] : NULL,
                          .slopes = x->offset ? sum : NULL };
    sample.m = point_of(&r->s, &g, k, pq, sample.yx);
    for (int64_t c = t * per_group; c < (t + 1) * per_group; c++)
        ref_back_sample(&sample, &(ref_plane){ &r->input, n, c }, x->u[c]);
    for (int i = 0; i < 2 && x->offset; i++)
        x->offset[g.offset_at + 2 * k + 1 - i] += r->s.offset_scale * sum[i];
}

static void back_group(const DcnBack *x, int64_t n, const int64_t pq[2], int64_t t)
{
    const int64_t points = rt_points(&x->r->s);
    const Group g = group_at(x->r, n, t, pq);
    memset(x->d, 0, (size_t)points * sizeof *x->d);
    for (int64_t k = 0; k < points; k++)
        back_point(x, n, pq, t, k);
    if (x->mask && x->r->s.modulation == DCN_MODULATION_SOFTMAX)
        ref_back_softmax(g.mask, x->d, 1, points, x->mask + g.mask_at);
    for (int64_t k = 0; k < points && x->mask && x->r->s.modulation == DCN_MODULATION_MASK; k++)
        x->mask[g.mask_at + k] += x->d[k];
}

static void back_all(const DcnBack *x)
{
    const ref_map *out = &x->r->output;
    const bool places = x->b->to[RT_INPUT] || x->offset || x->mask;
    for (int64_t i = 0; i < x->r->s.batch * out->h * out->w; i++) {
        const int64_t n = i / (out->h * out->w), pq[2] = { i / out->w % out->h, i % out->w };
        back_projection(x, n, pq);
        for (int64_t t = 0; t < x->r->s.offset_groups && places; t++)
            back_group(x, n, pq, t);
    }
}

int ref_back_dcn(const ref_back *b)
{
    double *g = ref_back_finish(b);
    rt_ref *r = g ? ref_open(&b->s, b->tensor) : NULL;
    DcnBack x = { .b = b, .r = r, .g = g, .offset = b->to[RT_OFFSET], .mask = b->to[RT_MASK] };
    if (rt_op_has(b->s.op, RT_PACKED_OFFSETS))
        x.offset = x.mask = b->to[RT_OFFSET_MASK];
    x.u = calloc((size_t)b->s.in_channels + 1, sizeof *x.u);
    x.d = calloc((size_t)rt_points(&b->s) + 1, sizeof *x.d);
    const bool made = r && x.u && x.d;
    if (made && ref_back_wants_sum(b))
        back_all(&x);
    free(x.u);
    free(x.d);
    free(g);
    rt_ref_close(r);
    return made ? 0 : -1;
}

/* ---- opening -------------------------------------------------------------------------------- */

int ref_open_dcn(rt_ref *r)
{
    const int64_t points = (int64_t)r->s.offset_groups * rt_points(&r->s);
    if (rt_op_has(r->s.op, RT_PACKED_OFFSETS))
        r->offset = ref_output_map(r, RT_OFFSET_MASK, rt_packed_channels(&r->s));
    else
        r->offset = ref_output_map(r, RT_OFFSET, 2 * points);
    r->mask = ref_output_map(r, RT_MASK, points);
    r->pixel = dcn_pixel;
    r->scratch = calloc((size_t)r->s.in_channels + 1, sizeof *r->scratch);
    return r->scratch ? 0 : -1;
}
