/* glue_resize.c: torch's interpolate to a size, along each axis from `in` pixels to `out`:
**
**     nearest                    floor(i * scale), scale = in/out, both in single precision, as torch has it
**                                for maps of f32
**     bilinear                   max((i + 1/2) * in/out - 1/2, 0)
**     bilinear, align_corners    i * (in - 1)/(out - 1)
**
** A weight of 0 is multiplied as IEEE says.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/glue_kinds.h"

#include <math.h>

/* One or two pixels along an axis, and what each is multiplied with. */
typedef struct RefPair {
    int n;
    int64_t at[2];
    double weight[2];
} RefPair;

static RefPair nearest(int64_t i, int64_t in, int64_t out)
{
    const float scale = (float)in / (float)out;
    const int64_t at = (int64_t)floorf((float)i * scale), last = in - 1;
    return (RefPair){ 1, { at < last ? at : last, 0 }, { 1, 0 } };
}

static RefPair bilinear(int64_t i, int64_t in, int64_t out, bool align_corners)
{
    const double corners = out > 1 ? (double)(in - 1) / (double)(out - 1) * (double)i : 0;
    const double centres = fmax(((double)i + 0.5) * ((double)in / (double)out) - 0.5, 0);
    const double position = align_corners ? corners : centres;
    const int64_t last = in - 1, low = position < (double)last ? (int64_t)position : last;
    const double part = position - (double)low;
    return (RefPair){ 2, { low, low < last ? low + 1 : low }, { 1 - part, part } };
}

static RefPair pair_of(const net_resize *how, int64_t i, int64_t in, int64_t out)
{
    return how->mode == NET_NEAREST ? nearest(i, in, out)
                                    : bilinear(i, in, out, how->align_corners);
}

/* The pixels of an element of the output, and their weights; how many. */
static int corners_of(const RefGlue *r, const int64_t at[4], int64_t where[4], double weight[4])
{
    const net_shape in = ref_glue_shape(r, 0);
    const RefPair y = pair_of(&r->layer->resize, at[1], in.h, r->out.h);
    const RefPair x = pair_of(&r->layer->resize, at[2], in.w, r->out.w);
    for (int i = 0; i < y.n * x.n; i++) {
        const int64_t own[4] = { at[0], y.at[i / x.n], x.at[i % x.n], at[3] };
        where[i] = ref_glue_at(in, own);
        weight[i] = y.weight[i / x.n] * x.weight[i % x.n];
    }
    return y.n * x.n;
}

static double resize_value(const RefGlue *r, const int64_t at[4])
{
    int64_t where[4];
    double weight[4], sum = 0;
    const int n = corners_of(r, at, where, weight);
    for (int i = 0; i < n; i++)
        sum += weight[i] * ref_glue_get(r, 0, where[i]);
    return sum;
}

static void resize_back(const RefGlue *r, const int64_t at[4], double e)
{
    int64_t where[4];
    double weight[4];
    const int n = corners_of(r, at, where, weight);
    for (int i = 0; i < n; i++)
        ref_glue_add(r, 0, where[i], e * weight[i]);
}

const RefGlueKind ref_glue_resize = { resize_value, resize_back };
