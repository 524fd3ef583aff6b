/* map.c: maps, the bilinear sample of convolutions, softmax and activations.
**
** A coordinate is an integer and a part, which is kept apart from it: what decides about borders is
** exact.  A sample is tested for being valid in floating point, before anything becomes an integer,
** so NaN and 1e30 are safe; an invalid one is the number 0 and is still multiplied as IEEE says.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/internal.h"

#include <math.h>

int64_t ref_at(const ref_map *t, int64_t n, int64_t c, int64_t y, int64_t x)
{
    if (t->nhwc)
        return ((n * t->h + y) * t->w + x) * t->c + c;
    return ((n * t->c + c) * t->h + y) * t->w + x;
}

double ref_value(const ref_map *t, int64_t n, int64_t c, int64_t y, int64_t x)
{
    if (y < 0 || y >= t->h || x < 0 || x >= t->w)
        return 0;
    return t->v[ref_at(t, n, c, y, x)];
}

ref_coord ref_coord_of(double base, double offset)
{
    const double below = floor(offset);
    return (ref_coord){ base + below, offset - below };
}

/* y >= 0 is whole >= 0, y < size is whole < size, and -1 < y is whole >= 0 or just a part of the
** way from row -1 to row 0.  The comparisons are all false for NaN. */
static bool valid(dcn_border border, ref_coord y, double size)
{
    const bool fades_in = border == DCN_BORDER_ZERO && y.whole == -1 && y.part > 0;
    return (y.whole >= 0 && y.whole < size) || fades_in;
}

/* The two rows or columns between which a coordinate is, and how far it is from the first. */
typedef struct Between {
    int64_t low, high;
    double part;
} Between;

static Between between(dcn_border border, ref_coord y, int64_t size)
{
    const int64_t low = (int64_t)y.whole;
    if (border == DCN_BORDER_CLAMP && low == size - 1)
        return (Between){ low, low, 0 };
    return (Between){ low, low + 1, y.part };
}

double ref_bilinear(const ref_map *t, dcn_border border, int64_t n, int64_t c,
                    const ref_coord yx[2])
{
    if (!valid(border, yx[0], (double)t->h) || !valid(border, yx[1], (double)t->w))
        return 0;
    const Between y = between(border, yx[0], t->h), x = between(border, yx[1], t->w);
    const double ly = y.part, lx = x.part;
    return (1 - ly) * (1 - lx) * ref_value(t, n, c, y.low, x.low) +
           (1 - ly) * lx * ref_value(t, n, c, y.low, x.high) +
           ly * (1 - lx) * ref_value(t, n, c, y.high, x.low) +
           ly * lx * ref_value(t, n, c, y.high, x.high);
}

void ref_scatter(const ref_plane *p, double *to, dcn_border border, const ref_coord yx[2], double u)
{
    const ref_map *t = p->map;
    if (!valid(border, yx[0], (double)t->h) || !valid(border, yx[1], (double)t->w))
        return;
    const Between y = between(border, yx[0], t->h), x = between(border, yx[1], t->w);
    for (int i = 0; i < 4; i++) {
        const int64_t row = i / 2 ? y.high : y.low, column = i % 2 ? x.high : x.low;
        const double weight = (i / 2 ? y.part : 1 - y.part) * (i % 2 ? x.part : 1 - x.part);
        if (weight != 0 && row >= 0 && row < t->h && column >= 0 && column < t->w)
            to[ref_at(t, p->n, p->c, row, column)] += u * weight;
    }
}

/* Where a sample has slopes: where it is valid, and by torchvision's rule also at -1 itself. */
static bool has_slope(dcn_border border, dcn_gradient_border at_edge, ref_coord y, double size)
{
    return valid(border, y, size) || (at_edge == DCN_GRADIENT_TORCHVISION && y.whole == -1);
}

void ref_slopes(const ref_plane *p, dcn_border border, dcn_gradient_border at_edge,
                const ref_coord yx[2], double slope[2])
{
    const ref_map *t = p->map;
    const int64_t n = p->n, c = p->c;
    slope[0] = slope[1] = 0;
    if (!has_slope(border, at_edge, yx[0], (double)t->h) ||
        !has_slope(border, at_edge, yx[1], (double)t->w))
        return;
    const Between y = between(border, yx[0], t->h), x = between(border, yx[1], t->w);
    const double v00 = ref_value(t, n, c, y.low, x.low), v01 = ref_value(t, n, c, y.low, x.high);
    const double v10 = ref_value(t, n, c, y.high, x.low), v11 = ref_value(t, n, c, y.high, x.high);
    slope[0] = (1 - x.part) * (v10 - v00) + x.part * (v11 - v01);
    slope[1] = (1 - y.part) * (v01 - v00) + y.part * (v11 - v10);
}

double ref_softmax(const double *v, int64_t stride, int64_t n, int64_t k)
{
    double largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, v[i * stride]);
    for (int64_t i = 0; i < n; i++)
        sum += exp(v[i * stride] - largest);
    return exp(v[k * stride] - largest) / sum;
}

