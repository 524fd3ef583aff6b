/* glue_pool.c: the largest and the mean of windows, as torch's max_pool2d, avg_pool2d and
** adaptive_avg_pool2d.
**
** A window that reaches beyond the padding at the far end, as with ceil_mode, ends there: what is
** counted with count_include_pad is no more than that.  A window without a pixel is -infinity, or 0.
** The gradient of a maximum belongs to the first pixel that is it, in the order of rows; a NaN counts
** as larger than all before it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/whole.h"
#include "runtime/reference/glue_kinds.h"

#include <math.h>

/* Rows and columns first, first + step, .. below last; what their sum is divided by. */
typedef struct RefWindow {
    int64_t first[2], last[2], step[2];
    double divisor;
} RefWindow;

/* Along one axis of `size` pixels; returns how many count. */
static int64_t along(const RefGlue *r, int axis, int64_t p, int64_t size, RefWindow *w)
{
    const net_pool *pool = &r->layer->pool;
    const int64_t step = r->layer->kind == NET_MAX_POOL ? pool->dilation[axis] : 1;
    const int64_t start = p * pool->stride[axis] - pool->padding[axis];
    const int64_t reach = start + (pool->kernel[axis] - 1) * step + 1;
    const int64_t counted = rt_min(reach, size + pool->padding[axis + 2]) - start;
    int64_t first = start;
    while (first < 0)
        first += step;
    w->first[axis] = first;
    w->last[axis] = rt_min(reach, size);
    w->step[axis] = step;
    return pool->count_include_pad ? counted : w->last[axis] - first;
}

/* Bins of adaptive pooling share pixels where they do not divide the map. */
static int64_t bin_along(int axis, int64_t p, int64_t size, int64_t bins, RefWindow *w)
{
    w->first[axis] = p * size / bins;
    w->last[axis] = ((p + 1) * size + bins - 1) / bins;
    w->step[axis] = 1;
    return w->last[axis] - w->first[axis];
}

static RefWindow window_of(const RefGlue *r, const int64_t at[4])
{
    const net_shape in = ref_glue_shape(r, 0);
    const int64_t size[2] = { in.h, in.w }, bins[2] = { r->out.h, r->out.w };
    RefWindow w = { .divisor = 1 };
    for (int i = 0; i < 2; i++)
        w.divisor *=
            (double)(r->layer->pool.adaptive ? bin_along(i, at[1 + i], size[i], bins[i], &w)
                                             : along(r, i, at[1 + i], size[i], &w));
    return w;
}

#define EACH_PIXEL(w, y, x)                                                                        \
    for (int64_t y = (w).first[0]; y < (w).last[0]; y += (w).step[0])                              \
        for (int64_t x = (w).first[1]; x < (w).last[1]; x += (w).step[1])

static int64_t pixel_at(const RefGlue *r, const int64_t at[4], int64_t y, int64_t x)
{
    return ref_glue_at(ref_glue_shape(r, 0), (const int64_t[4]){ at[0], y, x, at[3] });
}

/* ---- the largest ----------------------------------------------------------------------------- */

/* Where it is; -1: there is no pixel. */
static int64_t largest(const RefGlue *r, const int64_t at[4])
{
    const RefWindow w = window_of(r, at);
    int64_t best = -1;
    double most = -INFINITY;
    EACH_PIXEL(w, y, x)
    {
        const int64_t here = pixel_at(r, at, y, x);
        const double v = ref_glue_get(r, 0, here);
        if (best < 0 || v > most || isnan(v)) {
            best = here;
            most = v;
        }
    }
    return best;
}

static double max_value(const RefGlue *r, const int64_t at[4])
{
    const int64_t best = largest(r, at);
    return best < 0 ? -INFINITY : ref_glue_get(r, 0, best);
}

static void max_back(const RefGlue *r, const int64_t at[4], double e)
{
    const int64_t best = largest(r, at);
    if (best >= 0)
        ref_glue_add(r, 0, best, e);
}

const RefGlueKind ref_glue_max_pool = { max_value, max_back };

/* ---- the mean -------------------------------------------------------------------------------- */

static double avg_value(const RefGlue *r, const int64_t at[4])
{
    const RefWindow w = window_of(r, at);
    double sum = 0;
    bool some = false;
    EACH_PIXEL(w, y, x)
    {
        sum += ref_glue_get(r, 0, pixel_at(r, at, y, x));
        some = true;
    }
    return some ? sum / w.divisor : 0;
}

static void avg_back(const RefGlue *r, const int64_t at[4], double e)
{
    const RefWindow w = window_of(r, at);
    EACH_PIXEL(w, y, x)
    {
        ref_glue_add(r, 0, pixel_at(r, at, y, x), e / w.divisor);
    }
}

const RefGlueKind ref_glue_avg_pool = { avg_value, avg_back };
