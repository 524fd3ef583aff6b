/* cg.h: all that other folders need of the compiler: (Spec, Schedule, Target) -> bytes -> entry points.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_CG_H
#define DCN_CODEGEN_CG_H

#include "codegen/lowering.h"
#include "runtime/exec/kernel.h"

#include <stdbool.h>

typedef enum { CG_OBJ, CG_ASM, CG_LLVM_IR, CG_BITCODE } CgKind;

/* Compile one kernel.  A network whose parameters are constants (dcn_network.constants) has them packed in a read-only
** section; they are packed by code that runs here, whatever the target.  *bytes is malloc'ed; text kinds are
** NUL-terminated, *size not counting it. */
int cg_build(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
             void **bytes, size_t *size, dcn_error *err);

/* What there is to know of a kernel that was built: its bytes, as above, and of a network what its phases
** are; `phase` is malloc'ed, NULL of other kernels. */
typedef struct CgBuilt {
    void *bytes;
    size_t size;
    rt_phase *phase;
    int nphases;
} CgBuilt;
int cg_build_known(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
                   CgBuilt *out, dcn_error *err);

/* One kernel for several CPUs of one triple, in the user's order; targets and schedules are borrowed.  The object
** has the five symbols once, which pick a variant when they are first called, and three more: see cg_header.
** DCN_EUSAGE for targets that do not go together. */
enum { CG_MAX_VARIANTS = 16 };
typedef struct CgVariant {
    const Schedule *schedule;
    const dcn_target *target;
} CgVariant;
int cg_build_many(const dcn_spec *s, const CgVariant *v, int n, CgKind kind, void **bytes,
                  size_t *size, dcn_error *err);

/* 0 if this process may make memory executable; it may not under SELinux's deny_execmem, PR_SET_MDWE, systemd's
** MemoryDenyWriteExecute: DCN_EENV. */
int cg_can_load(dcn_error *err);

/* Make an object made by cg_build callable in this process: fills k->entry, k->code_bytes, k->owner, k->release. */
int cg_load(const void *obj, size_t size, dcn_kernel *k, dcn_error *err);

/* A register-only multiply-add loop for the target, to measure its peak: an object with
** the symbol `dcn_peak(int64_t rounds) -> double`; *flops_per_round says how much one round does. */
int cg_build_peak(dcn_dtype dtype, const dcn_target *t, void **bytes, size_t *size,
                  double *flops_per_round, dcn_error *err);
typedef double (*CgPeak)(int64_t rounds);
int cg_load_peak(const void *obj, size_t size, CgPeak *fn, void **owner, dcn_error *err);
void cg_unload(void *owner);

/* The C header that goes with the object of cg_build, n = 1, or of cg_build_many; malloc'ed text. */
int cg_header(const dcn_spec *s, const CgVariant *v, int n, char **text, dcn_error *err);

/* Every identifier that the object and the header of a kernel define, for one target or for several, by
** each(self, name), which borrows it. */
enum { CG_NAME_MAX = 2 * DCN_NAME_MAX + 32 };
typedef struct CgNames {
    void (*each)(void *self, const char *name);
    void *self;
} CgNames;
void cg_c_names(const dcn_spec *s, int ntargets, const CgNames *to);

/* The features that code for t may use and `machine`, of the same architecture, has not: "avx512f, avx512bw" in
** text, as far as there is room, and how many they are. */
int cg_target_lacks(const dcn_target *t, const dcn_target *machine, char *text, size_t size);

/* Whether the target's objects are ELF files, Mach-O files; whether those of two targets are of one
** format. */
bool cg_is_elf(const dcn_target *t);
bool cg_is_macho(const dcn_target *t);
bool cg_same_format(const dcn_target *a, const dcn_target *b);

/* What tests run code for a CPU of the table on: "native", "qemu", ... or "compiled": on nothing. */
const char *cg_tested(const char *cpu);

/* "19.1.7" */
const char *cg_llvm_version(void);

#endif
