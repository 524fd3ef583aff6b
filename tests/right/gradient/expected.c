/* expected.c: gradients of convolutions in double precision, pixel by pixel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/expected.h"

#include <math.h>
#include <stdbool.h>

enum { MOST_TAPS = 64 };

/* Numbers of the spec, by their letters (docs/ARCHITECTURE.md). */
typedef struct Sizes {
    int64_t n, c, o, h, w, p, q, k, g, d;
} Sizes;

/* One tap of an output pixel: where it looks, and its modulation. */
typedef struct Tap {
    int64_t n, p, q, d, t;
    double y, x, m;
} Tap;

/* Sums over the channels of an offset group: of the gradients by y, x and m. */
typedef struct TapSums {
    double y, x, m;
} TapSums;

static Sizes sizes_of(const dcn_spec *s)
{
    return (Sizes){ .n = s->batch,
                    .c = s->in_channels,
                    .o = s->out_channels,
                    .h = s->height,
                    .w = s->width,
                    .p = dcn_out_height(s, s->height),
                    .q = dcn_out_width(s, s->width),
                    .k = (int64_t)s->kernel[0] * s->kernel[1],
                    .g = s->groups,
                    .d = s->offset_groups };
}

static int64_t at(const dcn_spec *s, const int64_t size[3], int64_t n, int64_t c, int64_t y,
                  int64_t x)
{
    if (s->layout == DCN_NCHW)
        return ((n * size[0] + c) * size[1] + y) * size[2] + x;
    return ((n * size[1] + y) * size[2] + x) * size[0] + c;
}

static int64_t at_input(const dcn_spec *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const int64_t size[3] = { s->in_channels, s->height, s->width };
    return at(s, size, n, c, y, x);
}

/* In a map of that many channels that is as large as the output. */
static int64_t at_output(const dcn_spec *s, int64_t channels, int64_t n, int64_t c, int64_t p,
                         int64_t q)
{
    const int64_t size[3] = { channels, dcn_out_height(s, s->height), dcn_out_width(s, s->width) };
    return at(s, size, n, c, p, q);
}

/* Element of the offset of a tap along an axis: y or x. */
static int64_t at_offset(const dcn_spec *s, const Tap *t, int axis)
{
    const Sizes z = sizes_of(s);
    const bool planes = s->offset_order == DCN_ORDER_YYXX || s->offset_order == DCN_ORDER_XXYY;
    const bool x_first = s->offset_order == DCN_ORDER_XY || s->offset_order == DCN_ORDER_XXYY;
    const int64_t point = t->d * z.k + t->t, which = x_first ? !axis : axis;
    const int64_t channel = planes ? which * z.d * z.k + point : point * 2 + which;
    return at_output(s, 2 * z.d * z.k, t->n, channel, t->p, t->q);
}

static int64_t at_mask(const dcn_spec *s, const Tap *t)
{
    const Sizes z = sizes_of(s);
    return at_output(s, z.d * z.k, t->n, t->d * z.k + t->t, t->p, t->q);
}

/* ---- where taps look --------------------------------------------------------------------- */

static void place(const dcn_spec *s, const ConvGradients *g, Tap *t)
{
    t->y = (double)(t->p * s->stride[0] - s->padding[0] +
                    t->t / s->kernel[1] * (int64_t)s->dilation[0]);
    t->x = (double)(t->q * s->stride[1] - s->padding[1] +
                    t->t % s->kernel[1] * (int64_t)s->dilation[1]);
    if (g->offset) {
        t->y += g->offset[at_offset(s, t, 0)];
        t->x += g->offset[at_offset(s, t, 1)];
    }
}

/* All taps of a pixel and offset group. */
static void modulate(const dcn_spec *s, const ConvGradients *g, Tap tap[MOST_TAPS])
{
    const int64_t taps = sizes_of(s).k;
    double sum = 0;
    for (int64_t t = 0; t < taps; t++) {
        const double x = g->mask ? g->mask[at_mask(s, &tap[t])] : 1;
        tap[t].m = s->modulation == DCN_MODULATION_SIGMOID   ? 1 / (1 + exp(-x))
                   : s->modulation == DCN_MODULATION_SOFTMAX ? exp(x)
                                                             : x;
        sum += tap[t].m;
    }
    for (int64_t t = 0; t < taps && s->modulation == DCN_MODULATION_SOFTMAX; t++)
        tap[t].m /= sum;
}

/* ---- one tap ----------------------------------------------------------------------------- */

/* Weight of input channel c for output o of its group. */
static int64_t at_weight(const dcn_spec *s, int64_t o, int64_t c, int64_t t)
{
    const Sizes z = sizes_of(s);
    return (o * (z.c / z.g) + c % (z.c / z.g)) * z.k + t;
}

