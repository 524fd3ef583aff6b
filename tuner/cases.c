/* cases.c: offsets and masks to check kernels with.
**
** Each case is aimed at a mistake that has been made somewhere: conversion of huge or NaN
** coordinates to integers, a border that is off by one or closed instead of open, offsets that
** leave the rows a tile was sized for, exp that overflows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cases.h"

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

/* Coordinates on and beside every place where a border rule changes. */
static double border(const TuneCase *c, rt_rng *r, double base, double size)
{
    static const double beside[] = { 0, 0, 0x1p-8, -0x1p-8, 0.5, -0.5 };
    const double edges[] = { -1, 0, size - 1, size };
    (void)c;
    return pick(edges, COUNT(edges), r) + pick(beside, COUNT(beside), r) - base;
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

const TuneCase tune_cases[] = {
    { "ordinary offsets", 2, normal, rt_rng_uniform, rt_rng_normal },
    { "zero offsets", 0, zero, one, rt_rng_normal },
    { "whole offsets", 3, whole, rt_rng_normal, rt_rng_normal },
    { "samples on the borders", 0, border, rt_rng_uniform, rt_rng_normal },
    { "huge offsets", 0, huge, rt_rng_uniform, rt_rng_normal },
    { "infinite offsets", 2, infinite, rt_rng_uniform, rt_rng_normal },
    { "NaN offsets", 2, not_a_number, rt_rng_uniform, rt_rng_normal },
    { "offsets as wide as the map", 0.5, wide, rt_rng_uniform, rt_rng_normal },
    { "extreme masks", 1, normal, extreme_mask, extreme_logit },
};
const int tune_ncases = COUNT(tune_cases);

/* ---- all of them at once -------------------------------------------------- */

/* Masks stay of the order of 1: a huge output would hide what is wrong beside it. */
enum { LAST_MODEST_MASK = 7 };

static double mixed_offset(const TuneCase *c, rt_rng *r, double base, double size)
{
    const TuneCase *any = &tune_cases[rt_rng_next(r) % (uint64_t)COUNT(tune_cases)];
    (void)c;
    return any->offset(any, r, base, size);
}

static double mixed_mask(rt_rng *r)
{
    return tune_cases[rt_rng_next(r) % (LAST_MODEST_MASK + 1)].mask(r);
}

static double mixed_logit(rt_rng *r)
{
    return rt_rng_next(r) % 8 ? rt_rng_normal(r) : extreme_logit(r);
}

const TuneCase tune_mixed = { "offsets of every kind", 0, mixed_offset, mixed_mask, mixed_logit };

TuneCase tune_ordinary(double deviation)
{
    TuneCase c = tune_cases[0];
    c.deviation = deviation;
    return c;
}
