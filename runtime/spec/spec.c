/* spec.c: the plain struct that says what to compute: defaults, names, printing.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/shape.h"

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

/* ---- what follows from other members ------------------------------------------------------ */

/* Padding along an axis that makes the output ceil(in / stride) pixels, as what keeps the size at a stride of 1
** always does; the least that does may be one pixel less, and hang on the size: -1 where that is dynamic.  Sizes that
** no spec may have are left to the check. */
static int64_t same_padding(const dcn_spec *s, int axis)
{
    const int64_t in = axis ? s->width : s->height, stride = s->stride[axis];
    const int64_t covered = rt_covered(s, axis);
    if (stride == 1 || rt_op_has(s->op, RT_CENTRED))
        return covered - 1;
    if (in < 1 || in > INT32_MAX || stride < 1)
        return -1;
    const int64_t total = ((in + stride - 1) / stride - 1) * stride + covered - in;
    return total > 0 ? total : 0;
}

static void complete_padding(dcn_spec *s)
{
    const int64_t total[2] = { same_padding(s, 0), same_padding(s, 1) };
    for (int axis = 0; axis < 2; axis++)
        if (total[axis] < 0 || total[axis] > INT32_MAX)
            return;
    for (int axis = 0; axis < 2; axis++) {
        s->padding[axis] = (int)(total[axis] / 2);
        s->padding[axis + 2] = (int)(total[axis] - total[axis] / 2);
    }
}

/* The operator's own rules first; then, without a key for it, the output has the channels of the
** projection or of the input. */
void dcn_spec_complete(dcn_spec *s)
{
    const rt_op *op = rt_op_of(s->op);
    if (op && op->complete)
        op->complete(s);
    if (op && rt_is_same(s->padding))
        complete_padding(s);
    if (!rt_field_at(s->op, offsetof(dcn_spec, out_channels)))
        s->out_channels = s->projection ? s->projection : s->in_channels;
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
