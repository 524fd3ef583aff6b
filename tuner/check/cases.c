/* cases.c: offsets, masks and regions to check kernels with.
**
** Each case is aimed at a mistake that has been made somewhere: conversion of huge or NaN
** coordinates to integers, a border that is off by one or closed instead of open, offsets that
** leave the rows a tile was sized for, exp that overflows, regions without an area, regions of
** images that are not there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/cases.h"
#include "runtime/spec/op.h"
#include "tuner/check/network.h"

#include <math.h>

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static double pick(const double *from, int n, rt_rng *r)
{
    return from[rt_rng_next(r) % (uint64_t)n];
}

/* ---- offsets -------------------------------------------------------------- */

static double zero(const TuneCase *c, rt_rng *r, double base, double size)
{
    (void)c, (void)r, (void)base, (void)size;
    return 0;
}

static double normal(const TuneCase *c, rt_rng *r, double base, double size)
{
    (void)base, (void)size;
    return c->deviation * rt_rng_normal(r);
}

static double wide(const TuneCase *c, rt_rng *r, double base, double size)
{
    (void)base;
    return c->deviation * size * rt_rng_normal(r);
}

static double whole(const TuneCase *c, rt_rng *r, double base, double size)
{
    return rint(normal(c, r, base, size));
}

/* The offset, or a neighbour of it in f32; those of 0 are such as a trained layer gives. */
static double nudged(double offset, rt_rng *r)
{
    static const double step[] = { 0, 0, 0x1p-23, -0x1p-23 };
    static const double tiny[] = { 0, 0, 1e-17, -1e-17, 1e-30, -1e-30, 0x1p-149, -0x1p-149 };
    return offset == 0 ? pick(tiny, COUNT(tiny), r) : offset + offset * pick(step, COUNT(step), r);
}

/* Coordinates on and beside every place where a border rule changes. */
static double border(const TuneCase *c, rt_rng *r, double base, double size)
{
    static const double beside[] = { 0, 0, 0x1p-8, -0x1p-8, 0.5, -0.5 };
    const double edges[] = { -1, 0, size - 1, size };
    (void)c;
    return nudged(pick(edges, COUNT(edges), r) + pick(beside, COUNT(beside), r) - base, r);
}

static double huge(const TuneCase *c, rt_rng *r, double base, double size)
{
    static const double far[] = { 1e30,    -1e30,   3e38,    -3e38,  0x1p31,
                                  -0x1p31, 0x1p32,  -0x1p32, 0x1p63, -0x1p63,
                                  0x1p24,  -0x1p24, 65536,   -65536, 0 };
    (void)c, (void)base, (void)size;
    return pick(far, COUNT(far), r);
}

static double infinite(const TuneCase *c, rt_rng *r, double base, double size)
{
    if (rt_rng_next(r) % 4)
        return normal(c, r, base, size);
    return rt_rng_next(r) % 2 ? INFINITY : -INFINITY;
}

static double not_a_number(const TuneCase *c, rt_rng *r, double base, double size)
{
    return rt_rng_next(r) % 4 ? normal(c, r, base, size) : NAN;
}

/* ---- masks ---------------------------------------------------------------- */

static double one(rt_rng *r)
{
    (void)r;
    return 1;
}

static double extreme_mask(rt_rng *r)
{
    static const double m[] = { 0, -1, 1, 1000, -1000, 0x1p-100 };
    return pick(m, COUNT(m), r);
}

/* exp(90) is not a float */
static double extreme_logit(rt_rng *r)
{
    static const double logits[] = { 80, -80, 90, -90, 0, 1, 700 };
    return pick(logits, COUNT(logits), r);
}

/* ---- regions -------------------------------------------------------------- */

/* Size of the picture that rois are given in. */
static double picture(const dcn_spec *s, int axis)
{
    return (double)(axis ? s->height : s->width) / s->spatial_scale;
}

static double any_image(rt_rng *r, const dcn_spec *s)
{
    return (double)(rt_rng_next(r) % (uint64_t)(s->batch > 0 ? s->batch : 1));
}

void tune_ordinary_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    row[0] = any_image(r, s);
    for (int axis = 0; axis < 2; axis++) {
        const double size = picture(s, axis), from = 0.6 * size * rt_rng_uniform(r);
        row[1 + axis] = from;
        row[3 + axis] = from + (0.1 + 0.9 * rt_rng_uniform(r)) * (size - from);
    }
}

/* Edges inside and outside, in any order. */
static void loose_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    row[0] = any_image(r, s);
    for (int i = 0; i < 4; i++)
        row[1 + i] = picture(s, i % 2) * (3 * rt_rng_uniform(r) - 1);
}

static void tiny_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    static const double sizes[] = { 0, 0, 0x1p-10, 0.5, 1 };
    tune_ordinary_roi(r, s, row);
    for (int axis = 0; axis < 2; axis++)
        row[3 + axis] = row[1 + axis] + pick(sizes, COUNT(sizes), r);
}

/* Edges and their ends on whole pixels and half ones: where roundings change. */
static void whole_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    tune_ordinary_roi(r, s, row);
    for (int i = 1; i < 5; i++)
        row[i] = rint(2 * row[i]) / 2;
}

