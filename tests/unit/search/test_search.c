/* test_search.c: the search finds what is there to find, and keeps its promises.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/search/landscape.h"
#include "tuner/search/model.h"
#include "tuner/search/points.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const SearchPoint origin;

/* The best of so many trials, told with noise of that deviation; asserts that each point is legal
** and new. */
static double best_of(const Landscape *l, uint64_t seed, int trials, double noise)
{
    SearchSpace space = landscape_space(l);
    Search *s = search_open(&space, SEARCH_GUIDED, seed, &origin, 1);
    rt_rng r = rt_rng_seed(seed);
    PointSet seen = { 0 };
    SearchPoint p;
    double best = INFINITY;
    cr_assert_not_null(s);
    for (int i = 0; i < trials && search_next(s, &p); i++) {
        cr_assert(space.legal(space.self, &p), "%s: trial %d is not legal", l->name, i);
        cr_assert_eq(points_add(&seen, points_number(&space, &p)), 1, "%s: trial %d is not new",
                     l->name, i);
        double time = l->time(&p, l->dims);
        best = time > 0 ? fmin(best, time) : best;
        search_tell(s, &p, time > 0 ? time * exp(noise * rt_rng_normal(&r)) : time);
    }
    free(seen.slot);
    search_close(s);
    return best;
}

Test(search, finds_the_optimum_or_comes_near)
{
    for (int i = 0; i < nlandscapes; i++) {
        const Landscape *l = &landscapes[i];
        double least = landscape_best(l);
        for (uint64_t seed = 1; seed <= 4; seed++) {
            double found = best_of(l, seed, l->trials, 0);
            cr_expect_leq(found, least * 1.03, "%s, seed %d: %.3f times the optimum", l->name,
                          (int)seed, found / least);
        }
    }
}

/* What ties with the best, or is told to be better by luck, does not keep the search from looking
** on. */
Test(search, noise_costs_little)
{
    for (int i = 0; i < nlandscapes; i++) {
        const Landscape *l = &landscapes[i];
        double sum = 0, least = landscape_best(l);
        for (uint64_t seed = 1; seed <= 2; seed++)
            sum += best_of(l, seed, l->trials, 0.01) / least;
        cr_expect_leq(sum / 2, 1.03, "%s: %.3f times the optimum", l->name, sum / 2);
    }
}

/* Without this the landscapes would be no test: drawing blindly must not do as well. */
Test(search, blind_draws_do_not)
{
    int missed = 0;
    for (int i = 0; i < nlandscapes; i++) {
        const Landscape *l = &landscapes[i];
        SearchSpace space = landscape_space(l);
        rt_rng r = rt_rng_seed(1);
        PointWalk walk = { .state = { WALK_UNKNOWN } };
        double best = INFINITY;
        SearchPoint p;
        for (int n = 0; n < l->trials && points_draw(&space, &walk, &r, &p); n++) {
            double time = l->time(&p, l->dims);
            best = time > 0 ? fmin(best, time) : best;
        }
        missed += best > landscape_best(l) * 1.03;
    }
    cr_expect_geq(missed, 8, "%d", missed);
}

/* ---- order --------------------------------------------------------------------------------- */

/* Two searches have one seed and the same answers; the second is told the first `known` by
** replay. */
static void expect_same_order(const Landscape *l, int trials)
{
    SearchSpace space = landscape_space(l);
    uint64_t *order = calloc((size_t)trials, sizeof *order);
    for (int round = 0; round < 2; round++) {
        Search *s = search_open(&space, SEARCH_GUIDED, 7, &origin, 1);
        SearchPoint p;
        for (int i = 0; i < trials && search_next(s, &p); i++) {
            uint64_t number = points_number(&space, &p);
            if (round)
                cr_assert_eq(number, order[i], "%s: trial %d", l->name, i);
            order[i] = number;
            search_tell(s, &p, l->time(&p, l->dims));
        }
        search_close(s);
    }
    free(order);
}

Test(search, order_follows_from_seed_and_answers)
{
    for (int i = 0; i < nlandscapes; i++)
        expect_same_order(&landscapes[i], 50);
}

Test(search, another_seed_gives_another_order)
{
    const Landscape *l = &landscapes[0];
    SearchSpace space = landscape_space(l);
    int same = 0;
    Search *s[2];
    for (uint64_t i = 0; i < 2; i++)
        s[i] = search_open(&space, SEARCH_GUIDED, i, NULL, 0);
    for (int i = 0; i < 30; i++) {
        uint64_t number[2];
        for (int j = 0; j < 2; j++) {
            SearchPoint p;
            cr_assert(search_next(s[j], &p));
            number[j] = points_number(&space, &p);
            search_tell(s[j], &p, l->time(&p, l->dims));
        }
        same += number[0] == number[1];
    }
    cr_expect_lt(same, 15);
    for (int i = 0; i < 2; i++)
        search_close(s[i]);
}

