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
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/internal.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The offsets and masks of one group at one pixel, both one number after the other. */
typedef struct Group {
    const double *offset, *mask;
} Group;

static Group group_at(const rt_ref *r, int64_t n, int64_t t, const int64_t pq[2])
{
    const int64_t points = rt_points(&r->s);
    Group g;
    if (rt_op_has(r->s.op, RT_PACKED_OFFSETS)) {
        g.offset = r->offset.v + ref_at(&r->offset, n, 3 * points * t, pq[0], pq[1]);
        g.mask = g.offset + 2 * points;
    } else {
        g.offset = r->offset.v + ref_at(&r->offset, n, 2 * points * t, pq[0], pq[1]);
        g.mask = r->mask.v + ref_at(&r->mask, n, points * t, pq[0], pq[1]);
    }
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

/* y of the channels first <= c < last, which are of group t, into scratch[c]. */
static void gather(const rt_ref *r, int64_t n, const int64_t pq[2], int64_t t,
                   const int64_t range[2])
{
    const dcn_spec *s = &r->s;
    const Group g = group_at(r, n, t, pq);
    const int64_t points = rt_points(s), centre[2] = { s->kernel[0] / 2, s->kernel[1] / 2 };
    memset(r->scratch + range[0], 0, (size_t)(range[1] - range[0]) * sizeof(double));
    for (int64_t tap = 0, k = 0; tap < (int64_t)s->kernel[0] * s->kernel[1]; tap++) {
        const int64_t i = tap / s->kernel[0], j = tap % s->kernel[0];
        if (s->remove_center && i == centre[1] && j == centre[0])
            continue;
        const ref_coord yx[2] = { position(s, 0, pq[0], j, g.offset[2 * k + 1]),
                                  position(s, 1, pq[1], i, g.offset[2 * k]) };
        const bool softmax = s->modulation == DCN_MODULATION_SOFTMAX;
        const double m = softmax ? ref_softmax(g.mask, 1, points, k) : g.mask[k];
        for (int64_t c = range[0]; c < range[1]; c++)
            r->scratch[c] += m * ref_bilinear(&r->input, DCN_BORDER_ZERO, n, c, yx);
        k++;
    }
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* y of the channels first <= c < last, of any groups. */
static void gather_all(const rt_ref *r, int64_t n, const int64_t pq[2], int64_t first, int64_t last)
{
    const int64_t per_group = r->s.in_channels / r->s.offset_groups;
    for (int64_t c = first, end; c < last; c = end) {
        end = min(last, (c / per_group + 1) * per_group);
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
