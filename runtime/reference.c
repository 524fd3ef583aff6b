/* reference.c: convolution and deformable convolution, written to be obviously right.
**
**     Y = p*sh - top  + i*dh + dy[n, t, k, p, q]        k = i*kw + j, t = c div (C/D)
**     X = q*sw - left + j*dw + dx[n, t, k, p, q]
**     out[n, o, p, q] = act(bias[o] + sum_c sum_k w[o, c, i, j] * m * S(plane; Y, X))
**     plane = input[n, G(o)*C/G + c], G(o) = o div (O/G)
**
** with dy = dx = 0, m = 1 and S a plain pixel read for conv2d.  A sample is tested for being
** valid in floating point, before anything becomes an integer, so NaN and 1e30 are safe; an
** invalid one is the number 0 and is still multiplied by m and w as IEEE says.
**
** Letters: N batch, C O channels, H W input, P Q output, K = kh*kw taps, G D groups.
** SPDX-License-Identifier: Apache-2.0
*/
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of images: n, c, y, x in either layout. */
typedef struct Map {
    const double *v;
    int64_t c, h, w;
    bool nhwc;
} Map;

typedef struct Ref {
    const dcn_spec *s;
    Map input, offset, mask, output;
    const double *weight, *bias;
    int taps;
} Ref;

/* Where one tap of one offset group looks, and its modulation. */
typedef struct Point {
    double y, x, m;
} Point;

static int64_t map_at(const Map *t, int64_t n, int64_t c, int64_t y, int64_t x)
{
    if (t->nhwc)
        return ((n * t->h + y) * t->w + x) * t->c + c;
    return ((n * t->c + c) * t->h + y) * t->w + x;
}

static const double *tensor_named(const Ref *r, const double *const tensor[], const char *name)
{
    dcn_tensor t[DCN_MAX_TENSORS];
    int n = dcn_spec_tensors(r->s, t);
    for (int i = 0; i < n; i++)
        if (!strcmp(t[i].name, name))
            return tensor[i];
    return NULL;
}

static Ref ref_open(const dcn_spec *s, const double *const tensor[])
{
    Ref r = { .s = s, .taps = s->kernel[0] * s->kernel[1] };
    bool nhwc = s->layout == DCN_NHWC;
    int64_t p = dcn_out_height(s, s->height), q = dcn_out_width(s, s->width);
    int64_t points = (int64_t)s->offset_groups * r.taps;
    r.input = (Map){ tensor_named(&r, tensor, "input"), s->in_channels, s->height, s->width, nhwc };
    r.offset = (Map){ tensor_named(&r, tensor, "offset"), 2 * points, p, q, nhwc };
    r.mask = (Map){ tensor_named(&r, tensor, "mask"), points, p, q, nhwc };
    r.output = (Map){ NULL, s->out_channels, p, q, nhwc };
    r.weight = tensor_named(&r, tensor, "weight");
    r.bias = tensor_named(&r, tensor, "bias");
    return r;
}

/* input[n][c][y][x], or 0 outside the image */
static double pixel(const Map *t, int64_t n, int64_t c, int64_t y, int64_t x)
{
    if (y < 0 || y >= t->h || x < 0 || x >= t->w)
        return 0;
    return t->v[map_at(t, n, c, y, x)];
}

/* The comparisons are all false for NaN. */
static bool valid(dcn_border border, double y, double size)
{
    if (border == DCN_BORDER_ZERO)
        return y > -1 && y < size;
    return y >= 0 && y < size;
}

static double bilinear(const Map *t, dcn_border border, int64_t n, int64_t c, const Point *at)
{
    if (!valid(border, at->y, (double)t->h) || !valid(border, at->x, (double)t->w))
        return 0;
    int64_t yl = (int64_t)floor(at->y), yh = yl + 1;
    int64_t xl = (int64_t)floor(at->x), xh = xl + 1;
    double ly = at->y - (double)yl, lx = at->x - (double)xl;
    if (border == DCN_BORDER_CLAMP && yl == t->h - 1) {
        yh = yl;
        ly = 0;
    }
    if (border == DCN_BORDER_CLAMP && xl == t->w - 1) {
        xh = xl;
        lx = 0;
    }
    return (1 - ly) * (1 - lx) * pixel(t, n, c, yl, xl) + (1 - ly) * lx * pixel(t, n, c, yl, xh) +
           ly * (1 - lx) * pixel(t, n, c, yh, xl) + ly * lx * pixel(t, n, c, yh, xh);
}

static double softmax(const Ref *r, int64_t n, int64_t first, int64_t k, const int64_t pq[2])
{
    double largest = -INFINITY, sum = 0;
    const Map *t = &r->mask;
    for (int i = 0; i < r->taps; i++)
        largest = fmax(largest, t->v[map_at(t, n, first + i, pq[0], pq[1])]);
    for (int i = 0; i < r->taps; i++)
        sum += exp(t->v[map_at(t, n, first + i, pq[0], pq[1])] - largest);
    return exp(t->v[map_at(t, n, first + k, pq[0], pq[1])] - largest) / sum;
}

