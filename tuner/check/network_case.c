/* network_case.c: which inputs of a network are regions, offsets or masks of a layer.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"
#include "tuner/check/network.h"

/* The first operator that reads the value as one of those operands. */
static const net_layer *reader(const dcn_network *n, int value, rt_operand_set as,
                               rt_operand *which)
{
    for (int i = 0; i < n->nlayers; i++) {
        const net_layer *l = &n->layer[i];
        const rt_operands o = l->spec ? rt_operands_of(l->spec) : (rt_operands){ .n = 0 };
        for (int k = 0, a = 0; k < o.n; k++) {
            if (o.tensor[k].role == DCN_OUT)
                continue;
            *which = o.which[k];
            if (l->arg[a++].value == value && rt_operand_in(*which, as))
                return l;
        }
    }
    return NULL;
}

#define REGIONS RT_SET(ROIS)
#define PLACES  (RT_SET(OFFSET) | RT_SET(OFFSET_MASK) | RT_SET(TRANS) | RT_SET(MASK))

const dcn_spec *tune_net_reader(const dcn_network *n, int input, rt_operand *which)
{
    const net_layer *l = reader(n, input, REGIONS | PLACES, which);
    return l ? l->spec : NULL;
}

const dcn_spec *tune_net_case(const dcn_network *n)
{
    static const rt_operand_set order[] = { REGIONS, PLACES };
    rt_operand which;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < n->ninputs; i++) {
            const net_layer *l = reader(n, i, order[k], &which);
            if (l)
                return l->spec;
        }
    return NULL;
}
