/* test_memory.c: gradients under a bound of memory: what is computed again has the same bits, and the bound
** is kept to.
**
** RANDOM_SEED=7 RANDOM_NETWORKS=1 repeats one of the random networks.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/build.h"
#include "runtime/spec/gradient.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 12 };

static int64_t bytes_of(const dcn_kernel *k)
{
    return (int64_t)dcn_kernel_workspace_bytes(k, (dcn_sizes){ 1, 1, 1, 1 }, 1);
}

/* The least number of bytes that a refusal tells. */
static int64_t least_of(const dcn_error *err, const char *what)
{
    const char *at = strstr(err->text, "they take ");
    cr_assert(err->code == DCN_ESPEC && at, "%s: %s", what, err->text);
    return atoll(at + strlen("they take "));
}

/* The kernel under a bound, on the operands of c, whose outputs are those without one. */
static void check_bounded(NetCall *c, const dcn_spec *g, int64_t bound, const char *what)
{
    const dcn_options opt = { .memory = bound };
    const dcn_kernel *kept = c->kernel;
    dcn_kernel *k;
    dcn_error err;
    cr_assert_eq(dcn_compile(g, &opt, &k, &err), 0, "%s: %s", what, err.text);
    cr_assert_leq(bytes_of(k), bound, "%s", what);
    c->kernel = k;
    net_call_run(c, 1, GUARD_AFTER, what);
    net_call_run(c, 3, GUARD_BEFORE, what);
    c->kernel = kept;
    dcn_kernel_free(k);
}

/* The least that is told for a bound of one byte is possible, and one byte less is not. */
static int64_t check_least(const dcn_spec *g, const char *what)
{
    dcn_options opt = { .memory = 1 };
    dcn_kernel *k = NULL;
    dcn_error err;
    cr_assert_eq(dcn_compile(g, &opt, &k, &err), -1, "%s", what);
    const int64_t least = least_of(&err, what);
    opt.memory = least - 1;
    cr_assert_eq(dcn_compile(g, &opt, &k, &err), -1, "%s", what);
    cr_assert_eq(least_of(&err, what), least, "%s", what);
    return least;
}

static void check_gradients(const dcn_spec *g, uint64_t seed, const char *what)
{
    dcn_kernel *k;
    dcn_error err;
    NetCall c;
    cr_assert_eq(dcn_compile(g, NULL, &k, &err), 0, "%s: %s", what, err.text);
    net_call_open(&c, k, seed);
    net_call_run(&c, 1, GUARD_AFTER, what);
    net_call_check(&c, what);
    if (bytes_of(k) > 0) {
        const int64_t least = check_least(g, what), all = bytes_of(k);
        check_bounded(&c, g, least, what);
        check_bounded(&c, g, (least + all) / 2, what);
        check_bounded(&c, g, all, what);
    }
    net_call_close(&c);
    dcn_kernel_free(k);
}

static void check_random(uint64_t seed)
{
    char what[64];
    dcn_error err;
    rt_rng r = rt_rng_seed(seed);
    const dcn_spec s = random_network(&r, 4 + (int)(rt_rng_next(&r) % 8));
    dcn_spec g = s;
    dcn_network *of;
    snprintf(what, sizeof what, "RANDOM_SEED=%llu", (unsigned long long)seed);
    if (rt_differentiable(&s)) {
        cr_assert_eq(net_want_gradients(s.network, NULL, 0, &of, &g.gradient, &err), 0);
        g.network = of;
        check_gradients(&g, seed, what);
        net_release(of);
    }
    net_release((dcn_network *)s.network);
}

Test(network_memory, of_random_networks, .timeout = 600)
{
    const char *seed = getenv("RANDOM_SEED"), *n = getenv("RANDOM_NETWORKS");
    const int first = seed ? atoi(seed) : 0, count = n ? atoi(n) : seed ? 1 : NETWORKS;
    for (int i = 0; i < count; i++)
        check_random((uint64_t)(first + i));
}

static const char chain[] =
    "local x = input { name = 'x', channels = 8, height = 24, width = 20 }\n"
    "local y = x\n"
    "for i = 1, 8 do\n"
    "  local z = conv2d { y, name = 'a' .. i, out_channels = 24, kernel_size = 1, activation = "
    "'silu' }\n"
    "  z = conv2d { z, name = 'b' .. i, out_channels = 8, kernel_size = 3, padding = 1 }\n"
    "  y = i % 2 == 0 and add { y, z } or z\n"
    "end\n"
    "local net = network { name = 'chain', outputs = y }\n"
    "return gradient(net, nil, { memory = BYTES })\n";

static dcn_module *load_chain(const char *bytes)
{
    char text[sizeof chain + 32];
    const char *at = strstr(chain, "BYTES");
    dcn_module *m;
    dcn_error err;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - chain), chain, bytes, at + strlen("BYTES"));
    cr_assert_eq(dcn_load_text(text, "chain.lua", NULL, 0, &m, &err), 0, "%s", err.text);
    return m;
}

static int64_t bytes_of_chain(const char *bound)
{
    dcn_module *m = load_chain(bound);
    dcn_kernel *k;
    dcn_error err;
    cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
    const int64_t bytes = bytes_of(k);
    dcn_kernel_free(k);
    dcn_module_free(m);
    return bytes;
}

Test(network_memory, a_chain_takes_two_thirds_of_what_it_would, .timeout = 300)
{
    dcn_module *m = load_chain("'1G'");
    const int64_t all = bytes_of_chain("'1G'");
    char less[32];
    snprintf(less, sizeof less, "%lld", (long long)all * 2 / 3);
    cr_assert_leq(bytes_of_chain(less), all * 2 / 3);
    check_gradients(dcn_module_spec(m, 0), 1, "chain");
    dcn_module_free(m);
}
