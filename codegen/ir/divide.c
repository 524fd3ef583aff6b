/* divide.c: quotients, of all lanes of a register.
**
** LLVM computes only lanes that are used, and fills the others of a register with zeros.  Behind a
** fence it cannot see which they are, so that 0 / 0 raises no floating-point exception there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"

enum { REGISTER_BYTES = 16 }; /* of the narrowest vectors that machines have */

static fvec quotient(Emit *e, fvec a, fvec b)
{
    return (fvec){ LLVMBuildFDiv(e->b, a.v, LLVMIsConstant(b.v) ? b.v : f_opaque(e, b).v, "div") };
}

/* The first n lanes over and over. */
static fvec repeated(Emit *e, fvec a, int n)
{
    int from[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        from[i] = i % n;
    return f_shuffle(e, a, a, from);
}

/* A vector that is narrower than any register is divided several times at once. */
fvec f_div(Emit *e, fvec a, fvec b)
{
    const int lanes = e->lanes, whole = REGISTER_BYTES / e->fp_bytes;
    fvec all = { NULL };
    if (lanes == 1 || lanes >= whole)
        return quotient(e, a, b);
    EMIT_LANES (e, whole) {
        all = quotient(e, repeated(e, a, lanes), repeated(e, b, lanes));
    }
    return repeated(e, all, lanes);
}
