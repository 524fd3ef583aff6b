/* target_table.h: what the emitters may know of a machine, as data.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_TABLE_H
#define DCN_CODEGEN_TARGET_TABLE_H

#include <stdint.h>

/* A class of instruction sets that one shape of code serves. */
typedef struct Isa {
    const char *name;
    const char *triple;   /* of the architecture */
    const char *cpu;      /* the plainest CPU of the class, for DCNGEN_MAX_ISA */
    const char *needs[8]; /* LLVM features that put a CPU into the class */
    int vector_bytes, registers, fma, gather;
} Isa;

typedef struct Cpu {
    const char *name, *isa;
    int64_t l1_bytes, l2_bytes, l3_bytes; /* per core; a guess for generic names */
} Cpu;

/* Best class of an architecture first; both ended by a NULL name. */
extern const Isa cg_isas[];
extern const Cpu cg_cpus[];
/* Features that -mattr may switch, ended by NULL. */
extern const char *const cg_x86_features[];
extern const char *const cg_aarch64_features[];

const Isa *cg_isa(const char *name);
const Cpu *cg_cpu(const char *name);

#endif
