/* glue_norm.c: layer norm over the channels of a pixel, as torch's.
**
**     x^ = (a - mean)/sqrt(variance + eps),  z = x^ * weight + bias;  the variance divides by C
**     of z[c]:  da[i] = e weight[c] (delta[i,c] - 1/C - x^[i] x^[c] / C) / sqrt(variance + eps)
**               dweight[c] = e x^[c]      dbias[c] = e
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/glue_kinds.h"

#include <math.h>

typedef struct RefRow {
    const double *x; /* channels of a pixel */
    int64_t at, n;   /* where they begin, and how many */
    double mean, deviation;
} RefRow;

static RefRow row_of(const RefGlue *r, const int64_t at[4])
{
    const int64_t first = ref_glue_at(r->out, (const int64_t[4]){ at[0], at[1], at[2], 0 });
    RefRow row = { &r->arg[0][first], first, r->out.c, 0, 0 };
    double squares = 0;
    for (int64_t c = 0; c < row.n; c++)
        row.mean += row.x[c] / (double)row.n;
    for (int64_t c = 0; c < row.n; c++)
        squares += (row.x[c] - row.mean) * (row.x[c] - row.mean);
    row.deviation = sqrt(squares / (double)row.n + r->layer->eps);
    return row;
}

static double normal(const RefRow *row, int64_t c)
{
    return (row->x[c] - row->mean) / row->deviation;
}

static double norm_value(const RefGlue *r, const int64_t at[4])
{
    const RefRow row = row_of(r, at);
    return normal(&row, at[3]) * ref_glue_get(r, 1, at[3]) + ref_glue_get(r, 2, at[3]);
}

static void norm_back(const RefGlue *r, const int64_t at[4], double e)
{
    const RefRow row = row_of(r, at);
    const double n = (double)row.n, x = normal(&row, at[3]), u = e * ref_glue_get(r, 1, at[3]);
    for (int64_t i = 0; i < row.n && u != 0; i++)
        ref_glue_add(r, 0, row.at + i,
                     u * ((i == at[3]) - 1 / n - normal(&row, i) * x / n) / row.deviation);
    ref_glue_add(r, 1, at[3], e * x);
    ref_glue_add(r, 2, at[3], e);
}

const RefGlueKind ref_glue_layer_norm = { norm_value, norm_back };
