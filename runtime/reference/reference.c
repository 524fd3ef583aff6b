/* reference.c: the operators in double precision, written to be obviously right: a whole output, or
** one element of it.
**
** The formulas stand in conv.c, dcn.c, roi.c and module.c; all of them are those of the operator's
** authors, rounding of regions included.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double *ref_make(rt_ref *r, int64_t n)
{
    double *v = r->nmade < REF_MADE ? calloc((size_t)n + 1, sizeof *v) : NULL;
    if (v)
        r->made[r->nmade++] = v;
    return v;
}

/* All gradients are computed at once, by one walk backwards. */
static int open_gradients(rt_ref *r)
{
    const rt_operands o = rt_operands_of(&r->s);
    ref_back b = { .s = rt_plain_spec(&r->s), .g = r->tensor[RT_GRAD_OUTPUT] };
    memcpy(b.tensor, r->tensor, sizeof b.tensor);
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role != DCN_OUT)
            continue;
        double *to = ref_make(r, rt_tensor_count(&o.tensor[i]));
        if (!to)
            return -1;
        b.to[rt_operand_of_grad(o.which[i])] = r->whole[o.which[i]] = to;
    }
    return rt_op_of(r->s.op)->backward(&b);
}

rt_ref *ref_open(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS])
{
    const rt_operands o = rt_operands_of(s);
    rt_ref *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->s = *s;
    for (int i = 0; i < o.n; i++)
        r->tensor[o.which[i]] = tensor[o.which[i]];
    r->input = (ref_map){ r->tensor[RT_INPUT], s->in_channels, s->height, s->width,
                          s->layout == DCN_NHWC };
    r->output = ref_output_map(r, RT_OUTPUT, s->out_channels);
    r->residual = ref_output_map(r, RT_RESIDUAL, s->out_channels);
    r->weight = r->tensor[RT_WEIGHT];
    r->bias = r->tensor[RT_BIAS];
    r->scale = r->tensor[RT_SCALE];
    r->shift = r->tensor[RT_SHIFT];
    if (s->gradient ? !open_gradients(r) : !rt_op_of(s->op)->reference(r))
        return r;
    rt_ref_close(r);
    return NULL;
}

rt_ref *rt_ref_open(const dcn_spec *s, const double *const *tensor)
{
    const rt_operands o = rt_operands_of(s);
    const double *by[RT_NUM_OPERANDS] = { NULL };
    for (int i = 0; i < o.n; i++)
        by[o.which[i]] = tensor[i];
    return ref_open(s, by);
}

void rt_ref_close(rt_ref *r)
{
    if (!r)
        return;
    rt_ref_close(r->last);
    for (int i = 0; i < r->nmade; i++)
        free(r->made[i]);
    free(r->scratch);
    free(r);
}

static void pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                  double *value)
{
    const rt_ref *by = r->last ? r->last : r;
    by->pixel(by, n, pq, outs, value);
}

void ref_locate(const ref_map *t, int64_t i, int64_t ncyx[4])
{
    const int64_t plane = t->h * t->w;
    ncyx[0] = i / (t->c * plane);
    ncyx[1] = t->nhwc ? i % t->c : i / plane % t->c;
    ncyx[2] = t->nhwc ? i / (t->w * t->c) % t->h : i / t->w % t->h;
    ncyx[3] = t->nhwc ? i / t->c % t->w : i % t->w;
}

/* Without gradients no operator has another output than RT_OUTPUT. */
double rt_ref_value(const rt_ref *r, rt_operand which, int64_t i)
{
    int64_t at[4];
    double value;
    if (r->whole[which])
        return r->whole[which][i];
    assert(which == RT_OUTPUT);
    ref_locate(&r->output, i, at);
    pixel(r, at[0], at + 2, (int64_t[2]){ at[1], at[1] + 1 }, &value);
    return value;
}

/* Whether some channel of a pixel is not 0. */
static bool any_channel(const ref_map *t, const double *v, int64_t n, const int64_t pq[2])
{
    bool any = false;
    for (int64_t o = 0; o < t->c && !any; o++)
        any = v[ref_at(t, n, o, pq[0], pq[1])] != 0;
    return any;
}

int ref_values_where(const rt_ref *r, const double *where, double *to)
{
    const dcn_spec *s = &r->s;
    const ref_map *t = &r->output;
    const int64_t count = rt_op_has(s->op, RT_HAS_ROIS) ? s->rois : s->batch, all[2] = { 0, t->c };
    double *value = calloc((size_t)t->c + 1, sizeof *value);
    for (int64_t i = 0; value && i < count * t->h * t->w; i++) {
        const int64_t n = i / (t->h * t->w), pq[2] = { i / t->w % t->h, i % t->w };
        if (where && !any_channel(t, where, n, pq))
            continue;
        pixel(r, n, pq, all, value);
        for (int64_t o = 0; o < t->c; o++)
            to[ref_at(t, n, o, pq[0], pq[1])] = value[o];
    }
    free(value);
    return value ? 0 : -1;
}

int rt_ref_values(const rt_ref *r, rt_operand which, double *to)
{
    if (r->whole[which]) {
        const dcn_tensor out = rt_operands_of(&r->s).tensor[rt_operand_at(&r->s, which)];
        memcpy(to, r->whole[which], (size_t)rt_tensor_count(&out) * sizeof *to);
        return 0;
    }
    assert(which == RT_OUTPUT);
    return ref_values_where(r, NULL, to);
}

int rt_reference_where(const dcn_spec *s, const double *const *tensor, const double *where,
                       double *to)
{
    rt_ref *r = rt_ref_open(s, tensor);
    const int status = r ? ref_values_where(r, where, to) : -1;
    rt_ref_close(r);
    return status;
}

int rt_reference(const dcn_spec *s, const double *const *tensor, rt_operand which, double *to)
{
    rt_ref *r = rt_ref_open(s, tensor);
    const int status = r ? rt_ref_values(r, which, to) : -1;
    rt_ref_close(r);
    return status;
}

double rt_reference_at(const dcn_spec *s, const double *const *tensor, rt_operand which, int64_t i)
{
    rt_ref *r = rt_ref_open(s, tensor);
    const double value = r ? rt_ref_value(r, which, i) : NAN;
    rt_ref_close(r);
    return value;
}
