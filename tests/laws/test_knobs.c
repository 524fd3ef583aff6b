/* test_knobs.c: every value of every knob of every lowering makes a right kernel.
**
** Each value is put into the guess; where that is refused, into the first legal schedule with it.
** dcn_verify then compares with the double-precision reference on all its cases.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "variant.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A spec on which all values of a knob have a meaning. */
static dcn_spec spec_for(const char *knob, const Variant *v)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 6, 7, 5, 6);
    s.modulation = DCN_MODULATION_MASK;
    s.bias = true;
    s.activation = DCN_ACT_RELU;
    if (!strcmp(knob, "th") || !strcmp(knob, "tw")) {
        s.height = 17;
        s.width = 50;
        s.in_channels = s.out_channels = 3;
    } else if (!strcmp(knob, "cb")) {
        s.in_channels = 300;
        s.kernel[0] = 1;
        s.padding[0] = s.padding[2] = 0;
    } else if (!strcmp(knob, "taps")) {
        s.kernel[0] = 5;
        s.kernel[1] = 6;
    } else {
        s.in_channels = 12;
        s.out_channels = 100;
    }
    s.dtype = v->dtype;
    s.layout = v->layout;
    return s;
}

/* A legal schedule with knob i at `value`; 0 if there is none. */
static int schedule_with(Schedule *sc, int i, int value, const dcn_spec *s, const dcn_target *t)
{
    sc->how->guess(s, t, sc->k);
    sc->k[i] = value;
    if (!sc->how->refuse(s, t, sc->k))
        return 1;
    for (int ok = sched_first(sc, s, t); ok; ok = sched_next(sc, s, t))
        if (sc->k[i] == value)
            return 1;
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
    cr_expect_eq(report.cases, 9);
    dcn_kernel_free(k);
}

/* What no legal schedule of this machine has. */
static int too_wide(const Lowering *how, const char *knob, int value, const dcn_target *t,
                    const dcn_spec *s)
{
    int lanes = t->vector_bytes / (int)dcn_dtype_bytes(s->dtype);
    if (!strcmp(how->name, "direct"))
        return !strcmp(knob, "lanes") && value > lanes;
    return (!strcmp(knob, "mr") && value + 2 > t->registers) ||
           (!strcmp(knob, "nv") && 2 * value + 1 > t->registers);
}

static void each_value(const Lowering *how, int i, const Variant *v)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    const Knob *knob = &how->knobs[i];
    dcn_spec s = spec_for(knob->name, v);
    for (int c = 0; c < knob->nchoices; c++) {
        Schedule sc = { .how = how };
        char text[DCN_TEXT_MAX];
        int found = schedule_with(&sc, i, knob->choice[c], &s, &t);
        cr_expect(found != too_wide(how, knob->name, knob->choice[c], &t, &s), "%s %s=%d: %s",
                  how->name, knob->name, knob->choice[c], found ? "legal" : "no legal schedule");
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

Test(knobs, f32_nchw)
{
    each_knob(DCN_F32, DCN_NCHW);
}

Test(knobs, f32_nhwc)
{
    each_knob(DCN_F32, DCN_NHWC);
}

Test(knobs, f64_nchw)
{
    each_knob(DCN_F64, DCN_NCHW);
}

Test(knobs, f64_nhwc)
{
    each_knob(DCN_F64, DCN_NHWC);
}
