/* test_knobs.c: every value of every knob of every lowering makes a right kernel.
**
** Each value is put into the guess; where that is refused, other knobs move until it is legal.
** dcn_verify then compares with the double-precision reference on all its cases.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "tests/right/laws/variant.h"
#include "tuner/check/cases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Between them, on these specs every value of every knob has a meaning. */
enum {
    WIDE,
    LARGE_MAP,
    DEEP,
    MANY_TAPS,
    DEPTHWISE,
    OFFSET_GROUPS,
    PLAIN,
    MANY_PARTS,
    BACKWARD,
    GROUPS_BACKWARD,
    CORE,
    PROJECTED,
    PROJECTED_PARTS,
    MANY_GROUPS,
    CORE_BACKWARD,
    MANY_GROUPS_BACKWARD,
    LAYER_WIDE,
    LAYER_LARGE,
    LAYER_DEEP,
    REGIONS,
    REGIONS_NCHW,
    REGIONS_BACKWARD,
    REGIONS_ONE_TABLE_BACKWARD,
    NSPECS
};

/* Between them maps are as large as the largest tile. */
static dcn_spec core_spec(int which, const Variant *v)
{
    dcn_spec s = case_spec(DCN_OP_DCNV3, 32, 32, 17, 130);
    s.offset_groups = 2;
    if (which == CORE_BACKWARD || which == PROJECTED_PARTS)
        s.height = 3;
    if (which == PROJECTED_PARTS)
        s.width = 4;
    if (which == MANY_GROUPS || which == MANY_GROUPS_BACKWARD) {
        s = case_spec(DCN_OP_DCNV3, 64, 64, which == MANY_GROUPS ? 33 : 17,
                      which == MANY_GROUPS ? 1 : 5);
        s.offset_groups = 64;
    }
    s.dtype = v->dtype;
    s.projection = which == PROJECTED ? 100 : which == PROJECTED_PARTS ? 512 : 0;
    s.gradient = which >= CORE_BACKWARD ? DCN_GRADIENT_ALL : 0;
    dcn_spec_complete(&s);
    return s;
}

/* A layer of two stages, both of which can be as wide, large and deep as any value of a knob. */
static dcn_spec layer_spec(int which, const Variant *v)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D_PACK, 12, 100, 5, 6);
    s.offset_groups = 4;
    s.modulation = DCN_MODULATION_MASK;
    if (which == LAYER_LARGE)
        s = case_spec(DCN_OP_DEFORM_CONV2D_PACK, 16, 16, 17, 50);
    if (which == LAYER_DEEP)
        s = case_spec(DCN_OP_DEFORM_CONV2D_PACK, 300, 20, 5, 6);
    s.dtype = v->dtype;
    s.layout = v->layout;
    return s;
}

/* As many channels as the widest pass has, as many samples as the largest table. */
static dcn_spec region_spec(int which, const Variant *v)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_ROI_ALIGN);
    snprintf(s.name, sizeof s.name, "regions");
    s.in_channels = 272;
    s.height = 9;
    s.width = 11;
    s.rois = 3;
    s.pooled[0] = s.pooled[1] = 5;
    s.sampling_ratio = which == REGIONS_ONE_TABLE_BACKWARD ? 2 : 9;
    s.dtype = v->dtype;
    s.layout = which == REGIONS_NCHW ? DCN_NCHW : v->layout;
    s.gradient = which >= REGIONS_BACKWARD ? DCN_GRADIENT_ALL : 0;
    dcn_spec_complete(&s);
    return s;
}

static dcn_spec spec_of(int which, const Variant *v)
{
    static const struct {
        int in, out, groups, offset_groups, height, width, kernel[2];
    } shapes[] = {
        [WIDE] = { 12, 100, 1, 1, 5, 6, { 3, 3 } },
        [LARGE_MAP] = { 3, 3, 1, 1, 17, 50, { 3, 3 } },
        [DEEP] = { 300, 7, 1, 1, 5, 6, { 1, 3 } },
        [MANY_TAPS] = { 6, 7, 1, 1, 5, 6, { 5, 6 } },
        [OFFSET_GROUPS] = { 64, 9, 1, 2, 5, 6, { 3, 3 } },
        [PLAIN] = { 20, 100, 1, 0, 17, 50, { 3, 2 } },
        [MANY_PARTS] = { 512, 512, 1, 1, 3, 4, { 1, 1 } },
        [BACKWARD] = { 64, 5, 1, 1, 17, 66, { 1, 3 } },
        [GROUPS_BACKWARD] = { 32, 24, 8, 4, 5, 6, { 3, 3 } },
        [DEPTHWISE] = { 48, 48, 48, 1, 5, 6, { 3, 3 } },
    };
    if (which >= REGIONS)
        return region_spec(which, v);
    if (which >= LAYER_WIDE)
        return layer_spec(which, v);
    if (which >= CORE)
        return core_spec(which, v);
    int plain = which == PLAIN;
    dcn_spec s = case_spec(plain ? DCN_OP_CONV2D : DCN_OP_DEFORM_CONV2D, shapes[which].in,
                           shapes[which].out, shapes[which].height, shapes[which].width);
    s.groups = shapes[which].groups;
    if (!plain) {
        s.offset_groups = shapes[which].offset_groups;
        s.modulation = DCN_MODULATION_MASK;
    }
    s.kernel[0] = shapes[which].kernel[0];
    s.kernel[1] = shapes[which].kernel[1];
    s.bias = true;
    s.activation = which >= BACKWARD ? DCN_ACT_NONE : DCN_ACT_RELU;
    s.gradient = which >= BACKWARD ? DCN_GRADIENT_ALL : 0;
    s.dtype = v->dtype;
    s.layout = v->layout;
    return s;
}

