/* test_wrong.c: what verify and bench do when a kernel computes something wrong.
**
** No spec leads there on purpose, so the two verbs are compiled here with another dcn_verify, one
** that finds a mismatch in every kernel called "bad".
** SPDX-License-Identifier: Apache-2.0
*/
#define dcn_verify      find_mismatch
#define dcn_verify_with find_mismatch_with
#include "cli/verb/bench.c"
#include "cli/verb/verify.c"
#undef dcn_verify
#undef dcn_verify_with

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <unistd.h>

static const char mismatch[] = "case 'zero offsets': output[0,0,0,0] = 1, want 2";

int find_mismatch(const dcn_kernel *k, uint64_t seed, int threads, dcn_report *r, dcn_error *err)
{
    (void)seed, (void)threads, (void)err;
    *r = (dcn_report){ .worst = 0.25, .checked = 36, .cases = 4, .outputs = 40 };
    if (strcmp(dcn_kernel_spec(k)->name, "bad") == 0) {
        r->failures = 2;
        r->worst = HUGE_VAL;
        snprintf(r->what, sizeof r->what, "%s", mismatch);
    }
    return 0;
}

int find_mismatch_with(const dcn_kernel *k, const dcn_verify_options *opt, dcn_report *r,
                       dcn_error *err)
{
    return find_mismatch(k, opt->seed, opt->threads, r, err);
}

static char spec[] = "/tmp/dcngen-wrong-XXXXXX";
static const char *words[] = { spec };
static Args args = { .words = { 1, words },
                     .schedule = "direct lanes=4 oc_block=1",
                     .seconds = 0.01 };

static void begin(void)
{
    FILE *f = fdopen(mkstemp(spec), "w");
    cr_assert_not_null(f);
    fputs("local list = {}\n"
          "for _, name in ipairs { 'good', 'bad', 'last' } do\n"
          "  list[#list + 1] = conv2d { name = name, in_channels = 1, height = 3, width = 3,\n"
          "                             out_channels = 1, kernel_size = 1 }\n"
          "end\n"
          "return list\n",
          f);
    fclose(f);
    cr_redirect_stdout();
}

static void end(void)
{
    unlink(spec);
}

Test(wrong, verify_fails_but_goes_on, .init = begin, .fini = end)
{
    dcn_error err;
    cr_expect_eq(verb_verify(&args, &err), DCN_EFAILED);
    fflush(stdout);
    cr_assert_stdout_eq_str(
        "good: ok, 4 cases, 9 of 10 elements a case (--full: all), worst 0.25 of the tolerance; "
        "conv2d f32 nchw, direct lanes=4\n"
        "bad: FAILED, 2 of 4 cases, 9 of 10 elements a case (--full: all), "
        "case 'zero offsets': output[0,0,0,0] = 1, want 2; "
        "conv2d f32 nchw, direct lanes=4\n"
        "last: ok, 4 cases, 9 of 10 elements a case (--full: all), worst 0.25 of the tolerance; "
        "conv2d f32 nchw, direct lanes=4\n");
}

Test(wrong, verify_as_json, .init = begin, .fini = end)
{
    dcn_error err;
    args.given = BIT(OPT_JSON);
    cr_expect_eq(verb_verify(&args, &err), DCN_EFAILED);
    fflush(stdout);
    json_t *root = json_loadf(cr_get_redirected_stdout(), 0, NULL);
    json_t *bad = json_array_get(json_object_get(root, "kernels"), 1);
    cr_assert(json_is_false(json_object_get(bad, "ok")));
    cr_expect_eq(json_integer_value(json_object_get(bad, "failures")), 2);
    cr_expect(json_is_null(json_object_get(bad, "worst")), "infinity is no number of JSON");
    cr_expect_str_eq(json_string_value(json_object_get(bad, "what")), mismatch);
    json_decref(root);
}

Test(wrong, bench_refuses, .init = begin, .fini = end)
{
    dcn_error err;
    cr_expect_eq(verb_bench(&args, &err), -1);
    cr_expect_eq(err.code, DCN_EFAILED);
    cr_expect_str_eq(err.text, "kernel 'bad' is wrong, so it is not timed: "
                               "case 'zero offsets': output[0,0,0,0] = 1, want 2");
}
