/* test_count.c: legal points and reasons are counted; a sample of a large space is even.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"
#include "tuner/tune/space_count.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A space of 6 x 5 x 7 points: a third is refused for a, a fifth of the rest for b. */
enum { NA = 6, NB = 5, NC = 7, POINTS = NA * NB * NC };

static int asked[NA][NB][NC];

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    (void)s, (void)t;
    asked[k[0] / 10][k[1]][k[2]]++;
    return k[0] % 30 == 0 ? "a is thrice something" : k[1] == 4 ? "b is 4" : NULL;
}

static const Knob *const knobs[] = {
    &(const Knob){ .name = "a", .meaning = "", CHOICES(0, 10, 20, 30, 40, 50) },
    &(const Knob){ .name = "b", .meaning = "", CHOICES(0, 1, 2, 3, 4) },
    &(const Knob){ .name = "c", .meaning = "", CHOICES(0, 1, 2, 3, 4, 5, 6) },
};
static const Lowering lowering = { .name = "small", .knobs = knobs, .nknobs = 3, .refuse = refuse };

static SpaceCount counted(int64_t most)
{
    SpaceCount c;
    memset(asked, 0, sizeof asked);
    tune_count_space(&lowering, NULL, NULL, most, &c);
    return c;
}

static int times_asked(const int *per_knob)
{
    int n = 0;
    for (int i = 0; i < POINTS; i++) {
        int at[] = { i % NA, i / NA % NB, i / NA / NB }, wanted = 1;
        for (int j = 0; j < 3; j++)
            wanted &= per_knob[j] < 0 || per_knob[j] == at[j];
        n += wanted ? asked[at[0]][at[1]][at[2]] : 0;
    }
    return n;
}

Test(count, every_point_once)
{
    SpaceCount c = counted(POINTS);
    cr_expect_eq(c.points, POINTS);
    cr_expect_eq(c.seen, POINTS);
    cr_expect_eq(c.legal, 4 * 4 * NC);
    cr_expect_eq(tune_legal_estimate(&c), 4 * 4 * NC);
    cr_assert_eq(c.nreasons, 2);
    cr_expect_str_eq(c.reason[0].text, "a is thrice something");
    cr_expect_eq(c.reason[0].count, 2 * NB * NC);
    cr_expect_str_eq(c.reason[1].text, "b is 4");
    cr_expect_eq(c.reason[1].count, 4 * NC);
    for (int i = 0; i < POINTS; i++)
        cr_expect_eq(asked[i % NA][i / NA % NB][i / NA / NB], 1);
}

Test(count, a_sample_meets_no_point_twice_and_every_value_about_as_often)
{
    enum { MOST = 70 };
    SpaceCount c = counted(MOST);
    cr_expect_eq(c.points, POINTS);
    cr_expect_eq(c.seen, MOST);
    cr_expect_eq(c.legal + c.reason[0].count + c.reason[1].count, MOST);
    const double estimate = tune_legal_estimate(&c);
    cr_expect(fabs(estimate - 4 * 4 * NC) < 0.1 * 4 * 4 * NC, "about %g are legal", estimate);
    for (int i = 0; i < POINTS; i++)
        cr_expect_leq(asked[i % NA][i / NA % NB][i / NA / NB], 1);
    for (int j = 0; j < 3; j++)
        for (int v = 0; v < knobs[j]->nchoices; v++) {
            int wanted[] = { -1, -1, -1 };
            wanted[j] = v;
            int n = times_asked(wanted), fair = MOST / knobs[j]->nchoices;
            cr_expect(n >= fair - 2 && n <= fair + 3, "knob %d value %d: %d of %d", j, v, n, MOST);
        }
}

Test(count, the_real_spaces_add_up)
{
    dcn_target t;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 28);
    cr_assert_eq(dcn_target_parse("x86-64-v3", NULL, NULL, &t, NULL), 0);
    for (int i = 0; cg_lowerings[i]; i++) {
        if (!sched_takes(cg_lowerings[i], &s))
            continue;
        SpaceCount c;
        tune_count_space(cg_lowerings[i], &s, &t, 20000, &c);
        int64_t sum = c.legal;
        for (int r = 0; r < c.nreasons; r++)
            sum += c.reason[r].count;
        cr_expect_eq(sum, c.seen, "%s", cg_lowerings[i]->name);
        cr_expect_gt(c.legal, 0, "%s", cg_lowerings[i]->name);
    }
}

/* More reasons than there is room for: none is lost. */
static const char *refuse_each(const dcn_spec *s, const dcn_target *t, const int *k)
{
    static char why[32];
    (void)s, (void)t;
    snprintf(why, sizeof why, "point %d", k[0] + k[1] * 100 + k[2] * 1000);
    return why;
}

Test(count, more_reasons_than_room)
{
    Lowering many = lowering;
    SpaceCount c;
    many.refuse = refuse_each;
    tune_count_space(&many, NULL, NULL, POINTS, &c);
    cr_expect_eq(c.nreasons, COUNT_MAX_REASONS);
    cr_expect_eq(c.reason[0].count, POINTS - COUNT_MAX_REASONS + 1);
}
