/* rounding.c: how a network's kernel rounds, done to the values of the reference.
**
** What is rounded on the way to an element v is taken for
**
**     v + u * eps * sqrt(terms) * max(|v|, rms)     -1 <= u <= 1, random
**
** with eps half the distance of neighbouring numbers of the dtype near 1, terms the products in its sum and rms that
** of all elements of the value.  Where a layer samples, a place is rounded by eps of its distance from 0, and a
** sample by as much of the slope there: terms are more by the square of the map's extent.  A gradient of a value is
** the sum of what all its readers give it, in sums of their own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/rounding.h"
#include "runtime/base/base.h"
#include "runtime/base/tensor.h"
#include "runtime/spec/op.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Products in a sum of what is no sum: elementwise layers, interpolation. */
static const double FEW = 4;

/* A sum of so many numbers of one size still is a number. */
static const double SUMMED = 0x1p20;

double rounding_unit(dcn_dtype t)
{
    return t == DCN_F32 ? 0x1p-24 : 0x1p-53;
}

double rounding_rms(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += isfinite(v[i]) ? v[i] * v[i] : 0;
    return sqrt(sum / (double)(n > 0 ? n : 1));
}

/* ---- how much is summed -------------------------------------------------------------------- */

static double places(const dcn_spec *s)
{
    const double extent = (double)(s->height > s->width ? s->height : s->width);
    return rt_op_has(s->op, RT_DEFORMS) ? extent * extent : 0;
}

static double window(const dcn_network *n, const net_layer *l)
{
    const net_shape from = n->value[l->arg[0].value].shape, to = n->value[l->out].shape;
    if (!l->pool.adaptive)
        return (double)l->pool.kernel[0] * l->pool.kernel[1];
    return ceil((double)from.h / (double)to.h) * ceil((double)from.w / (double)to.w);
}

static double terms_forwards(const dcn_network *n, const net_layer *l)
{
    if (l->kind == NET_OPERATOR)
        return rt_op_of(l->spec->op)->terms(l->spec) + places(l->spec);
    if (l->kind == NET_LAYER_NORM)
        return FEW + (double)n->value[l->out].shape.c;
    return l->kind == NET_AVG_POOL ? FEW + window(n, l) : FEW;
}

/* An input gets what all outputs read of it; what says where, or how much counts, what both sides of a product of
** channels come to, and of a region all samples of all channels. */
static double terms_of_operator(const dcn_spec *s, const char *operand)
{
    const double sum = rt_op_of(s->op)->terms(s);
    const double ins = (double)s->in_channels, outs = (double)s->out_channels;
    if (!strcmp(operand, rt_operand_names[RT_INPUT]))
        return sum * fmax(1, outs / ins) + places(s);
    if (rt_op_has(s->op, RT_HAS_ROIS))
        return sum * outs + places(s);
    return outs / s->groups + 4 * ins / s->offset_groups + places(s);
}

static double terms_backwards(const dcn_network *n, const net_layer *l, int arg)
{
    if (l->kind == NET_OPERATOR)
        return terms_of_operator(l->spec, l->arg[arg].operand);
    const double channels = (double)n->value[l->out].shape.c;
    if (l->kind == NET_BLEND) /* a share is of all channels of its group */
        return FEW + channels / (double)n->value[l->arg[2].value].shape.c;
    return l->kind == NET_LAYER_NORM ? FEW + channels : FEW;
}

static double terms_of_gradient(const dcn_network *n, int value)
{
    double terms = FEW;
    for (int i = 0; i < n->nlayers; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            if (n->layer[i].arg[a].value == value)
                terms += terms_backwards(n, &n->layer[i], a);
    return terms;
}

double rounding_param_terms(const dcn_network *n, const net_param *p)
{
    const net_layer *l = &n->layer[p->layer];
    const net_shape s = n->value[l->out].shape;
    return FEW * (double)s.n * (double)s.h * (double)s.w;
}

/* ---- what is done -------------------------------------------------------------------------- */

static bool is_squared(const dcn_network *n, int value)
{
    for (int i = 0; i < n->nlayers; i++)
        if (n->layer[i].kind == NET_LAYER_NORM && n->layer[i].arg[0].value == value)
            return true;
    return false;
}

static void watch(Rounding *r, int value, const double *v, int64_t n)
{
    const double largest = (r->net->dtype == DCN_F32 ? (double)FLT_MAX : DBL_MAX) / SUMMED;
    const double limit = is_squared(r->net, value) ? sqrt(largest) : largest;
    for (int64_t i = 0; i < n && !r->overflows; i++)
        if (isfinite(v[i]) && fabs(v[i]) > limit) {
            r->overflows = true;
            r->layer = r->net->value[value].layer;
        }
}

static void disturb(const Rounding *r, double terms, double *v, int64_t n)
{
    const double share = rounding_unit(r->net->dtype) * sqrt(terms), size = rounding_rms(v, n);
    for (int64_t i = 0; i < n; i++) {
        const double u = 2 * rt_rng_uniform(r->r) - 1;
        v[i] += isfinite(v[i]) ? u * share * fmax(fabs(v[i]), size) : 0;
    }
}

static void treat(Rounding *r, int value, double terms, double *v)
{
    const rt_kind kind = rt_kind_of(r->net->dtype);
    const int64_t n = net_elements(r->net->value[value].shape);
    watch(r, value, v, n);
    if (r->disturbs)
        disturb(r, terms, v, n);
    for (int64_t i = 0; i < n && r->rounds; i++)
        v[i] = rt_round_to(kind, v[i]);
}

void rounding_value(void *self, int value, double *v)
{
    Rounding *r = self;
    const int layer = r->net->value[value].layer;
    treat(r, value, layer < 0 ? FEW : terms_forwards(r->net, &r->net->layer[layer]), v);
}

void rounding_gradient(void *self, int value, double *v)
{
    Rounding *r = self;
    treat(r, value, terms_of_gradient(r->net, value), v);
}
