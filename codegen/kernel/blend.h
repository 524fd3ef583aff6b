/* blend.h: two rows of channels blended by a share for each group of them, in both directions.
**
**     out = act(y*(1 - c) + x*c),  c = sigmoid(logit of the channel's group)
**
**     with g the gradient of y*(1 - c) + x*c:   grad_y = g (1 - c),  grad_x = g c,
**     grad_logits = c (1 - c) sum of g (x - y) over the group
**
** Where g is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BLEND_H
#define DCN_CODEGEN_BLEND_H

#include "codegen/kernel/gradient_out.h"
#include "runtime/spec/activation.h"

/* How rows of two maps are mixed: `channels` a row in `groups`, each of which has one logit of its share. */
typedef struct Blend {
    int64_t channels, groups;
    rt_activation activation;
    addr y, x, logits;
} Blend;

/* Row number `row` of all; y and out may be one. */
void blend_row(Emit *e, const Blend *b, addr out, idx row);

/* Gradients; .to.v == NULL: not wanted.  x and y are read for that of the logits only. */
typedef struct BlendBack {
    addr g;
    GradientOut y, x, logits;
} BlendBack;

void blend_back_row(Emit *e, const Blend *b, const BlendBack *back, idx row);

#endif
