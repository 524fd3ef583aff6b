/* transpose.h: a matrix in memory to its transpose: planes to channels side by side, and back.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TRANSPOSE_H
#define DCN_CODEGEN_TRANSPOSE_H

#include "codegen/ir/emit.h"

/* to[j*to_step + i] = from[i*from_step + j] for i < rows, j < cols; from and to are different buffers. */
typedef struct Transpose {
    addr from, to;
    idx rows, cols;
    idx from_step, to_step; /* elements from a row to the next, of either */
} Transpose;

/* The function that does it for a kernel, whatever the sizes: it is large, so there should be one. */
LLVMValueRef emit_transpose(Emit *e);
void call_transpose(Emit *e, LLVMValueRef fn, const Transpose *t);

#endif
