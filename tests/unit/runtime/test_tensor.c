/* test_tensor.c: conversion between number formats, counting.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static double half(uint16_t bits)
{
    double v;
    rt_convert(&v, RT_F64, &bits, RT_F16, 1);
    return v;
}

Test(tensor, half_precision_is_decoded)
{
    static const struct {
        uint16_t bits;
        double value;
    } rows[] = { { 0x0000, 0 },        { 0x3c00, 1 },
                 { 0xbc00, -1 },       { 0x3555, 0x1.554p-2 },
                 { 0x7bff, 65504 },    { 0x0400, 0x1p-14 },
                 { 0x0001, 0x1p-24 },  { 0x83ff, -1023 * 0x1p-24 },
                 { 0x7c00, INFINITY }, { 0xfc00, -INFINITY } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(half(rows[i].bits), rows[i].value, "%04x is %g", rows[i].bits,
                     half(rows[i].bits));
    cr_expect(isnan(half(0x7e01)));
    cr_expect(half(0x8000) == 0 && signbit(half(0x8000)));
}

/* Every finite half has one value and they are in order. */
Test(tensor, halves_grow_with_their_bits)
{
    for (uint16_t bits = 1; bits < 0x7c00; bits++)
        cr_assert_gt(half(bits), half((uint16_t)(bits - 1)), "%04x", bits);
}

Test(tensor, floats_and_doubles_convert_both_ways)
{
    const double d[4] = { 0.1, -3e300, 1e-50, NAN };
    float f[4];
    double back[4];
    rt_convert(f, RT_F32, d, RT_F64, 4);
    rt_convert(back, RT_F64, f, RT_F32, 4);
    cr_expect_eq(f[0], 0.1f);
    cr_expect_eq(back[0], (double)0.1f);
    cr_expect_eq(f[1], -INFINITY);
    cr_expect_eq(f[2], 0);
    cr_expect(isnan(back[3]));
    cr_expect_eq(rt_round_to(RT_F32, 0.1), (double)0.1f);
    cr_expect_eq(rt_round_to(RT_F64, 0.1), 0.1);
}

Test(tensor, count_says_when_there_is_none)
{
    dcn_tensor t = { .rank = 3, .dims = { 2, 3, 4 } };
    cr_expect_eq(rt_tensor_count(&t), 24);
    t.dims[1] = 0;
    cr_expect_eq(rt_tensor_count(&t), 0);
    t.dims[1] = DCN_DYNAMIC;
    cr_expect_eq(rt_tensor_count(&t), -1);
    t.dims[0] = t.dims[1] = INT64_MAX / 2;
    cr_expect_eq(rt_tensor_count(&t), -1);
    t.rank = 0;
    cr_expect_eq(rt_tensor_count(&t), 1);
}

/* 2^60 + 2^36 + 1 lies just above the middle of two floats, and in double, which has no room for
** the 1, in the middle: rounded twice it would go to the even one below. */
Test(tensor, large_integers_are_rounded_once)
{
    const int64_t i = (INT64_C(1) << 60) + (INT64_C(1) << 36) + 1, minus = -i;
    const uint64_t u = (uint64_t)i;
    float f;
    double d;
    rt_convert(&f, RT_F32, &i, RT_I64, 1);
    cr_expect_eq(f, 0x1.000002p60f);
    rt_convert(&f, RT_F32, &minus, RT_I64, 1);
    cr_expect_eq(f, -0x1.000002p60f);
    rt_convert(&f, RT_F32, &u, RT_U64, 1);
    cr_expect_eq(f, 0x1.000002p60f);
    rt_convert(&d, RT_F64, &i, RT_I64, 1);
    cr_expect_eq(d, 0x1p60 + 0x1p36);
}
