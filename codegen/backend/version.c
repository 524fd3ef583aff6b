/* version.c: which LLVM compiles: the one that is loaded, not the one whose headers were there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"

#include <llvm-c/Core.h>
#include <pthread.h>
#include <stdio.h>

static char text[32];

static void ask(void)
{
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, patch);
}

const char *cg_llvm_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask);
    return text;
}
