/* net_call.c: a network's kernel with operands that nobody chose, and what they should give.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/network/net_call.h"
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "runtime/reference/reference.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_output(const NetCall *c, int i)
{
    return c->o.tensor[i].role == DCN_OUT;
}

/* Sums of products stay of the order of 1; a factor is near 1. */
void net_fill_parameters(rt_rng *r, const dcn_network *n, double *to)
{
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        const double fan = p->rank > 1 ? (double)p->count / (double)p->dims[0] : 16;
        const bool factor = p->rank == 1 && strstr(p->name, ".weight");
        for (int64_t j = 0; j < p->count; j++)
            to[p->at + j] = factor + rt_rng_normal(r) / sqrt(fan);
    }
}

dcn_spec net_with_constants(rt_rng *r, const dcn_spec *s, dcn_network *with, void **values)
{
    const rt_kind kind = rt_kind_of(s->dtype);
    dcn_spec constant = *s;
    *with = *s->network;
    double *exact = calloc((size_t)with->parameters + 1, sizeof *exact);
    *values = calloc((size_t)with->parameters + 1, rt_kind_bytes(kind));
    net_fill_parameters(r, with, exact);
    rt_convert(*values, kind, exact, RT_F64, with->parameters);
    free(exact);
    with->constants = *values;
    constant.network = with;
    return constant;
}

static bool is_parameters(const NetCall *c, int i)
{
    return (int)c->o.which[i] == net_parameters_at(c->o.s->network);
}

static bool takes_random(const NetCall *c, int i)
{
    return !is_output(c, i) && !is_parameters(c, i);
}

static void fill(NetCall *c, uint64_t seed)
{
    const dcn_network *n = c->o.s->network;
    rt_rng r = rt_rng_seed(seed);
    for (int i = 0; i < c->o.n; i++) {
        const size_t each = dcn_dtype_bytes(n->dtype);
        c->count[i] = rt_tensor_count(&c->o.tensor[i]);
        c->exact[i] = calloc((size_t)c->count[i] + 1, sizeof(double));
        c->typed[i] = calloc((size_t)c->count[i] + 1, each);
        if (is_parameters(c, i))
            net_fill_parameters(&r, n, c->exact[i]);
        for (int64_t j = 0; j < c->count[i] && takes_random(c, i); j++)
            c->exact[i][j] = rt_rng_normal(&r);
        rt_convert(c->typed[i], rt_kind_of(n->dtype), c->exact[i], RT_F64, c->count[i]);
        rt_convert(c->exact[i], RT_F64, c->typed[i], rt_kind_of(n->dtype), c->count[i]);
    }
}

void net_call_open(NetCall *c, const dcn_kernel *k, uint64_t seed)
{
    *c = (NetCall){ .kernel = k, .o = rt_operands_of(dcn_kernel_spec(k)) };
    fill(c, seed);
    rt_ref *ref = rt_ref_open(dcn_kernel_spec(k), (const double *const *)c->exact);
    cr_assert(ref);
    for (int i = 0; i < c->o.n; i++)
        if (is_output(c, i))
            cr_assert_eq(rt_ref_values(ref, c->o.which[i], c->exact[i]), 0);
    rt_ref_close(ref);
}

void net_call_close(NetCall *c)
{
    for (int i = 0; i < c->o.n; i++) {
        free(c->exact[i]);
        free(c->typed[i]);
    }
}

static Guarded guarded_operand(const NetCall *c, int i, Guard side)
{
    const size_t bytes = (size_t)c->count[i] * dcn_dtype_bytes(c->o.s->network->dtype);
    const bool packed = c->o.tensor[i].role == DCN_WEIGHT;
    Guarded g = guarded_new(packed ? dcn_kernel_tensor_bytes(c->kernel, i) : bytes, side);
    if (is_output(c, i))
        return g;
    if (packed)
        cr_assert_eq(dcn_pack_tensor(c->kernel, i, c->typed[i], g.at), 0);
    else
        memcpy(g.at, c->typed[i], bytes);
    guarded_read_only(&g);
    return g;
}

