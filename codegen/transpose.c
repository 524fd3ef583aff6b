/* transpose.c: log2(lanes) rounds of exchanging halves.
**
** In the round of distance s, rows i and i+s (i without bit s) exchange the off-diagonal blocks:
** lanes with bit s of row i for lanes without bit s of row i+s.
** SPDX-License-Identifier: Apache-2.0
*/
#include "transpose.h"

static LLVMValueRef pick(Emit *e, fvec a, fvec b, int s, int upper)
{
    LLVMValueRef lane[64];
    for (int j = 0; j < e->lanes; j++) {
        int from = j & s ? e->lanes + (upper ? j : j - s) : (upper ? j + s : j);
        lane[j] = LLVMConstInt(e->i32, (unsigned long long)from, 0);
    }
    LLVMValueRef order = LLVMConstVector(lane, (unsigned)e->lanes);
    return LLVMBuildShuffleVector(e->b, a.v, b.v, order, "");
}

void emit_transpose(Emit *e, fvec *block)
{
    for (int s = e->lanes / 2; s >= 1; s /= 2)
        for (int i = 0; i < e->lanes; i++) {
            if (i & s)
                continue;
            fvec a = block[i], b = block[i + s];
            block[i] = f_held(e, (fvec){ pick(e, a, b, s, 0) });
            block[i + s] = f_held(e, (fvec){ pick(e, a, b, s, 1) });
        }
}
