/* tensor.c: buffers of numbers.
**
** Half precision is decoded by hand (sign 1, exponent 5, fraction 10 bits), so that no
** compiler or CPU support for it is needed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"

#include <math.h>
#include <string.h>

static const size_t kind_bytes[RT_NUM_KINDS] = {
    [RT_F16] = 2, [RT_F32] = 4, [RT_F64] = 8, [RT_I32] = 4, [RT_I64] = 8
};
static const char *const kind_names[RT_NUM_KINDS] = {
    [RT_F16] = "f2", [RT_F32] = "f4", [RT_F64] = "f8", [RT_I32] = "i4", [RT_I64] = "i8"
};

rt_kind rt_kind_of(dcn_dtype t)
{
    return t == DCN_F64 ? RT_F64 : RT_F32;
}

size_t rt_kind_bytes(rt_kind k)
{
    return kind_bytes[k];
}

size_t dcn_dtype_bytes(dcn_dtype t)
{
    return rt_kind_bytes(rt_kind_of(t));
}

const char *rt_kind_name(rt_kind k)
{
    return kind_names[k];
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

static double load(const void *from, rt_kind kind, int64_t i)
{
    const char *at = (const char *)from + (size_t)i * kind_bytes[kind];
    uint16_t h;
    float f;
    double d;
    int32_t i32;
    int64_t i64;
    if (kind == RT_F16)
        return memcpy(&h, at, sizeof h), half(h);
    if (kind == RT_F32)
        return memcpy(&f, at, sizeof f), (double)f;
    if (kind == RT_I32)
        return memcpy(&i32, at, sizeof i32), (double)i32;
    if (kind == RT_I64)
        return memcpy(&i64, at, sizeof i64), (double)i64;
    return memcpy(&d, at, sizeof d), d;
}

void rt_convert(void *to, rt_kind to_kind, const void *from, rt_kind from_kind, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double v = load(from, from_kind, i);
        if (to_kind == RT_F64)
            ((double *)to)[i] = v;
        else
            ((float *)to)[i] = (float)v;
    }
}

double rt_round_to(rt_kind k, double v)
{
    return k == RT_F64 ? v : (double)(float)v;
}
