/* test_composite.c: schedules of modules: a list of their stages' schedules.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static dcn_target target_of(const char *cpu)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, &err), 0, "%s", err.text);
    return t;
}

/* Stages depthwise, norm, offset, mask, value and core, of which norm has no schedule. */
static dcn_spec layer(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DCNV3_MODULE);
    snprintf(s.name, sizeof s.name, "layer");
    s.batch = 1;
    s.height = s.width = 28;
    s.in_channels = 64;
    s.offset_groups = 4;
    dcn_spec_complete(&s);
    return s;
}

static dcn_spec pack(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D_PACK);
    snprintf(s.name, sizeof s.name, "pack");
    s.batch = 1;
    s.height = s.width = 14;
    s.in_channels = s.out_channels = 64;
    s.kernel[0] = s.kernel[1] = 3;
    dcn_spec_complete(&s);
    return s;
}

static Schedule parsed(const dcn_spec *s, const char *text)
{
    dcn_target t = target_of("x86-64-v4");
    dcn_error err;
    Schedule sc;
    cr_assert_eq(sched_parse(text, &(SchedFor){ s, &t, 0, NULL }, &sc, &err), 0, "%s: %s", text,
                 err.text);
    return sc;
}

static const Schedule *part_of(const Schedule *sc, const char *name)
{
    int i = 0;
    while (i < sc->nparts && strcmp(sc->part[i].name, name) != 0)
        i++;
    cr_assert_lt(i, sc->nparts, "there is no stage %s", name);
    return &sc->part[i].sched;
}

static int knob_of(const Schedule *sc, const char *name)
{
    int i = 0;
    while (i < sc->lowering->nknobs && strcmp(sc->lowering->knobs[i]->name, name) != 0)
        i++;
    cr_assert_lt(i, sc->lowering->nknobs, "there is no knob %s", name);
    return sc->k[i];
}

static void expect_text(const Schedule *sc, const char *text)
{
    char now[DCN_SCHEDULE_MAX];
    cr_assert_lt(sched_print(sc, now, sizeof now), (int)sizeof now);
    cr_expect_str_eq(now, text);
}

/* ---- what a module's schedule is --------------------------------------------------------------- */

/* The projection is the core's, but for few pixels of many channels, of which each task would make all sums again. */
Test(composite, projects_few_pixels_apart)
{
    static const struct {
        int channels, side, batch;
        const char *last;
    } rows[] = {
        { 512, 7, 1, "project" }, { 256, 10, 1, "project" }, { 256, 11, 1, "core" },
        { 512, 7, 3, "core" },    { 128, 7, 1, "core" },     { 512, -1, 1, "core" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dcn_spec s = layer();
        s.in_channels = rows[i].channels;
        s.offset_groups = rows[i].channels / 16;
        s.height = s.width = rows[i].side;
        s.batch = rows[i].batch;
        dcn_spec_complete(&s);
        Schedule sc = parsed(&s, "");
        cr_expect_str_eq(sc.part[sc.nparts - 1].name, rows[i].last, "%d channels, %d",
                         rows[i].channels, rows[i].side);
        sched_free(&sc);
    }
}

Test(composite, has_a_part_for_each_operator)
{
    static const char *const names[] = { "depthwise", "offset", "mask", "value", "core" };
    dcn_spec s = layer();
    Schedule sc = parsed(&s, "");
    cr_assert_eq(sc.nparts, 5);
    for (int i = 0; i < 5; i++)
        cr_expect_str_eq(sc.part[i].name, names[i]);
    sched_free(&sc);
}

/* Each stage has the guess for its own spec. */
Test(composite, guesses_every_stage_by_itself)
{
    dcn_spec s = layer();
    dcn_target t = target_of("x86-64-v4");
    LoweringPart *part;
    Schedule sc = parsed(&s, "stages"), own;
    int n = sc.lowering->parts(&s, &part);
    cr_assert_eq(n, sc.nparts);
    for (int i = 0; i < n; i++) {
        cr_assert_eq(sched_guess(&(SchedFor){ &part[i].spec, &t, 0, NULL }, &own, NULL), 0);
        cr_expect(sched_equal(&sc.part[i].sched, &own), "%s", part[i].name);
    }
    free(part);
    sched_free(&sc);
}

Test(composite, text_reads_back_as_it_was_printed)
{
    const dcn_spec specs[] = { layer(), pack() };
    for (int i = 0; i < 2; i++) {
        char text[DCN_SCHEDULE_MAX];
        Schedule sc = parsed(&specs[i], "");
        int n = sched_print(&sc, text, sizeof text);
        Schedule back = parsed(&specs[i], text);
        cr_expect(sched_equal(&sc, &back), "%s", text);
        expect_text(&back, text);
        for (size_t size = 0; size < 40; size++) {
            char start[40];
            cr_expect_eq(sched_print(&sc, size ? start : NULL, size), n);
            cr_expect(!size || !strncmp(start, text, size - 1));
        }
        sched_free(&sc);
        sched_free(&back);
    }
}

Test(composite, a_text_may_leave_out_what_is_guessed)
{
    dcn_spec s = pack();
    Schedule guess = parsed(&s, ""), sc = parsed(&s, "deform={mr=4}");
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "mr"), 4);
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "nv"), knob_of(part_of(&guess, "deform"), "nv"));
    cr_expect(sched_equal(part_of(&sc, "offset"), part_of(&guess, "offset")));
    sched_free(&sc);
    sc = parsed(&s, "stages\n offset=direct, deform={ tiled\tmr=4,nv=1 }");
    cr_expect_str_eq(part_of(&sc, "offset")->lowering->name, "direct");
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "mr"), 4);
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "nv"), 1);
    sched_free(&sc);
    sched_free(&guess);
}