Test(search, starts_come_first_and_illegal_ones_not)
{
    const Landscape *l = &landscapes[5];
    SearchSpace space = landscape_space(l);
    SearchPoint starts[] = {
        { { 0, 1, 1, 1 } }, { { 0, 1 } }, { { 0, 3, 3 } }, { { 0, 1, 1, 1 } }
    };
    Search *s = search_open(&space, SEARCH_GUIDED, 1, starts, 4);
    SearchPoint p;
    cr_assert(search_next(s, &p));
    cr_expect_eq(points_number(&space, &p), points_number(&space, &starts[0]));
    cr_assert(search_next(s, &p));
    cr_expect_eq(points_number(&space, &p), points_number(&space, &starts[2]));
    search_close(s);
}

/* ---- all of a space ------------------------------------------------------------------------ */

static int64_t count_all(const Landscape *l, SearchMode mode)
{
    SearchSpace space = landscape_space(l);
    Search *s = search_open(&space, mode, 3, NULL, 0);
    int64_t n = 0;
    SearchPoint p;
    for (; search_next(s, &p); n++)
        search_tell(s, &p, l->time(&p, l->dims));
    cr_expect_eq(search_legal(s), n, "%s: %d of %d", l->name, (int)n, (int)search_legal(s));
    search_close(s);
    return n;
}

Test(search, small_spaces_are_tried_whole)
{
    const Landscape *small = &landscapes[nlandscapes - 1];
    cr_expect_eq(count_all(small, SEARCH_GUIDED), 64);
    cr_expect_eq(count_all(small, SEARCH_BY_ESTIMATE), 64);
}

Test(search, all_means_all)
{
    Landscape l = landscapes[5];
    l.dims = 4;
    int64_t legal = 0;
    for (int n = 0; n < 7 * 7 * 7 * 7; n++) {
        SearchPoint p = { { 0, n % 7, n / 7 % 7, n / 49 % 7, n / 343 } };
        legal += l.legal(&p, 4);
    }
    cr_expect_eq(count_all(&l, SEARCH_ALL), legal);
}

/* A space too large to list is walked in part, and its count is a guess. */
Test(search, a_large_space_is_sampled)
{
    Landscape l = landscapes[5];
    l.dims = 8;
    SearchSpace space = landscape_space(&l);
    Search *s = search_open(&space, SEARCH_ALL, 3, NULL, 0);
    cr_expect_float_eq((double)search_legal(s), 7.0 * 7 * 7 * 7 * 7 * 7 * 46 * 7 / 49 / 3 * 7,
                       7.0 * 7 * 7 * 7 * 7 * 7 * 7 * 7 * 0.04, "%d", (int)search_legal(s));
    search_close(s);
}

/* Eight knobs may stand at 0 or 1 only, of six values: one point in 6561 is legal. */
static int asked;
static int hardly(const SearchPoint *p, int dims)
{
    (void)dims;
    asked++;
    for (int i = 1; i <= 8; i++)
        if (p->at[i] > 1)
            return 0;
    return 1;
}

/* Where hardly any point is legal, drawing walks among those that are, which takes few questions, and comes to each of
** them as often. */
Test(search, a_sparse_space_is_drawn_from_evenly)
{
    enum { DRAWS = 16384, CORNERS = 256 };
    Landscape l = landscapes[10];
    l.legal = hardly;
    SearchSpace space = landscape_space(&l);
    PointWalk walk = { .state = { WALK_UNKNOWN } };
    rt_rng r = rt_rng_seed(4);
    int seen[CORNERS] = { 0 };
    asked = 0;
    for (int n = 0; n < DRAWS; n++) {
        SearchPoint p;
        int corner = 0;
        cr_assert(points_draw(&space, &walk, &r, &p));
        for (int i = 0; i < 8; i++)
            corner |= p.at[i + 1] << i;
        seen[corner]++;
    }
    cr_expect_lt(asked, 200 * DRAWS, "%d questions", asked);
    for (int i = 0; i < CORNERS; i++)
        cr_expect(seen[i] > 24 && seen[i] < 130, "corner %d: %d of %d", i, seen[i], DRAWS);
}

static int never(const SearchPoint *p, int dims)
{
    (void)p, (void)dims;
    return 0;
}

Test(search, nothing_legal_means_no_proposal)
{
    for (int dims = 3; dims <= 8; dims += 5) {
        Landscape l = landscapes[0];
        l.legal = never;
        l.dims = dims;
        SearchSpace space = landscape_space(&l);
        Search *s = search_open(&space, SEARCH_GUIDED, 1, &origin, 1);
        SearchPoint p;
        cr_expect_eq(search_next(s, &p), 0);
        cr_expect_eq(search_legal(s), 0);
        search_close(s);
    }
}

/* ---- the estimate -------------------------------------------------------------------------- */

