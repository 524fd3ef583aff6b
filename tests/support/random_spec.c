/* random_spec.c: small specs over all options, and legal schedules for them.
**
** Sizes are drawn from lists rather than ranges: 1, powers of two, their neighbours and primes are
** where loops over whole vectors and tiles go wrong.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/random_spec.h"
#include "codegen/lowering.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const double MOST_WORK = 4e5; /* multiply-adds, counted as 2; the reference does them all */

int random_below(rt_rng *r, int n)
{
    return (int)(rt_rng_next(r) % (uint64_t)n);
}

/* ---- specs -------------------------------------------------------------------------------- */

static void random_pair(rt_rng *r, int pair[2], int a, int b)
{
    pair[0] = a;
    pair[1] = random_below(r, 2) ? a : b;
}

/* As n, {h, w} or {top, left, bottom, right}. */
static void random_padding(rt_rng *r, int padding[4])
{
    int kinds = PICK(r, 1, 2, 4);
    for (int i = 0; i < 4; i++)
        padding[i] = i < kinds ? random_below(r, 4) : padding[i % kinds];
}

/* "same", with which a long kernel fits every map, too. */
static void same_padding(rt_rng *r, dcn_spec *s)
{
    for (int i = 0; i < 4; i++)
        s->padding[i] = DCN_SAME;
    if (random_below(r, 3) == 0)
        s->kernel[random_below(r, 2)] = PICK(r, 16, 31, 63);
}

static void random_window(rt_rng *r, dcn_spec *s)
{
    random_pair(r, s->kernel, PICK(r, 1, 2, 3, 3, 3, 4, 5), PICK(r, 1, 2, 3, 4, 5, 7));
    random_pair(r, s->stride, PICK(r, 1, 1, 1, 2, 3), PICK(r, 1, 2, 3, 5));
    random_pair(r, s->dilation, PICK(r, 1, 1, 1, 2, 3), PICK(r, 1, 2, 3));
    random_padding(r, s->padding);
    if (random_below(r, 6) == 0)
        same_padding(r, s);
}

static int random_divisor(rt_rng *r, int64_t of)
{
    int d;
    do
        d = 1 + random_below(r, (int)of);
    while (of % d);
    return d;
}

static void random_channels(rt_rng *r, dcn_spec *s)
{
    s->groups = PICK(r, 1, 1, 1, 1, 2, 3, 4, 6, 8, 16, 32, 33);
    s->in_channels = s->groups * PICK(r, 1, 1, 2, 3, 4, 6, 8, 16, 17, 20, 33, 36, 64, 130, 270);
    s->out_channels = s->groups * PICK(r, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24, 33, 65, 98, 130);
}

static void random_deformation(rt_rng *r, dcn_spec *s)
{
    s->offset_groups = random_below(r, 2) ? 1 : random_divisor(r, s->in_channels);
    s->modulation = (dcn_modulation)random_below(r, 4);
    if (s->modulation != DCN_MODULATION_NONE && random_below(r, 2))
        s->modulation_scale = (const double[]){ 2, 0.5, -1.25, 9 }[random_below(r, 4)];
    s->border = (dcn_border)random_below(r, 3);
    s->offset_order = (dcn_offset_order)random_below(r, 4);
    s->offset_mask = s->modulation != DCN_MODULATION_NONE && random_below(r, 4) == 0;
}

static void random_conv(rt_rng *r, dcn_spec *s)
{
    random_channels(r, s);
    random_window(r, s);
    s->bias = random_below(r, 2);
    s->scale_shift = random_below(r, 4) == 0;
    s->residual = random_below(r, 4) == 0;
    if (s->op == DCN_OP_DEFORM_CONV2D)
        random_deformation(r, s);
}

/* Operators, how often of 24 times, and what fills their specs. */
static const struct {
    dcn_op op;
    int share;
    void (*fill)(rt_rng *r, dcn_spec *s);
} kinds[] = {
    { DCN_OP_DEFORM_CONV2D, 12, random_conv }, { DCN_OP_CONV2D, 4, random_conv },
    { DCN_OP_DCNV3, 1, random_core },          { DCN_OP_DCNV4, 1, random_core },
    { DCN_OP_ROI_POOL, 1, random_roi },        { DCN_OP_PS_ROI_POOL, 1, random_roi },
    { DCN_OP_ROI_ALIGN, 1, random_roi },       { DCN_OP_PS_ROI_ALIGN, 1, random_roi },
    { DCN_OP_DEFORM_ROI_POOL, 1, random_roi }, { DCN_OP_DEFORM_PS_ROI_POOL, 1, random_roi },
};

static int random_kind(rt_rng *r)
{
    int kind = 0, at = random_below(r, 24);
    while (at >= kinds[kind].share)
        at -= kinds[kind++].share;
    return kind;
}

void random_activation(rt_rng *r, dcn_spec *s)
{
    s->activation = (dcn_activation)(random_below(r, 2) ? 0 : random_below(r, DCN_ACT_TANH + 1));
    if (s->activation == DCN_ACT_LEAKY_RELU && random_below(r, 2))
        s->activation_slope = (const double[]){ 0.1, -0.5, 2 }[random_below(r, 3)];
    if (s->activation == DCN_ACT_CLIP && random_below(r, 2)) {
        s->activation_min = 0 - 0.125 * random_below(r, 4);
        s->activation_max = s->activation_min + 0.25 * random_below(r, 4);
    }
}

