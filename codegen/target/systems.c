/* systems.c: which system a triple is for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/table.h"

#include <stddef.h>
#include <string.h>

const System *cg_system_called(const Arch *arch, const char *name)
{
    for (const System *s = arch->systems; s->mark; s++)
        if (s->name && strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

/* LLVM takes the word behind the system for the format, too: "-windows-elf", "-linux-coff". */
const System *cg_system(const char *triple)
{
    static const char *const other[] = { "x32", "ilp32", "coff", "macho" };
    const Arch *arch = cg_arch(triple);
    const char *behind = strchr(triple, '-');
    const System *found = NULL;
    for (size_t i = 0; behind && i < sizeof other / sizeof *other; i++)
        if (strstr(behind, other[i]))
            return NULL;
    for (const System *s = arch && behind ? arch->systems : NULL; s && s->mark; s++) {
        if (!strstr(behind, s->mark))
            continue;
        if (found && found->format != s->format)
            return NULL;
        found = found ? found : s;
    }
    return found;
}

/* CPUs of these makers run their system unless something else is said. */
static const struct {
    const char *prefix, *system;
} makers[] = { { "apple-", "macos" } };

const char *cg_own_triple(const Cpu *c)
{
    const char *triple = cg_isa(c->isa)->triple;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strncmp(c->name, makers[i].prefix, strlen(makers[i].prefix)) == 0)
            return cg_system_called(cg_arch(triple), makers[i].system)->triple;
    return triple;
}
