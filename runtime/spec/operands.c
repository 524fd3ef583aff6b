/* operands.c: the kinds of operands, of which the rows make their lists.
**
** What kernels read in an order of their own has role DCN_WEIGHT.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/operands.h"
#include "runtime/spec/network.h"
#include "runtime/spec/row.h"

#include <assert.h>
#include <string.h>

#define RT_OPERAND_NAME(id, name) [RT_##id] = #name,
#define RT_GRAD_NAME(id, name)    [RT_GRAD_##id] = "grad_" #name,
const char *const rt_operand_names[RT_NUM_OPERANDS] = { RT_OPERAND_LIST(RT_OPERAND_NAME)
                                                            RT_OPERAND_LIST(RT_GRAD_NAME) };

const char *const rt_plain_operand_names[RT_NUM_PLAIN + 1] = { RT_OPERAND_LIST(RT_OPERAND_NAME) };

const char *rt_operand_name(const dcn_spec *s, rt_operand which)
{
    return rt_op_has(s->op, RT_IS_NETWORK) ? net_operand_name(s->network, which)
                                           : rt_operand_names[which];
}

/* ---- kinds of operands ---------------------------------------------------------------------- */

void rt_add(rt_operands *l, rt_operand which, dcn_tensor t)
{
    assert(l->n < RT_NUM_OPERANDS);
    t.name = rt_operand_name(l->s, which);
    t.dtype = l->s->dtype;
    l->which[l->n] = which;
    l->tensor[l->n++] = t;
}

void rt_add_map(rt_operands *l, rt_operand which, int64_t count, int64_t channels,
                const int64_t size[2])
{
    const bool nchw = l->s->layout == DCN_NCHW;
    dcn_tensor t = { .role = which == RT_OUTPUT ? DCN_OUT : DCN_IN, .rank = 4, .dims = { count } };
    t.dims[1] = nchw ? channels : size[0];
    t.dims[2] = nchw ? size[0] : size[1];
    t.dims[3] = nchw ? size[1] : channels;
    rt_add(l, which, t);
}

void rt_add_vector(rt_operands *l, rt_operand which, int64_t n)
{
    rt_add(l, which, (dcn_tensor){ .rank = 1, .dims = { n } });
}

void rt_add_matrix(rt_operands *l, rt_operand which, int64_t rows, int64_t columns)
{
    rt_add(l, which, (dcn_tensor){ .role = DCN_WEIGHT, .rank = 2, .dims = { rows, columns } });
}

void rt_add_weight(rt_operands *l, rt_operand which, int64_t outs, int64_t ins, const int kernel[2])
{
    rt_add(
        l, which,
        (dcn_tensor){ .role = DCN_WEIGHT, .rank = 4, .dims = { outs, ins, kernel[0], kernel[1] } });
}

void rt_add_input(rt_operands *l)
{
    const dcn_spec *s = l->s;
    rt_add_map(l, RT_INPUT, s->batch, s->in_channels, (int64_t[2]){ s->height, s->width });
}

void rt_add_like_output(rt_operands *l, rt_operand which, int64_t channels)
{
    const dcn_spec *s = l->s;
    const int64_t size[2] = { dcn_out_height(s, s->height), dcn_out_width(s, s->width) };
    const int64_t count = rt_op_has(s->op, RT_HAS_ROIS) ? s->rois : s->batch;
    rt_add_map(l, which, count, channels, size);
}

void rt_add_epilogue(rt_operands *l)
{
    const dcn_spec *s = l->s;
    if (s->scale_shift) {
        rt_add_vector(l, RT_SCALE, s->out_channels);
        rt_add_vector(l, RT_SHIFT, s->out_channels);
    }
    if (s->residual)
        rt_add_like_output(l, RT_RESIDUAL, s->out_channels);
    rt_add_like_output(l, RT_OUTPUT, s->out_channels);
}

void rt_add_rois(rt_operands *l)
{
    rt_add(l, RT_ROIS, (dcn_tensor){ .rank = 2, .dims = { l->s->rois, rt_roi_numbers(l->s) } });
}

rt_operands rt_plain_operands_of(const dcn_spec *s)
{
    rt_operands l = { .s = s };
    rt_op_of(s->op)->operands(&l);
    return l;
}