static void keep_output(NetCall *c, int i, const Guarded *g, const char *what)
{
    if (!c->has_run)
        memcpy(c->typed[i], g->at, g->bytes);
    cr_expect(!memcmp(c->typed[i], g->at, g->bytes), "%s: threads and guards change %s", what,
              c->o.tensor[i].name);
}

void net_call_run(NetCall *c, int threads, Guard side, const char *what)
{
    Guarded g[RT_NUM_OPERANDS];
    void *at[RT_NUM_OPERANDS];
    dcn_error err;
    for (int i = 0; i < c->o.n; i++) {
        g[i] = guarded_operand(c, i, side);
        at[i] = g[i].at;
    }
    const size_t bytes = dcn_kernel_workspace_bytes(c->kernel, (dcn_sizes){ 1, 1, 1, 1 }, threads);
    Guarded workspace = guarded_new((bytes + 63) / 64 * 64, side);
    const dcn_call call = { .tensor = at,
                            .ntensors = c->o.n,
                            .workspace = bytes ? workspace.at : NULL,
                            .threads = threads };
    cr_assert_eq(rt_execute(c->kernel, &call, true, &err), 0, "%s: %s", what, err.text);
    for (int i = 0; i < c->o.n; i++) {
        if (is_output(c, i))
            keep_output(c, i, &g[i], what);
        guarded_free(&g[i]);
    }
    c->has_run = true;
    guarded_free(&workspace);
}

/* Rounding of some layers one after another. */
static double tolerance(dcn_dtype dtype)
{
    return dtype == DCN_F64 ? 1e-9 : 1e-3;
}

void net_call_check(NetCall *c, const char *what)
{
    const dcn_network *n = c->o.s->network;
    for (int i = 0; i < c->o.n; i++) {
        double *got = is_output(c, i) ? calloc((size_t)c->count[i] + 1, sizeof *got) : NULL;
        if (!got)
            continue;
        rt_convert(got, RT_F64, c->typed[i], rt_kind_of(n->dtype), c->count[i]);
        for (int64_t j = 0; j < c->count[i]; j++) {
            const double want = c->exact[i][j];
            cr_assert(fabs(got[j] - want) <= tolerance(n->dtype) * (1 + fabs(want)),
                      "%s: %s[%lld] is %.9g, should be %.9g", what, c->o.tensor[i].name,
                      (long long)j, got[j], want);
        }
        free(got);
    }
}

/* Sums in two halves are rounded twice. */
static void check_wanted(const NetCall *c, int i, const void *got, bool added, const char *what)
{
    const rt_kind kind = rt_kind_of(c->o.s->network->dtype);
    double *x = calloc((size_t)c->count[i] + 1, sizeof *x),
           *first = calloc((size_t)c->count[i] + 1, sizeof *first);
    rt_convert(x, RT_F64, got, kind, c->count[i]);
    rt_convert(first, RT_F64, c->typed[i], kind, c->count[i]);
    for (int64_t j = 0; j < c->count[i]; j++) {
        const double want = added ? 2 * first[j] : first[j];
        cr_assert(fabs(x[j] - want) <= 1e-6 * (1 + fabs(want)),
                  "%s: %s[%lld] is %.9g, should be %.9g", what, c->o.tensor[i].name, (long long)j,
                  x[j], want);
    }
    free(x);
    free(first);
}

void net_call_wanted(const NetCall *c, const NetWant *want, const char *what)
{
    Guarded g[RT_NUM_OPERANDS];
    void *at[RT_NUM_OPERANDS];
    dcn_error err;
    for (int i = 0; i < c->o.n; i++) {
        g[i] = guarded_operand(c, i, GUARD_AFTER);
        if (want->add >> i & 1)
            memcpy(g[i].at, c->typed[i], g[i].bytes);
        at[i] = want->skip >> i & 1 ? NULL : g[i].at;
    }
    const dcn_call call = {
        .tensor = at, .ntensors = c->o.n, .threads = 2, .accumulate = want->add
    };
    cr_assert_eq(rt_execute(c->kernel, &call, true, &err), 0, "%s: %s", what, err.text);
    for (int i = 0; i < c->o.n; i++) {
        if (is_output(c, i) && at[i])
            check_wanted(c, i, at[i], want->add >> i & 1, what);
        guarded_free(&g[i]);
    }
}
