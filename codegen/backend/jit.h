/* jit.h: one function of an object in this process.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_JIT_H
#define DCN_CODEGEN_JIT_H

#include "codegen/cg.h"

/* *fn, a pointer to a function, becomes the address of the symbol; the code stays until cg_unload(*owner). */
int jit_open(const void *obj, size_t size, const char *symbol, void *fn, void **owner,
             dcn_error *err);

#endif
