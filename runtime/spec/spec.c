/* spec.c: the plain struct that says what to compute: names, sizes, printing.
**
**     P = floor((H + top + bottom - (dil*(kh-1) + 1)) / stride) + 1, likewise Q; 0 if the
**     kernel does not fit.  Regions have as many bins as their spec says, whatever the input.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "runtime/spec/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_default(const rt_field *f, dcn_spec *s)
{
    const rt_value v = rt_field_default(f);
    rt_field_set(f, &v, s);
}

/* Backwards, so that of several rows the first has the word; then the operator's own. */
void dcn_spec_init(dcn_spec *s, dcn_op op)
{
    const rt_field *end = rt_fields;
    *s = (dcn_spec){ .op = op };
    while (end->key)
        end++;
    for (const rt_field *f = end; f-- > rt_fields;)
        set_default(f, s);
    for (const rt_field *f = rt_fields; f < end; f++) {
        if (rt_field_is_of(f, op))
            set_default(f, s);
    }
    snprintf(s->name, sizeof s->name, "%s", dcn_op_name(op));
}

/* ---- what follows from other members -------------------------------------- */

static void complete_pair(int to[2], const int from[2])
{
    if (to[0] == 0 && to[1] == 0)
        memcpy(to, from, 2 * sizeof *to);
}

/* Channels that the input has for each of the bins that have channels of their own. */
static int64_t channels_per_bin(const dcn_spec *s)
{
    const int64_t bins = (int64_t)s->group_size[0] * s->group_size[1];
    return bins > 0 ? s->in_channels / bins : 0;
}

void dcn_spec_complete(dcn_spec *s)
{
    if (s->op == DCN_OP_PS_ROI_ALIGN)
        memcpy(s->group_size, s->pooled, sizeof s->group_size);
    if (s->op == DCN_OP_PS_ROI_POOL || s->op == DCN_OP_DEFORM_PS_ROI_POOL)
        complete_pair(s->group_size, s->pooled);
    if (s->op == DCN_OP_DEFORM_PS_ROI_POOL && s->part_size == 0)
        s->part_size = s->pooled[0];
    if (s->op == DCN_OP_DCNV3_MODULE)
        complete_pair(s->dw_kernel, s->kernel);
    if (!rt_field_at(s->op, offsetof(dcn_spec, out_channels)))
        s->out_channels = s->projection ? s->projection : s->in_channels;
    else if (s->out_channels == 0 && rt_has_rois(s->op))
        s->out_channels = channels_per_bin(s);
}

/* Asked for every point of a space of schedules, so not by a walk over the fields. */
bool rt_has_rois(dcn_op op)
{
    static const unsigned regions = 1u << DCN_OP_ROI_POOL | 1u << DCN_OP_PS_ROI_POOL |
                                    1u << DCN_OP_ROI_ALIGN | 1u << DCN_OP_PS_ROI_ALIGN |
                                    1u << DCN_OP_DEFORM_ROI_POOL | 1u << DCN_OP_DEFORM_PS_ROI_POOL |
                                    1u << DCN_OP_DEFORM_ROI_POOL_PACK;
    return (unsigned)op < DCN_NUM_OPS && (regions >> op & 1);
}

/* ---- names ---------------------------------------------------------------- */

/* deform_conv2d has every key whose choices are told by a function of their own. */
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
    return (unsigned)op < DCN_NUM_OPS ? rt_op_names[op] : "?";
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
    if (rt_has_rois(s->op))
        return s->pooled[axis];
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

/* ---- binding -------------------------------------------------------------- */

static int bind_extent(const char *key, int64_t *extent, int64_t value, dcn_error *err)
{
    if (*extent != DCN_DYNAMIC && *extent != value)
        return dcn_fail(err, DCN_EUSAGE, "'%s' = %" PRId64 ", but the kernel was made for %" PRId64,
                        key, value, *extent);
    *extent = value;
    return 0;
}

/* 0 is a legal number of images or of rois where that is dynamic: check with one of them. */
static int64_t at_least_one(int64_t given, int64_t stated)
{
    return given == 0 && stated == DCN_DYNAMIC ? 1 : given;
}

int dcn_spec_bind(const dcn_spec *s, dcn_sizes sizes, dcn_spec *out, dcn_error *err)
{
    dcn_spec bound = *s;
    const bool regions = rt_has_rois(s->op);
    if (bind_extent("batch", &bound.batch, sizes.batch, err) ||
        bind_extent("height", &bound.height, sizes.height, err) ||
        bind_extent("width", &bound.width, sizes.width, err) ||
        (regions && bind_extent("rois", &bound.rois, sizes.rois, err)))
        return -1;
    if (bound.batch == DCN_DYNAMIC || bound.height == DCN_DYNAMIC || bound.width == DCN_DYNAMIC)
        return dcn_fail(err, DCN_EUSAGE, "batch, height and width must be numbers here");
    if (bound.rois == DCN_DYNAMIC)
        return dcn_fail(err, DCN_EUSAGE, "rois must be a number here");
    dcn_spec checked = bound;
    checked.batch = at_least_one(bound.batch, s->batch);
    checked.rois = at_least_one(bound.rois, s->rois);
    if (dcn_spec_check(&checked, err))
        return -1;
    *out = bound;
    return 0;
}

/* ---- printing ------------------------------------------------------------- */

int dcn_spec_print(const dcn_spec *s, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    rt_text_add(&t, "return %s {", dcn_op_name(s->op));
    const char *separator = " ";
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (!rt_field_is_of(f, s->op) || f->type == RT_FIELD_NOT_YET)
            continue;
        char value[RT_FIELD_PRINT_MAX];
        const rt_value v = rt_field_get(f, s);
        rt_text_add(&t, "%s%s = %s", separator, f->key, rt_field_print(f, &v, value));
        separator = ", ";
    }
    rt_text_add(&t, " }");
    return (int)t.length;
}
