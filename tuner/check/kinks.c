/* kinks.c: where rounding would decide about a gradient.
**
** relu has no slope at 0: of a number that is 0 but for rounding, kernel and reference may be of two
** minds, and both be right.  There grad_output is made 0, so that both agree on nothing.  The same of
** other activations where their slope jumps.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/activation.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"
#include "tuner/check/operands.h"

#include <math.h>
#include <stdlib.h>

/* A share of the largest number that the activation is given; far more than rounding. */
static const double NEAR = 1e-3;

/* What the activation is given in pixels that have a gradient; NULL without memory. */
static double *before_activation(const Operands *o, int at_gradient)
{
    dcn_spec s = rt_plain_spec(&o->spec);
    const rt_operands plain = rt_operands_of(&s);
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    rt_set_activation(&s, rt_plain_activation(DCN_ACT_NONE));
    for (int i = 0; i < plain.n; i++)
        for (int at = 0; at < o->n; at++)
            if (o->which[at] == plain.which[i])
                tensor[i] = o->exact[at];
    double *x = calloc((size_t)o->count[at_gradient] + 1, sizeof *x);
    if (x && !rt_reference_where(&s, tensor, o->exact[at_gradient], x))
        return x;
    free(x);
    return NULL;
}

/* Where the slope of an activation jumps, at most two places; how many. */
static int kinks_of(rt_activation a, double at[2])
{
    static const struct {
        int n;
        double at[2];
    } fixed[] = { [DCN_ACT_RELU] = { 1, { 0, 0 } },
                  [DCN_ACT_LEAKY_RELU] = { 1, { 0, 0 } },
                  [DCN_ACT_HARDSWISH] = { 2, { -3, 3 } },
                  [DCN_ACT_CLIP] = { 2, { 0, 0 } } };
    const bool clip = a.kind == DCN_ACT_CLIP;
    const bool known = (size_t)a.kind < sizeof fixed / sizeof *fixed;
    for (int i = 0; i < 2 && known; i++)
        at[i] = clip ? (i ? a.max : a.min) : fixed[a.kind].at[i];
    return known ? fixed[a.kind].n : 0;
}

static void clear_near(double *g, const double *x, int64_t n, double kink)
{
    double largest = 1;
    for (int64_t i = 0; i < n; i++)
        largest = isfinite(x[i]) ? fmax(largest, fabs(x[i])) : largest;
    for (int64_t i = 0; i < n; i++)
        g[i] = fabs(x[i] - kink) <= NEAR * largest ? 0 : g[i];
}

int tune_avoid_kinks(Operands *o, dcn_error *err)
{
    const bool network = rt_op_has(o->spec.op, RT_IS_NETWORK); /* which knows of none */
    const int at = network ? -1 : rt_operand_at(&o->spec, RT_GRAD_OUTPUT);
    double kink[2];
    const int n = kinks_of(rt_activation_of(&o->spec), kink);
    if (at < 0 || n == 0)
        return 0;
    double *x = before_activation(o, at);
    if (!x)
        return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", o->spec.name);
    for (int i = 0; i < n; i++)
        clear_near(o->exact[at], x, o->count[at], kink[i]);
    free(x);
    rt_convert(o->typed[at], rt_kind_of(o->tensor[at].dtype), o->exact[at], RT_F64, o->count[at]);
    return 0;
}