/* What a channel of a tap is given from behind: sum over outputs of weight times gradient. */
static double behind(const dcn_spec *s, const ConvGradients *g, const Tap *t, int64_t c)
{
    const Sizes z = sizes_of(s);
    const int64_t outs = z.o / z.g, first = c / (z.c / z.g) * outs;
    double sum = 0;
    for (int64_t o = first; o < first + outs; o++)
        sum += g->weight[at_weight(s, o, c, t->t)] *
               g->grad_output[at_output(s, z.o, t->n, o, t->p, t->q)];
    return sum;
}

static void add_weight(const dcn_spec *s, const ConvGradients *g, const Tap *t, int64_t c,
                       double sample)
{
    const Sizes z = sizes_of(s);
    const int64_t outs = z.o / z.g, first = c / (z.c / z.g) * outs;
    for (int64_t o = first; o < first + outs; o++)
        g->grad_weight[at_weight(s, o, c, t->t)] +=
            t->m * sample * g->grad_output[at_output(s, z.o, t->n, o, t->p, t->q)];
}

static void one_channel(const dcn_spec *s, const ConvGradients *g, const Tap *t, int64_t c,
                        TapSums *sums)
{
    const int64_t y0 = (int64_t)floor(t->y), x0 = (int64_t)floor(t->x);
    const double fy = t->y - (double)y0, fx = t->x - (double)x0, u = behind(s, g, t, c);
    double v[2][2], sample = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const int64_t y = y0 + i, x = x0 + j;
            const bool in = y >= 0 && y < s->height && x >= 0 && x < s->width;
            const double weight = (i ? fy : 1 - fy) * (j ? fx : 1 - fx);
            v[i][j] = in ? g->input[at_input(s, t->n, c, y, x)] : 0;
            sample += weight * v[i][j];
            if (in)
                g->grad_input[at_input(s, t->n, c, y, x)] += u * t->m * weight;
        }
    sums->y += u * ((1 - fx) * (v[1][0] - v[0][0]) + fx * (v[1][1] - v[0][1]));
    sums->x += u * ((1 - fy) * (v[0][1] - v[0][0]) + fy * (v[1][1] - v[1][0]));
    sums->m += u * sample;
    add_weight(s, g, t, c, sample);
}

static TapSums one_tap(const dcn_spec *s, const ConvGradients *g, const Tap *t)
{
    const int64_t channels = s->in_channels / s->offset_groups;
    const bool valid =
        t->y > -1 && t->y < (double)s->height && t->x > -1 && t->x < (double)s->width;
    TapSums sums = { 0, 0, 0 };
    for (int64_t c = t->d * channels; valid && c < (t->d + 1) * channels; c++)
        one_channel(s, g, t, c, &sums);
    return sums;
}

/* ---- all --------------------------------------------------------------------------------- */

static void store(const dcn_spec *s, const ConvGradients *g, const Tap *t, const TapSums *sums,
                  double mean)
{
    if (g->grad_offset) {
        g->grad_offset[at_offset(s, t, 0)] += t->m * sums->y;
        g->grad_offset[at_offset(s, t, 1)] += t->m * sums->x;
    }
    if (!g->grad_mask)
        return;
    g->grad_mask[at_mask(s, t)] +=
        s->modulation == DCN_MODULATION_SIGMOID   ? sums->m * t->m * (1 - t->m)
        : s->modulation == DCN_MODULATION_SOFTMAX ? t->m * (sums->m - mean)
                                                  : sums->m;
}

static void one_pixel(const dcn_spec *s, const ConvGradients *g, int64_t n, int64_t p, int64_t q)
{
    const Sizes z = sizes_of(s);
    for (int64_t o = 0; o < z.o && g->grad_bias; o++)
        g->grad_bias[o] += g->grad_output[at_output(s, z.o, n, o, p, q)];
    for (int64_t d = 0; d < z.d; d++) {
        Tap tap[MOST_TAPS];
        TapSums sums[MOST_TAPS];
        double mean = 0;
        for (int64_t t = 0; t < z.k; t++) {
            tap[t] = (Tap){ .n = n, .p = p, .q = q, .d = d, .t = t };
            place(s, g, &tap[t]);
        }
        modulate(s, g, tap);
        for (int64_t t = 0; t < z.k; t++) {
            sums[t] = one_tap(s, g, &tap[t]);
            mean += tap[t].m * sums[t].m;
        }
        for (int64_t t = 0; t < z.k; t++)
            store(s, g, &tap[t], &sums[t], mean);
    }
}

void expected_gradients(const dcn_spec *s, const ConvGradients *g)
{
    const Sizes z = sizes_of(s);
    for (int64_t n = 0; n < z.n; n++)
        for (int64_t p = 0; p < z.p; p++)
            for (int64_t q = 0; q < z.q; q++)
                one_pixel(s, g, n, p, q);
}
