/* test_knobs.c: every value of every knob of every lowering makes a right kernel.
**
** Each value is put into the guess; where that is refused, other knobs move until it is legal.  All
** schedules of one spec are then compared with the double-precision reference, which is asked once, on
** all cases that dcn_verify has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "tests/right/laws/variant.h"
#include "tuner/check/expected.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A legal schedule with knob i at `value`, near the guess for the first spec that has one, whose number it is; -1: no
** spec has. */
static int schedule_with(Schedule *sc, int i, int value, const dcn_target *t, const Variant *v)
{
    for (int which = 0; which < NSPECS; which++) {
        const dcn_spec s = spec_of(which, v);
        if (!sched_takes(sc->lowering, &s))
            continue;
        sc->lowering->guess(&s, t, 0, sc->k);
        sc->k[i] = value;
        if (settle(sc, i, 0, 2, &s, t))
            return which;
    }
    return -1;
}

/* Some machine must have a use for a value: the one with the widest vectors, in f32. */
static int has_a_use(const Lowering *how, int i, int value)
{
    const Variant v = { DCN_F32, DCN_NHWC, "" };
    dcn_target t;
    Schedule sc = { .lowering = how };
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), 0);
    return schedule_with(&sc, i, value, &t, &v) >= 0;
}

/* ---- the schedules of a spec --------------------------------------------------------------- */

enum { MOST = 256 };

typedef struct Tried {
    int n;
    dcn_kernel *kernel[MOST];
} Tried;

/* Once, however many values lead to it. */
static void try(Tried *all, const dcn_spec *s, const char *text)
{
    dcn_error err;
    const dcn_options opt = { .schedule = text };
    for (int i = 0; i < all->n; i++)
        if (!strcmp(dcn_kernel_schedule(all->kernel[i]), text))
            return;
    cr_assert_lt(all->n, MOST);
    dcn_kernel **k = &all->kernel[all->n++];
    cr_assert_eq(dcn_compile(s, &opt, k, &err), 0, "%s: %s", text, err.text);
    cr_expect_str_eq(dcn_kernel_schedule(*k), text);
}

static void check(Operands *o, const Expected *x, const char *name)
{
    dcn_error err;
    dcn_report report = { .failures = 0 };
    const char *text = dcn_kernel_schedule(o->kernel);
    tune_poison_outputs(o);
    cr_assert_eq(tune_run(o, 1, NULL, &err), 0, "%s: %s", text, err.text);
    expected_compare(x, o, name, &report);
    cr_expect_eq(report.cases, 1);
    cr_expect_eq(report.failures, 0, "%s %s %s: %s", dcn_dtype_name(o->spec.dtype),
                 dcn_layout_name(o->spec.layout), text, report.what);
}

/* Weights are packed once for each, so that who writes to them is wrong in the next case. */
static Operands *share_each(const Tried *tried, const Operands *all)
{
    dcn_error err;
    Operands *own = calloc((size_t)tried->n, sizeof *own);
    cr_assert(own);
    for (int i = 0; i < tried->n; i++)
        cr_assert_eq(tune_operands_share(&own[i], all, tried->kernel[i], &err), 0, "%s: %s",
                     dcn_kernel_schedule(tried->kernel[i]), err.text);
    return own;
}

static void check_all(const Tried *tried, const dcn_spec *s)
{
    int ncases;
    Operands all;
    dcn_error err;
    rt_rng rng = rt_rng_seed(3);
    const TuneCase *cases = tune_cases_of(s, &ncases);
    cr_assert_eq(tune_operands_open(&all, NULL, s, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(&all, &rng, &err), 0, "%s", err.text);
    Operands *own = share_each(tried, &all);
    for (int c = 0; c < ncases; c++) {
        Expected x;
        tune_fill_case(&all, &cases[c], &rng);
        cr_assert_eq(tune_avoid_kinks(&all, &err), 0, "%s", err.text);
        cr_assert_eq(expected_open(&x, &all, &rng, &err), 0, "%s", err.text);
        for (int i = 0; i < tried->n; i++)
            check(&own[i], &x, cases[c].name);
        expected_close(&x);
    }
    for (int i = 0; i < tried->n; i++)
        tune_operands_drop(&own[i]);
    free(own);
    tune_operands_close(&all);
}

/* ---- all of them --------------------------------------------------------------------------- */

static void each_value(const Lowering *how, int i, const Variant *v, Tried tried[NSPECS])
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    const Knob *knob = how->knobs[i];
    for (int c = 0; c < knob->nchoices; c++) {
        Schedule sc = { .lowering = how };
        char text[DCN_TEXT_MAX];
        const int which = schedule_with(&sc, i, knob->choice[c], &t, v);
        cr_expect(which >= 0 || has_a_use(how, i, knob->choice[c]), "%s %s=%d is never legal",
                  how->name, knob->name, knob->choice[c]);
        if (which < 0)
            continue;
        const dcn_spec s = spec_of(which, v);
        sched_print(&sc, text, sizeof text);
        try(&tried[which], &s, text);
    }
}

static void each_knob(dcn_dtype dtype, dcn_layout layout)
{
    const Variant v = { dtype, layout, "" };
    Tried *tried = calloc(NSPECS, sizeof *tried);
    int schedules = 0;
    cr_assert(tried);
    for (int l = 0; cg_lowerings[l]; l++)
        for (int i = 0; i < cg_lowerings[l]->nknobs; i++)
            each_value(cg_lowerings[l], i, &v, tried);
    for (int which = 0; which < NSPECS; which++) {
        const dcn_spec s = spec_of(which, &v);
        if (tried[which].n)
            check_all(&tried[which], &s);
        schedules += tried[which].n;
        while (tried[which].n)
            dcn_kernel_free(tried[which].kernel[--tried[which].n]);
    }
    cr_expect_gt(schedules, 100);
    free(tried);
}

Test(knobs, f32_nhwc)
{
    each_knob(DCN_F32, DCN_NHWC);
}

Test(knobs, f64_nchw)
{
    each_knob(DCN_F64, DCN_NCHW);
}