static void huge_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    static const double far[] = { 1e30, -1e30, 0x1p31,  -0x1p31, 0x1p32, -0x1p63, 0x1p63, 1e5,
                                  -1e5, 0,     -0x1p24, 0x1p24,  3,      -3,      1e7 };
    tune_ordinary_roi(r, s, row);
    for (int i = 1; i < 5; i++)
        row[i] = rt_rng_next(r) % 3 ? pick(far, COUNT(far), r) : row[i];
}

static void odd_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    static const double odd[] = { NAN, INFINITY, -INFINITY };
    tune_ordinary_roi(r, s, row);
    if (rt_rng_next(r) % 4)
        row[1 + rt_rng_next(r) % 4] = pick(odd, COUNT(odd), r);
}

static void lost_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    const double n = (double)s->batch;
    const double images[] = { -1, -0.5, n, n - 0.5, n + 0.5, 1e10, -1e30, 1e30, NAN, INFINITY };
    tune_ordinary_roi(r, s, row);
    row[0] = pick(images, COUNT(images), r);
}

/* ---- the cases ------------------------------------------------------------ */

/* The last of each is for gradients only. */
static const TuneCase cases[] = {
    { "ordinary offsets", 2, normal, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "zero offsets", 0, zero, one, rt_rng_normal, NULL, false },
    { "whole offsets", 3, whole, rt_rng_normal, rt_rng_normal, NULL, false },
    { "samples on the borders", 0, border, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "huge offsets", 0, huge, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "infinite offsets", 2, infinite, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "NaN offsets", 2, not_a_number, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "offsets as wide as the map", 0.5, wide, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "extreme masks", 1, normal, extreme_mask, extreme_logit, NULL, false },
    { "gradients of few pixels", 2, normal, rt_rng_uniform, rt_rng_normal, NULL, true },
};

/* The cases of what has no offsets. */
static const TuneCase plain_cases[] = {
    { "ordinary offsets", 2, normal, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "gradients of few pixels", 2, normal, rt_rng_uniform, rt_rng_normal, NULL, true },
};

static const TuneCase roi_cases[] = {
    { "ordinary rois", 1, normal, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "zero offsets", 0, zero, one, rt_rng_normal, NULL, false },
    { "loose rois", 1, normal, rt_rng_uniform, rt_rng_normal, loose_roi, false },
    { "tiny rois", 1, normal, rt_rng_uniform, rt_rng_normal, tiny_roi, false },
    { "rois on whole and half pixels", 0, zero, rt_rng_normal, rt_rng_normal, whole_roi, false },
    { "huge rois", 1, normal, rt_rng_uniform, rt_rng_normal, huge_roi, false },
    { "rois with NaN and infinities", 1, normal, rt_rng_uniform, rt_rng_normal, odd_roi, false },
    { "rois of images that are not there", 1, normal, rt_rng_uniform, rt_rng_normal, lost_roi,
      false },
    { "huge offsets", 0, huge, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "infinite offsets", 2, infinite, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "NaN offsets", 2, not_a_number, rt_rng_uniform, rt_rng_normal, NULL, false },
    { "extreme masks", 1, normal, extreme_mask, extreme_logit, NULL, false },
    { "gradients of few bins", 1, normal, rt_rng_uniform, rt_rng_normal, NULL, true },
};

/* ---- all of them at once -------------------------------------------------- */

/* Masks stay of the order of 1: a huge output would hide what is wrong beside it. */
enum { LAST_MODEST_MASK = 7 };

static double mixed_offset(const TuneCase *c, rt_rng *r, double base, double size)
{
    const TuneCase *any = &cases[rt_rng_next(r) % (uint64_t)(COUNT(cases) - 1)];
    (void)c;
    return any->offset(any, r, base, size);
}

static double mixed_mask(rt_rng *r)
{
    return cases[rt_rng_next(r) % (LAST_MODEST_MASK + 1)].mask(r);
}

static double mixed_logit(rt_rng *r)
{
    return rt_rng_next(r) % 8 ? rt_rng_normal(r) : extreme_logit(r);
}

static void mixed_roi(rt_rng *r, const dcn_spec *s, double row[5])
{
    const TuneCase *any = &roi_cases[rt_rng_next(r) % (uint64_t)(COUNT(roi_cases) - 1)];
    (any->roi ? any->roi : tune_ordinary_roi)(r, s, row);
}

const TuneCase tune_mixed = {
    "offsets of every kind", 0, mixed_offset, mixed_mask, mixed_logit, mixed_roi, false
};

/* The cases of the layer whose offsets or regions are an input; without one what comes first. */
static const TuneCase *cases_of_network(const dcn_spec *s, int *n)
{
    const dcn_spec *like = tune_net_is_walked(s->network) ? NULL : tune_net_case(s->network);
    if (like)
        return tune_cases_of(like, n);
    *n = 1;
    return plain_cases;
}

const TuneCase *tune_cases_of(const dcn_spec *s, int *n)
{
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return cases_of_network(s, n);
    const bool regions = rt_op_has(s->op, RT_HAS_ROIS);
    const bool plain = !rt_op_has(s->op, RT_DEFORMS);
    *n = plain ? COUNT(plain_cases) : regions ? COUNT(roi_cases) : COUNT(cases);
    *n -= s->gradient == 0;
    return plain ? plain_cases : regions ? roi_cases : cases;
}

TuneCase tune_ordinary(double deviation)
{
    TuneCase c = cases[0];
    c.deviation = deviation;
    return c;
}
