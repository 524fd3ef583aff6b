/* table.h: what the emitters may know of a machine, as data.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_TABLE_H
#define DCN_CODEGEN_TARGET_TABLE_H

#include <stdint.h>

/* Formats of objects. */
typedef enum { FORMAT_ELF, FORMAT_MACHO, FORMAT_COFF, FORMAT_WASM } ObjectFormat;

/* What a CPU may run, as its triple says it. */
typedef struct System {
    const char *mark;   /* stands in the triple behind the CPU */
    const char *name;   /* as users say it for short; NULL: there is no short way */
    const char *triple; /* that the name stands for */
    ObjectFormat format;
} System;

/* What is the same for all CPUs that a triple's first word names. */
typedef struct Arch {
    const char *name, *triple;
    const System *systems;       /* that are supported, ended by a NULL mark */
    const char *formats;         /* of their objects, for messages */
    const char *wants;           /* the least vector unit, for messages */
    const char *const *features; /* that -mattr may switch, ended by NULL */
    const char *const *tuning;   /* that -mattr may switch and that promise nothing, NULL-ended */
    int pointer_bytes;
} Arch;

/* A class of instruction sets that one shape of code serves. */
typedef struct Isa {
    const char *name;
    const char *triple; /* of the architecture */
    const char *cpu;    /* the plainest CPU of the class, for DCNGEN_MAX_ISA */
    /* Features of every CPU of the class, beyond those of lesser classes. */
    const char *has;
    const char *needs[8]; /* features that put a CPU into the class */
    const char *fence; /* the intrinsic that orders non-temporal stores; NULL: they are ordered */
    int vector_bytes, registers, fma, gather;
    /* The larger of two numbers of which one may be NaN is one instruction, or a few. */
    int maxnum;
    int floor; /* rounding down or up is one instruction, or a few */
    /* Conversions to integers round as the machine is set, because those toward zero stop qemu 7.2. */
    int rounds;
    int vscale; /* vectors have exactly this many times 128 bits; 0: LLVM need not be told */
} Isa;

/* What a CPU is said to have whose gathers and scatters take longer than one lane after another, and what LLVM is told
** of it. */
#define CG_NO_GATHER  "prefer-no-gather"
#define CG_NO_GATHERS "+" CG_NO_GATHER ",+prefer-no-scatter"

typedef struct Cpu {
    const char *name, *isa;
    int64_t l1_bytes, l2_bytes, l3_bytes; /* a core's share; a guess for generic names */
    const char *extra;                    /* features beyond those of the class */
    const char *tested; /* what the tests run its code on; "compiled": on nothing */
} Cpu;

/* A row whose name is not LLVM's: LLVM's name, and the features that make it what it is. */
typedef struct CpuAlias {
    const char *name, *llvm, *attrs;
} CpuAlias;

/* Best class of an architecture first; all ended by a NULL name. */
extern const Isa cg_isas[];
extern const Cpu cg_cpus[];
extern const CpuAlias cg_aliases[];
extern const Arch cg_archs[];

/* The triple of a CPU of which nothing else is said. */
const char *cg_own_triple(const Cpu *c);

/* The system of a triple, which may not be one of two at once; NULL: none that is supported. */
const System *cg_system(const char *triple);

/* A system of the architecture by its short name; NULL: it has none of that name. */
const System *cg_system_called(const Arch *arch, const char *name);

/* By name; cg_arch by the first word of a triple.  NULL: unknown. */
const Isa *cg_isa(const char *name);
const Cpu *cg_cpu(const char *name);
const CpuAlias *cg_alias(const char *name);
const Arch *cg_arch(const char *triple);

#endif
