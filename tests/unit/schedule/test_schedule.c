/* test_schedule.c: schedules as text, walking the space, every reason to refuse one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "codegen/tiled/tiled.h"
#include "runtime/base/file.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dcn_target target_of(const char *cpu)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, &err), 0, "%s", err.text);
    return t;
}

static dcn_spec plain_spec(void)
{
    return case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 28);
}

/* ---- messages ------------------------------------------------------------------------------- */

static void expect_refused(const char *text, dcn_status code, const char *message)
{
    dcn_spec s = plain_spec();
    dcn_target t = target_of("x86-64-v4");
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_expect_eq(sched_parse(text, &(SchedFor){ &s, &t, 0, NULL }, &sc, &err), -1,
                 "\"%s\" was taken", text);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, code);
}

Test(parse, unknown_lowering)
{
    expect_refused("tild", DCN_EUSAGE, "unknown lowering \"tild\" (did you mean \"tiled\"?)");
    expect_refused("Direct oc_block=1", DCN_EUSAGE,
                   "unknown lowering \"Direct\" (did you mean \"direct\"?)");
    expect_refused("winograd", DCN_EUSAGE,
                   "unknown lowering \"winograd\": expected one of tiled, direct");
}

Test(parse, unknown_knob)
{
    expect_refused("tiled unrol=2", DCN_EUSAGE,
                   "unknown knob of lowering tiled \"unrol\" (did you mean \"unroll\"?)");
    expect_refused("direct mr=6", DCN_EUSAGE,
                   "unknown knob of lowering direct \"mr\": expected one of lanes, oc_block");
    expect_refused("direct =6", DCN_EUSAGE,
                   "unknown knob of lowering direct \"\": expected one of lanes, oc_block");
}

Test(parse, bad_value)
{
    expect_refused("tiled unroll=3", DCN_EUSAGE, "schedule knob unroll = 3 is not one of 1, 2, 4");
    expect_refused("tiled loop_order=", DCN_EUSAGE,
                   "schedule knob loop_order =  is not one of 0, 1");
    expect_refused("tiled loop_order=1x", DCN_EUSAGE,
                   "schedule knob loop_order = 1x is not one of 0, 1");
    expect_refused("loop_order=1.0", DCN_EUSAGE,
                   "schedule knob loop_order = 1.0 is not one of 0, 1");
    expect_refused("loop_order=4294967297", DCN_EUSAGE,
                   "schedule knob loop_order = 4294967297 is not one of 0, 1");
    expect_refused("loop_order=99999999999999999999", DCN_EUSAGE,
                   "schedule knob loop_order = 99999999999999999999 is not one of 0, 1");
}

Test(parse, given_twice)
{
    expect_refused("tiled loop_order=1 loop_order=1", DCN_EUSAGE,
                   "schedule knob loop_order is given twice");
}

Test(parse, trailing_words)
{
    expect_refused("tiled loop_order=1 direct", DCN_EUSAGE,
                   "bad schedule word \"direct\": expected knob=value");
    expect_refused("loop_order=1 fast", DCN_EUSAGE,
                   "bad schedule word \"fast\": expected knob=value");
}

Test(parse, refused_combination)
{
    expect_refused("direct lanes=16 oc_block=32", DCN_EUSAGE,
                   "schedule knob oc_block = 32 is not one of 1, 2, 4, 8, 16");
    dcn_spec s = plain_spec();
    dcn_target t = target_of("x86-64-v3");
    Schedule sc;
    dcn_error err;
    cr_expect_eq(
        sched_parse("direct lanes=16 oc_block=4", &(SchedFor){ &s, &t, 0, NULL }, &sc, &err), -1);
    cr_expect_str_eq(err.text, "schedule \"direct lanes=16 oc_block=4\" is refused: "
                               "vector is wider than the machine's registers");
    cr_expect_eq(err.code, DCN_EFAILED);
}

Test(parse, too_long)
{
    char text[DCN_SCHEDULE_MAX + 1];
    memset(text, ' ', sizeof text);
    text[sizeof text - 1] = '\0';
    expect_refused(text, DCN_EUSAGE, "the schedule is longer than 4095 characters");
}

/* ---- what may be left out ------------------------------------------------------------------------ */

