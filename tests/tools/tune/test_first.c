/* test_first.c: DCNGEN_TUNE=on: what is said of the tuning that a call begins with, and how it is stopped.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"
#include "tests/tools/tune/scratch.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

static void begin(void)
{
    scratch_open();
    setenv("DCNGEN_TUNE", "on", 1);
    unsetenv("DCNGEN_CACHE");
}

TestSuite(first, .init = begin, .fini = scratch_close);

/* What was heard of a call. */
typedef struct Heard {
    int before, after;
    volatile int stop;
    int stop_at_once;
} Heard;

static void before(void *self, const dcn_spec *s, int threads, double seconds)
{
    Heard *h = self;
    h->before++;
    h->stop = h->stop_at_once;
    cr_expect_str_eq(s->name, "k");
    cr_expect_eq(threads, 1);
    cr_expect_eq(seconds, 10);
}

static void after(void *self, const dcn_spec *s)
{
    Heard *h = self;
    h->after++;
    cr_expect_str_eq(s->name, "k");
}

static dcn_spec tiny_spec(void)
{
    dcn_spec s = case_spec(DCN_OP_CONV2D, 2, 2, 3, 3);
    snprintf(s.name, sizeof s.name, "k");
    return s;
}

static dcn_options listening(Heard *h)
{
    return (dcn_options){
        .threads = 1, .before_tuning = before, .after_tuning = after, .self = h, .stop = &h->stop
    };
}

Test(first, is_told_before_and_after)
{
    const dcn_spec s = tiny_spec();
    Heard h = { .before = 0 };
    const dcn_options opt = listening(&h);
    dcn_choice c;
    dcn_error err;
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), 0, "%s", err.text);
    cr_expect_eq(c.origin, DCN_ORIGIN_TUNED);
    cr_expect_eq(h.before, 1);
    cr_expect_eq(h.after, 1);
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), 0, "%s", err.text);
    cr_expect_eq(h.before, 1, "what is known is not tuned again");
}

Test(first, is_told_where_nobody_listens)
{
    const dcn_spec s = tiny_spec();
    const dcn_options opt = { .threads = 1 };
    dcn_choice c;
    dcn_error err;
    cr_redirect_stderr();
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), 0, "%s", err.text);
    fflush(stderr);
    cr_expect_stderr_eq_str(
        "dcngen: note: DCNGEN_TUNE=on: tuning 'k' for 1 thread first, for 10 s at most\n");
}

Test(first, is_stopped)
{
    const dcn_spec s = tiny_spec();
    Heard h = { .stop_at_once = 1 };
    const dcn_options opt = listening(&h);
    dcn_choice c;
    dcn_error err;
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), -1);
    cr_expect_eq(err.code, DCN_EFAILED);
    cr_expect_str_eq(
        err.text,
        "its tuning was stopped; what was found is saved and used, and `dcngen tune` goes "
        "on from there");
    cr_expect_eq(h.after, 1);
}
