/* network.c: what a network must compute, and how far rounding may lead from it.
**
** How far is measured: the reference goes through the network again, and what every layer makes, the gradient of each
** value, is disturbed as its rounding disturbs it (rounding.c).  What becomes of it at the outputs, in PASSES
** goes, is what rounding does; an element may be off by MARGIN times the largest that was seen of it and the rms of
** all in its tensor (of parameters, in the parameter).  Where that is nothing, since what is summed there is
** 0 in the end whatever it was (a gradient through the softmax of one number), eps stands for it.
**
** The sum of so many kinds of rounding is near to normal, and of a million elements one is beyond five
** deviations: that, and thrice for what a layer rounds more than sqrt(terms) of, is MARGIN.
**
** A few goes do not see everything.  Of an element that is disturbed much more than its neighbours (a norm over
** channels that are nearly equal) both may by chance have seen little; and what rounding decides (whether relu has a
** slope, which of two is the largest, between which pixels a sample lies) shows only in a go that decides otherwise.
** So where something is off, there are more goes (verify.c), until all is allowed, or what is off does not become less.
**
** A network that is walked is compared with kernels that round as it does, and both are off: MARGIN is for that, too.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/network.h"
#include "runtime/base/base.h"
#include "tuner/check/rounding.h"
#include "tuner/check/walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 2, MARGIN = 16 };

/* Operations: about a minute of the reference, disturbed passes included. */
static const double LARGE = 2e9;

bool tune_net_is_walked(const dcn_network *n)
{
    return net_flops(n) > LARGE;
}

/* ---- going through it ---------------------------------------------------------------------- */

typedef struct Measure {
    Expected *x;
    const Operands *o;
    rt_rng *r;
    dcn_kernel **kernel; /* of a walk */
    dcn_error *err;
    double *out[RT_NUM_OPERANDS]; /* of the last go; NULL where there is an input */
} Measure;

static int fail_memory(const Measure *m)
{
    return dcn_fail(m->err, DCN_EENV, "no memory to verify '%s'", m->o->spec.name);
}

static void free_outputs(Measure *m)
{
    for (int i = 0; i < m->o->n; i++) {
        free(m->out[i]);
        m->out[i] = NULL;
    }
}

static int make_outputs(Measure *m)
{
    const Operands *o = m->o;
    free_outputs(m);
    for (int i = 0; i < o->n; i++) {
        const bool output = o->tensor[i].role == DCN_OUT;
        m->out[i] = output ? calloc((size_t)o->count[i] + 1, sizeof **m->out) : NULL;
        if (output && !m->out[i])
            return fail_memory(m);
    }
    return 0;
}

/* Two sets of hooks in one: values are treated as rounding says, after layers were computed as the walk does. */
typedef struct Go {
    Rounding rounding;
    Walk walk;
} Go;

static void go_value(void *self, int value, double *v)
{
    rounding_value(&((Go *)self)->rounding, value, v);
}

static void go_gradient(void *self, int value, double *v)
{
    rounding_gradient(&((Go *)self)->rounding, value, v);
}

static int go_forwards(void *self, ref_net *r, const net_layer *layer)
{
    return walk_forwards(&((Go *)self)->walk, r, layer);
}

static int go_backwards(void *self, const ref_net *r, const net_layer *layer)
{
    return walk_backwards(&((Go *)self)->walk, r, layer);
}

static void leave_out(Measure *m, const Rounding *r)
{
    const char *layer = r->layer < 0 ? "an input" : r->net->layer[r->layer].name;
    snprintf(m->x->left_out, sizeof m->x->left_out,
             "not compared: numbers of %.60s are too large for sums in %s", layer,
             dcn_dtype_name(r->net->dtype));
}

/* All outputs into m->out. */
static int go(Measure *m, bool disturbed)
{
    const Operands *o = m->o;
    const dcn_network *n = o->spec.network;
    const bool walked = tune_net_is_walked(n) && !o->full;
    Go g = { .rounding = { .net = n, .r = m->r, .disturbs = disturbed, .rounds = walked },
             .walk = { .o = o,
                       .r = m->r,
                       .kernel = m->kernel,
                       .check = !disturbed && o->layers,
                       .err = m->err } };
    const ref_hooks hooks = { .value = go_value,
                              .gradient = go_gradient,
                              .forwards = walked ? go_forwards : NULL,
                              .backwards = walked ? go_backwards : NULL,
                              .self = &g };
    if (make_outputs(m))
        return -1;
    if (ref_network(&o->spec, (const double *const *)o->exact, &hooks, m->out))
        return g.walk.failed ? -1 : fail_memory(m);
    if (g.rounding.overflows && !disturbed)
        leave_out(m, &g.rounding);
    return 0;
}

