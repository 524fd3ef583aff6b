/* module.c: modules, stage by stage (runtime/ops/stages.c says which), forwards and backwards.
**
** Backwards every stage, the last first, adds to the gradients of its arguments; a value that several
** stages read has the sum.  What stages in between made is made again, where a gradient reads it.
**
**     LayerNorm   x^ = (x - mean)*r, r = 1/sqrt(variance + eps), y = act(x^*w + b);  e = g*act'
**                 d_w = sum e*x^,  d_b = sum e,  d_x = r*(ew - mean(ew) - x^*mean(ew*x^)), ew = e*w
**     blend       z = y*(1 - c) + x*c, c = sigmoid(logit of the group)
**                 d_y = g*(1 - c),  d_x = g*c,  d_logit = c*(1 - c)*sum over the group g*(x - y)
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- small operations, on maps of the channels of a stage ----------------------------------- */

static int64_t pixels(const dcn_spec *s)
{
    return s->batch * s->height * s->width;
}

/* Mean of x over the channels, and 1 / sqrt(variance + eps). */
static void moments(const dcn_spec *s, const double *x, double of[2])
{
    const double c = (double)s->in_channels;
    double mean = 0, variance = 0;
    for (int64_t k = 0; k < s->in_channels; k++)
        mean += x[k] / c;
    for (int64_t k = 0; k < s->in_channels; k++)
        variance += (x[k] - mean) * (x[k] - mean) / c;
    of[0] = mean;
    of[1] = 1 / sqrt(variance + s->norm_eps);
}

static void normalise(const dcn_spec *s, const double *const arg[RT_NUM_PLAIN], double *to)
{
    const double *x = arg[RT_INPUT];
    const int64_t c = s->in_channels;
    double of[2];
    for (int64_t i = 0; i < pixels(s); i++, x += c, to += c) {
        moments(s, x, of);
        for (int64_t k = 0; k < c; k++)
            to[k] = ref_activate(rt_activation_of(s),
                                 (x[k] - of[0]) * of[1] * arg[RT_WEIGHT][k] + arg[RT_BIAS][k]);
    }
}

static void blend(const dcn_spec *s, const double *const arg[RT_NUM_PLAIN], double *to)
{
    const int64_t per_group = s->in_channels / s->offset_groups;
    for (int64_t i = 0; i < pixels(s) * s->in_channels; i++) {
        const double share = ref_sigmoid(arg[RT_MASK][i / per_group]);
        to[i] = arg[RT_INPUT][i] * (1 - share) + arg[RT_RESIDUAL][i] * share;
    }
}

static void activate(const dcn_spec *s, const double *const arg[RT_NUM_PLAIN], double *to)
{
    for (int64_t i = 0; i < pixels(s) * s->in_channels; i++)
        to[i] = ref_activate(rt_activation_of(s), arg[RT_INPUT][i]);
}

/* Element i of maps in the layout of s, in nchw. */
static int64_t nchw_at(const dcn_spec *s, int64_t i)
{
    const ref_map own = { NULL, s->in_channels, s->height, s->width, s->layout == DCN_NHWC };
    ref_map rows = own;
    int64_t at[4];
    rows.nhwc = false;
    ref_locate(&own, i, at);
    return ref_at(&rows, at[0], at[1], at[2], at[3]);
}

static void add_reordered(const dcn_spec *s, bool to_nchw, const double *x, double *to)
{
    for (int64_t i = 0; i < pixels(s) * s->in_channels; i++)
        to[to_nchw ? nchw_at(s, i) : i] += x[to_nchw ? i : nchw_at(s, i)];
}

/* ---- one stage forwards --------------------------------------------------------------------- */

static int64_t output_count(const rt_stage *st)
{
    const rt_operands o = rt_operands_of(&st->spec);
    int64_t n = pixels(&st->spec) * st->spec.in_channels;
    for (int i = 0; i < o.n && st->kind == RT_STAGE_OPERATOR; i++)
        n = o.which[i] == RT_OUTPUT ? rt_tensor_count(&o.tensor[i]) : n;
    return n;
}

static int operate(const dcn_spec *s, const double *const arg[RT_NUM_PLAIN], double *to)
{
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    memcpy(tensor, arg, RT_NUM_PLAIN * sizeof *arg);
    rt_ref *r = ref_open(s, tensor);
    const bool failed = !r || rt_ref_values(r, RT_OUTPUT, to);
    rt_ref_close(r);
    return failed ? -1 : 0;
}

