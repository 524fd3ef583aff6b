/* test_plan.c: items and plans: what an id depends on, and what is not a plan.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dcn_spec spec_of(const char *name)
{
    dcn_spec s;
    dcn_error err;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    snprintf(s.name, sizeof s.name, "%s", name);
    s.in_channels = s.out_channels = 8;
    s.height = s.width = 6;
    s.kernel[0] = s.kernel[1] = 3;
    cr_assert_eq(dcn_spec_check(&s, &err), 0, "%s", err.text);
    return s;
}

static SweepRequest request_of(const dcn_spec *s)
{
    return (SweepRequest){ .spec = s, .target = "haswell", .threads = 1, .offsets = "normal:2" };
}

static SweepItem item_of(const SweepRequest *w)
{
    SweepItem t;
    dcn_error err;
    cr_assert_eq(sweep_item_make(w, &t, &err), 0, "%s", err.text);
    return t;
}

Test(item, the_same_wish_is_the_same_item)
{
    const dcn_spec a = spec_of("a"), b = spec_of("b");
    const SweepRequest first = request_of(&a), second = request_of(&b);
    const SweepItem one = item_of(&first), two = item_of(&second);
    cr_expect_str_eq(one.id, two.id);
    cr_expect_str_eq(one.kernel, "a");
    cr_expect_str_eq(two.kernel, "b");
    cr_expect_eq(strlen(one.id), 16);
}

Test(item, the_id_depends_on_all_that_matters)
{
    enum { N = 10 };
    const dcn_spec s = spec_of("k");
    dcn_spec narrow = s;
    dcn_spec wide = s;
    SweepItem item[N];
    SweepRequest w[N];
    wide.width = 7;
    snprintf(narrow.schedule, sizeof narrow.schedule, "direct");
    for (int i = 0; i < N; i++)
        w[i] = request_of(&s);
    w[1].target = "znver4";
    w[2].threads = 2;
    w[3].offsets = "zero";
    w[4].trials = 5;
    w[5].seconds = 5;
    w[6].seed = 5;
    w[7].effort = DCN_TUNE_PATIENT;
    w[8].spec = &narrow;
    w[9].spec = &wide;
    for (int i = 0; i < N; i++)
        item[i] = item_of(&w[i]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(item[i].id, item[j].id, "%d and %d", i, j);
}

Test(item, what_cannot_be_planned)
{
    const dcn_spec s = spec_of("k");
    SweepItem t;
    dcn_error err;
    SweepRequest w = request_of(&s);
    w.target = "haswel";
    cr_expect_eq(sweep_item_make(&w, &t, &err), -1);
    cr_expect_not_null(strstr(err.text, "did you mean \"haswell\""), "%s", err.text);
    w = request_of(&s);
    w.offsets = "nowhere.npy";
    cr_expect_eq(sweep_item_make(&w, &t, &err), -1);
}

Test(item, opens_as_what_was_wished)
{
    const dcn_spec s = spec_of("k");
    const SweepRequest w = request_of(&s);
    SweepItem t = item_of(&w);
    SweepJob job;
    dcn_error err;
    cr_assert_eq(sweep_item_open(&t, &job, &err), 0, "%s", err.text);
    cr_expect_str_eq(job.spec.name, "k");
    cr_expect_eq(job.spec.width, 6);
    cr_expect_str_eq(job.target.cpu, "haswell");
    cr_expect_eq(job.key.threads, 1);
    t.machine[0] ^= 1;
    cr_expect_eq(sweep_item_open(&t, &job, &err), -1, "another machine of that name");
    cr_expect_eq(err.code, DCN_EENV);
}

/* ---- plans -------------------------------------------------------------------------------- */

static void fill(SweepPlan *plan)
{
    static dcn_spec s;
    dcn_error err;
    s = spec_of("k");
    *plan = (SweepPlan){ 0 };
    for (int threads = 1; threads <= 100; threads++) {
        SweepRequest w = request_of(&s);
        w.threads = threads;
        w.seconds = 0.1;
        w.seed = UINT64_MAX;
        const SweepItem t = item_of(&w);
        cr_assert_eq(sweep_plan_add(plan, &t, &err), 1);
        cr_assert_eq(sweep_plan_add(plan, &t, &err), 0, "it is there already");
    }
}

static const char *file_of(const char *text, size_t size)
{
    static char path[] = "/tmp/dcngen-plan-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, size) == (ssize_t)size && !close(fd));
    return path;
}

Test(plan, is_read_as_it_was_written)
{
    SweepPlan plan, back;
    char *text, *again;
    size_t size, again_size;
    dcn_error err;
    fill(&plan);
    cr_assert_eq(sweep_plan_print(&plan, &text, &size, &err), 0);
    const char *path = file_of(text, size);
    cr_assert_eq(sweep_plan_read(path, &back, &err), 0, "%s", err.text);
    unlink(path);
    cr_assert_eq(back.n, 100);
    cr_assert_eq(sweep_plan_print(&back, &again, &again_size, &err), 0);
    cr_expect(size == again_size && !memcmp(text, again, size));
    for (int i = 0; i < 100; i++)
        cr_expect_str_eq(plan.at[i].id, back.at[i].id);
    free(text);
    free(again);
    sweep_plan_free(&plan);
    sweep_plan_free(&back);
}

/* Every text in turn instead of one item's line. */
static void expect_refused(const char *text, const char *says)
{
    SweepPlan plan;
    dcn_error err;
    const char *path = file_of(text, strlen(text));
    cr_expect_eq(sweep_plan_read(path, &plan, &err), -1, "%s", text);
    cr_expect_eq(err.code, DCN_EUSAGE, "%s", text);
    cr_expect_not_null(strstr(err.text, says), "%s instead of %s", err.text, says);
    sweep_plan_free(&plan);
    unlink(path);
}

static char *line_with(const char *line, const char *from, const char *to)
{
    char *at = strstr(line, from), *out;
    cr_assert_not_null(at, "%s", from);
    cr_assert(asprintf(&out, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from)) > 0);
    return out;
}

Test(plan, what_is_not_one)
{
    static const struct {
        const char *from, *to, *says;
    } edits[] = {
        { "\"threads\":1", "\"threads\":2", "the item was changed" },
        { "\"threads\":1", "\"threads\":0", "'threads'" },
        { "\"threads\":1", "\"threads\":1e9", "'threads'" },
        { "\"effort\":\"measure\"", "\"effort\":\"much\"", "'effort'" },
        { "haswell", "znver4", "the item was changed" },
        { "\"seconds\":", "\"seconds\":-", "'seconds'" },
        { "\"spec\":", "\"spce\":", "'spec'" },
        { "\"dcngen_item\":1", "\"dcngen_item\":2", "newer dcngen" },
        { "\"dcngen_item\"", "\"dcngen_record\"", "not a line that" },
        { "{", "", "not JSON" },
    };
    SweepPlan plan = { 0 };
    char *text;
    size_t size;
    dcn_error err;
    const dcn_spec s = spec_of("k");
    SweepRequest w = request_of(&s);
    w.seconds = 3;
    const SweepItem t = item_of(&w);
    cr_assert_eq(sweep_plan_add(&plan, &t, &err), 1);
    cr_assert_eq(sweep_plan_print(&plan, &text, &size, &err), 0);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *bad = line_with(text, edits[i].from, edits[i].to);
        expect_refused(bad, edits[i].says);
        free(bad);
    }
    expect_refused("", "no item");
    expect_refused("\n\n", "no item");
    free(text);
    sweep_plan_free(&plan);
}
