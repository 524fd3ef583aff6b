/* graph.c: values of a graph, and how messages speak of layers and shapes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/graph.h"
#include "runtime/spec/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const net_value *net_graph_value(const net_graph *g, int value)
{
    assert(value >= 0 && value < g->nvalues);
    return &g->value[value];
}

const char *net_does(const net_layer *layer)
{
    static const char *const names[NET_NUM_KINDS] = {
        [NET_ADD] = "add",
        [NET_MUL] = "mul",
        [NET_CONCAT] = "concat",
        [NET_SLICE] = "slice",
        [NET_ACTIVATION] = "activation",
        [NET_LAYER_NORM] = "layer_norm",
        [NET_MAX_POOL] = "max_pool2d",
        [NET_AVG_POOL] = "avg_pool2d",
        [NET_RESIZE] = "resize",
        [NET_RESHAPE] = "unflatten",
        [NET_BLEND] = "blend",
    };
    if (layer->kind == NET_OPERATOR)
        return layer->is_linear ? "linear" : dcn_op_name(layer->spec->op);
    if (layer->kind == NET_RESHAPE && layer->size[0] * layer->size[1] == 1)
        return "flatten";
    return names[layer->kind];
}

int net_blame(const net_layer *layer, dcn_error *err, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return dcn_fail(err, DCN_ESPEC, "%s: %s", layer->name[0] ? layer->name : net_does(layer), text);
}

const char *net_shape_text(net_shape s, char buf[NET_SHAPE_TEXT])
{
    snprintf(buf, NET_SHAPE_TEXT, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64, s.n, s.c, s.h,
             s.w);
    return buf;
}

int net_find_arg(const net_layer *layer, const char *operand)
{
    int i = layer->nargs - 1;
    while (i >= 0 && strcmp(layer->arg[i].operand, operand) != 0)
        i--;
    return i;
}

/* The limits of operators' keys and operands (runtime/spec/limits.h, rules.c), so that no sum below
** overflows. */
int net_check_shape(const char *who, net_shape s, dcn_error *err)
{
    char text[NET_SHAPE_TEXT];
    const double image = (double)s.h * (double)s.w * (double)s.c, all = image * (double)s.n;
    if (s.n < 1 || s.h < 1 || s.w < 1 || s.c < 1)
        return dcn_fail(err, DCN_ESPEC, "%s: a value of %s is empty", who, net_shape_text(s, text));
    if (s.n <= INT32_MAX && s.h <= RT_MAX_EXTENT && s.w <= RT_MAX_EXTENT &&
        s.c <= RT_MAX_CHANNELS && image <= INT32_MAX && all <= 0x1p47)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "%s: a value of %s is too large", who, net_shape_text(s, text));
}
