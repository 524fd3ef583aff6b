/* glue.c: the layers of a network that are no operators, in plain double precision.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/glue.h"
#include "runtime/reference/glue_kinds.h"
#include "runtime/reference/internal.h"

static int64_t elements(net_shape s)
{
    return s.n * s.h * s.w * s.c;
}

static const RefGlueKind *kind_of(const net_layer *layer)
{
    static const RefGlueKind *const kinds[NET_NUM_KINDS] = {
        [NET_ADD] = &ref_glue_add_kind,          [NET_MUL] = &ref_glue_mul,
        [NET_CONCAT] = &ref_glue_concat,         [NET_SLICE] = &ref_glue_slice,
        [NET_ACTIVATION] = &ref_glue_activation, [NET_LAYER_NORM] = &ref_glue_layer_norm,
        [NET_MAX_POOL] = &ref_glue_max_pool,     [NET_AVG_POOL] = &ref_glue_avg_pool,
        [NET_RESIZE] = &ref_glue_resize,         [NET_RESHAPE] = &ref_glue_reshape,
        [NET_BLEND] = &ref_glue_blend,
    };
    return kinds[layer->kind];
}

/* Image, row, column and channel of element i. */
static void locate(net_shape s, int64_t i, int64_t at[4])
{
    at[3] = i % s.c;
    at[2] = i / s.c % s.w;
    at[1] = i / s.c / s.w % s.h;
    at[0] = i / s.c / s.w / s.h;
}

void ref_glue(const dcn_network *net, const net_layer *layer, const double *const *arg, double *out)
{
    const RefGlue r = { net, layer, net->value[layer->out].shape, arg, NULL };
    const RefGlueKind *kind = kind_of(layer);
    int64_t at[4];
    for (int64_t i = 0; i < elements(r.out); i++) {
        locate(r.out, i, at);
        out[i] = ref_activate(layer->activation, kind->value(&r, at));
    }
}

void ref_glue_back(const dcn_network *net, const net_layer *layer, const double *const *arg,
                   const double *grad_out, double *const *grad_arg)
{
    const RefGlue r = { net, layer, net->value[layer->out].shape, arg, grad_arg };
    const RefGlueKind *kind = kind_of(layer);
    int64_t at[4];
    for (int64_t i = 0; i < elements(r.out); i++) {
        double e = grad_out[i];
        locate(r.out, i, at);
        if (e != 0 && layer->activation.kind != DCN_ACT_NONE)
            e *= ref_activate_slope(layer->activation, kind->value(&r, at));
        if (e != 0)
            kind->back(&r, at, e);
    }
}
