/* modulation.h: how much of a sample counts, from an element x of the mask.
**
**     none      1
**     mask      s x
**     sigmoid   s / (1 + exp(-x))
**     softmax   s exp(x - a) / sum of exp(x_k - a) over the taps k of an offset group, a = the largest x_k
**
** s is the spec's modulation_scale.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MODULATION_H
#define DCN_CODEGEN_MODULATION_H

#include "codegen/ir/emit.h"

#include <dcngen.h>

/* What the taps of a softmax share: m = exp(x - shift) * scale. */
typedef struct Softmax {
    fvec shift, scale;
} Softmax;

/* Element k of those that a softmax is over, for each lane. */
typedef fvec (*SoftmaxLogit)(Emit *e, const void *self, idx k);
Softmax modulation_softmax(Emit *e, const dcn_spec *s, idx taps, SoftmaxLogit logit,
                           const void *self);

/* m; softmax is for a spec that asks for it. */
fvec modulation_of(Emit *e, const dcn_spec *s, fvec x, const Softmax *softmax);

#endif
