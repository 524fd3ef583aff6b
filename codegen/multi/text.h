/* text.h: text in the emitted code: bytes up to a NUL.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MULTI_TEXT_H
#define DCN_CODEGEN_MULTI_TEXT_H

#include "codegen/multi/inside.h"

/* A constant beside the code. */
addr text_const(Emit *e, const char *s);

addr text_choose(Emit *e, cond c, addr yes, addr no);

/* s[at] = c, an i8 */
void text_put(Emit *e, addr s, idx at, LLVMValueRef c);

/* The function that puts `piece` at to[at] and returns where it ends; what does not fit before the last of `size`
** bytes is only counted. */
typedef struct Append {
    addr to;
    idx size, at;
    addr piece;
} Append;
LLVMValueRef emit_append(const Multi *m, Emit *e);
idx call_append(Emit *e, LLVMValueRef fn, const Append *in);

/* The function that says whether a and b are the same. */
typedef struct Same {
    addr a, b;
} Same;
LLVMValueRef emit_same(const Multi *m, Emit *e);
cond call_same(Emit *e, LLVMValueRef fn, const Same *in);

#endif