static int legal(const Schedule *sc, const dcn_spec *s, const dcn_target *t)
{
    return !sc->lowering->refuse(s, t, sc->k);
}

/* Knobs j and all later ones but `fixed` may move until the schedule is legal; at most `moves` do. */
static int settle(Schedule *sc, int fixed, int j, int moves, const dcn_spec *s, const dcn_target *t)
{
    if (legal(sc, s, t))
        return 1;
    for (; moves && j < sc->lowering->nknobs; j++) {
        int was = sc->k[j];
        for (int c = 0; j != fixed && c < sc->lowering->knobs[j]->nchoices; c++) {
            sc->k[j] = sc->lowering->knobs[j]->choice[c];
            if (settle(sc, fixed, j + 1, moves - 1, s, t))
                return 1;
        }
        sc->k[j] = was;
    }
    return 0;
}

/* A legal schedule with knob i at `value`, near the guess for the first spec that has one. */
static int schedule_with(Schedule *sc, int i, int value, dcn_spec *s, const dcn_target *t,
                         const Variant *v)
{
    for (int which = 0; which < NSPECS; which++) {
        *s = spec_of(which, v);
        if (!sched_takes(sc->lowering, s))
            continue;
        sc->lowering->guess(s, t, 0, sc->k);
        sc->k[i] = value;
        if (settle(sc, i, 0, 2, s, t))
            return 1;
    }
    return 0;
}

static void verify(const dcn_spec *s, const char *text)
{
    dcn_error err;
    dcn_report report;
    dcn_kernel *k;
    dcn_options opt = { .schedule = text };
    cr_assert_eq(dcn_compile(s, &opt, &k, &err), 0, "%s: %s", text, err.text);
    cr_expect_str_eq(dcn_kernel_schedule(k), text);
    cr_assert_eq(dcn_verify(k, 3, 1, &report, &err), 0, "%s: %s", text, err.text);
    cr_expect_eq(report.failures, 0, "%s %s %s: %s", dcn_dtype_name(s->dtype),
                 dcn_layout_name(s->layout), text, report.what);
    int ncases;
    tune_cases_of(s, &ncases);
    cr_expect_eq(report.cases, ncases);
    dcn_kernel_free(k);
}

/* Some machine must have a use for a value: the one with the widest vectors, in f32. */
static int has_a_use(const Lowering *how, int i, int value)
{
    const Variant v = { DCN_F32, DCN_NHWC, "" };
    dcn_target t;
    dcn_spec s;
    Schedule sc = { .lowering = how };
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), 0);
    return schedule_with(&sc, i, value, &s, &t, &v);
}

static void each_value(const Lowering *how, int i, const Variant *v)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    const Knob *knob = how->knobs[i];
    dcn_spec s;
    for (int c = 0; c < knob->nchoices; c++) {
        Schedule sc = { .lowering = how };
        char text[DCN_TEXT_MAX];
        int found = schedule_with(&sc, i, knob->choice[c], &s, &t, v);
        cr_expect(found || has_a_use(how, i, knob->choice[c]), "%s %s=%d is never legal", how->name,
                  knob->name, knob->choice[c]);
        if (!found)
            continue;
        sched_print(&sc, text, sizeof text);
        verify(&s, text);
    }
}

static void each_knob(dcn_dtype dtype, dcn_layout layout)
{
    const Variant v = { dtype, layout, "" };
    for (int l = 0; cg_lowerings[l]; l++)
        for (int i = 0; i < cg_lowerings[l]->nknobs; i++)
            each_value(cg_lowerings[l], i, &v);
}

Test(knobs, f32_nhwc)
{
    each_knob(DCN_F32, DCN_NHWC);
}

Test(knobs, f64_nchw)
{
    each_knob(DCN_F64, DCN_NCHW);
}