Test(composite, parts_are_found_in_a_text)
{
    static const char text[] = "stages offset=direct core={tiled mr={6}}";
    char part[DCN_SCHEDULE_MAX];
    cr_assert(sched_part_text(text, "offset", part));
    cr_expect_str_eq(part, "direct");
    cr_assert(sched_part_text(text, "core", part));
    cr_expect_str_eq(part, "tiled mr={6}");
    cr_expect_not(sched_part_text(text, "mr", part));
    cr_expect_not(sched_part_text(text, "stages", part));
}

Test(composite, copies_are_independent)
{
    dcn_spec s = pack();
    Schedule sc = parsed(&s, "deform=direct"), copy;
    cr_assert_eq(sched_copy(&sc, &copy), 0);
    cr_expect(sched_equal(&sc, &copy));
    copy.part[0].sched.k[0] = -1;
    cr_expect_not(sched_equal(&sc, &copy));
    sched_free(&sc);
    cr_expect_str_eq(copy.part[1].name, "deform");
    sched_free(&copy);
    sched_free(&copy); /* a second time does nothing */
}

/* The cost of a module is that of its stages. */
Test(composite, revision_is_that_of_all_lowerings)
{
    int rev[MAX_LOWERINGS];
    for (int i = 0; cg_lowerings[i]; i++) {
        rev[i] = sched_rev(cg_lowerings[i]->name, cg_lowerings[i]->name);
        if (cg_lowerings[i]->is_brief)
            cr_expect_neq(rev[i], cg_lowerings[i]->rev); /* anything may be inside */
        else
            cr_expect_eq(rev[i], cg_lowerings[i]->rev);
    }
    const int tiled = sched_rev("stages", "stages offset={tiled mr=6} core={tiled mr=6}");
    cr_expect_geq(tiled, 0);
    cr_expect_eq(tiled, sched_rev("stages", "stages offset={tiled mr=4} core={tiled nv=2}"));
    cr_expect_neq(tiled, sched_rev("stages", "stages offset={direct} core={tiled mr=6}"));
    cr_expect_neq(tiled, sched_rev("stages", "stages offset={tiled mr=6} core={direct}"));
    cr_expect_neq(tiled, sched_rev("stages", "stages"));
    cr_expect_eq(sched_rev("stages", "stages offset={nothing} core={tiled}"), -1);
    cr_expect_eq(sched_rev("nothing", "nothing"), -1);
}

Test(composite, cost_is_the_sum)
{
    dcn_spec s = pack();
    dcn_target t = target_of("x86-64-v4");
    LoweringPart *part;
    Schedule sc = parsed(&s, "");
    double sum = 0;
    int n = sc.lowering->parts(&s, &part);
    for (int i = 0; i < n; i++)
        sum += sched_cost(&sc.part[i].sched, &part[i].spec, &t, 2);
    cr_expect_gt(sum, 0);
    cr_expect_eq(sched_cost(&sc, &s, &t, 2), sum);
    free(part);
    sched_free(&sc);
}

/* ---- what is known ------------------------------------------------------------------------------ */

typedef struct Expert {
    int asked;
    const char *knows; /* the operator whose schedule it knows: direct */
} Expert;

static int ask(void *self, const dcn_spec *s, const dcn_target *t, Schedule *out)
{
    Expert *x = self;
    x->asked++;
    return !strcmp(dcn_op_name(s->op), x->knows) &&
           !sched_parse("direct", &(SchedFor){ s, t, 0, NULL }, out, NULL);
}

