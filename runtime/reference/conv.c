/* conv.c: convolution and deformable convolution.
**
**     Y = p*sh - top  + i*dh + dy[n, t, k, p, q]        k = i*kw + j, t = c div (C/D), see offset_order
**     X = q*sw - left + j*dw + dx[n, t, k, p, q]
**     out[n, o, p, q] = sum_c sum_k w[o, c, i, j] * m * S(plane; Y, X), and ref_finish
**     plane = input[n, G(o)*C/G + c], G(o) = o div (O/G)
**
** with dy = dx = 0, m = 1 and S a plain pixel read for conv2d.  Backwards, with g the gradient of the
** sums and u[c, k] = sum_o w[o, c, i, j] * g[n, o, p, q] over the outputs o of the group of c:
**
**     d_w[o, c, i, j] = sum_npq g * m * S          d_plane[corner] += u * m * weight of the corner
**     d_m[t, k] = sum_c u * S                      d_dy[t, k] = sum_c u * m * dS/dY, d_dx likewise
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/internal.h"
#include "runtime/spec/shape.h"

#include <stdlib.h>
#include <string.h>

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
    if (s->modulation == DCN_MODULATION_NONE || !r->mask.v)
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

/* ---- backwards ------------------------------------------------------------------------------ */

typedef struct ConvBack {
    const ref_back *b;
    const rt_ref *r;
    const double *g;       /* of the sums, a map as the output */
    double *u;             /* of one pixel: [c][k] */
    double *d;             /* of one pixel and offset group: d_m of each tap */
    double *offset, *mask; /* where those go: of offset_mask one map */
} ConvBack;

/* u of one pixel, and what it adds to d_w. */
static void back_products(const ConvBack *x, int64_t n, const int64_t pq[2])
{
    const rt_ref *r = x->r;
    const dcn_spec *s = &r->s;
    const int64_t length = s->in_channels / s->groups * taps(r);
    double *d_weight = x->b->to[RT_WEIGHT];
    if (d_weight)
        column(r, n, pq, 0, s->in_channels);
    memset(x->u, 0, (size_t)(s->in_channels * taps(r)) * sizeof *x->u);
    for (int64_t o = 0; o < s->out_channels; o++) {
        const int64_t first = o / (s->out_channels / s->groups) * length;
        const double g = x->g[ref_at(&r->output, n, o, pq[0], pq[1])];
        for (int64_t i = 0; i < length && g != 0 && r->weight; i++)
            x->u[first + i] += r->weight[o * length + i] * g;
        for (int64_t i = 0; i < length && g != 0 && d_weight; i++)
            d_weight[o * length + i] += g * r->scratch[first + i];
    }
}

/* One tap of one offset group: the channels' gradients, those of its offsets, and d_m. */
static void back_tap(const ConvBack *x, int64_t n, const int64_t pq[2], int64_t t, int64_t k)
{
    const rt_ref *r = x->r;
    const dcn_spec *s = &r->s;
    const int64_t per_group = s->in_channels / s->offset_groups;
    const Point at = point_at(r, n, t, k, pq);
    double sum[2] = { 0, 0 };
    const ref_sample look = { .border = s->border,
                              .at_edge = s->gradient_border,
                              .yx = { at.yx[0], at.yx[1] },
                              .m = at.m,
                              .to = x->b->to[RT_INPUT],
                              .d_m = x->mask ? &x->d[k] : NULL,
                              .slopes = x->offset ? sum : NULL };
    for (int64_t c = t * per_group; c < (t + 1) * per_group; c++)
        ref_back_sample(&look, &(ref_plane){ &r->input, n, c }, x->u[c * taps(r) + k]);
    for (int i = 0; i < 2 && x->offset; i++) {
        const int64_t channel = rt_offset_channel(s, t * taps(r) + k, i);
        x->offset[ref_at(&r->offset, n, channel, pq[0], pq[1])] += sum[i];
    }
}

/* From d_m to the gradients of the mask, or of its logits. */
static void back_mask(const ConvBack *x, int64_t n, const int64_t pq[2], int64_t t)
{
    const rt_ref *r = x->r;
    const dcn_spec *s = &r->s;
    const int64_t first = (s->offset_mask ? 2 * s->offset_groups : 0) * taps(r) + t * taps(r);
    const ref_map *map = &r->mask;
    const int64_t at = ref_at(map, n, first, pq[0], pq[1]);
    const int64_t stride = map->nhwc ? 1 : map->h * map->w;
    for (int64_t k = 0; k < taps(r); k++)
        x->d[k] *= s->modulation_scale;
    if (s->modulation == DCN_MODULATION_SOFTMAX)
        ref_back_softmax(map->v + at, x->d, stride, taps(r), x->mask + at);
    for (int64_t k = 0; k < taps(r) && s->modulation == DCN_MODULATION_SIGMOID; k++)
        x->mask[at + k * stride] += ref_back_sigmoid(map->v[at + k * stride], x->d[k]);
    for (int64_t k = 0; k < taps(r) && s->modulation == DCN_MODULATION_MASK; k++)
        x->mask[at + k * stride] += x->d[k];
}

static void back_pixel(const ConvBack *x, int64_t n, const int64_t pq[2])
{
    back_products(x, n, pq);
    if (!x->r->weight)
        return;
    for (int64_t t = 0; t < x->r->s.offset_groups; t++) {
        memset(x->d, 0, (size_t)taps(x->r) * sizeof *x->d);
        for (int64_t k = 0; k < taps(x->r); k++)
            back_tap(x, n, pq, t, k);
        if (x->mask)
            back_mask(x, n, pq, t);
    }
}

static void back_all(const ConvBack *x)
{
    const ref_map *out = &x->r->output;
    for (int64_t i = 0; i < x->r->s.batch * out->h * out->w; i++)
        back_pixel(x, i / (out->h * out->w), (int64_t[2]){ i / out->w % out->h, i % out->w });
}

int ref_back_conv(const ref_back *b)
{
    double *g = ref_back_finish(b);
    rt_ref *r = g ? ref_open(&b->s, b->tensor) : NULL;
    ConvBack x = { .b = b, .r = r, .g = g, .offset = b->to[RT_OFFSET], .mask = b->to[RT_MASK] };
    if (b->s.offset_mask)
        x.offset = x.mask = b->to[RT_OFFSET_MASK];
    x.u = r ? calloc((size_t)(r->s.in_channels * taps(r)) + 1, sizeof *x.u) : NULL;
    x.d = r ? calloc((size_t)taps(r) + 1, sizeof *x.d) : NULL;
    const bool made = x.u && x.d;
    if (made && ref_back_wants_sum(b))
        back_all(&x);
    free(x.u);
    free(x.d);
    free(g);
    rt_ref_close(r);
    return made ? 0 : -1;
}

/* ---- opening -------------------------------------------------------------------------------- */

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