/* ---- what is allowed ----------------------------------------------------------------------- */

/* Elements of an output, of a sum of so many terms each beyond what gradients of values are. */
static void allow(ExpectedOutput *x, const double *off, int64_t from, int64_t to, double eps,
                  double terms)
{
    const double way = eps * sqrt(terms), size = way * rounding_rms(x->value + from, to - from);
    double sum = 0;
    for (int64_t i = from; i < to; i++) {
        const double d = fabs(off[i] - x->value[i]);
        sum += isfinite(d) ? d * d : 0;
        x->allowed[i] = isfinite(d) ? fmax(x->allowed[i], MARGIN * d) : x->allowed[i];
    }
    const double all = MARGIN * fmax(sqrt(sum / (double)(to > from ? to - from : 1)), eps) + size;
    for (int64_t i = from; i < to; i++)
        x->allowed[i] = fmax(x->allowed[i], all + fmax(4 * eps, way) * fabs(x->value[i]));
}

static bool is_of_parameters(const Operands *o, int operand)
{
    const int at = net_parameters_at(o->spec.network);
    return at >= 0 && o->which[operand] == rt_grad_of((rt_operand)at);
}

static void allow_output(const Measure *m, ExpectedOutput *x)
{
    const dcn_network *n = m->o->spec.network;
    const double eps = rounding_unit(m->o->spec.dtype), *off = m->out[x->operand];
    if (!is_of_parameters(m->o, x->operand)) {
        allow(x, off, 0, x->n, eps, 0);
        return;
    }
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        if (p->wanted)
            allow(x, off, p->grad_at, p->grad_at + p->count, eps, rounding_param_terms(n, p));
    }
}

static int pass(Measure *m)
{
    if (go(m, true))
        return -1;
    for (int i = 0; i < m->x->n; i++)
        allow_output(m, &m->x->output[i]);
    return 0;
}

/* ---- what is expected ---------------------------------------------------------------------- */

static int open_output(Measure *m, int operand)
{
    const int64_t n = m->o->count[operand];
    ExpectedOutput *out = &m->x->output[m->x->n++];
    *out = (ExpectedOutput){ .operand = operand,
                             .n = n,
                             .at = calloc((size_t)n + 1, sizeof *out->at),
                             .value = m->out[operand],
                             .allowed = calloc((size_t)n + 1, sizeof *out->allowed) };
    m->out[operand] = NULL;
    if (!out->at || !out->allowed)
        return fail_memory(m);
    for (int64_t i = 0; i < n; i++)
        out->at[i] = i;
    return 0;
}

static int open_outputs(Measure *m)
{
    if (go(m, false))
        return -1;
    for (int i = 0; i < m->o->n; i++)
        if (m->o->tensor[i].role == DCN_OUT && open_output(m, i))
            return -1;
    return 0;
}

static int open_measure(Measure *m)
{
    m->kernel = calloc(2 * (size_t)m->o->spec.network->nlayers + 1, sizeof(dcn_kernel *));
    return m->kernel ? 0 : fail_memory(m);
}

static void close_measure(Measure *m)
{
    free_outputs(m);
    walk_free_kernels(m->kernel, m->o->spec.network->nlayers);
}

int tune_net_expect(Expected *x, const Operands *o, rt_rng *r, dcn_error *err)
{
    Measure m = { .x = x, .o = o, .r = r, .err = err };
    *x = (Expected){ .n = 0 };
    int failed = open_measure(&m) || open_outputs(&m);
    for (int i = 0; i < PASSES && !failed && !x->left_out[0]; i++)
        failed = pass(&m);
    close_measure(&m);
    return failed ? -1 : 0;
}

int tune_net_look_again(Expected *x, const Operands *o, rt_rng *r, dcn_error *err)
{
    Measure m = { .x = x, .o = o, .r = r, .err = err };
    const int failed = open_measure(&m) || pass(&m);
    close_measure(&m);
    return failed ? -1 : 0;
}