Test(search, by_estimate_means_in_its_order)
{
    const Landscape *l = &landscapes[1];
    SearchSpace space = landscape_space(l);
    Search *s = search_open(&space, SEARCH_BY_ESTIMATE, 1, NULL, 0);
    SearchPoint p;
    double former = 0,
           least = l->estimate(&(SearchPoint){ { 0, 3, 6, 1, 4, 2, 5, 0, 3 } }, l->dims);
    for (int i = 0; i < 20 && search_next(s, &p); i++) {
        double e = l->estimate(&p, l->dims);
        cr_expect_geq(e, former);
        if (i == 0)
            cr_expect_eq(e, least);
        former = e;
    }
    search_close(s);
}

/* With an exact estimate and a min_ratio of nearly 1 nothing but the optimum is left to try. */
Test(search, what_cannot_win_is_left_out)
{
    Landscape l = landscapes[0];
    l.estimate = l.time;
    l.dims = 3;
    SearchSpace space = landscape_space(&l);
    space.min_ratio = 0.9;
    Search *s = search_open(&space, SEARCH_GUIDED, 1, NULL, 0);
    SearchPoint p;
    int tried = 0;
    double least = INFINITY;
    for (; search_next(s, &p); tried++) {
        double time = l.time(&p, l.dims);
        least = fmin(least, time);
        search_tell(s, &p, time);
    }
    int worth = 0;
    for (uint64_t i = 0; i < points_count(&space); i++) {
        p = points_at(&space, i);
        worth += 0.9 * l.time(&p, l.dims) <= least;
    }
    cr_expect_eq(least, landscape_best(&l));
    cr_expect_eq(tried, worth, "%d tried, %d worth it", tried, worth);
    search_close(s);
}

/* ---- the model ----------------------------------------------------------------------------- */

Test(search_model, knows_what_it_was_told_and_doubts_the_rest)
{
    SearchSpace space = landscape_space(&landscapes[0]);
    SearchModel *m = model_open(&space);
    SearchPoint a = { { 0, 1, 1, 1, 1, 1, 1 } }, near = { { 0, 2, 1, 1, 1, 1, 1 } };
    SearchPoint b = { { 0, 6, 6, 6, 6, 6, 6 } }, far = { { 0, 6, 0, 6, 0, 6, 0 } };
    model_add(m, &a, 10, 20);
    model_add(m, &b, 10, 80);
    cr_expect_float_eq(model_predict(m, &a, 10).mean, log(20), 0.05);
    cr_expect_float_eq(model_predict(m, &b, 10).mean, log(80), 0.05);
    cr_expect_lt(model_predict(m, &near, 10).mean, log(35));
    cr_expect_lt(model_predict(m, &a, 10).deviation, model_predict(m, &near, 10).deviation);
    cr_expect_lt(model_predict(m, &near, 10).deviation, model_predict(m, &far, 10).deviation);
    cr_expect_float_eq(model_least_ratio(m), 2, 1e-9);
    model_close(m);
}

/* Only the first knob matters: the model ends up surer of what differs in the others alone. */
Test(search_model, learns_which_knobs_matter)
{
    SearchSpace space = landscape_space(&landscapes[0]);
    SearchModel *m = model_open(&space);
    rt_rng r = rt_rng_seed(1);
    PointWalk walk = { .state = { WALK_UNKNOWN } };
    for (int i = 0; i < 40; i++) {
        SearchPoint p;
        cr_assert(points_draw(&space, &walk, &r, &p));
        p.at[1] %= 5;
        model_add(m, &p, 1, 1 + 0.1 * p.at[1]);
    }
    SearchPoint at = { { 0, 4, 3, 3, 3, 3, 3 } }, inert = { { 0, 4, 0, 6, 0, 6, 0 } };
    SearchPoint beyond = { { 0, 6, 3, 3, 3, 3, 3 } };
    cr_expect_float_eq(model_predict(m, &at, 1).mean, log(1.4), 0.02);
    cr_expect_float_eq(model_predict(m, &inert, 1).mean, log(1.4), 0.02);
    cr_expect_lt(2 * model_predict(m, &inert, 1).deviation, model_predict(m, &beyond, 1).deviation);
    model_close(m);
}

Test(search_model, more_points_than_it_keeps)
{
    SearchSpace space = landscape_space(&landscapes[0]);
    SearchModel *m = model_open(&space);
    for (uint64_t i = 0; i < 3 * MODEL_MAX_POINTS; i++) {
        SearchPoint p = points_at(&space, i * 97);
        if (i % 7)
            model_add(m, &p, 1, landscapes[0].time(&p, 6));
        else
            model_add_failure(m, &p, 1);
    }
    SearchPoint last = points_at(&space, (3 * MODEL_MAX_POINTS - 1) * 97);
    cr_expect(isfinite(model_predict(m, &last, 1).mean));
    model_close(m);
}
