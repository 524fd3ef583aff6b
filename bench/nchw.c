/* nchw.c: tensors as the files of the comparison hold them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/nchw.h"
#include "runtime/base/base.h"
#include "runtime/base/npy.h"
#include "runtime/spec/fields.h"

#include <stdlib.h>
#include <string.h>

/* x[n][c][hw] to y[n][hw][c], or back with c and hw exchanged */
static void turn(float *y, const float *x, int64_t n, int64_t c, int64_t hw)
{
    for (int64_t b = 0; b < n; b++)
        for (int64_t i = 0; i < c; i++)
            for (int64_t p = 0; p < hw; p++)
                y[(b * hw + p) * c + i] = x[(b * c + i) * hw + p];
}

static bool is_turned(const dcn_spec *s, const dcn_tensor *t)
{
    return s->layout == DCN_NHWC && t->rank == 4 && t->role != DCN_WEIGHT;
}

void bench_from_nchw(float *data, const dcn_spec *s, const dcn_tensor *t, const float *file)
{
    const int64_t *d = t->dims;
    if (is_turned(s, t))
        turn(data, file, d[0], d[3], d[1] * d[2]);
    else
        memcpy(data, file, (size_t)rt_tensor_count(t) * sizeof(float));
}

int bench_write_nchw(const char *path, const dcn_spec *s, const dcn_tensor *t, const float *data,
                     dcn_error *err)
{
    const int64_t *d = t->dims;
    rt_array a = { .kind = RT_F32, .rank = t->rank, .count = rt_tensor_count(t) };
    memcpy(a.dims, d, sizeof t->dims);
    a.data = malloc((size_t)a.count * sizeof(float));
    if (!a.data)
        return dcn_fail(err, DCN_EENV, "no memory for tensor '%s'", t->name);
    if (is_turned(s, t)) {
        a.dims[1] = d[3], a.dims[2] = d[1], a.dims[3] = d[2];
        turn(a.data, data, d[0], d[1] * d[2], d[3]);
    } else
        memcpy(a.data, data, (size_t)a.count * sizeof(float));
    int failed = rt_npy_write(path, &a, err);
    rt_array_free(&a);
    return failed;
}
