/* terms.c: how long the sums are that an output is made of, which says how much it may be rounded.
**
** Of the gradients of an operator whose output is a sum of T products, with M outputs per channel:
**
**     weight, bias, scale, shift   4*M corners of all outputs, or T where the sum is made again
**     input                        T*O/C; where samples may meet anywhere, that of all M
**     offset, mask                 4*(C/D)*(O/G) corners, without weights 4*(C/D); of regions T*O
**                                  for each bin that shares one
**
** Of a module, whose stages are such, T*M; of a network T, the longest of its layers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <math.h>

#define PER_CHANNEL (RT_SET(WEIGHT) | RT_SET(BIAS) | RT_SET(SCALE) | RT_SET(SHIFT))

/* M, and how many of them may read one image. */
static double outputs(const dcn_spec *s)
{
    if (rt_op_has(s->op, RT_HAS_ROIS))
        return (double)s->rois * s->pooled[0] * s->pooled[1];
    return rt_pixels(s);
}

static double outputs_of_image(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_HAS_ROIS) ? outputs(s) : outputs(s) / (double)s->batch;
}

static double place_terms(const dcn_spec *s, double sum)
{
    const double ins = (double)s->in_channels / s->offset_groups;
    const double outs = (double)s->out_channels / s->groups;
    if (rt_op_has(s->op, RT_HAS_ROIS))
        return sum * (double)s->out_channels * s->pooled[0] * s->pooled[1];
    return 4 * ins * (rt_operand_at(s, RT_WEIGHT) >= 0 ? outs : 1);
}

static double gradient_terms(const dcn_spec *s, rt_operand of)
{
    const double sum = rt_op_of(s->op)->terms(s);
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return sum;
    const double per_input = sum * (double)s->out_channels / (double)s->in_channels;
    if (rt_op_has(s->op, RT_COMPOSITE))
        return sum * outputs(s);
    if (rt_operand_in(of, PER_CHANNEL))
        return fmax(4 * outputs(s), sum);
    if (of == RT_INPUT)
        return rt_op_has(s->op, RT_DEFORMS) ? per_input * outputs_of_image(s) : per_input;
    return of == RT_RESIDUAL ? sum : place_terms(s, sum);
}

double rt_terms(const dcn_spec *s, rt_operand output)
{
    const dcn_spec plain = rt_plain_spec(s);
    return rt_operand_is_grad(output) ? gradient_terms(&plain, rt_operand_of_grad(output))
                                      : rt_op_of(s->op)->terms(s);
}
