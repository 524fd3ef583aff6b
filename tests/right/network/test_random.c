/* test_random.c: networks that nobody chose, against the double-precision walk of their layers.
**
** Each is called with its operands between guards, on one thread and on several: the same
** bits must come out.  RANDOM_SEED=7 RANDOM_NETWORKS=1 repeats one of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 4, NETWORKS = 40 };

static int from_environment(const char *name, int other)
{
    const char *text = getenv(name);
    return text ? atoi(text) : other;
}

static void describe(uint64_t seed, const dcn_spec *s, char *text, size_t size)
{
    const dcn_network *n = s->network;
    int at = snprintf(text, size, "RANDOM_SEED=%llu:", (unsigned long long)seed);
    for (int i = 0; i < n->nlayers && at < (int)size; i++)
        at += snprintf(text + at, size - (size_t)at, " %s", n->layer[i].name);
}

static void check_network(uint64_t seed)
{
    char what[1024];
    dcn_error err;
    dcn_kernel *k;
    NetCall c;
    rt_rng r = rt_rng_seed(seed);
    const dcn_spec s = random_network(&r, 2 + (int)(rt_rng_next(&r) % 14));
    describe(seed, &s, what, sizeof what);
    if (getenv("RANDOM_SEED"))
        fprintf(stderr, "%s\n", what);
    cr_assert_eq(dcn_compile(&s, NULL, &k, &err), 0, "%s: %s", what, err.text);
    net_release((dcn_network *)s.network); /* the kernel has a reference of its own */
    net_call_open(&c, k, seed);
    net_call_run(&c, 1, GUARD_AFTER, what);
    net_call_run(&c, 3, GUARD_BEFORE, what);
    net_call_check(&c, what);
    net_call_close(&c);
    dcn_kernel_free(k);
}

ParameterizedTestParameters(network, random)
{
    static int part[PARTS];
    for (int i = 0; i < PARTS; i++)
        part[i] = i;
    return cr_make_param_array(int, part, PARTS);
}

ParameterizedTest(int *part, network, random, .timeout = 600)
{
    const int first = from_environment("RANDOM_SEED", 0);
    const int n = from_environment("RANDOM_NETWORKS", getenv("RANDOM_SEED") ? 1 : NETWORKS);
    for (int i = *part; i < n; i += PARTS)
        check_network((uint64_t)(first + i));
}
