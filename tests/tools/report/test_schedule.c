/* test_schedule.c: the words of schedules, those of stages included.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/schedule.c"
#include "runtime/base/text.h"

#include <criterion/criterion.h>

static const char module[] = "stages offset={tiled mr=8 nv=3} share={direct} core={project jam=2}";

static void expect_words(const char *schedule, const char *const (*want)[2])
{
    KnobWalk walk = knob_walk(schedule);
    KnobText knob;
    for (; (*want)[0]; want++) {
        cr_assert(knob_next(&walk, &knob), "%s is there", (*want)[0]);
        cr_expect_str_eq(knob.name, (*want)[0]);
        cr_expect_str_eq(knob.value, (*want)[1]);
    }
    cr_expect_not(knob_next(&walk, &knob), "no more than these");
}

Test(schedule, knobs_of_one_lowering)
{
    expect_words("tiled mr=6  nv=-1 ",
                 (const char *const[][2]){ { "mr", "6" }, { "nv", "-1" }, { NULL, NULL } });
    expect_words("direct", (const char *const[][2]){ { NULL, NULL } });
    expect_words("", (const char *const[][2]){ { NULL, NULL } });
}

Test(schedule, knobs_of_stages_are_told_apart)
{
    expect_words(module, (const char *const[][2]){ { "offset", "tiled" },
                                                   { "offset.mr", "8" },
                                                   { "offset.nv", "3" },
                                                   { "share", "direct" },
                                                   { "core", "project" },
                                                   { "core.jam", "2" },
                                                   { NULL, NULL } });
}

Test(schedule, words_give_the_text_again)
{
    char buf[sizeof module];
    rt_text text = rt_text_in(buf, sizeof buf);
    KnobWalk walk = knob_walk(module);
    rt_text_add(&text, "stages");
    for (KnobText knob; knob_next(&walk, &knob);)
        rt_text_item(&text, " ", "%s", knob.word);
    cr_expect_str_eq(buf, module);
}

Test(schedule, value_of_a_knob)
{
    KnobText buf;
    cr_expect_str_eq(knob_value(module, "core.jam", &buf), "2");
    cr_expect_str_eq(knob_value(module, "core", &buf), "project");
    cr_expect_null(knob_value(module, "mr", &buf), "which stage's?");
}

Test(schedule, brief_is_what_differs_from_the_guess)
{
    char out[DCN_SCHEDULE_MAX];
    cr_expect_str_eq(schedule_brief("tiled mr=6 nv=4 grain=1", "tiled mr=8 nv=4 grain=1", out),
                     "tiled mr=6");
    cr_expect_str_eq(schedule_brief("tiled mr=6", "tiled mr=6", out), "tiled");
    cr_expect_str_eq(schedule_brief("direct jam=2", "tiled jam=2", out), "direct jam=2");
    cr_expect_str_eq(schedule_brief(module, module, out),
                     "stages offset={tiled} share={direct} core={project}");
    cr_expect_str_eq(
        schedule_brief(module, "stages offset={tiled mr=6 nv=3} share={direct} core={direct jam=2}",
                       out),
        "stages offset={tiled mr=8} share={direct} core={project jam=2}");
    cr_expect_str_eq(schedule_brief(module, "", out), module);
}