static dcn_spec any_spec(rt_rng *r, int kind)
{
    dcn_spec s;
    dcn_spec_init(&s, kinds[kind].op);
    snprintf(s.name, sizeof s.name, "random_%d", random_below(r, 1000));
    s.dtype = (dcn_dtype)random_below(r, 2);
    s.layout = (dcn_layout)random_below(r, 2); /* cores change it again */
    s.batch = PICK(r, 1, 1, 2, 3);
    s.height = PICK(r, 1, 2, 3, 5, 7, 8, 9, 13, 18);
    s.width = PICK(r, 1, 2, 3, 4, 7, 8, 9, 15, 17, 19, 33, 37);
    random_activation(r, &s);
    kinds[kind].fill(r, &s);
    dcn_spec_complete(&s);
    return s;
}

/* dcn_verify tries inputs up to 17 rows and 11 columns larger than the smallest. */
static double work(const dcn_spec *s)
{
    double pixels = (double)dcn_out_height(s, s->height > 0 ? s->height : 18) *
                    (double)dcn_out_width(s, s->width > 0 ? s->width : 12);
    dcn_spec one;
    const dcn_sizes sizes = { s->batch > 0 ? s->batch : 3, s->height > 0 ? s->height : 18,
                              s->width > 0 ? s->width : 12, s->rois > 0 ? s->rois : 9 };
    if (dcn_spec_bind(s, sizes, &one, NULL))
        return pixels > 0 ? 0 : MOST_WORK; /* the smallest input is larger: few outputs */
    return dcn_spec_flops(&one);
}

dcn_spec random_spec(rt_rng *r)
{
    const int kind = random_kind(r);
    for (;;) {
        dcn_spec s = any_spec(r, kind);
        bool possible = !dcn_spec_check(&s, NULL);
        int64_t *const sizes[] = { &s.batch, &s.height, &s.width, &s.rois };
        for (int i = s.roi_format == DCN_ROI_XYXY; i < 3 + (s.rois > 0); i++)
            *sizes[i] = random_below(r, 5) ? *sizes[i] : DCN_DYNAMIC;
        if (possible && work(&s) <= MOST_WORK)
            return s;
    }
}

dcn_spec random_sizes(rt_rng *r, const dcn_spec *s)
{
    dcn_spec bound;
    dcn_sizes sizes;
    do {
        sizes = (dcn_sizes){ s->batch < 0 ? 1 + random_below(r, 3) : s->batch,
                             s->height < 0 ? 1 + random_below(r, 24) : s->height,
                             s->width < 0 ? 1 + random_below(r, 24) : s->width,
                             s->rois < 0 ? 1 + random_below(r, 9) : s->rois };
    } while (dcn_spec_bind(s, sizes, &bound, NULL));
    return bound;
}

/* ---- schedules ---------------------------------------------------------------------------- */

/* From the guess, by steps of one knob that keep it legal. */
static int walk(rt_rng *r, const dcn_spec *s, const dcn_target *t, Schedule *sc)
{
    sc->lowering->guess(s, t, 0, sc->k);
    if (sc->lowering->refuse(s, t, sc->k))
        return -1;
    for (int i = 0; i < 40; i++) {
        int n = random_below(r, sc->lowering->nknobs), before = sc->k[n];
        const Knob *q = sc->lowering->knobs[n];
        sc->k[n] = q->choice[random_below(r, q->nchoices)];
        if (sc->lowering->refuse(s, t, sc->k))
            sc->k[n] = before;
    }
    return 0;
}

/* Takes of two lowerings for a convolution mostly the one that is in use; composites have no knobs. */
static Schedule random_schedule(rt_rng *r, const dcn_spec *s, const dcn_target *t)
{
    int first = random_below(r, 3) == 0, n = 0, at = 0;
    Schedule sc = { .lowering = NULL };
    while (cg_lowerings[n])
        n++;
    do {
        cr_assert_lt(at, n, "no lowering takes a spec");
        sc.lowering = cg_lowerings[(first + at++) % n];
    } while (sc.lowering->parts || !sched_takes(sc.lowering, s) || walk(r, s, t, &sc));
    return sc;
}

void random_schedule_text(rt_rng *r, const dcn_spec *s, char text[DCN_SCHEDULE_MAX])
{
    dcn_target t;
    dcn_error err;
    Schedule sc;
    LoweringPart *part = NULL;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_assert_eq(sched_guess(&(SchedFor){ s, &t, 0, NULL }, &sc, &err), 0, "%s", err.text);
    if (sc.nparts)
        sc.lowering->parts(s, &part);
    else
        sc = random_schedule(r, s, &t);
    for (int i = 0; i < sc.nparts; i++)
        sc.part[i].sched = random_schedule(r, &part[i].spec, &t);
    cr_assert_lt(sched_print(&sc, text, DCN_SCHEDULE_MAX), DCN_SCHEDULE_MAX);
    free(part);
    sched_free(&sc);
}
