/* modulation.c: how much of a sample counts, from an element of the mask.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/modulation.h"
#include "codegen/math/math.h"

Softmax modulation_softmax(Emit *e, const dcn_spec *s, idx taps, SoftmaxLogit logit,
                           const void *self)
{
    idx zero = x_const(e, 0);
    var largest = v_float(e, logit(e, self, zero));
    EMIT_FOR (e, k, x_const(e, 1), taps, 1) {
        v_set(e, largest, f_max(e, logit(e, self, k.at), v_get(e, largest)));
    }
    Softmax all = { .shift = v_get(e, largest) };
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR (e, k, zero, taps, 1) {
        fvec term = emit_exp(e, f_sub(e, logit(e, self, k.at), all.shift));
        v_set(e, sum, f_add(e, v_get(e, sum), term));
    }
    all.scale = f_div(e, f_const(e, s->modulation_scale), v_get(e, sum));
    return all;
}

fvec modulation_of(Emit *e, const dcn_spec *s, fvec x, const Softmax *softmax)
{
    if (s->modulation == DCN_MODULATION_SOFTMAX)
        return f_mul(e, emit_exp(e, f_sub(e, x, softmax->shift)), softmax->scale);
    if (s->modulation == DCN_MODULATION_SIGMOID)
        x = emit_sigmoid(e, x);
    return s->modulation_scale == 1 ? x : f_mul(e, x, f_const(e, s->modulation_scale));
}