static void expect_parsed(const char *text, const char *same_as)
{
    dcn_spec s = plain_spec();
    dcn_target t = target_of("x86-64-v4");
    Schedule a, b;
    dcn_error err;
    cr_assert_eq(sched_parse(text, &(SchedFor){ &s, &t, 0, NULL }, &a, &err), 0, "%s: %s", text,
                 err.text);
    cr_assert_eq(sched_parse(same_as, &(SchedFor){ &s, &t, 0, NULL }, &b, &err), 0, "%s: %s",
                 same_as, err.text);
    cr_expect_eq(a.lowering, b.lowering);
    cr_expect_arr_eq(a.k, b.k, (size_t)a.lowering->nknobs * sizeof(int), "\"%s\" is not \"%s\"",
                     text, same_as);
}

Test(parse, nothing_means_the_guess)
{
    dcn_spec s = plain_spec();
    dcn_target t = target_of("x86-64-v4");
    Schedule guess;
    char text[DCN_SCHEDULE_MAX];
    dcn_error err;
    cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 0, NULL }, &guess, &err), 0, "%s", err.text);
    sched_print(&guess, text, sizeof text);
    expect_parsed("", text);
    expect_parsed("  \t\n ", text);
    expect_parsed("tiled", text);
}

Test(parse, separators_and_order_do_not_matter)
{
    expect_parsed("loop_order=1", "tiled loop_order=1");
    expect_parsed("tiled, loop_order=1,unroll=4", "tiled loop_order=1 unroll=4");
    expect_parsed("unroll=4\tloop_order=1", "tiled loop_order=1 unroll=4");
}

/* ---- printing --------------------------------------------------------------------------------------- */

static void expect_identity(const Schedule *sc, const dcn_spec *s, const dcn_target *t)
{
    char text[DCN_SCHEDULE_MAX], again[DCN_SCHEDULE_MAX];
    dcn_error err;
    Schedule back;
    int n = sched_print(sc, text, sizeof text);
    cr_assert(n > 0 && n < (int)sizeof text);
    cr_expect_eq(strlen(text), (size_t)n);
    cr_assert_eq(sched_parse(text, &(SchedFor){ s, t, 0, NULL }, &back, &err), 0, "%s", err.text);
    sched_print(&back, again, sizeof again);
    cr_expect_str_eq(again, text);
}

Test(print, a_short_buffer_holds_the_beginning)
{
    dcn_spec s = plain_spec();
    dcn_target t = target_of("x86-64-v4");
    Schedule sc;
    char text[DCN_SCHEDULE_MAX], part[10];
    cr_assert_eq(sched_parse("direct", &(SchedFor){ &s, &t, 0, NULL }, &sc, NULL), 0);
    int n = sched_print(&sc, text, sizeof text);
    for (size_t size = 0; size < sizeof part; size++) {
        memset(part, 'x', sizeof part);
        cr_expect_eq(sched_print(&sc, part, size), n);
        if (size)
            cr_expect(strlen(part) == size - 1 && !strncmp(part, text, size - 1));
        cr_expect(size == sizeof part || part[size] == 'x');
    }
}

/* ---- walking ---------------------------------------------------------------------------------------- */

/* Legal points of a space of two knobs. */
static int count_legal(const Lowering *how, const dcn_spec *s, const dcn_target *t)
{
    int n = 0;
    cr_assert_eq(how->nknobs, 2);
    for (int i = 0; i < how->knobs[0]->nchoices; i++)
        for (int j = 0; j < how->knobs[1]->nchoices; j++) {
            int k[MAX_KNOBS] = { how->knobs[0]->choice[i], how->knobs[1]->choice[j] };
            n += !how->refuse(s, t, k);
        }
    return n;
}

Test(walk, meets_every_legal_schedule_of_direct_once)
{
    static const char *const cpus[] = { "x86-64-v4", "x86-64-v2", "generic" };
    for (int i = 0; i < 3; i++) {
        dcn_target t = target_of(cpus[i]);
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3, 5, 9, 9);
        Schedule sc = { .lowering = cg_lowerings[1] };
        char seen[64][DCN_SCHEDULE_MAX];
        int n = 0;
        for (int ok = sched_first(&sc, &s, &t); ok; ok = sched_next(&sc, &s, &t)) {
            cr_expect_null(sc.lowering->refuse(&s, &t, sc.k));
            expect_identity(&sc, &s, &t);
            sched_print(&sc, seen[n], sizeof seen[n]);
            for (int j = 0; j < n; j++)
                cr_expect_str_neq(seen[j], seen[n]);
            cr_assert_lt(++n, 64);
        }
        cr_expect_eq(n, count_legal(sc.lowering, &s, &t));
        cr_expect_gt(n, 2);
    }
}