/* A module that is gone through.  Values by their number; NULL: not known. */
typedef struct Pass {
    rt_stages *g;
    const double *value[RT_MAX_VALUES];
    double *made[RT_MAX_VALUES], *grad[RT_MAX_VALUES]; /* both in between, malloc'ed */
} Pass;

static void arguments(const Pass *p, const rt_stage *st, const double *arg[RT_NUM_PLAIN])
{
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        arg[i] = st->arg[i] == RT_NO_VALUE ? NULL : p->value[st->arg[i]];
}

/* The value that a stage makes, in `to`, which is zero. */
static int evaluate(const Pass *p, const rt_stage *st, double *to)
{
    const double *arg[RT_NUM_PLAIN];
    arguments(p, st, arg);
    switch (st->kind) {
    case RT_STAGE_OPERATOR:
        return operate(&st->spec, arg, to);
    case RT_STAGE_NORM:
        normalise(&st->spec, arg, to);
        break;
    case RT_STAGE_BLEND:
        blend(&st->spec, arg, to);
        break;
    case RT_STAGE_ACTIVATE:
        activate(&st->spec, arg, to);
        break;
    case RT_STAGE_TO_NCHW:
    case RT_STAGE_FROM_NCHW:
        add_reordered(&st->spec, st->kind == RT_STAGE_TO_NCHW, arg[RT_INPUT], to);
        break;
    }
    return 0;
}

/* ---- a module forwards ---------------------------------------------------------------------- */

/* The last stage is an activation: a pixel is one of its argument, which is the input here. */
static void activated_pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                            double *value)
{
    for (int64_t o = outs[0]; o < outs[1]; o++)
        value[o - outs[0]] =
            ref_activate(rt_activation_of(&r->s), ref_value(&r->input, n, o, pq[0], pq[1]));
}

static int open_last(rt_ref *r, const Pass *p, const rt_stage *st)
{
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    arguments(p, st, tensor);
    if (st->kind == RT_STAGE_OPERATOR) {
        r->last = ref_open(&st->spec, tensor);
        return r->last ? 0 : -1;
    }
    r->input.v = tensor[RT_INPUT];
    r->pixel = activated_pixel;
    return 0;
}

int ref_open_module(rt_ref *r)
{
    Pass p = { .g = rt_stages_of(&r->s) };
    int failed = p.g ? 0 : -1;
    memcpy(p.value, r->tensor, RT_NUM_PLAIN * sizeof *p.value);
    for (int i = 0; !failed && i + 1 < p.g->n; i++) {
        const rt_stage *st = &p.g->stage[i];
        double *to = ref_make(r, output_count(st));
        p.value[st->out] = to;
        failed = to ? evaluate(&p, st, to) : -1;
    }
    if (!failed)
        failed = open_last(r, &p, &p.g->stage[p.g->n - 1]);
    free(p.g);
    return failed;
}

/* ---- one stage backwards: e of its output, to[] by argument, NULL where not wanted ----------- */

static void back_norm(const ref_back *b)
{
    const dcn_spec *s = &b->s;
    const int64_t c = s->in_channels;
    const double *weight = b->tensor[RT_WEIGHT], *bias = b->tensor[RT_BIAS];
    const bool active = s->activation != DCN_ACT_NONE;
    for (int64_t i = 0; i < pixels(s); i++) {
        const double *x = b->tensor[RT_INPUT] ? b->tensor[RT_INPUT] + i * c : NULL;
        double of[2] = { 0, 0 }, mean = 0, along = 0;
        if (x)
            moments(s, x, of);
        for (int pass = 0; pass < 2; pass++)
            for (int64_t k = 0; k < c; k++) {
                const double at = x ? (x[k] - of[0]) * of[1] : 0;
                double e = b->g[i * c + k];
                if (active && e != 0)
                    e *= ref_activate_slope(rt_activation_of(s), at * weight[k] + bias[k]);
                const double ew = weight && e != 0 ? e * weight[k] : 0;
                if (pass == 0) {
                    mean += ew / (double)c;
                    along += ew != 0 ? ew * at / (double)c : 0;
                    if (b->to[RT_WEIGHT] && e != 0)
                        b->to[RT_WEIGHT][k] += e * at;
                    if (b->to[RT_BIAS])
                        b->to[RT_BIAS][k] += e;
                } else if (b->to[RT_INPUT] && (mean != 0 || along != 0 || ew != 0)) {
                    b->to[RT_INPUT][i * c + k] += of[1] * (ew - mean - at * along);
                }
            }
    }
}

