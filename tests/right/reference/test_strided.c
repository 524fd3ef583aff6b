/* test_strided.c: with a stride, modules of DCNv3 and DCNv4 are every stride-th pixel of what they are without one.
**
** The reference of both: the output at (p, q) is that of a stride of 1 at (p*sh, q*sw), and the gradients of g are
** those of a map that has g there and zeros elsewhere.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/gradient.h"
#include "tests/support/random_module.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 60 };

typedef struct Strided {
    dcn_spec one, s; /* with a stride of 1, and as drawn */
    rt_operands operands;
    double *v[RT_NUM_OPERANDS];
    double *out, *g;     /* of s */
    double *whole, *big; /* output and its gradient of `one` */
    int64_t n, nwhole, channels;
} Strided;

static double *numbers(rt_rng *r, int64_t n)
{
    double *v = calloc((size_t)n + 1, sizeof *v);
    cr_assert_not_null(v);
    for (int64_t i = 0; i < n && r; i++)
        v[i] = rt_rng_normal(r);
    return v;
}

/* Where element i of the output lies in that of a stride of 1. */
static int64_t place(const Strided *t, int64_t i)
{
    const dcn_spec *s = &t->s;
    const int64_t p = dcn_out_height(s, s->height), q = dcn_out_width(s, s->width);
    const int64_t c = i % t->channels, pixel = i / t->channels;
    const int64_t y = pixel / q % p * s->stride[0], x = pixel % q * s->stride[1];
    return ((pixel / q / p * s->height + y) * s->width + x) * t->channels + c;
}

static dcn_spec draw(rt_rng *r, dcn_op op)
{
    for (;;) {
        dcn_spec s = random_module(r, op);
        if (s.batch < 1 || s.height < 1 || s.width < 1 || s.stride[0] * s.stride[1] == 1)
            continue;
        s.dtype = DCN_F64;
        return s;
    }
}

static Strided open(int seed)
{
    rt_rng r = rt_rng_seed((uint64_t)seed);
    Strided t = { .s = draw(&r, seed % 2 ? DCN_OP_DCNV3_MODULE : DCN_OP_DCNV4_MODULE) };
    t.one = t.s;
    t.one.stride[0] = t.one.stride[1] = 1;
    cr_assert_eq(dcn_spec_check(&t.one, NULL), 0);
    t.operands = rt_operands_of(&t.s);
    for (int i = 0; i < t.operands.n; i++)
        t.v[i] = numbers(&r, rt_tensor_count(&t.operands.tensor[i]));
    t.channels = t.s.out_channels;
    t.n = rt_tensor_count(&t.operands.tensor[t.operands.n - 1]);
    t.nwhole = t.s.batch * t.s.height * t.s.width * t.channels;
    t.out = numbers(NULL, t.n);
    t.whole = numbers(NULL, t.nwhole);
    t.big = numbers(NULL, t.nwhole);
    t.g = numbers(&r, t.n);
    for (int64_t i = 0; i < t.n; i++)
        t.big[place(&t, i)] = t.g[i];
    return t;
}

static void close(Strided *t)
{
    for (int i = 0; i < t->operands.n; i++)
        free(t->v[i]);
    free(t->out);
    free(t->whole);
    free(t->g);
    free(t->big);
}

static void expect_close(double got, double want, int seed, const char *what)
{
    cr_expect(fabs(got - want) <= 1e-10 * (1 + fabs(want)), "seed %d, %s: %.17g, not %.17g", seed,
              what, got, want);
}

Test(strided, modules_are_every_so_many_pixels_of_plain_ones)
{
    for (int seed = 0; seed < SEEDS; seed++) {
        Strided t = open(seed);
        const double *const *v = (const double *const *)t.v;
        cr_assert_eq(rt_reference(&t.s, v, RT_OUTPUT, t.out), 0);
        cr_assert_eq(rt_reference(&t.one, v, RT_OUTPUT, t.whole), 0);
        for (int64_t i = 0; i < t.n; i++)
            expect_close(t.out[i], t.whole[place(&t, i)], seed, "output");
        close(&t);
    }
}

/* The gradient of operand number i of the plain kernel; freed by free(). */
static double *gradient(const Strided *t, dcn_spec s, const double *g, int i)
{
    const double *tensor[RT_NUM_OPERANDS] = { NULL };
    double *to = numbers(NULL, rt_tensor_count(&t->operands.tensor[i]));
    const dcn_spec plain = s;
    s.gradient = DCN_GRADIENT_ALL;
    const rt_operands o = rt_operands_of(&s);
    for (int j = 0; j < o.n; j++)
        tensor[j] = o.which[j] == RT_GRAD_OUTPUT     ? g
                    : rt_operand_is_grad(o.which[j]) ? NULL
                                                     : t->v[rt_operand_at(&plain, o.which[j])];
    cr_assert_eq(rt_reference(&s, tensor, rt_grad_of(t->operands.which[i]), to), 0);
    return to;
}

Test(strided, gradients_are_those_of_plain_ones)
{
    for (int seed = 0; seed < SEEDS / 3; seed++) {
        Strided t = open(seed);
        for (int i = 0; i < t.operands.n; i++) {
            if (!rt_operand_in(t.operands.which[i], rt_differentiable(&t.s)))
                continue;
            double *got = gradient(&t, t.s, t.g, i), *want = gradient(&t, t.one, t.big, i);
            for (int64_t at = 0; at < rt_tensor_count(&t.operands.tensor[i]); at++)
                expect_close(got[at], want[at], seed, t.operands.tensor[i].name);
            free(got);
            free(want);
        }
        close(&t);
    }
}
