/* test_gradient.c: gradients of networks that nobody chose, against the double-precision walk backwards.
**
** RANDOM_SEED=7 RANDOM_NETWORKS=1 repeats one of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/build.h"
#include "runtime/spec/gradient.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, NETWORKS = 40 };

static int from_environment(const char *name, int other)
{
    const char *text = getenv(name);
    return text ? atoi(text) : other;
}

/* A value that is a number to gradients, and the name of a layer whose value has one; NULL: none. */
static const char *choose_inner(rt_rng *r, const dcn_network *n)
{
    const int still = (int)(rt_rng_next(r) % (uint64_t)n->nvalues);
    const int layer = (int)(rt_rng_next(r) % (uint64_t)n->nlayers);
    n->value[still].still = still >= n->ninputs && rt_rng_next(r) % 3 == 0;
    const bool has_one = net_reaches_output(n, n->layer[layer].out);
    return has_one && rt_rng_next(r) % 2 ? n->layer[layer].name : NULL;
}

/* All gradients, or those of some inputs, parameters and values. */
static dcn_spec with_gradients(rt_rng *r, const dcn_spec *s)
{
    const dcn_network *n = s->network;
    const char *names[5];
    dcn_network *of;
    dcn_spec g = *s;
    dcn_error err;
    int k = 0;
    for (int i = 0; i < 3 && n->nparams && rt_rng_next(r) % 2; i++) {
        const char *name = n->param[rt_rng_next(r) % (uint64_t)n->nparams].name;
        bool known = false;
        for (int j = 0; j < k; j++)
            known = known || !strcmp(names[j], name);
        if (!known)
            names[k++] = name;
    }
    if ((names[k] = choose_inner(r, n)))
        k++;
    if (k && rt_rng_next(r) % 2 && rt_operand_in((rt_operand)0, rt_differentiable(s)))
        names[k++] = n->value[0].name;
    cr_assert_eq(net_want_gradients(n, names, k, &of, &g.gradient, &err), 0, "%s", err.text);
    g.network = of;
    return g;
}

static void describe(uint64_t seed, const dcn_spec *s, char *text, size_t size)
{
    const dcn_network *n = s->network;
    int at = snprintf(text, size, "RANDOM_SEED=%llu:", (unsigned long long)seed);
    for (int i = 0; i < n->nlayers && at < (int)size; i++)
        at += snprintf(text + at, size - (size_t)at, " %s", n->layer[i].name);
}

/* One gradient left out, the others added to twice of themselves. */
static void check_choice(const NetCall *c, const char *what)
{
    for (int skip = 0; skip < c->o.n; skip++) {
        if (c->o.tensor[skip].role != DCN_OUT)
            continue;
        NetWant want = { .skip = (uint64_t)1 << skip };
        for (int i = 0; i < c->o.n; i++)
            if (c->o.tensor[i].role == DCN_OUT && i != skip)
                want.add |= (uint64_t)1 << i;
        net_call_wanted(c, &want, what);
    }
}

static void check_network(uint64_t seed)
{
    char what[1024];
    dcn_error err;
    dcn_kernel *k;
    NetCall c;
    rt_rng r = rt_rng_seed(seed);
    const dcn_spec s = random_network(&r, 2 + (int)(rt_rng_next(&r) % 10));
    describe(seed, &s, what, sizeof what);
    if (getenv("RANDOM_SEED"))
        fprintf(stderr, "%s\n", what);
    if (rt_differentiable(&s)) {
        const dcn_spec g = with_gradients(&r, &s);
        cr_assert_eq(dcn_compile(&g, NULL, &k, &err), 0, "%s: %s", what, err.text);
        net_release((dcn_network *)g.network);
        net_call_open(&c, k, seed);
        net_call_run(&c, 1, GUARD_AFTER, what);
        net_call_run(&c, 3, GUARD_BEFORE, what);
        net_call_check(&c, what);
        check_choice(&c, what);
        net_call_close(&c);
        dcn_kernel_free(k);
    }
    net_release((dcn_network *)s.network);
}

ParameterizedTestParameters(network_gradient, random)
{
    static int part[PARTS];
    for (int i = 0; i < PARTS; i++)
        part[i] = i;
    return cr_make_param_array(int, part, PARTS);
}

ParameterizedTest(int *part, network_gradient, random, .timeout = 600)
{
    const int first = from_environment("RANDOM_SEED", 0);
    const int n = from_environment("RANDOM_NETWORKS", getenv("RANDOM_SEED") ? 1 : NETWORKS);
    for (int i = *part; i < n; i += PARTS)
        check_network((uint64_t)(first + i));
}