Test(walk, meets_only_legal_schedules_of_tiled)
{
    dcn_target t = target_of("x86-64-v3");
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 40, 40, 9, 9);
    Schedule sc = { .lowering = cg_lowerings[0] };
    int n = 0;
    for (int ok = sched_first(&sc, &s, &t); ok && n < 20000; ok = sched_next(&sc, &s, &t)) {
        cr_assert_null(sc.lowering->refuse(&s, &t, sc.k));
        if (n++ % 20 == 0)
            expect_identity(&sc, &s, &t);
    }
    cr_expect_gt(n, 1000);
}

Test(walk, ends_where_nothing_is_legal)
{
    dcn_target t = target_of("x86-64-v2");
    t.vector_bytes = 4; /* no machine is so narrow */
    dcn_spec s = plain_spec();
    Schedule sc = { .lowering = cg_lowerings[1] };
    cr_expect_eq(sched_first(&sc, &s, &t), 0);
    cr_expect_eq(sched_next(&sc, &s, &t), 0);
}

/* ---- every reason to refuse ----------------------------------------------------------------------------- */

typedef struct Reason {
    int in, out, groups, offset_groups, height, kernel;
    const char *schedule, *reason;
    dcn_dtype dtype;
} Reason;

static const Reason reasons[] = {
    { 64, 64, 1, 1, 28, 3, "direct lanes=16", "vector is wider than the machine's registers",
      DCN_F64 },
    { 64, 3, 1, 1, 28, 3, "direct oc_block=4", "a weight group has fewer output channels than that",
      DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled mr=28 nv=4", "the register tile does not fit the registers",
      DCN_F32 },
    { 64, 16, 1, 1, 28, 3, "tiled mr=1 nv=2",
      "the register tile is wider than the output channels of a weight group", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=64",
      "the channel block is a whole weight group: use kc_channels=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=128",
      "the channel block is larger than the weight groups it could hold", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_taps=9",
      "the tap block is not smaller than the kernel: use kc_taps=0", DCN_F32 },
    { 96, 96, 1, 4, 28, 3, "tiled kc_channels=16", "the channel block splits an offset group",
      DCN_F32 },
    { 60, 60, 20, 6, 28, 3, "tiled nv=1 mr=1 kc_channels=16",
      "the weight groups of a column would cross offset groups", DCN_F32 },
    { 64, 64, 1, 1, 5, 3, "tiled tile_h=14", "the tile is higher than the map", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled tile_w=64", "the tile is wider than the map", DCN_F32 },
    { 65536, 16, 1, 1, 28, 1, "tiled nv=1 mr=1 kc_channels=0 tile_h=16 tile_w=20",
      "the workspace of a tile would exceed 32 MiB", DCN_F32 },
    { 64, 64, 4, 1, 28, 3, "tiled nv=1 mr=1 kc_channels=0 group_pack=1",
      "no two weight groups fill a vector evenly: use group_pack=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled repack=1", "there is one offset group: use repack=0", DCN_F32 },
    { 51, 64, 1, 3, 28, 3, "tiled kc_channels=0 repack=1",
      "the channels of an offset group do not fill vectors evenly: use repack=0", DCN_F32 },
    { 512, 64, 1, 512, 28, 3, "tiled kc_channels=0 tap_lanes=1",
      "lanes cannot run along the taps: use tap_lanes=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=0 tap_lanes=0 offset_chunk=1",
      "lanes of the pass over the offsets run along pixels: use offset_chunk=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=0 tile_w=4 tap_lanes=1 offset_chunk=8",
      "the offset chunk is wider than the tile", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled tile_h=16 tile_w=20 grain=8",
      "a task has as many tiles as the map: use a smaller grain", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=16 tap_lanes=1 offset_chunk=1",
      "several columns share a pass over the offsets: use offset_chunk=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=0 implicit_gemm=1",
      "samples at offsets are not in the map: use implicit_gemm=0", DCN_F32 },
    { 64, 64, 1, 0, 28, 3, "tiled kc_channels=0 kc_taps=3 implicit_gemm=1",
      "the map has all taps, and one weight group at a time: use implicit_gemm=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled loop_order=0 weights_ahead=1",
      "every panel of pixels goes through all blocks of weights: use weights_ahead=0", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled oc_split=32",
      "there are fewer blocks of output channels, or weight groups, than parts", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled kc_channels=32 ic_split=4",
      "there are fewer blocks of kc_channels input channels than parts", DCN_F32 },
    { 64, 64, 1, 1, 28, 3, "tiled tile_h=2 tile_w=4 kc_channels=32 ic_split=2 grain=2",
      "a task has a part of one tile: use grain=1", DCN_F32 },
    { 512, 4096, 1, 1, 28, 3, "tiled tile_h=2 tile_w=4 kc_channels=16 ic_split=32",
      "the partial sums would exceed 64 MiB", DCN_F32 },
};
enum { NREASONS = sizeof reasons / sizeof *reasons };

Test(refuse, says_why)
{
    dcn_target t = target_of("x86-64-v4");
    for (int i = 0; i < NREASONS; i++) {
        const Reason *r = &reasons[i];
        dcn_op op = r->offset_groups ? DCN_OP_DEFORM_CONV2D : DCN_OP_CONV2D;
        dcn_spec s = case_spec(op, r->in, r->out, r->height, 28);
        s.dtype = r->dtype;
        s.groups = r->groups;
        s.offset_groups = r->offset_groups ? r->offset_groups : 1;
        s.kernel[0] = s.kernel[1] = r->kernel;
        Schedule sc;
        dcn_error err = { .text = "taken" };
        cr_expect_eq(sched_parse(r->schedule, &(SchedFor){ &s, &t, 0, NULL }, &sc, &err), -1, "%s",
                     r->schedule);
        const char *at = strstr(err.text, " is refused: ");
        cr_expect_str_eq(at ? at + strlen(" is refused: ") : err.text, r->reason);
    }
}

static int is_tried(const char *reason, size_t length)
{
    for (int i = 0; i < NREASONS; i++)
        if (strlen(reasons[i].reason) == length && !strncmp(reasons[i].reason, reason, length))
            return 1;
    return 0;
}

/* The table above misses none of the texts in a lowering's source. */
static void expect_all_tried(const char *file)
{
    char path[1024];
    void *bytes;
    size_t size;
    snprintf(path, sizeof path, "%s/codegen/%s", SOURCE_DIR, file);
    dcn_error err;
    cr_assert_eq(rt_read_file(path, 1 << 20, &bytes, &size, &err), 0, "%s", err.text);
    char *text = calloc(size + 1, 1);
    memcpy(text, bytes, size);
    int n = 0;
    for (const char *p = text; (p = strstr(p, "return \"")); n++) {
        p += strlen("return \"");
        cr_expect(is_tried(p, strcspn(p, "\"")), "%s: no test of \"%.*s\"", file,
                  (int)strcspn(p, "\""), p);
    }
    cr_expect_gt(n, 1, "%s: found no reasons", file);
    free(text);
    free(bytes);
}

Test(refuse, every_reason_has_a_test)
{
    expect_all_tried("direct/lowering.c");
    int n = 0;
    for (const TiledRefusal *r = tiled_refusals; r->reason; r++, n++)
        cr_expect(is_tried(r->reason, strlen(r->reason)), "tiled: no test of \"%s\"", r->reason);
    cr_expect_gt(n, 10, "found too few reasons");
}

/* A reason names a knob by whose value it can be avoided. */
Test(refuse, reasons_advise_on_their_own_knob)
{
    for (const TiledRefusal *r = tiled_refusals; r->reason; r++) {
        const char *advice = strstr(r->reason, ": use ");
        cr_assert_lt(r->knob, TILED_NKNOBS);
        cr_expect(!advice || strstr(advice, tiled_knobs[r->knob].name), "%s", r->reason);
    }
}

Test(knobs, fit_a_schedule_and_guess_one_of_their_choices)
{
    for (int i = 0; cg_lowerings[i]; i++) {
        const Lowering *how = cg_lowerings[i];
        cr_assert_leq(how->nknobs, MAX_KNOBS, "%s", how->name);
        for (int j = 0; j < how->nknobs; j++) {
            const Knob *q = how->knobs[j];
            int found = 0;
            for (int c = 0; c < q->nchoices; c++)
                found += q->choice[c] == q->guess;
            cr_expect_eq(found, 1, "%s: %s", how->name, q->name);
        }
    }
}

/* ---- the guess --------------------------------------------------------------------------------------------- */

/* 1 if it is a spec at all. */
static int expect_legal_guess(const dcn_spec *s, const dcn_target *t)
{
    Schedule sc;
    dcn_error err = { .text = "" };
    char text[1024];
    if (dcn_spec_check(s, &err))
        return 0;
    dcn_spec_print(s, text, sizeof text);
    cr_assert_eq(sched_guess(&(SchedFor){ s, t, 0, NULL }, &sc, &err), 0, "%s on %s: %s", text,
                 t->cpu, err.text);
    cr_expect_null(sc.lowering->refuse(s, t, sc.k), "%s on %s", text, t->cpu);
    expect_identity(&sc, s, t);
    /* The lowerings on their own are legal as well. */
    for (int i = 0; cg_lowerings[i]; i++)
        if (sched_takes(cg_lowerings[i], s))
            cr_expect_eq(
                sched_parse(cg_lowerings[i]->name, &(SchedFor){ s, t, 0, NULL }, &sc, &err), 0,
                "%s on %s: %s", text, t->cpu, err.text);
    return 1;
}

static bool has_gradients(const dcn_spec *s)
{
    for (int i = 0; cg_lowerings[i]; i++)
        if (sched_takes(cg_lowerings[i], s))
            return true;
    return false;
}

/* Gradients that no lowering compiles are an error of the spec that names those that one does. */
Test(schedule, gradients_without_code_say_so)
{
    dcn_target t;
    dcn_target_parse("x86-64-v3", NULL, NULL, &t, NULL);
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        char parsed[128], guessed[128];
        dcn_error err = { .text = "" };
        dcn_spec s;
        Schedule sc;
        dcn_spec_init(&s, (dcn_op)op);
        s.gradient = DCN_GRADIENT_ALL;
        if (has_gradients(&s))
            continue;
        const SchedFor f = { &s, &t, 0, NULL };
        snprintf(parsed, sizeof parsed, "does not compile gradients of %s", dcn_op_name(s.op));
        snprintf(guessed, sizeof guessed, "'gradient' of %s cannot be compiled", dcn_op_name(s.op));
        for (int i = 0; cg_lowerings[i]; i++) {
            cr_expect_eq(sched_parse(cg_lowerings[i]->name, &f, &sc, &err), -1);
            cr_expect_not_null(strstr(err.text, parsed), "%s", err.text);
        }
        cr_expect_eq(sched_guess(&f, &sc, &err), -1);
        cr_expect(err.code == DCN_ESPEC && strstr(err.text, guessed), "%s", err.text);
    }
}

