/* tensor.c: buffers of numbers.
**
** Half precision is decoded by hand (sign 1, exponent 5, fraction 10 bits), so that no
** compiler or CPU support for it is needed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef enum { FLOATING, SIGNED, UNSIGNED, TRUTH } NumberClass;

static const struct {
    const char *name;
    size_t bytes;
    NumberClass class;
} kinds[RT_NUM_KINDS] = {
    [RT_F16] = { "f2", 2, FLOATING },    [RT_F32] = { "f4", 4, FLOATING },
    [RT_F64] = { "f8", 8, FLOATING },    [RT_I8] = { "i1", 1, SIGNED },
    [RT_I16] = { "i2", 2, SIGNED },      [RT_I32] = { "i4", 4, SIGNED },
    [RT_I64] = { "i8", 8, SIGNED },      [RT_U8] = { "u1", 1, UNSIGNED },
    [RT_U16] = { "u2", 2, UNSIGNED },    [RT_U32] = { "u4", 4, UNSIGNED },
    [RT_U64] = { "u8", 8, UNSIGNED },    [RT_BOOL] = { "b1", 1, TRUTH },
    [RT_BF16] = { "bf16", 2, FLOATING },
};

rt_kind rt_kind_of(dcn_dtype t)
{
    return t == DCN_F64 ? RT_F64 : RT_F32;
}

size_t rt_kind_bytes(rt_kind k)
{
    return kinds[k].bytes;
}

size_t dcn_dtype_bytes(dcn_dtype t)
{
    return rt_kind_bytes(rt_kind_of(t));
}

const char *rt_kind_name(rt_kind k)
{
    return kinds[k].name;
}

int64_t rt_tensor_count(const dcn_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(n, t->dims[i], &n))
            return -1;
    return n;
}

size_t rt_tensor_bytes(const dcn_tensor *t)
{
    return (size_t)rt_tensor_count(t) * dcn_dtype_bytes(t->dtype);
}

static double half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    if (exponent == 31)
        v = fraction ? NAN : INFINITY;
    return bits >> 15 ? -v : v;
}

static double brain_half(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float v;
    return memcpy(&v, &wide, sizeof v), (double)v;
}

static double load_floating(const char *at, rt_kind kind)
{
    uint16_t h;
    float f;
    double d;
    if (kind == RT_F16)
        return memcpy(&h, at, sizeof h), half(h);
    if (kind == RT_BF16)
        return memcpy(&h, at, sizeof h), brain_half(h);
    if (kind == RT_F32)
        return memcpy(&f, at, sizeof f), (double)f;
    return memcpy(&d, at, sizeof d), d;
}

/* A whole number of so many bytes, the lowest first, as this machine has them. */
static uint64_t load_unsigned(const char *at, size_t bytes)
{
    uint64_t v = 0;
    memcpy(&v, at, bytes);
    return v;
}

static int64_t load_signed(const char *at, size_t bytes)
{
    const uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    return (int64_t)((load_unsigned(at, bytes) ^ sign) - sign);
}

/* By way of double, which holds every number of these formats. */
static void convert_floating(void *to, rt_kind to_kind, const char *at, rt_kind kind, int64_t i)
{
    const double v = load_floating(at, kind);
    if (to_kind == RT_F64)
        ((double *)to)[i] = v;
    else
        ((float *)to)[i] = (float)v;
}

/* Straight into the format, because a large integer that became a double first would be rounded
** twice. */
static void convert_whole(void *to, rt_kind to_kind, const char *at, rt_kind kind, int64_t i)
{
    const uint64_t u = load_unsigned(at, kinds[kind].bytes);
    const uint64_t v = kinds[kind].class == TRUTH ? u != 0 : u;
    const int64_t s = load_signed(at, kinds[kind].bytes);
    const bool is_signed = kinds[kind].class == SIGNED;
    if (to_kind == RT_F64)
        ((double *)to)[i] = is_signed ? (double)s : (double)v;
    else
        ((float *)to)[i] = is_signed ? (float)s : (float)v;
}

void rt_convert(void *to, rt_kind to_kind, const void *from, rt_kind from_kind, int64_t n)
{
    const bool whole = kinds[from_kind].class != FLOATING;
    const char *at = from;
    if (to_kind == from_kind && n) {
        memcpy(to, from, (size_t)n * kinds[to_kind].bytes);
        return;
    }
    for (int64_t i = 0; i < n; i++, at += kinds[from_kind].bytes) {
        if (whole)
            convert_whole(to, to_kind, at, from_kind, i);
        else
            convert_floating(to, to_kind, at, from_kind, i);
    }
}

double rt_round_to(rt_kind k, double v)
{
    return k == RT_F64 ? v : (double)(float)v;
}
