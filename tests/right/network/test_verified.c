/* test_verified.c: `verify` passes right networks, forwards and backwards, and finds planted mistakes.
**
** The kernels are compiled ones.  A mistake is in the parameters that a kernel packs: those of some tensor are a
** ten-thousandth off, a tap is missing, or two output channels are swapped.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "runtime/spec/gradient.h"
#include "tests/right/network/random_net.h"
#include "tests/right/network/random_seeds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 24, SPOILED = 16, MOST_LAYERS = 12 };

static dcn_report verified(const dcn_kernel *k, uint64_t seed, const char *what)
{
    dcn_report r;
    dcn_error err;
    cr_assert_eq(dcn_verify(k, seed, 2, &r, &err), 0, "%s: %s", what, err.text);
    return r;
}

static dcn_kernel *compiled(const dcn_spec *s, const char *what)
{
    dcn_kernel *k;
    dcn_error err;
    cr_assert_eq(dcn_compile(s, NULL, &k, &err), 0, "%s: %s", what, err.text);
    return k;
}

static void expect_right(const dcn_spec *s, uint64_t seed, const char *what)
{
    dcn_kernel *k = compiled(s, what);
    const dcn_report r = verified(k, seed, what);
    cr_expect_eq(r.failures, 0, "%s: %s", what, r.what);
    cr_expect_str_eq(r.what, "", "%s", what);
    dcn_kernel_free(k);
}

static void check_right(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what)
{
    expect_right(s, seed, what);
    if (!rt_differentiable(s))
        return;
    const dcn_spec g = random_gradients(r, s);
    expect_right(&g, seed, what);
    net_release((dcn_network *)g.network);
}

ParameterizedTestParameters(verified, right_ones_pass)
{
    return random_parts();
}

ParameterizedTest(int *part, verified, right_ones_pass, .timeout = 600)
{
    random_each(*part, NETWORKS, MOST_LAYERS, check_right);
}

/* ---- mistakes ------------------------------------------------------------------------------------ */

/* v: a parameter of rank 4. */
typedef void Spoil(const net_param *p, double *v);

static void a_ten_thousandth(const net_param *p, double *v)
{
    for (int64_t i = 0; i < p->count; i++)
        v[i] *= 1 + (i % 2 ? 1e-4 : -1e-4);
}

static void no_tap(const net_param *p, double *v)
{
    const int64_t taps = p->dims[2] * p->dims[3];
    for (int64_t i = taps / 2; i < p->count; i += taps)
        v[i] = 0;
}

static void swapped_channels(const net_param *p, double *v)
{
    const int64_t each = p->count / p->dims[0];
    for (int64_t i = 0; i < each; i++) {
        const double first = v[i];
        v[i] = v[(p->dims[0] - 1) * each + i];
        v[(p->dims[0] - 1) * each + i] = first;
    }
}

static const dcn_kernel *right;
static Spoil *spoil;
static const net_param *spoiled;

static void pack(int64_t which, const void *plain, void *packed)
{
    const dcn_network *n = right->spec.network;
    const rt_kind kind = rt_kind_of(n->dtype);
    double *v = malloc((size_t)n->parameters * sizeof *v);
    void *typed = malloc((size_t)n->parameters * sizeof *v);
    rt_convert(v, RT_F64, plain, kind, n->parameters);
    spoil(spoiled, v + spoiled->at);
    rt_convert(typed, kind, v, RT_F64, n->parameters);
    right->entry.pack(which, typed, packed);
    free(v);
    free(typed);
}

/* The weights of the last convolution, whose mistakes nothing can undo, but for those that offsets are made with: a
** place is rounded, too.  NULL: there is none. */
static const net_param *last_weight(const dcn_network *n)
{
    const net_param *last = NULL;
    for (int i = 0; i < n->nparams; i++)
        if (n->param[i].rank == 4 && n->param[i].dims[0] > 1 && !strstr(n->param[i].name, "offset"))
            last = &n->param[i];
    return last;
}

static void check_spoiled(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what)
{
    static Spoil *const spoils[] = { a_ten_thousandth, no_tap, swapped_channels };
    (void)r;
    spoiled = last_weight(s->network);
    if (!spoiled)
        return;
    dcn_kernel *k = compiled(s, what);
    dcn_kernel wrong = *k;
    right = k;
    wrong.entry.pack = pack;
    for (int i = 0; i < 3; i++) {
        spoil = spoils[i];
        const dcn_report found = verified(&wrong, seed, what);
        cr_expect_gt(found.failures, 0, "%s: mistake %d of %s is not found, worst %g", what, i,
                     spoiled->name, found.worst);
    }
    dcn_kernel_free(k);
}

ParameterizedTestParameters(verified, mistakes_are_found)
{
    return random_parts();
}

ParameterizedTest(int *part, verified, mistakes_are_found, .timeout = 600)
{
    random_each(*part, SPOILED, MOST_LAYERS, check_spoiled);
}