static void back_blend(const ref_back *b)
{
    const int64_t per_group = b->s.in_channels / b->s.offset_groups;
    for (int64_t i = 0; i < pixels(&b->s) * b->s.in_channels; i++) {
        const int64_t group = i / per_group;
        const double share = ref_sigmoid(b->tensor[RT_MASK][group]), e = b->g[i];
        if (e == 0)
            continue;
        if (b->to[RT_INPUT])
            b->to[RT_INPUT][i] += e * (1 - share);
        if (b->to[RT_RESIDUAL])
            b->to[RT_RESIDUAL][i] += e * share;
        if (b->to[RT_MASK])
            b->to[RT_MASK][group] +=
                ref_back_sigmoid(b->tensor[RT_MASK][group],
                                 e * (b->tensor[RT_RESIDUAL][i] - b->tensor[RT_INPUT][i]));
    }
}

static void back_activate(const ref_back *b)
{
    const rt_activation a = rt_activation_of(&b->s);
    for (int64_t i = 0; i < pixels(&b->s) * b->s.in_channels; i++)
        if (b->g[i] != 0)
            b->to[RT_INPUT][i] += a.kind == DCN_ACT_NONE
                                      ? b->g[i]
                                      : b->g[i] * ref_activate_slope(a, b->tensor[RT_INPUT][i]);
}

static int back_stage(const rt_stage *st, const ref_back *b)
{
    switch (st->kind) {
    case RT_STAGE_OPERATOR:
        return rt_op_of(b->s.op)->backward(b);
    case RT_STAGE_NORM:
        back_norm(b);
        break;
    case RT_STAGE_BLEND:
        back_blend(b);
        break;
    case RT_STAGE_ACTIVATE:
        back_activate(b);
        break;
    case RT_STAGE_TO_NCHW:
    case RT_STAGE_FROM_NCHW:
        add_reordered(&b->s, st->kind == RT_STAGE_FROM_NCHW, b->g, b->to[RT_INPUT]);
        break;
    }
    return 0;
}

/* ---- a module backwards --------------------------------------------------------------------- */

/* Make the values that are read, and room for the gradients on the way. */
static int go_forwards(Pass *p, const rt_walk *w)
{
    for (int i = 0; i + 1 < p->g->n; i++) {
        const rt_stage *st = &p->g->stage[i];
        const size_t n = (size_t)output_count(st) + 1;
        if (w->known[st->out]) {
            double *to = p->made[st->out] = calloc(n, sizeof *to);
            p->value[st->out] = to;
            if (!to || evaluate(p, st, to))
                return -1;
        }
        if (w->wanted[st->out] && !(p->grad[st->out] = calloc(n, sizeof(double))))
            return -1;
    }
    return 0;
}

static int go_backwards(const Pass *p, const ref_back *b)
{
    for (int i = p->g->n - 1; i >= 0; i--) {
        const rt_stage *st = &p->g->stage[i];
        ref_back part = { .s = st->spec, .g = p->grad[st->out] };
        bool wanted = false;
        if (st->out == RT_OUTPUT)
            part.g = b->g;
        arguments(p, st, part.tensor);
        for (int a = 0; a < RT_NUM_PLAIN; a++) {
            part.to[a] = st->arg[a] == RT_NO_VALUE ? NULL : p->grad[st->arg[a]];
            wanted = wanted || part.to[a];
        }
        if (wanted && back_stage(st, &part))
            return -1;
    }
    return 0;
}

int ref_back_module(const ref_back *b)
{
    Pass p = { .g = rt_stages_of(&b->s) };
    rt_operand_set wanted = 0;
    if (!p.g)
        return -1;
    for (int i = 0; i < RT_NUM_PLAIN; i++) {
        p.value[i] = b->tensor[i];
        p.grad[i] = b->to[i];
        wanted |= b->to[i] ? (rt_operand_set)1 << i : 0;
    }
    const rt_walk w = rt_stages_walk(p.g, wanted);
    const int failed = go_forwards(&p, &w) || go_backwards(&p, b) ? -1 : 0;
    for (int i = RT_NUM_PLAIN; i < RT_MAX_VALUES; i++) {
        free(p.made[i]);
        free(p.grad[i]);
    }
    free(p.g);
    return failed;
}