Test(composite, a_stage_takes_what_is_known_of_its_spec)
{
    Expert x = { .knows = "deform_conv2d" };
    const SchedKnown known = { ask, &x };
    dcn_spec s = pack();
    dcn_target t = target_of("x86-64-v4");
    Schedule sc, plain = parsed(&s, "");
    cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 0, &known }, &sc, NULL), 0);
    cr_expect_eq(x.asked, 2);
    cr_expect_str_eq(part_of(&sc, "deform")->lowering->name, "direct");
    cr_expect(sched_equal(part_of(&sc, "offset"), part_of(&plain, "offset")));
    sched_free(&sc);
    sched_free(&plain);
}

/* Knobs alter what is known where they are its own; another lowering starts from its guess. */
Test(composite, a_text_alters_what_is_known)
{
    Expert x = { .knows = "deform_conv2d" };
    const SchedKnown known = { ask, &x };
    dcn_spec s = pack();
    dcn_target t = target_of("x86-64-v4");
    Schedule sc;
    cr_assert_eq(sched_parse("deform={oc_block=2}", &(SchedFor){ &s, &t, 0, &known }, &sc, NULL),
                 0);
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "oc_block"), 2);
    sched_free(&sc);
    cr_assert_eq(sched_parse("deform={tiled mr=4}", &(SchedFor){ &s, &t, 0, &known }, &sc, NULL),
                 0);
    cr_expect_eq(knob_of(part_of(&sc, "deform"), "mr"), 4);
    sched_free(&sc);
}

/* A plain operator is nobody's part: who compiles it has asked already. */
Test(composite, nobody_is_asked_about_the_whole)
{
    Expert x = { .knows = "deform_conv2d" };
    const SchedKnown known = { ask, &x };
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 28);
    dcn_target t = target_of("x86-64-v4");
    Schedule sc;
    cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 0, &known }, &sc, NULL), 0);
    cr_expect_eq(x.asked, 0);
}

/* ---- messages ----------------------------------------------------------------------------------- */

static void expect_refused(const char *text, dcn_status code, const char *message)
{
    dcn_spec s = pack();
    dcn_target t = target_of("x86-64-v4");
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_expect_eq(sched_parse(text, &(SchedFor){ &s, &t, 0, NULL }, &sc, &err), -1,
                 "\"%s\" was taken", text);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, code);
}

Test(composite, errors_name_the_stage_and_the_knob)
{
    expect_refused("stages defrom={mr=4}", DCN_EUSAGE,
                   "unknown stage of deform_conv2d_pack \"defrom\" (did you mean \"deform\"?)");
    expect_refused("stages core={mr=4}", DCN_EUSAGE,
                   "unknown stage of deform_conv2d_pack \"core\": expected one of offset, deform");
    expect_refused(
        "mr=4", DCN_EUSAGE,
        "\"mr\" is a knob, and no stage of deform_conv2d_pack: lowering and knobs of a stage "
        "stand in braces, offset={LOWERING mr=N}");
    expect_refused("deform=direct oc_block=1", DCN_EUSAGE,
                   "\"oc_block\" is a knob, and no stage of deform_conv2d_pack: lowering and knobs "
                   "of a stage stand in braces, offset={LOWERING oc_block=N}");
    expect_refused("deform={tiled unrol=2}", DCN_EUSAGE,
                   "stage deform: unknown knob of lowering tiled \"unrol\" (did you mean "
                   "\"unroll\"?)");
    expect_refused("deform={tiled unroll=3}", DCN_EUSAGE,
                   "stage deform: schedule knob unroll = 3 is not one of 1, 2, 4");
    expect_refused("deform=tild", DCN_EUSAGE,
                   "stage deform: unknown lowering \"tild\" (did you mean \"tiled\"?)");
    expect_refused("deform={direct lanes=16 oc_block=4 x}", DCN_EUSAGE,
                   "stage deform: bad schedule word \"x\": expected knob=value");
    expect_refused("stages deform", DCN_EUSAGE,
                   "bad schedule word \"deform\": expected stage=value");
    expect_refused("deform=direct deform={mr=4}", DCN_EUSAGE,
                   "schedule stage deform is given twice");
    expect_refused("tiled mr=6", DCN_EFAILED,
                   "schedule \"tiled\" is refused: it does not compile deform_conv2d_pack");
    expect_refused("deform={stages offset={mr=6}}", DCN_EFAILED,
                   "stage deform: schedule \"stages\" is refused: it does not compile "
                   "deform_conv2d");
}

Test(composite, braces_must_match)
{
    expect_refused("deform={mr=4", DCN_EUSAGE, "schedule \"deform={mr=4\": a { is not closed by }");
    expect_refused("deform={mr=4}}", DCN_EUSAGE,
                   "schedule \"deform={mr=4}}\": a } has no { before it");
    expect_refused("}{", DCN_EUSAGE, "schedule \"}{\": a } has no { before it");
}
