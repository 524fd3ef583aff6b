/* test_differences.c: the reference's gradients of networks that nobody chose are what differences say.
**
** Along a random direction of each operand.  Where a slope jumps between both sides (relu at 0, a sample
** at a pixel), half the step has another difference, and such a direction is left out; few are.
**
** RANDOM_SEED=7 repeats one of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/network.h"
#include "tests/right/network/random_net.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 60 };

/* A network and its gradients, by the same numbers. */
typedef struct Pair {
    Operands plain, grad;
    int directions, smooth;
} Pair;

static void compute(Operands *o)
{
    cr_assert_eq(ref_network(&o->spec, (const double *const *)o->exact, NULL, o->exact), 0);
}

static void open_pair(Pair *p, const dcn_spec *s, rt_rng *r)
{
    dcn_spec g = *s;
    dcn_error err;
    int n;
    g.gradient = DCN_GRADIENT_ALL;
    cr_assert_eq(tune_operands_open(&p->plain, NULL, s, &err), 0, "%s", err.text);
    cr_assert_eq(tune_operands_open(&p->grad, NULL, &g, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(&p->plain, r, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(&p->grad, r, &err), 0, "%s", err.text);
    tune_fill_case(&p->plain, &tune_cases_of(s, &n)[0], r);
    for (int i = 0; i < p->plain.n && p->plain.tensor[i].role != DCN_OUT; i++)
        memcpy(p->grad.exact[i], p->plain.exact[i], (size_t)p->plain.count[i] * sizeof(double));
    compute(&p->grad);
}

/* The operand of the kernel of gradients that is grad_ of operand i; -1: it has none. */
static int grad_of(const Pair *p, int i)
{
    int at = p->grad.n - 1;
    while (at >= 0 && p->grad.which[at] != rt_grad_of(p->plain.which[i]))
        at--;
    return at;
}

/* The sum of all outputs, each times its element of grad_output, `step` along the direction. */
static double along(Pair *p, int of, const double *direction, double step)
{
    const int64_t n = p->plain.count[of];
    double *x = p->plain.exact[of], *from = malloc((size_t)n * sizeof *from), sum = 0;
    memcpy(from, x, (size_t)n * sizeof *from);
    for (int64_t i = 0; i < n; i++)
        x[i] += step * direction[i];
    compute(&p->plain);
    memcpy(x, from, (size_t)n * sizeof *from);
    free(from);
    for (int i = 0; i < p->plain.n; i++) {
        if (p->plain.tensor[i].role != DCN_OUT)
            continue;
        const double *g = p->grad.exact[grad_of(p, i)];
        for (int64_t k = 0; k < p->plain.count[i]; k++)
            sum += p->plain.exact[i][k] * g[k];
    }
    return sum;
}

static double difference(Pair *p, int of, const double *direction, double step)
{
    return (along(p, of, direction, step) - along(p, of, direction, -step)) / (2 * step);
}

static void check_operand(Pair *p, int of, uint64_t seed, rt_rng *r)
{
    const int at = grad_of(p, of);
    const int64_t n = p->plain.count[of];
    double *direction = malloc((size_t)n * sizeof *direction), slope = 0;
    for (int64_t i = 0; i < n; i++) {
        direction[i] = rt_rng_normal(r);
        slope += direction[i] * p->grad.exact[at][i];
    }
    const double coarse = difference(p, of, direction, 1e-6);
    const double fine = difference(p, of, direction, 5e-7), size = 1 + fabs(slope);
    p->directions++;
    if (fabs(coarse - fine) <= 1e-5 * size) {
        p->smooth++;
        cr_expect(fabs(fine - slope) <= 1e-4 * size, "RANDOM_SEED=%d: %s %.9g, differences %.9g",
                  (int)seed, p->grad.tensor[at].name, slope, fine);
    }
    free(direction);
}

Test(differences, gradients_are_what_they_say, .timeout = 600)
{
    const char *only = getenv("RANDOM_SEED");
    const uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    int directions = 0, smooth = 0;
    for (uint64_t seed = first; seed < first + (only ? 1 : NETWORKS); seed++) {
        Pair p = { .directions = 0 };
        rt_rng r = rt_rng_seed(seed);
        const dcn_spec s = random_network(&r, 2 + (int)(rt_rng_next(&r) % 8));
        open_pair(&p, &s, &r);
        for (int i = 0; i < p.plain.n; i++)
            if (p.plain.tensor[i].role != DCN_OUT && grad_of(&p, i) >= 0)
                check_operand(&p, i, seed, &r);
        directions += p.directions;
        smooth += p.smooth;
        tune_operands_close(&p.plain);
        tune_operands_close(&p.grad);
        net_release((dcn_network *)s.network);
    }
    cr_expect_geq(2 * smooth, directions, "only %d of %d directions are smooth", smooth,
                  directions);
    cr_expect_gt(directions, 0);
}
