/* test_gradient.c: gradients of networks that nobody chose, against the double-precision walk backwards.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"
#include "tests/right/network/random_seeds.h"

enum { NETWORKS = 40, MOST_LAYERS = 12 };

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

static void check_network(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what)
{
    dcn_error err;
    dcn_kernel *k;
    NetCall c;
    if (!rt_differentiable(s))
        return;
    const dcn_spec g = random_gradients(r, s);
    cr_assert_eq(dcn_compile(&g, NULL, &k, &err), 0, "%s: %s", what, err.text);
    net_release((dcn_network *)g.network); /* the kernel has a reference of its own */
    net_call_open(&c, k, seed);
    net_call_run(&c, 1, GUARD_AFTER, what);
    net_call_run(&c, 3, GUARD_BEFORE, what);
    net_call_check(&c, what);
    check_choice(&c, what);
    net_call_close(&c);
    dcn_kernel_free(k);
}

ParameterizedTestParameters(network_gradient, random)
{
    return random_parts();
}

ParameterizedTest(int *part, network_gradient, random, .timeout = 600)
{
    random_each(*part, NETWORKS, MOST_LAYERS, check_network);
}
