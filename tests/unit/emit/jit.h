/* jit.h: make what a test emits callable in this process.
**
**     Jit j;
**     Emit *e = jit_begin(&j, DCN_F32, target, 8);
**     EMIT_VECTORS (e, t, jit_n(e)) { ... jit_in(e) ... jit_out(e) ... }
**     jit_end(&j);
**     j.fn(in, out, n);
**     jit_free(&j);
**
** Errors of any kind end the test with LLVM's text.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_EMIT_JIT_H
#define DCN_TESTS_EMIT_JIT_H

#include "codegen/ir/emit.h"

typedef void (*JitFn)(const void *in, void *out, int64_t n);

typedef struct Jit {
    Emit e;
    void *owner; /* the LLJIT */
    JitFn fn;
} Jit;

/* Begin `void f(const void *in, void *out, int64_t n)`.  lanes 0: the width of the target. */
Emit *jit_begin(Jit *j, dcn_dtype dtype, const dcn_target *t, int lanes);
addr jit_in(Emit *e);
addr jit_out(Emit *e);
idx jit_n(Emit *e);
void jit_end(Jit *j);
void jit_free(Jit *j);

/* The i-th of the targets this process can run: the machine itself, then lower ones of the same
** family (with FMA and without).  0, or -1 past the last. */
int jit_target(int i, dcn_target *t);

#endif
