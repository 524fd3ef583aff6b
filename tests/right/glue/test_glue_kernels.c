/* test_glue_kernels.c: the kernels of layers that are no operators, against the reference.
**
** For every kind of shape, numbers of channels below, at and beyond those of a vector, both float types and
** the classes of machines that this one can play. Pages around each tensor cannot be touched, inputs cannot
** be written, and what a gradient does not read is not there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "runtime/base/random.h"
#include "runtime/reference/glue.h"
#include "tests/right/glue/kernel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that either float type has. */
static double *numbers(rt_rng *rng, int64_t n)
{
    double *v = calloc((size_t)n + 1, sizeof *v);
    cr_assert_not_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)rt_rng_normal(rng);
    return v;
}

static double *copy_of(const double *v, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);
    cr_assert_not_null(to);
    memcpy(to, v, (size_t)n * sizeof *v);
    return to;
}

static double distance(double got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : INFINITY;
    return got == want ? 0 : fabs(got - want);
}

static void expect(const LayerKernel *k, const double *got, const double *want, int64_t n,
                   const char *what)
{
    double most = 1, worst = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++)
        most = isfinite(want[i]) ? fmax(most, fabs(want[i])) : most;
    for (int64_t i = 0; i < n; i++) {
        const double d = distance(got[i], want[i]);
        at = d > worst ? i : at;
        worst = fmax(worst, d);
    }
    const bool f32 = k->g.net.dtype == DCN_F32;
    cr_expect(worst <= (f32 ? 1e-5 : 1e-13) * most,
              "%s, %d channels, %s, %s on %s: %g at %d, not %g", k->name,
              (int)k->g.value[0].shape.c, f32 ? "f32" : "f64", what, k->kernel.target.isa, got[at],
              (int)at, want[at]);
}

/* ---- what is not a number ---------------------------------------------------------------------- */

/* Sprinkled into a map. */
static void sprinkle(double *v, int64_t n)
{
    for (int64_t i = 3; i < n; i += 97)
        v[i] = NAN;
}

/* Pixels of NaN, whose output has a gradient of 0. */
static void hide(const LayerKernel *k, double *v, double *g)
{
    const int64_t channels = k->g.value[0].shape.c;
    for (int64_t i = 0; i < glue_out_count(&k->g); i++)
        if (i / channels % 5 == 0) {
            v[i] = NAN;
            g[i] = 0;
        }
}

static bool is_pixel_by_pixel(net_kind kind)
{
    return kind == NET_ADD || kind == NET_MUL || kind == NET_ACTIVATION || kind == NET_LAYER_NORM;
}

/* ---- forwards ---------------------------------------------------------------------------------- */

static void check_forwards(const GlueCase *c, int64_t channels, dcn_dtype dtype, rt_rng *rng)
{
    LayerKernel k;
    kernel_open(&k, c, channels, dtype, false);
    const int n = k.g.layer.nargs;
    LayerCall call = { .n = n + 1, .outputs = n };
    for (int i = 0; i < n; i++) {
        call.count[i] = glue_arg_count(&k.g, i);
        call.v[i] = numbers(rng, call.count[i]);
    }
    if (c->layer.kind == NET_MAX_POOL)
        sprinkle(call.v[0], call.count[0]);
    const int64_t outs = call.count[n] = glue_out_count(&k.g);
    double *want = numbers(rng, outs), *first = numbers(rng, outs);
    ref_glue(&k.g.net, &k.g.layer, (const double *const *)call.v, want);
    call.v[n] = first;
    kernel_call(&k, &call, GUARD_AFTER);
    expect(&k, first, want, outs, "forwards");
    call.v[n] = numbers(rng, outs);
    call.backwards = true;
    kernel_call(&k, &call, GUARD_BEFORE);
    cr_expect(!memcmp(first, call.v[n], (size_t)outs * 8), "%s: the order of tasks shows", c->name);
    for (int i = 0; i <= n; i++)
        free(call.v[i]);
    free(first);
    free(want);
    kernel_close(&k);
}

/* ---- backwards --------------------------------------------------------------------------------- */

typedef struct Back {
    LayerKernel k;
    double *arg[GLUE_MAX_INPUTS], *g;
    double *old[GLUE_MAX_INPUTS], *want[GLUE_MAX_INPUTS]; /* gradients */
    rt_rng *rng;
} Back;

