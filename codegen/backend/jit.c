/* jit.c: object bytes to callable addresses, by LLVM's ORC.
**
** One LLJIT per loaded object: its symbols never clash with another kernel's, and closing it
** gives all its memory back.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/jit.h"
#include "codegen/target/fatal.h"
#include "codegen/target/llvm_init.h"
#include "runtime/base/base.h"

#include <errno.h>
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Object.h>
#include <llvm-c/Orc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What LLVM says while it looks for a symbol, and would print: why there is none. */
static _Thread_local char reported[256];

static void on_report(void *self, LLVMErrorRef e)
{
    char *text = LLVMGetErrorMessage(e);
    (void)self;
    snprintf(reported, sizeof reported, "%s", text);
    LLVMDisposeErrorMessage(text);
}

/* Consumes the error. */
static int orc_failed(LLVMErrorRef e, const char *doing, dcn_error *err)
{
    if (!e)
        return 0;
    char *text = LLVMGetErrorMessage(e);
    dcn_fail(err, DCN_EFAILED, "cannot %s: %s", doing, reported[0] ? reported : text);
    LLVMDisposeErrorMessage(text);
    return -1;
}

/* What LLVM does to a page of a kernel. */
int cg_can_load(dcn_error *err)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return dcn_fail(err, DCN_EENV, "no memory for a page of machine code");
    const int why = mprotect(page, size, PROT_READ | PROT_EXEC) ? errno : 0;
    munmap(page, size);
    return why ? dcn_fail(err, DCN_EENV,
                          "code cannot be run in this process, whose memory may not be made "
                          "executable (%s)",
                          strerror(why))
               : 0;
}

/* LLJIT wants the machine's exact features only for compiling, which is done already. */
static int open_jit(const void *obj, size_t size, LLVMOrcLLJITRef *jit, dcn_error *err)
{
    cg_llvm_init();
    if (orc_failed(LLVMOrcCreateLLJIT(jit, NULL), "start the JIT", err))
        return -1;
    reported[0] = '\0';
    LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(*jit), on_report, NULL);
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

/* A kernel, or one symbol. */
typedef struct LoadWhat {
    dcn_kernel *kernel;
    const char *symbol;
    void *fn;
} LoadWhat;

/* Closes the JIT again when that fails, be it by a fatal error. */
static int load(const void *obj, size_t size, const LoadWhat *what, void **owner, dcn_error *err)
{
    LLVMOrcLLJITRef volatile jit = NULL;
    CgRecovery recovery, *former = cg_recovery_set(&recovery);
    int volatile rc = -1;
    if (setjmp(recovery.back) == 0) {
        LLVMOrcLLJITRef opened = NULL;
        rc = open_jit(obj, size, &opened, err);
        jit = opened;
        if (!rc)
            rc = what->kernel ? bind(opened, what->kernel, err)
                              : look_up(opened, what->symbol, what->fn, err);
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
    if (load(obj, size, &(LoadWhat){ .kernel = k }, &k->owner, err))
        return -1;
    k->release = cg_unload;
    k->code_bytes = text_bytes(obj, size);
    return 0;
}

int jit_open(const void *obj, size_t size, const char *symbol, void *fn, void **owner,
             dcn_error *err)
{
    return load(obj, size, &(LoadWhat){ .symbol = symbol, .fn = fn }, owner, err);
}

int cg_load_peak(const void *obj, size_t size, CgPeak *fn, void **owner, dcn_error *err)
{
    return jit_open(obj, size, "dcn_peak", fn, owner, err);
}
