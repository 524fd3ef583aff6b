/* jit.c: object bytes to callable addresses, by LLVM's ORC.
**
** One LLJIT per loaded object: its symbols never clash with another kernel's, and closing it
** gives all its memory back.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "codegen/target/fatal.h"
#include "codegen/target/llvm_init.h"
#include "runtime/base/base.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Object.h>
#include <llvm-c/Orc.h>
#include <stdio.h>
#include <string.h>

/* Consumes the error. */
static int orc_failed(LLVMErrorRef e, const char *doing, dcn_error *err)
{
    if (!e)
        return 0;
    char *text = LLVMGetErrorMessage(e);
    dcn_fail(err, DCN_EFAILED, "cannot %s: %s", doing, text);
    LLVMDisposeErrorMessage(text);
    return -1;
}

/* LLJIT wants the machine's exact features only for compiling, which is done already. */
static int open_jit(const void *obj, size_t size, LLVMOrcLLJITRef *jit, dcn_error *err)
{
    cg_llvm_init();
    if (orc_failed(LLVMOrcCreateLLJIT(jit, NULL), "start the JIT", err))
        return -1;
    LLVMMemoryBufferRef copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(obj, size, "kernel");
    LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(*jit);
    return orc_failed(LLVMOrcLLJITAddObjectFile(*jit, lib, copy), "load the kernel", err);
}

static int look_up(LLVMOrcLLJITRef jit, const char *symbol, void *fn, dcn_error *err)
{
    LLVMOrcExecutorAddress at = 0;
    if (orc_failed(LLVMOrcLLJITLookup(jit, &at, symbol), "find the kernel's symbols", err))
        return -1;
    memcpy(fn, &at, sizeof(void *));
    return 0;
}

void cg_unload(void *owner)
{
    if (owner)
        LLVMConsumeError(LLVMOrcDisposeLLJIT(owner));
}

/* Bytes of machine code in an object. */
static size_t text_bytes(const void *obj, size_t size)
{
    LLVMMemoryBufferRef view = LLVMCreateMemoryBufferWithMemoryRange(obj, size, "kernel", 0);
    char *why = NULL;
    LLVMBinaryRef bin = LLVMCreateBinary(view, NULL, &why);
    size_t total = 0;
    if (bin) {
        LLVMSectionIteratorRef it = LLVMObjectFileCopySectionIterator(bin);
        for (; !LLVMObjectFileIsSectionIteratorAtEnd(bin, it); LLVMMoveToNextSection(it)) {
            const char *name = LLVMGetSectionName(it);
            if (name && strncmp(name, ".text", 5) == 0)
                total += LLVMGetSectionSize(it);
        }
        LLVMDisposeSectionIterator(it);
        LLVMDisposeBinary(bin);
    }
    LLVMDisposeMessage(why);
    LLVMDisposeMemoryBuffer(view);
    return total;
}

static int bind(LLVMOrcLLJITRef jit, dcn_kernel *k, dcn_error *err)
{
    static const char *const suffix[] = RT_ENTRY_SUFFIXES;
    void *slots[] = { &k->entry.run, &k->entry.tasks, &k->entry.workspace_bytes, &k->entry.pack,
                      &k->entry.packed_bytes };
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        char symbol[RT_SYMBOL_MAX];
        snprintf(symbol, sizeof symbol, "%s%s", k->spec.name, suffix[i]);
        if (look_up(jit, symbol, slots[i], err))
            return -1;
    }
    return 0;
}

/* bind() or one symbol; closes the JIT again when that fails, be it by a fatal error. */
static int load(const void *obj, size_t size, dcn_kernel *k, CgPeak *peak, void **owner,
                dcn_error *err)
{
    LLVMOrcLLJITRef volatile jit = NULL;
    CgRecovery recovery, *former = cg_recovery_set(&recovery);
    int volatile rc = -1;
    if (setjmp(recovery.back) == 0) {
        LLVMOrcLLJITRef opened = NULL;
        rc = open_jit(obj, size, &opened, err);
        jit = opened;
        if (!rc)
            rc = k ? bind(opened, k, err) : look_up(opened, "dcn_peak", peak, err);
        if (rc)
            cg_unload(opened);
    } else {
        rc = dcn_fail(err, DCN_EFAILED, "internal: LLVM: %s", recovery.reason);
    }
    cg_recovery_set(former);
    *owner = rc ? NULL : jit;
    return rc;
}

int cg_load(const void *obj, size_t size, dcn_kernel *k, dcn_error *err)
{
    if (load(obj, size, k, NULL, &k->owner, err))
        return -1;
    k->release = cg_unload;
    k->code_bytes = text_bytes(obj, size);
    return 0;
}

int cg_load_peak(const void *obj, size_t size, CgPeak *fn, void **owner, dcn_error *err)
{
    return load(obj, size, NULL, fn, owner, err);
}