/* Gradients in the set are asked for, and added to what is there if `add`. */
static void check_set(Back *b, uint64_t set, bool add, bool backwards)
{
    const net_layer *l = &b->k.g.layer;
    const int n = l->nargs;
    char what[64];
    LayerCall call = { .n = 2 * n + 1, .outputs = n + 1, .backwards = backwards };
    for (int i = 0; i < n; i++) {
        call.count[i] = call.count[n + 1 + i] = glue_arg_count(&b->k.g, i);
        call.v[i] = glue_back_reads(l, i) ? b->arg[i] : NULL;
        if (set >> i & 1)
            call.v[n + 1 + i] = copy_of(b->old[i], call.count[i]);
        call.add[n + 1 + i] = add;
    }
    call.v[n] = b->g;
    call.count[n] = glue_out_count(&b->k.g);
    kernel_call(&b->k, &call, backwards ? GUARD_BEFORE : GUARD_AFTER);
    for (int i = 0; i < n; i++) {
        double *got = call.v[n + 1 + i];
        snprintf(what, sizeof what, "gradient %d%s", i, add ? ", added" : "");
        for (int64_t at = 0; at < call.count[i] && got && add; at++)
            got[at] -= b->old[i][at];
        if (got)
            expect(&b->k, got, b->want[i], call.count[i], what);
        free(got);
    }
}

static void check_backwards(const GlueCase *c, int64_t channels, dcn_dtype dtype, rt_rng *rng)
{
    Back b = { .rng = rng };
    kernel_open(&b.k, c, channels, dtype, true);
    const int n = b.k.g.layer.nargs;
    for (int i = 0; i < n; i++) {
        const int64_t count = glue_arg_count(&b.k.g, i);
        b.arg[i] = numbers(rng, count);
        b.old[i] = numbers(rng, count);
        b.want[i] = calloc((size_t)count + 1, sizeof(double));
    }
    b.g = numbers(rng, glue_out_count(&b.k.g));
    for (int64_t i = 0; i < glue_out_count(&b.k.g); i += 5)
        b.g[i] = 0;
    if (c->layer.kind == NET_MAX_POOL)
        sprinkle(b.arg[0], glue_arg_count(&b.k.g, 0));
    if (is_pixel_by_pixel(c->layer.kind))
        hide(&b.k, b.arg[0], b.g);
    ref_glue_back(&b.k.g.net, &b.k.g.layer, (const double *const *)b.arg, b.g, b.want);
    const uint64_t all = ((uint64_t)1 << n) - 1;
    check_set(&b, all, false, false);
    check_set(&b, all, true, true);
    for (int i = 0; i < n && n > 1; i++)
        check_set(&b, (uint64_t)1 << i, i % 2, true);
    for (int i = 0; i < n; i++) {
        free(b.arg[i]);
        free(b.old[i]);
        free(b.want[i]);
    }
    free(b.g);
    kernel_close(&b.k);
}

/* ---- machines and channels --------------------------------------------------------------------- */

typedef void (*Check)(const GlueCase *c, int64_t channels, dcn_dtype dtype, rt_rng *rng);

static void check_all(Check check, const char *isa, dcn_dtype dtype, const int *channels)
{
    rt_rng rng = rt_rng_seed(29);
    if (isa)
        setenv("DCNGEN_MAX_ISA", isa, 1);
    for (int i = 0; glue_case(i); i++)
        for (int c = 0; channels[c]; c++)
            check(glue_case(i), channels[c], dtype, &rng);
}

#define CHANNELS(...) ((const int[]){ __VA_ARGS__, 0 })

Test(glue, forwards)
{
    check_all(check_forwards, NULL, DCN_F32, CHANNELS(1, 3, 8, 17, 64, 130, 600));
}

Test(glue, backwards)
{
    check_all(check_backwards, NULL, DCN_F32, CHANNELS(1, 3, 8, 17, 64, 130, 600));
}

Test(glue, f64)
{
    check_all(check_forwards, NULL, DCN_F64, CHANNELS(1, 3, 20));
    check_all(check_backwards, NULL, DCN_F64, CHANNELS(1, 3, 20));
}

Test(glue, avx2)
{
    check_all(check_forwards, "avx2", DCN_F32, CHANNELS(3, 17, 40));
    check_all(check_backwards, "avx2", DCN_F32, CHANNELS(3, 17, 40));
}

Test(glue, sse2)
{
    check_all(check_forwards, "sse2", DCN_F32, CHANNELS(1, 7, 24));
    check_all(check_backwards, "sse2", DCN_F32, CHANNELS(1, 7, 24));
}
