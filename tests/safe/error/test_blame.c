/* test_blame.c: a target or a schedule that cannot be is the fault of whoever asked for it.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <dcngen.h>
#include <string.h>

static dcn_spec spec(const char *target, const char *schedule)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 4;
    s.height = s.width = 4;
    s.kernel[0] = s.kernel[1] = 1;
    strcpy(s.name, "k");
    strcpy(s.target, target);
    strcpy(s.schedule, schedule);
    return s;
}

static void refuses(const dcn_spec *s, const dcn_options *opt, dcn_status code, const char *text)
{
    dcn_error err = { .code = DCN_OK };
    cr_expect_eq(dcn_explain(s, opt, NULL, NULL, 0, &err), -1);
    cr_expect_eq(err.code, code, "code %d", (int)err.code);
    cr_expect_str_eq(err.text, text);
    cr_expect_eq(dcn_explain(s, opt, NULL, NULL, 0, NULL), -1, "nobody is told");
}

Test(blame, a_target_of_the_spec)
{
    const dcn_spec s = spec("haswel", "");
    refuses(&s, NULL, DCN_ESPEC,
            "'target' = \"haswel\": unknown CPU \"haswel\" (did you mean \"haswell\"?)");
}

Test(blame, a_schedule_of_the_spec)
{
    const dcn_spec misspelt = spec("haswell", "dirct"),
                   refused = spec("haswell", "direct lanes=16"),
                   value = spec("haswell", "direct oc_block=3");
    refuses(&misspelt, NULL, DCN_ESPEC,
            "'schedule' = \"dirct\": unknown lowering \"dirct\" (did you mean \"direct\"?)");
    refuses(&value, NULL, DCN_ESPEC,
            "'schedule' = \"direct oc_block=3\": schedule knob oc_block = 3 is not one of 1, 2, 4, "
            "8, 16");
    refuses(&refused, NULL, DCN_ESPEC,
            "'schedule' = \"direct lanes=16\": schedule \"direct lanes=16 oc_block=4\" is refused: "
            "vector is wider than the machine's registers");
}

Test(blame, a_schedule_of_the_options)
{
    const dcn_spec s = spec("haswell", "dirct");
    refuses(&s, &(dcn_options){ .schedule = "dirct" }, DCN_EUSAGE,
            "unknown lowering \"dirct\" (did you mean \"direct\"?)");
    refuses(&s, &(dcn_options){ .schedule = "direct lanes=16 oc_block=1" }, DCN_EFAILED,
            "schedule \"direct lanes=16 oc_block=1\" is refused: "
            "vector is wider than the machine's registers");
}

Test(blame, options_win_over_a_spec_that_cannot_be)
{
    const dcn_spec s = spec("haswel", "dirct");
    dcn_error err = { .text = "" };
    dcn_target t;
    cr_assert_eq(dcn_target_parse("haswell", NULL, NULL, &t, NULL), 0);
    const dcn_options opt = { .target = &t, .schedule = "direct" };
    cr_expect_eq(dcn_explain(&s, &opt, NULL, NULL, 0, &err), 0, "%s", err.text);
}

Test(blame, another_machine_is_nobody_s_fault)
{
    dcn_target native;
    cr_assert_eq(dcn_target_native(&native, NULL), 0);
    const dcn_spec s = spec(strncmp(native.triple, "x86_64", 6) ? "haswell" : "cortex-a72", "");
    dcn_kernel *k = NULL;
    dcn_error err = { .code = DCN_OK };
    cr_expect_eq(dcn_compile(&s, NULL, &k, &err), -1);
    cr_expect_eq(err.code, DCN_EENV);
    cr_expect(strstr(err.text, "does not run on this machine"), "%s", err.text);
}