/* m of tap k of the offset group whose mask channels begin at `first` */
static double modulation(const Ref *r, int64_t n, int64_t first, int64_t k, const int64_t pq[2])
{
    if (r->s->modulation == DCN_MODULATION_NONE)
        return r->s->modulation_scale;
    double v = r->mask.v[map_at(&r->mask, n, first + k, pq[0], pq[1])];
    if (r->s->modulation == DCN_MODULATION_SIGMOID)
        v = 1 / (1 + exp(-v));
    if (r->s->modulation == DCN_MODULATION_SOFTMAX)
        v = softmax(r, n, first, k, pq);
    return v * r->s->modulation_scale;
}

static Point point(const Ref *r, int64_t n, int64_t t, int64_t k, const int64_t pq[2])
{
    const dcn_spec *s = r->s;
    int64_t i = k / s->kernel[1], j = k % s->kernel[1];
    Point at = { (double)(pq[0] * s->stride[0] - s->padding[0] + i * s->dilation[0]),
                 (double)(pq[1] * s->stride[1] - s->padding[1] + j * s->dilation[1]), 1 };
    if (s->op == DCN_OP_CONV2D)
        return at;
    int64_t pair = (t * r->taps + k) * 2, dy = s->offset_order == DCN_ORDER_YX ? 0 : 1;
    at.y += r->offset.v[map_at(&r->offset, n, pair + dy, pq[0], pq[1])];
    at.x += r->offset.v[map_at(&r->offset, n, pair + 1 - dy, pq[0], pq[1])];
    at.m = modulation(r, n, t * r->taps, k, pq);
    return at;
}

/* m * S of channel c */
static double sample(const Ref *r, int64_t n, int64_t c, const Point *at)
{
    if (r->s->op == DCN_OP_CONV2D)
        return pixel(&r->input, n, c, (int64_t)at->y, (int64_t)at->x);
    return at->m * bilinear(&r->input, r->s->border, n, c, at);
}

/* col[(c - first) * K + k] = m * S for the channels first <= c < last of one output pixel */
static void column(const Ref *r, int64_t n, const int64_t pq[2], const int64_t range[2],
                   double *col)
{
    int64_t per_group =
        r->s->op == DCN_OP_CONV2D ? r->s->in_channels : r->s->in_channels / r->s->offset_groups;
    for (int64_t k = 0; k < r->taps; k++) {
        Point at = { 0 };
        for (int64_t c = range[0]; c < range[1]; c++) {
            if (c == range[0] || c % per_group == 0)
                at = point(r, n, c / per_group, k, pq);
            col[(c - range[0]) * r->taps + k] = sample(r, n, c, &at);
        }
    }
}

/* relu keeps NaN, as torch does; silu and gelu have their limit at -inf, where the products would be NaN */
static double act_none(double x)
{
    return x;
}
static double act_relu(double x)
{
    return x < 0 ? 0 : x;
}
static double act_silu(double x)
{
    return x == -INFINITY ? 0 : x / (1 + exp(-x));
}
static double act_gelu(double x)
{
    return x == -INFINITY ? 0 : 0.5 * x * erfc(-x / sqrt(2.0));
}

static double (*const activate[])(double) = {
    [DCN_ACT_NONE] = act_none,
    [DCN_ACT_RELU] = act_relu,
    [DCN_ACT_SILU] = act_silu,
    [DCN_ACT_GELU] = act_gelu,
};

/* Output channel o from the column of its weight group. */
static double finish(const Ref *r, int64_t o, const double *col)
{
    int64_t length = r->s->in_channels / r->s->groups * r->taps;
    double sum = r->bias ? r->bias[o] : 0;
    for (int64_t i = 0; i < length; i++)
        sum += r->weight[o * length + i] * col[i];
    return activate[r->s->activation](sum);
}

static void one_pixel(const Ref *r, int64_t n, const int64_t pq[2], double *col, double *output)
{
    const dcn_spec *s = r->s;
    int64_t length = s->in_channels / s->groups * r->taps, outs = s->out_channels / s->groups;
    column(r, n, pq, (int64_t[2]){ 0, s->in_channels }, col);
    for (int64_t o = 0; o < s->out_channels; o++)
        output[map_at(&r->output, n, o, pq[0], pq[1])] = finish(r, o, col + o / outs * length);
}

int rt_reference(const dcn_spec *s, const double *const tensor[DCN_MAX_TENSORS], double *output)
{
    Ref r = ref_open(s, tensor);
    double *col = calloc((size_t)(s->in_channels * r.taps), sizeof *col);
    if (!col)
        return -1;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t p = 0; p < r.output.h; p++)
            for (int64_t q = 0; q < r.output.w; q++)
                one_pixel(&r, n, (int64_t[2]){ p, q }, col, output);
    free(col);
    return 0;
}

double rt_reference_at(const dcn_spec *s, const double *const tensor[DCN_MAX_TENSORS],
                       const int64_t nopq[4])
{
    Ref r = ref_open(s, tensor);
    int64_t channels = s->in_channels / s->groups, group = nopq[1] / (s->out_channels / s->groups);
    double *col = calloc((size_t)(channels * r.taps), sizeof *col);
    if (!col)
        return NAN;
    column(&r, nopq[0], nopq + 2, (int64_t[2]){ group * channels, (group + 1) * channels }, col);
    double result = finish(&r, nopq[1], col);
    free(col);
    return result;
}
