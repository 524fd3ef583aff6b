/* conv.c: convolution and deformable convolution.
**
**     Y = p*sh - top  + i*dh + dy[n, t, k, p, q]        k = i*kw + j, t = c div (C/D), see offset_order
**     X = q*sw - left + j*dw + dx[n, t, k, p, q]
**     out[n, o, p, q] = sum_c sum_k w[o, c, i, j] * m * S(plane; Y, X), and ref_finish
**     plane = input[n, G(o)*C/G + c], G(o) = o div (O/G)
**
** with dy = dx = 0, m = 1 and S a plain pixel read for conv2d.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/internal.h"
#include "runtime/spec/shape.h"

#include <stdlib.h>

/* Where one tap of one offset group looks, and its modulation. */
typedef struct Point {
    ref_coord yx[2];
    double m;
} Point;

static int taps(const rt_ref *r)
{
    return r->s.kernel[0] * r->s.kernel[1];
}

/* m of tap k of the offset group whose mask channels begin at `first` */
static double modulation(const rt_ref *r, int64_t n, int64_t first, int64_t k, const int64_t pq[2])
{
    const dcn_spec *s = &r->s;
    if (s->modulation == DCN_MODULATION_NONE)
        return s->modulation_scale;
    const double *v = r->mask.v + ref_at(&r->mask, n, first, pq[0], pq[1]);
    const int64_t stride = r->mask.nhwc ? 1 : r->mask.h * r->mask.w;
    double m = v[k * stride];
    if (s->modulation == DCN_MODULATION_SIGMOID)
        m = ref_sigmoid(m);
    if (s->modulation == DCN_MODULATION_SOFTMAX)
        m = ref_softmax(v, stride, taps(r), k);
    return m * s->modulation_scale;
}

static Point point_at(const rt_ref *r, int64_t n, int64_t t, int64_t k, const int64_t pq[2])
{
    const dcn_spec *s = &r->s;
    int64_t i = k / s->kernel[1], j = k % s->kernel[1];
    const double base[2] = {
        (double)(pq[0] * s->stride[0] - s->padding[0] + i * s->dilation[0]),
        (double)(pq[1] * s->stride[1] - s->padding[1] + j * s->dilation[1]),
    };
    if (!r->offset.v)
        return (Point){ { { base[0], 0 }, { base[1], 0 } }, 1 };
    const int64_t point = t * taps(r) + k;
    const int64_t dy = rt_offset_channel(s, point, 0), dx = rt_offset_channel(s, point, 1);
    const double y = r->offset.v[ref_at(&r->offset, n, dy, pq[0], pq[1])];
    const double x = r->offset.v[ref_at(&r->offset, n, dx, pq[0], pq[1])];
    const int64_t first = (s->offset_mask ? 2 * s->offset_groups : 0) * taps(r) + t * taps(r);
    return (Point){ { ref_coord_of(base[0], y), ref_coord_of(base[1], x) },
                    modulation(r, n, first, k, pq) };
}

/* m * S of channel c */
static double sample(const rt_ref *r, int64_t n, int64_t c, const Point *at)
{
    if (!r->offset.v)
        return ref_value(&r->input, n, c, (int64_t)at->yx[0].whole, (int64_t)at->yx[1].whole);
    return at->m * ref_bilinear(&r->input, r->s.border, n, c, at->yx);
}

/* scratch[c * K + k] = m * S for the channels first <= c < last of one output pixel */
static void column(const rt_ref *r, int64_t n, const int64_t pq[2], int64_t first, int64_t last)
{
    int64_t per_group = r->s.in_channels / r->s.offset_groups;
    for (int64_t k = 0; k < taps(r); k++) {
        Point at = { .m = 0 };
        for (int64_t c = first; c < last; c++) {
            if (c == first || c % per_group == 0)
                at = point_at(r, n, c / per_group, k, pq);
            r->scratch[c * taps(r) + k] = sample(r, n, c, &at);
        }
    }
}

static void conv_pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                       double *value)
{
    const dcn_spec *s = &r->s;
    const int64_t ins = s->in_channels / s->groups, per_group = s->out_channels / s->groups;
    column(r, n, pq, outs[0] / per_group * ins, ((outs[1] - 1) / per_group + 1) * ins);
    for (int64_t o = outs[0]; o < outs[1]; o++) {
        const int64_t length = ins * taps(r);
        const double *col = r->scratch + o / per_group * length;
        double sum = 0;
        for (int64_t i = 0; i < length; i++)
            sum += r->weight[o * length + i] * col[i];
        value[o - outs[0]] = ref_finish(r, sum, n, o, pq);
    }
}

int ref_open_conv(rt_ref *r)
{
    const int64_t points = (int64_t)r->s.offset_groups * taps(r);
    r->offset = ref_output_map(r, RT_OFFSET, 2 * points);
    r->mask = ref_output_map(r, RT_MASK, points);
    if (r->s.offset_mask)
        r->offset = r->mask = ref_output_map(r, RT_OFFSET_MASK, 3 * points);
    r->pixel = conv_pixel;
    r->scratch = calloc((size_t)(r->s.in_channels * taps(r)) + 1, sizeof *r->scratch);
    return r->scratch ? 0 : -1;
}