static const int channels[] = { 1, 2, 3, 17, 48, 64, 96, 100, 1000, 2048 };
static const int sizes[] = { 1, 7, 28, 200, DCN_DYNAMIC };
enum { NCHANNELS = sizeof channels / sizeof *channels, NSIZES = sizeof sizes / sizeof *sizes };

static void guesses_on(const char *cpu)
{
    dcn_target t = target_of(cpu);
    rt_rng rng = rt_rng_seed(1);
    int specs = 0;
    for (int i = 0; i < 4000; i++) {
        dcn_spec s =
            case_spec((dcn_op)(rt_rng_next(&rng) % 2), channels[rt_rng_next(&rng) % NCHANNELS],
                      channels[rt_rng_next(&rng) % NCHANNELS], sizes[rt_rng_next(&rng) % NSIZES],
                      sizes[rt_rng_next(&rng) % NSIZES]);
        static const int groups[] = { 1, 2, 3, 4, 17, 48, 64 };
        s.groups = groups[rt_rng_next(&rng) % 7];
        s.offset_groups = s.op == DCN_OP_CONV2D ? 1 : groups[rt_rng_next(&rng) % 7];
        s.kernel[0] = (int)(rt_rng_next(&rng) % 7) + 1;
        s.kernel[1] = (int)(rt_rng_next(&rng) % 7) + 1;
        s.dtype = (dcn_dtype)(rt_rng_next(&rng) % 2);
        s.layout = (dcn_layout)(rt_rng_next(&rng) % 2);
        specs += expect_legal_guess(&s, &t);
    }
    cr_expect_gt(specs, 300);
}

Test(guess, is_legal_for_any_spec)
{
    guesses_on("x86-64-v4");
    guesses_on("x86-64-v3");
    guesses_on("x86-64-v2");
    guesses_on("neoverse-v1");
}
