/* finish.c: gradients through what is done to sums on their way to the output.
**
**     out = act(z * scale[o] + shift[o] + residual),  z = sum + bias[o];  e = g * act'(..)
**     d_residual = e    d_shift[o] = sum e    d_scale[o] = sum e * z    d_bias[o] = sum e * scale[o]
**     and of the sum e * scale[o]; sums over images (or regions), rows and columns
**
** Masks from logits: sigmoid' = m * (1 - m); of a softmax d_k = m_k * (d_m_k - sum_q m_q * d_m_q).
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/op.h"

#include <stdlib.h>

/* The outputs of a spec, which does less to its sums than b's, of pixels that have a gradient; malloc'ed. */
static double *outputs_of(const ref_back *b, const dcn_spec *s, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);
    rt_ref *r = to ? ref_open(s, b->tensor) : NULL;
    const bool failed = !r || ref_values_where(r, b->g, to);
    rt_ref_close(r);
    if (!failed)
        return to;
    free(to);
    return NULL;
}

/* What the activation was given; z. */
static double *before_activation(const ref_back *b, int64_t n)
{
    dcn_spec s = b->s;
    rt_set_activation(&s, rt_plain_activation(DCN_ACT_NONE));
    return outputs_of(b, &s, n);
}

static double *before_scale(const ref_back *b, int64_t n)
{
    dcn_spec s = b->s;
    rt_set_activation(&s, rt_plain_activation(DCN_ACT_NONE));
    s.scale_shift = s.residual = false;
    return outputs_of(b, &s, n);
}

static void add_to(double *to, int64_t at, double v)
{
    if (to)
        to[at] += v;
}

/* Element i of the output, of channel o. */
static double back_element(const ref_back *b, int64_t i, int64_t o, double e, const double *z)
{
    const double *scale = b->tensor[RT_SCALE];
    if (e == 0)
        return 0;
    add_to(b->to[RT_RESIDUAL], i, e);
    add_to(b->to[RT_SHIFT], o, e);
    if (z)
        add_to(b->to[RT_SCALE], o, e * z[i]);
    e *= scale ? scale[o] : 1;
    add_to(b->to[RT_BIAS], o, e);
    return e;
}

double *ref_back_finish(const ref_back *b)
{
    const dcn_spec *s = &b->s;
    const rt_ref shape = { .s = *s };
    const ref_map out = ref_output_map(&shape, RT_OUTPUT, s->out_channels);
    const bool regions = rt_op_has(s->op, RT_HAS_ROIS), active = s->activation != DCN_ACT_NONE;
    const int64_t n = (regions ? s->rois : s->batch) * out.c * out.h * out.w;
    double *e = calloc((size_t)n + 1, sizeof *e);
    double *x = active ? before_activation(b, n) : NULL;
    double *z = b->to[RT_SCALE] ? before_scale(b, n) : NULL;
    const bool made = e && (x || !active) && (z || !b->to[RT_SCALE]);
    for (int64_t i = 0; i < n && made; i++) {
        int64_t at[4];
        ref_locate(&out, i, at);
        const bool dead = b->g[i] == 0;
        const double g =
            dead || !active ? b->g[i] : b->g[i] * ref_activate_slope(rt_activation_of(s), x[i]);
        e[i] = back_element(b, i, at[1], g, z);
    }
    free(x);
    free(z);
    if (made)
        return e;
    free(e);
    return NULL;
}

bool ref_back_wants_sum(const ref_back *b)
{
    static const rt_operand after[] = { RT_BIAS, RT_SCALE, RT_SHIFT, RT_RESIDUAL };
    int wanted = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        wanted += b->to[i] != NULL;
    for (int i = 0; i < 4; i++)
        wanted -= b->to[after[i]] != NULL;
    return wanted > 0;
}

void ref_back_softmax(const double *v, const double *d, int64_t stride, int64_t n, double *to)
{
    double mean = 0;
    for (int64_t k = 0; k < n; k++)
        mean += d[k] != 0 ? ref_softmax(v, stride, n, k) * d[k] : 0;
    for (int64_t k = 0; k < n; k++)
        to[k * stride] += d[k] != mean ? ref_softmax(v, stride, n, k) * (d[k] - mean) : 0;
}

double ref_back_sigmoid(double logit, double d)
{
    const double m = ref_sigmoid(logit);
    return d != 0 ? d * m * (1 - m) : 0;
}