double ref_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* NaN stays NaN, as in torch; silu, gelu and hardswish have their limit at -inf, where the products
** would be NaN. */
static double act_none(rt_activation a, double x)
{
    (void)a;
    return x;
}
static double act_relu(rt_activation a, double x)
{
    (void)a;
    return x < 0 ? 0 : x;
}
static double act_silu(rt_activation a, double x)
{
    (void)a;
    return x == -INFINITY ? 0 : x / (1 + exp(-x));
}
static double act_gelu(rt_activation a, double x)
{
    (void)a;
    return x == -INFINITY ? 0 : 0.5 * x * erfc(-x / sqrt(2.0));
}
static double act_leaky_relu(rt_activation a, double x)
{
    return x < 0 ? a.slope * x : x;
}
static double act_hardswish(rt_activation a, double x)
{
    (void)a;
    return x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6;
}
static double act_clip(rt_activation a, double x)
{
    return x < a.min ? a.min : x > a.max ? a.max : x;
}
static double act_sigmoid(rt_activation a, double x)
{
    (void)a;
    return ref_sigmoid(x);
}
static double act_tanh(rt_activation a, double x)
{
    (void)a;
    return tanh(x);
}

double ref_activate(rt_activation a, double x)
{
    static double (*const activate[])(rt_activation, double) = {
        [DCN_ACT_NONE] = act_none,
        [DCN_ACT_RELU] = act_relu,
        [DCN_ACT_SILU] = act_silu,
        [DCN_ACT_GELU] = act_gelu,
        [DCN_ACT_LEAKY_RELU] = act_leaky_relu,
        [DCN_ACT_HARDSWISH] = act_hardswish,
        [DCN_ACT_CLIP] = act_clip,
        [DCN_ACT_SIGMOID] = act_sigmoid,
        [DCN_ACT_TANH] = act_tanh,
    };
    return activate[a.kind](a, x);
}

/* At kinks as torch has it: relu, leaky_relu and hardswish from the left, clip 0 at both bounds.  silu
** and gelu have their limits at infinities. */
static double slope_none(rt_activation a, double x)
{
    (void)a, (void)x;
    return 1;
}
static double slope_relu(rt_activation a, double x)
{
    (void)a;
    return x > 0 ? 1 : x <= 0 ? 0 : x;
}
static double slope_silu(rt_activation a, double x)
{
    const double s = 1 / (1 + exp(-x));
    (void)a;
    return isinf(x) ? x > 0 : s + x * s * (1 - s);
}
static double slope_gelu(rt_activation a, double x)
{
    const double density = exp(-x * x / 2) / sqrt(2 * acos(-1.0));
    (void)a;
    return isinf(x) ? x > 0 : 0.5 * erfc(-x / sqrt(2.0)) + x * density;
}
static double slope_leaky_relu(rt_activation a, double x)
{
    return x > 0 ? 1 : x <= 0 ? a.slope : x;
}
static double slope_hardswish(rt_activation a, double x)
{
    (void)a;
    return x <= -3 ? 0 : x > 3 ? 1 : (2 * x + 3) / 6;
}
static double slope_clip(rt_activation a, double x)
{
    return x > a.min && x < a.max ? 1 : isnan(x) ? x : 0;
}
/* 1 - sigmoid(x) is sigmoid(-x), without its loss of digits. */
static double slope_sigmoid(rt_activation a, double x)
{
    (void)a;
    return ref_sigmoid(x) * ref_sigmoid(-x);
}
static double slope_tanh(rt_activation a, double x)
{
    (void)a;
    return (1 - tanh(x)) * (1 + tanh(x));
}

double ref_activate_slope(rt_activation a, double x)
{
    static double (*const slope[])(rt_activation, double) = {
        [DCN_ACT_NONE] = slope_none,
        [DCN_ACT_RELU] = slope_relu,
        [DCN_ACT_SILU] = slope_silu,
        [DCN_ACT_GELU] = slope_gelu,
        [DCN_ACT_LEAKY_RELU] = slope_leaky_relu,
        [DCN_ACT_HARDSWISH] = slope_hardswish,
        [DCN_ACT_CLIP] = slope_clip,
        [DCN_ACT_SIGMOID] = slope_sigmoid,
        [DCN_ACT_TANH] = slope_tanh,
    };
    return slope[a.kind](a, x);
}

ref_map ref_output_map(const rt_ref *r, rt_operand which, int64_t channels)
{
    const dcn_spec *s = &r->s;
    return (ref_map){ r->tensor[which], channels, dcn_out_height(s, s->height),
                      dcn_out_width(s, s->width), s->layout == DCN_NHWC };
}

double ref_finish(const rt_ref *r, double sum, int64_t n, int64_t o, const int64_t pq[2])
{
    if (r->bias)
        sum += r->bias[o];
    if (r->scale)
        sum = sum * r->scale[o] + r->shift[o];
    if (r->residual.v)
        sum += r->residual.v[ref_at(&r->residual, n, o, pq[0], pq[1])];
    return ref_activate(rt_activation_of(&r->s), sum);
}

void ref_back_sample(const ref_sample *x, const ref_plane *p, double u)
{
    double slope[2];
    if (u == 0)
        return;
    if (x->to)
        ref_scatter(p, x->to, x->border, x->yx, u * x->m);
    if (x->d_m)
        *x->d_m += u * ref_bilinear(p->map, x->border, p->n, p->c, x->yx);
    if (!x->slopes)
        return;
    ref_slopes(p, x->border, x->at_edge, x->yx, slope);
    for (int i = 0; i < 2; i++)
        x->slopes[i] += slope[i] != 0 ? u * x->m * slope[i] : 0;
}
