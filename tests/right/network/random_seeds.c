/* random_seeds.c: which random networks a test goes through, and what its messages call them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/network/random_seeds.h"
#include "tests/right/network/random_net.h"

#include <stdio.h>
#include <stdlib.h>

static int from_environment(const char *name, int other)
{
    const char *text = getenv(name);
    return text ? atoi(text) : other;
}

struct criterion_test_params random_parts(void)
{
    static int part[RANDOM_PARTS];
    for (int i = 0; i < RANDOM_PARTS; i++)
        part[i] = i;
    return cr_make_param_array(int, part, RANDOM_PARTS);
}

static void describe(uint64_t seed, const dcn_spec *s, char *text, size_t size)
{
    const dcn_network *n = s->network;
    int at = snprintf(text, size, "RANDOM_SEED=%llu:", (unsigned long long)seed);
    for (int i = 0; i < n->nlayers && at < (int)size; i++)
        at += snprintf(text + at, size - (size_t)at, " %s", n->layer[i].name);
}

void random_each(int part, int networks, int most,
                 void (*check)(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what))
{
    char what[1024];
    const int first = from_environment("RANDOM_SEED", 0);
    const int n = from_environment("RANDOM_NETWORKS", getenv("RANDOM_SEED") ? 1 : networks);
    for (int i = part; i < n; i += RANDOM_PARTS) {
        const uint64_t seed = (uint64_t)(first + i);
        rt_rng r = rt_rng_seed(seed);
        const dcn_spec s = random_network(&r, 2 + (int)(rt_rng_next(&r) % (uint64_t)(most - 2)));
        describe(seed, &s, what, sizeof what);
        if (getenv("RANDOM_SEED"))
            fprintf(stderr, "%s\n", what);
        check(&r, seed, &s, what);
        net_release((dcn_network *)s.network);
    }
}
