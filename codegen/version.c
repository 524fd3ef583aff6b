/* version.c: which LLVM compiles.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cg.h"

#include <llvm/Config/llvm-config.h>

const char *cg_llvm_version(void)
{
    return LLVM_VERSION_STRING;
}
