/* test_random.c: networks that nobody chose, against the double-precision walk of their layers.
**
** Each is called with its operands between guards, on one thread and on several: the same bits must come out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_seeds.h"

enum { NETWORKS = 40, MOST_LAYERS = 16 };

static void check_network(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what)
{
    dcn_error err;
    dcn_kernel *k;
    NetCall c;
    (void)r;
    cr_assert_eq(dcn_compile(s, NULL, &k, &err), 0, "%s: %s", what, err.text);
    net_call_open(&c, k, seed);
    net_call_run(&c, 1, GUARD_AFTER, what);
    net_call_run(&c, 3, GUARD_BEFORE, what);
    net_call_check(&c, what);
    net_call_close(&c);
    dcn_kernel_free(k);
}

ParameterizedTestParameters(network, random)
{
    return random_parts();
}

ParameterizedTest(int *part, network, random, .timeout = 600)
{
    random_each(*part, NETWORKS, MOST_LAYERS, check_network);
}
