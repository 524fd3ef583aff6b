/* elf.h: what a test wants to know of a relocatable ELF64 object.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_ASM_ELF_H
#define DCN_TESTS_ASM_ELF_H

#include <stddef.h>

typedef struct ElfFacts {
    int machine;          /* EM_X86_64, EM_AARCH64; 0: not an ELF64 relocatable object */
    int undefined;        /* symbols */
    char symbol[128];     /* the first of them */
    size_t writable;      /* bytes in sections that a process could write */
    size_t text;          /* bytes of machine code */
    int globals;          /* symbols that others can see */
    int executable_stack; /* 1 unless the object says that it needs none */
} ElfFacts;

ElfFacts elf_facts(const void *bytes, size_t size);

/* Is there a global symbol of that name? */
int elf_defines(const void *bytes, size_t size, const char *name);

#endif
