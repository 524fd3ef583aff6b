/* test_schedule.c: schedules of networks as text: those of layers that somebody gave, and no others.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "runtime/spec/network.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Two layers of one spec, and one of another; names have dots. */
static const char spec[] =
    "local x = input { name = \"image\", channels = 16, height = 20, width = 20 }\n"
    "local a = conv2d { x, name = \"stage.0.conv\", out_channels = 16, kernel_size = 3, padding = "
    "1 }\n"
    "local b = conv2d { a, name = \"stage.1.conv\", out_channels = 16, kernel_size = 3, padding = "
    "1 }\n"
    "local y = conv2d { b, name = \"head\", out_channels = 8, kernel_size = 1 }\n"
    "return network { name = \"three\", outputs = { scores = y } }\n";

static dcn_module *module;
static dcn_target target;
static SchedFor f;

static void open_spec(void)
{
    dcn_error err;
    cr_assert_eq(dcn_load_text(spec, "spec", NULL, 0, &module, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &target, &err), 0, "%s", err.text);
    f = (SchedFor){ dcn_module_spec(module, 0), &target, 1, NULL };
}

static void close_spec(void)
{
    dcn_module_free(module);
}

TestSuite(schedule, .init = open_spec, .fini = close_spec);

static Schedule parsed(const char *text)
{
    dcn_error err;
    Schedule sc;
    cr_assert_eq(sched_parse(text, &f, &sc, &err), 0, "%s: %s", text, err.text);
    return sc;
}

static void expect_error(const char *text, const char *part)
{
    dcn_error err;
    Schedule sc;
    cr_assert_eq(sched_parse(text, &f, &sc, &err), -1, "%s", text);
    cr_expect(strstr(err.text, part), "%s", err.text);
}

Test(schedule, a_spec_is_one_part_whatever_its_layers_are_called)
{
    LoweringPart *part;
    Schedule sc = parsed("network");
    cr_assert_eq(sc.lowering->parts(f.s, &part), 2);
    cr_expect_str_eq(part[0].name, "stage.0.conv");
    cr_expect_eq(part[0].times, 2);
    cr_expect_str_eq(part[1].name, "head");
    cr_expect_eq(part[1].times, 1);
    free(part);
    sched_free(&sc);
}

Test(schedule, what_nobody_gave_is_not_printed)
{
    char text[DCN_SCHEDULE_MAX];
    Schedule sc = parsed("network"), given = parsed("network stage.0.conv={direct}");
    sched_print(&sc, text, sizeof text);
    cr_expect_str_eq(text, "network");
    sched_print(&given, text, sizeof text);
    cr_expect(strstr(text, "network stage.0.conv={direct ") == text, "%s", text);
    cr_expect(!strstr(text, "head"), "%s", text);
    Schedule again = parsed(text);
    cr_expect(sched_equal(&given, &again));
    cr_expect(!sched_equal(&given, &sc));
    sched_free(&sc);
    sched_free(&given);
    sched_free(&again);
}

Test(schedule, what_is_wrong_is_said_of_the_layer)
{
    expect_error("network stage.1.conv={direct}", "stage.0.conv");
    expect_error("network head={tiled mr=1000}", "head");
}

Test(schedule, a_network_without_operators_is_explained)
{
    static const char plain[] =
        "local x = input { name = \"image\", channels = 3, height = 4, width = 4 }\n"
        "return network { name = \"plain\", outputs = { y = activation { x, \"relu\" } } }\n";
    const dcn_options opt = { .schedule = "network" };
    char why[256];
    dcn_choice what;
    dcn_module *m;
    dcn_error err;
    cr_assert_eq(dcn_load_text(plain, "plain", NULL, 0, &m, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_explain(dcn_module_spec(m, 0), &opt, &what, why, sizeof why, &err), 0, "%s",
                 err.text);
    cr_expect_str_eq(why, "as the options say");
    cr_expect_str_eq(what.schedule, "network");
    dcn_module_free(m);
}
