/* network.c: what a network must compute, and how far rounding may lead from it.
**
** How far is measured: the reference goes through the network once more, and what every layer makes, or the
** gradient of that, is disturbed as its rounding disturbs it,
**
**     v + u * eps * sqrt(terms) * max(|v|, rms)     -1 <= u <= 1, random
**
** with eps half the distance of neighbouring numbers of the dtype near 1, terms the products in a sum of the layer
** and rms that of all it makes.  Where a layer samples, a place is rounded by eps of its distance from 0, and
** a sample by as much of the slope there: terms are more by the square of the map's extent.  What becomes of
** it at the outputs, in PASSES goes, is what rounding does; an element may be off by MARGIN times the largest
** that was seen of it and the rms of all in its tensor.  Where that is nothing, since what is summed there is
** 0 in the end whatever it was (a gradient through the softmax of one number), eps stands for it.
** A network that is walked is compared with kernels that round as it does, and both are off: MARGIN is for
** that, too.
**
** The sum of so many kinds of rounding is near to normal, and of a million elements one is beyond five
** deviations: that, and thrice for what a layer rounds more than sqrt(terms) of, is MARGIN.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/network.h"
#include "runtime/base/base.h"
#include "runtime/spec/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 2, MARGIN = 16 };

/* Operations: about a minute of the reference, disturbed passes included. */
static const double LARGE = 2e9;

bool tune_net_is_walked(const dcn_network *n)
{
    return net_flops(n) > LARGE;
}

/* ---- noise --------------------------------------------------------------------------------- */

static double rms(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += isfinite(v[i]) ? v[i] * v[i] : 0;
    return sqrt(sum / (double)(n > 0 ? n : 1));
}

static double rounding(dcn_dtype t)
{
    return t == DCN_F32 ? 0x1p-24 : 0x1p-53;
}

static double extent_of_samples(const dcn_spec *s)
{
    const bool samples = s->op != DCN_OP_CONV2D && s->op != DCN_OP_SEPARABLE_CONV2D;
    return samples ? (double)(s->height > s->width ? s->height : s->width) : 0;
}

static double terms_of(const net_layer *layer)
{
    if (layer->kind != NET_OPERATOR)
        return 4;
    const double extent = extent_of_samples(layer->spec);
    return rt_op_of(layer->spec->op)->terms(layer->spec) + extent * extent;
}

typedef struct Noise {
    rt_rng *r;
    dcn_dtype dtype;
} Noise;

static void disturb(void *self, const net_layer *layer, double *v, int64_t n)
{
    const Noise *noise = self;
    const double share = rounding(noise->dtype) * sqrt(terms_of(layer)), size = rms(v, n);
    for (int64_t i = 0; i < n; i++) {
        const double u = 2 * rt_rng_uniform(noise->r) - 1;
        v[i] += isfinite(v[i]) ? u * share * fmax(fabs(v[i]), size) : 0;
    }
}

/* ---- what is expected ---------------------------------------------------------------------- */

static void free_all(double **v, int n)
{
    for (int i = 0; i < n; i++)
        free(v[i]);
}

static int fail_memory(const Operands *o, dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", o->spec.name);
}

/* Outputs in place; NULL where there is an input.  kernel: for a walk. */
static int run(const Operands *o, rt_rng *r, const ref_noise *noise, dcn_kernel **kernel,
               double *out[RT_NUM_OPERANDS], dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        out[i] =
            o->tensor[i].role == DCN_OUT ? calloc((size_t)o->count[i] + 1, sizeof **out) : NULL;
        if (o->tensor[i].role == DCN_OUT && !out[i])
            return fail_memory(o, err);
    }
    if (tune_net_is_walked(o->spec.network) && !o->full)
        return tune_net_walk(o, r, noise, kernel, out, err);
    if (ref_network(&o->spec, (const double *const *)o->exact, noise, out))
        return fail_memory(o, err);
    return 0;
}

