/* window.c: how many windows a pool has, and that each of them has a pixel; sizes of a resize and of a reshape.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/graph.h"
#include "runtime/spec/limits.h"

#include <inttypes.h>

static int check_axis_keys(const net_layer *l, int axis, dcn_error *err)
{
    const net_pool *p = &l->pool;
    const struct {
        const char *key;
        int value, least;
    } keys[] = { { "kernel_size", p->kernel[axis], 1 },
                 { "stride", p->stride[axis], 1 },
                 { "dilation", p->dilation[axis], 1 },
                 { "padding", p->padding[axis], 0 },
                 { "padding", p->padding[axis + 2], 0 } };
    for (int i = 0; i < 5; i++)
        if (keys[i].value < keys[i].least || keys[i].value > RT_MAX_EXTENT)
            return net_blame(l, err, "'%s' = %d is outside %d..%d", keys[i].key, keys[i].value,
                             keys[i].least, RT_MAX_EXTENT);
    return 0;
}

static int64_t windows(const net_pool *p, int axis, int64_t in)
{
    const int64_t covered = (int64_t)p->dilation[axis] * (p->kernel[axis] - 1) + 1;
    const int64_t room = in + p->padding[axis] + p->padding[axis + 2] - covered;
    const int64_t stride = p->stride[axis], before = p->padding[axis];
    if (room < 0)
        return 0;
    const int64_t n = (room + (p->ceil_mode ? stride - 1 : 0)) / stride + 1;
    return p->ceil_mode && (n - 1) * stride >= in + before ? n - 1 : n;
}

/* Whether a tap of the window is a pixel. */
static bool has_pixel(const net_pool *p, int axis, int64_t in, int64_t window)
{
    const int64_t start = window * p->stride[axis] - p->padding[axis];
    const int64_t first = start >= 0 ? 0 : (-start + p->dilation[axis] - 1) / p->dilation[axis];
    return first < p->kernel[axis] && start + first * p->dilation[axis] < in;
}

static int check_windows(const net_layer *l, int axis, int64_t in, int64_t n, dcn_error *err)
{
    static const char *const sides[] = { "rows", "columns" };
    const net_pool *p = &l->pool;
    if (n < 1)
        return net_blame(l, err,
                         "'kernel_size' = %d does not fit into %" PRId64 " %s with their padding",
                         p->kernel[axis], in, sides[axis]);
    for (int64_t i = 0; i < n; i++)
        if (!has_pixel(p, axis, in, i))
            return net_blame(l, err, "'padding' = %d leaves a window of 'kernel_size' = %d no %s",
                             p->padding[axis], p->kernel[axis], sides[axis]);
    return 0;
}

static int check_size(const net_layer *l, const char *key, dcn_error *err)
{
    for (int axis = 0; axis < 2; axis++)
        if (l->size[axis] < 1 || l->size[axis] > RT_MAX_EXTENT)
            return net_blame(l, err, "'%s' = %" PRId64 " is outside 1..%d", key, l->size[axis],
                             RT_MAX_EXTENT);
    return 0;
}

int net_resize_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err)
{
    *out = (net_shape){ a.n, layer->size[0], layer->size[1], a.c };
    return check_size(layer, "size", err);
}

int net_reshape_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err)
{
    char text[NET_SHAPE_TEXT];
    const int64_t pixels = layer->size[0] * layer->size[1], all = a.c * a.h * a.w;
    if (check_size(layer, "size", err))
        return -1;
    *out = (net_shape){ a.n, layer->size[0], layer->size[1], all / pixels };
    if (pixels != 1 && a.h * a.w != 1)
        return net_blame(layer, err, "%s is no row of channels", net_shape_text(a, text));
    if (all % pixels)
        return net_blame(layer, err,
                         "%" PRId64 " channels are no whole number of maps of %" PRId64 "x%" PRId64,
                         all, layer->size[0], layer->size[1]);
    return 0;
}

int net_pool_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err)
{
    const int64_t in[2] = { a.h, a.w };
    int64_t n[2];
    if (layer->pool.adaptive) {
        *out = (net_shape){ a.n, layer->size[0], layer->size[1], a.c };
        return check_size(layer, "output_size", err);
    }
    for (int axis = 0; axis < 2; axis++) {
        if (check_axis_keys(layer, axis, err))
            return -1;
        n[axis] = windows(&layer->pool, axis, in[axis]);
        if (check_windows(layer, axis, in[axis], n[axis], err))
            return -1;
    }
    *out = (net_shape){ a.n, n[0], n[1], a.c };
    return 0;
}
