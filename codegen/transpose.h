/* transpose.h: a square of lanes x lanes values turned in registers.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TRANSPOSE_H
#define DCN_CODEGEN_TRANSPOSE_H

#include "emit.h"

/* block[i] lane j becomes block[j] lane i; e->lanes is a power of two. */
void emit_transpose(Emit *e, fvec *block);

#endif
