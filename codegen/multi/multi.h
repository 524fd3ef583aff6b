/* multi.h: one kernel compiled for several CPUs, and the choice between them at run time.
**
**     dispatch_plan    which variants there are, best first, and what each needs
**     dispatch_open    the module turns to variant i; its lowering then writes the kernel
**     dispatch_seal    what was written since belongs to variant i alone
**     dispatch_close   the entry points, which choose
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_DISPATCH_H
#define DCN_CODEGEN_DISPATCH_H

#include "codegen/cg.h"
#include "codegen/ir/emit.h"

/* A feature is a bit: its row of the table.  Behind the rows, a bit for each variant: this CPU is the very one that it
** is tuned for. */
enum { MAX_PROBES = 48, MAX_WORDS = 8 };

typedef enum {
    PROBE_CPU,    /* a feature: LLVM is told of it, the CPU asked for it */
    PROBE_SYSTEM, /* registers that the system must save: only asked */
    PROBE_GIVEN   /* only told: every CPU has it, or it is about tuning */
} ProbeKind;

/* What is asked of the machine: whether word >> shift & mask lies in least .. most. */
typedef struct Probe {
    const char *name; /* of a feature, as LLVM calls it; of a state, as users are told */
    ProbeKind kind;
    int word, shift;
    uint32_t mask, least, most;
    const char
        *implies; /* names, with commas between: what LLVM may use besides, and what that needs */
} Probe;

/* The CPU that a variant is tuned for, known by its signature; a CPU may have several rows. */
typedef struct Signature {
    const char *cpu;
    uint32_t least, most;
} Signature;

typedef struct DispatchArch {
    const char *triple; /* its first word */
    const char *cpu;    /* LLVM's name of a CPU that has nothing beyond what every one has */
    const Probe *probes;
    const Signature *signatures;
    int signature; /* the word that holds it */
    /* Write the code that reads the words; wanted: a bit for each that is looked at. */
    void (*read)(Emit *e, unsigned wanted, const var word[MAX_WORDS]);
} DispatchArch;

extern const DispatchArch dispatch_x86, dispatch_arm;

typedef struct Dispatch {
    const dcn_spec *spec;
    const DispatchArch *arch;
    dcn_target
        base; /* what every machine of the triple can run; the entry points are compiled for it */
    int n;
    CgVariant v[CG_MAX_VARIANTS]; /* best class first, else in the order in which they were given */
    uint64_t features[CG_MAX_VARIANTS];      /* that its code may use: rows of arch->probes */
    LLVMValueRef state, machine, pick, last; /* while a module is written */
} Dispatch;

/* -1: the variants do not go together. */
int dispatch_plan(Dispatch *d, const dcn_spec *s, const CgVariant *v, int n, dcn_error *err);

void dispatch_open(Dispatch *d, Emit *e, int i);
void dispatch_seal(Dispatch *d, Emit *e, int i);
void dispatch_close(Dispatch *d, Emit *e);

/* ---- between its files ----------------------------------------------------- */

/* What variant i needs of the machine, as bits. */
uint64_t dispatch_needs(const Dispatch *d, int i);

/* The bit that says that this is the CPU that variant i is tuned for; 0: it has no signature. */
uint64_t dispatch_own(const Dispatch *d, int i);

/* ---- d->machine() -> i64: what the machine has, as bits */
void dispatch_machine(Dispatch *d, Emit *e);

/* Whether a machine with these bits can run variant i. */
cond dispatch_can(const Dispatch *d, Emit *e, idx machine, int i);

/* Whether it is the CPU that variant i is tuned for. */
cond dispatch_is_own(const Dispatch *d, Emit *e, idx machine, int i);

/* The number of the variant that it is given. */
idx dispatch_best(const Dispatch *d, Emit *e, idx machine);

/* NAME_variant, NAME_variant_why, NAME_choose_variant. */
void dispatch_queries(Dispatch *d, Emit *e);

/* A function of the dispatcher; suffixes of internal ones begin with a dot. */
LLVMValueRef dispatch_fn(const Dispatch *d, Emit *e, const char *suffix, LLVMTypeRef result,
                         int nargs, const LLVMTypeRef *args);

/* The number of the variant in use, from 1; d->n + 1: none. */
idx dispatch_chosen(const Dispatch *d, Emit *e);

#endif
