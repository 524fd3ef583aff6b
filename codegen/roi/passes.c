/* passes.c: channels, some vectors at a time; the last pass has what is left.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/roi/bins.h"

#include <assert.h>

void roi_over_channels(Emit *e, idx from, int channels, int nv, RoiVectorsBody body,
                       const void *self)
{
    assert(nv <= ROI_MAX_NV);
    const int block = nv * e->lanes, rest = channels % block;
    EMIT_FOR (e, o, x_const(e, 0), x_const(e, channels - rest), block) {
        const RoiVectors whole = { x_add(e, from, o.at), nv, e->lanes };
        body(e, &whole, self);
    }
    if (!rest)
        return;
    const int vectors = (int)int_ceil_div(rest, e->lanes);
    const RoiVectors some = { x_addk(e, from, channels - rest), vectors,
                              rest - (vectors - 1) * e->lanes };
    body(e, &some, self);
}