/* A walk goes forwards. */
static int check_possible(const Operands *o, dcn_error *err)
{
    if (!o->spec.gradient || o->full || !tune_net_is_walked(o->spec.network))
        return 0;
    return dcn_fail(
        err, DCN_EUSAGE,
        "gradients of '%s' take %.2g operations: more than the %.2g that are compared with the "
        "reference; --full compares them all the same",
        o->spec.name, dcn_spec_flops(&o->spec), LARGE);
}

static int open_output(Expected *x, const Operands *o, int operand, double *value)
{
    const int64_t n = o->count[operand];
    ExpectedOutput *out = &x->output[x->n++];
    *out = (ExpectedOutput){ .operand = operand,
                             .n = n,
                             .at = calloc((size_t)n + 1, sizeof *out->at),
                             .value = value,
                             .allowed = calloc((size_t)n + 1, sizeof *out->allowed) };
    if (!out->at || !out->allowed)
        return -1;
    for (int64_t i = 0; i < n; i++)
        out->at[i] = i;
    return 0;
}

static double largest_map(const dcn_network *n)
{
    double most = 0;
    for (int i = 0; i < n->nvalues; i++) {
        const net_shape s = n->value[i].shape;
        most = fmax(most, (double)s.n * (double)s.h * (double)s.w);
    }
    return most;
}

static bool is_summed(const Operands *o, int operand)
{
    const int at = net_parameters_at(o->spec.network);
    return at >= 0 && o->which[operand] == rt_grad_of((rt_operand)at);
}

/* The gradient of a parameter is summed over pixels, and each sum on the way is rounded.  A number of the dtype
** is as near as half of its own distance, disturbed or not. */
static void allow(ExpectedOutput *x, const double *off, const Operands *o)
{
    const double eps = rounding(o->spec.dtype);
    const double way = is_summed(o, x->operand) ? eps * sqrt(largest_map(o->spec.network)) : 0;
    double sum = 0;
    for (int64_t i = 0; i < x->n; i++) {
        const double d = fabs(off[i] - x->value[i]);
        sum += isfinite(d) ? d * d : 0;
        x->allowed[i] = isfinite(d) ? fmax(x->allowed[i], MARGIN * d) : x->allowed[i];
    }
    const double all =
        MARGIN * fmax(sqrt(sum / (double)(x->n > 0 ? x->n : 1)), eps) + way * rms(x->value, x->n);
    for (int64_t i = 0; i < x->n; i++)
        x->allowed[i] = fmax(x->allowed[i], all + fmax(4 * eps, way) * fabs(x->value[i]));
}

static int open_outputs(Expected *x, const Operands *o, double *exact[RT_NUM_OPERANDS],
                        dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i].role != DCN_OUT)
            continue;
        double *value = exact[i];
        exact[i] = NULL;
        if (open_output(x, o, i, value))
            return fail_memory(o, err);
    }
    return 0;
}

static int expect(Expected *x, const Operands *o, rt_rng *r, dcn_kernel **kernel, dcn_error *err)
{
    double *exact[RT_NUM_OPERANDS] = { NULL };
    Noise noise = { r, o->spec.dtype };
    const ref_noise disturbed = { disturb, &noise };
    int failed = check_possible(o, err) || run(o, r, NULL, kernel, exact, err) ||
                 open_outputs(x, o, exact, err);
    free_all(exact, o->n);
    for (int i = 0; i < PASSES && !failed; i++) {
        double *off[RT_NUM_OPERANDS] = { NULL };
        failed = run(o, r, &disturbed, kernel, off, err);
        for (int k = 0; k < x->n && !failed; k++)
            allow(&x->output[k], off[x->output[k].operand], o);
        free_all(off, o->n);
    }
    return failed;
}

int tune_net_expect(Expected *x, const Operands *o, rt_rng *r, dcn_error *err)
{
    const int n = o->spec.network->nlayers;
    dcn_kernel **kernel = calloc((size_t)n + 1, sizeof(dcn_kernel *));
    *x = (Expected){ .n = 0 };
    const int failed = kernel ? expect(x, o, r, kernel, err) : fail_memory(o, err);
    for (int i = 0; i < n && kernel; i++)
        dcn_kernel_free(kernel[i]);
    free(kernel);
    return failed ? -1 : 0;
}
