/* spec.c: the plain struct that says what to compute: names, sizes, operands, printing.
**
**     P = floor((H + top + bottom - (dil*(kh-1) + 1)) / stride) + 1, likewise Q; 0 if the
**     kernel does not fit
**
** Operands in calling order: input, weight, [bias], [offset], [mask], output.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base.h"
#include "runtime/spec_fields.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dcn_spec_init(dcn_spec *s, dcn_op op)
{
    *s = (dcn_spec){ .op = op };
    for (const rt_field *f = rt_fields; f->key; f++) {
        const rt_value v = rt_field_default(f);
        rt_field_set(f, &v, s);
    }
    snprintf(s->name, sizeof s->name, "%s", dcn_op_name(op));
}

/* ---- names ---------------------------------------------------------------- */

static const char *choice(const char *key, int64_t i)
{
    const rt_field *f = rt_field_find(key, DCN_OP_DEFORM_CONV2D);
    for (int64_t n = 0; f->choices[n]; n++) {
        if (n == i)
            return f->choices[n];
    }
    return "?";
}

const char *dcn_op_name(dcn_op op)
{
    return (unsigned)op <= DCN_OP_DEFORM_CONV2D ? rt_op_names[op] : "?";
}

const char *dcn_dtype_name(dcn_dtype t)
{
    return choice("dtype", t);
}

const char *dcn_layout_name(dcn_layout l)
{
    return choice("layout", l);
}

const char *dcn_modulation_name(dcn_modulation m)
{
    return choice("modulation", m);
}

const char *dcn_border_name(dcn_border b)
{
    return choice("border", b);
}

const char *dcn_offset_order_name(dcn_offset_order o)
{
    return choice("offset_order", o);
}

const char *dcn_activation_name(dcn_activation a)
{
    return choice("activation", a);
}

size_t dcn_dtype_bytes(dcn_dtype t)
{
    return t == DCN_F64 ? sizeof(double) : sizeof(float);
}

/* ---- sizes ---------------------------------------------------------------- */

static int64_t out_extent(const dcn_spec *s, int axis, int64_t in)
{
    if (in == DCN_DYNAMIC)
        return DCN_DYNAMIC;
    int64_t padded = in + s->padding[axis] + s->padding[axis + 2];
    int64_t covered = (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) + 1;
    return padded < covered ? 0 : (padded - covered) / s->stride[axis] + 1;
}

int64_t dcn_out_height(const dcn_spec *s, int64_t height)
{
    return out_extent(s, 0, height);
}

int64_t dcn_out_width(const dcn_spec *s, int64_t width)
{
    return out_extent(s, 1, width);
}

/* ---- operands ------------------------------------------------------------- */

/* A map of `channels` planes of rows x columns for every image, in the spec's layout. */
static dcn_tensor map(const dcn_spec *s, const char *name, int64_t channels, int64_t rows,
                      int64_t columns)
{
    dcn_tensor t = { .name = name, .role = DCN_IN, .rank = 4, .dims = { s->batch } };
    const bool nchw = s->layout == DCN_NCHW;
    t.dims[1] = nchw ? channels : rows;
    t.dims[2] = nchw ? rows : columns;
    t.dims[3] = nchw ? columns : channels;
    return t;
}

int dcn_spec_tensors(const dcn_spec *s, dcn_tensor out[DCN_MAX_TENSORS])
{
    const int64_t rows = dcn_out_height(s, s->height), columns = dcn_out_width(s, s->width);
    const int64_t taps = (int64_t)s->kernel[0] * s->kernel[1];
    int n = 0;
    out[n++] = map(s, "input", s->in_channels, s->height, s->width);
    out[n++] = (dcn_tensor){
        .name = "weight",
        .role = DCN_WEIGHT,
        .rank = 4,
        .dims = { s->out_channels, s->in_channels / s->groups, s->kernel[0], s->kernel[1] },
    };
    if (s->bias)
        out[n++] = (dcn_tensor){ .name = "bias", .rank = 1, .dims = { s->out_channels } };
    if (s->op == DCN_OP_DEFORM_CONV2D)
        out[n++] = map(s, "offset", 2 * taps * s->offset_groups, rows, columns);
    if (s->op == DCN_OP_DEFORM_CONV2D && s->modulation != DCN_MODULATION_NONE)
        out[n++] = map(s, "mask", taps * s->offset_groups, rows, columns);
    out[n] = map(s, "output", s->out_channels, rows, columns);
    out[n++].role = DCN_OUT;
    return n;
}

double dcn_spec_flops(const dcn_spec *s)
{
    double outputs = (double)s->batch * (double)s->out_channels *
                     (double)dcn_out_height(s, s->height) * (double)dcn_out_width(s, s->width);
    return 2 * outputs * (double)(s->in_channels / s->groups) * s->kernel[0] * s->kernel[1];
}

double dcn_spec_bytes(const dcn_spec *s)
{
    dcn_tensor tensor[DCN_MAX_TENSORS];
    const int n = dcn_spec_tensors(s, tensor);
    double bytes = 0;
    for (int i = 0; i < n; i++) {
        double elements = 1;
        for (int d = 0; d < tensor[i].rank; d++)
            elements *= (double)tensor[i].dims[d];
        bytes += elements * (double)dcn_dtype_bytes(s->dtype);
    }
    return bytes;
}

/* ---- binding -------------------------------------------------------------- */

static int bind_extent(const char *key, int64_t *extent, int64_t value, dcn_error *err)
{
    if (*extent != DCN_DYNAMIC && *extent != value)
        return dcn_fail(err, DCN_EUSAGE, "'%s' = %" PRId64 ", but the kernel was made for %" PRId64,
                        key, value, *extent);
    *extent = value;
    return 0;
}

int dcn_spec_bind(const dcn_spec *s, int64_t batch, int64_t height, int64_t width, dcn_spec *out,
                  dcn_error *err)
{
    dcn_spec bound = *s;
    if (bind_extent("batch", &bound.batch, batch, err) ||
        bind_extent("height", &bound.height, height, err) ||
        bind_extent("width", &bound.width, width, err))
        return -1;
    /* An empty batch is a legal call of a kernel whose batch is dynamic. */
    dcn_spec checked = bound;
    checked.batch = s->batch == DCN_DYNAMIC && batch == 0 ? 1 : batch;
    if (batch == DCN_DYNAMIC || height == DCN_DYNAMIC || width == DCN_DYNAMIC)
        return dcn_fail(err, DCN_EUSAGE, "batch, height and width must be numbers here");
    if (dcn_spec_check(&checked, err))
        return -1;
    *out = bound;
    return 0;
}

/* ---- printing ------------------------------------------------------------- */

typedef struct {
    char *at;
    size_t left;
    int length;
} text;

static void append(text *t, const char *fmt, ...) RT_PRINTF(2, 3);

static void append(text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->at, t->left, fmt, args);
    va_end(args);
    size_t used = (size_t)n < t->left ? (size_t)n : t->left ? t->left - 1 : 0;
    t->at += used;
    t->left -= used;
    t->length += n;
}

int dcn_spec_print(const dcn_spec *s, char *buf, size_t size)
{
    text t = { buf, size, 0 };
    append(&t, "return %s {", dcn_op_name(s->op));
    const char *separator = " ";
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (!rt_field_is_of(f, s->op) || f->type == RT_FIELD_NOT_YET)
            continue;
        char value[RT_FIELD_PRINT_MAX];
        const rt_value v = rt_field_get(f, s);
        append(&t, "%s%s = %s", separator, f->key, rt_field_print(f, &v, value));
        separator = ", ";
    }
    append(&t, " }");
    return t.length;
}
