/* inside.h: what the files of multi/ have between them: plan.c -> probe.c -> select.c -> text.c -> query.c -> entry.c.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MULTI_INSIDE_H
#define DCN_CODEGEN_MULTI_INSIDE_H

#include "codegen/ir/call.h"
#include "codegen/multi/multi.h"

/* Bytes of a symbol: NAME_workspace_bytes.x86_64_v4 */
enum { SYMBOL_MAX = RT_SYMBOL_MAX + sizeof((dcn_target *)0)->cpu };

/* ---- plan.c ------------------------------------------------------------------ */

/* A feature is a bit: its row of the table.  Behind the rows, a bit for each variant: this CPU is the very one that it
** is tuned for. */
enum { MAX_PROBES = 48, MAX_WORDS = 8 };
_Static_assert((int)MAX_PROBES + (int)CG_MAX_VARIANTS <= 64, "a bit for each in one word");

typedef enum {
    PROBE_CPU,    /* a feature: LLVM is told of it, the CPU asked for it */
    PROBE_SYSTEM, /* registers that the system must save: only asked */
    PROBE_GIVEN   /* only told: every CPU has it, or it is about tuning */
} ProbeKind;

/* What is asked of the machine: whether word >> shift & mask lies in min .. max. */
typedef struct Probe {
    const char *name; /* of a feature, as LLVM calls it; of a state, as users are told */
    ProbeKind kind;
    int word, shift;
    uint32_t mask, min, max;
    const char *also; /* what it brings beyond its needs (needs.h), with commas between: registers
                       * that the system must save, words that LLVM wants to hear */
} Probe;

/* The CPU that a variant is tuned for, known by its signature; a CPU may have several rows. */
typedef struct Signature {
    const char *cpu;
    uint32_t min, max;
} Signature;

typedef struct MultiArch {
    const char *triple; /* its first word */
    bool elf_only;      /* systems with other objects do not let programs ask what the CPU has */
    const char *cpu;    /* LLVM's name of a CPU that has nothing beyond what every one has */
    const Probe *probes;
    const Signature *signatures;
    int signature; /* the word that holds it */
    /* Write the code that reads the words; wanted: a bit for each that is looked at. */
    void (*read)(Emit *e, unsigned wanted, const var word[MAX_WORDS]);
} MultiArch;

extern const MultiArch multi_x86, multi_arm;

/* What variant i needs of the machine, as bits. */
uint64_t multi_needs(const Multi *m, int i);

/* The bit that says that variant i is tuned for this very CPU; 0: nothing tells that CPU from others. */
uint64_t multi_tuned_bit(const Multi *m, int i);

/* ---- probe.c ----------------------------------------------------------------- */

/* Writes m->machine() -> i64: what the machine has, as bits. */
void multi_emit_machine(Multi *m, Emit *e);

/* ---- select.c ---------------------------------------------------------------- */

/* Begin a function of the kernel, see call.h: NAME + suffix; suffixes of internal ones begin with a dot. */
LLVMValueRef multi_fn(const Multi *m, Emit *e, const char *suffix, LLVMTypeRef result,
                      const Params *p, void *args);

/* Whether a machine with such bits can run variant i; whether it is the CPU that variant i is tuned for. */
cond multi_can_run(const Multi *m, Emit *e, idx machine, int i);
cond multi_is_tuned_for(const Multi *m, Emit *e, idx machine, int i);

/* The number of the variant that a machine with these bits is given. */
idx multi_best(const Multi *m, Emit *e, idx machine);

/* The number of the variant in use, from 1; m->n + 1: none. */
idx multi_chosen(const Multi *m, Emit *e);

/* What multi_chosen needs: the word m->state, and m->pick(), which sets it by m->machine(). */
void multi_add_state(Multi *m, Emit *e);
void multi_emit_pick(Multi *m, Emit *e);

/* ---- query.c ----------------------------------------------------------------- */

/* Writes NAME_variant, NAME_variant_why, NAME_choose_variant. */
void multi_emit_queries(Multi *m, Emit *e);

#endif
