/* elf.c: what a test wants to know of a relocatable ELF64 object.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/fast/asm/elf.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

typedef struct Object {
    const unsigned char *bytes;
    Elf64_Ehdr head;
} Object;

static int open_object(Object *o, const void *bytes, size_t size)
{
    o->bytes = bytes;
    if (size < sizeof o->head || memcmp(bytes, ELFMAG, SELFMAG))
        return 0;
    memcpy(&o->head, bytes, sizeof o->head);
    return o->head.e_ident[EI_CLASS] == ELFCLASS64 && o->head.e_type == ET_REL;
}

static Elf64_Shdr section(const Object *o, int i)
{
    Elf64_Shdr s;
    memcpy(&s, o->bytes + o->head.e_shoff + (size_t)i * sizeof s, sizeof s);
    return s;
}

static const char *string(const Object *o, int table, size_t at)
{
    return (const char *)o->bytes + section(o, table).sh_offset + at;
}

/* Calls see() for each symbol but the empty first one. */
static void each_symbol(const Object *o, void *self,
                        void (*see)(void *self, const Elf64_Sym *symbol, const char *name))
{
    for (int i = 0; i < o->head.e_shnum; i++) {
        Elf64_Shdr table = section(o, i);
        if (table.sh_type != SHT_SYMTAB)
            continue;
        for (size_t k = 1; k < table.sh_size / sizeof(Elf64_Sym); k++) {
            Elf64_Sym symbol;
            memcpy(&symbol, o->bytes + table.sh_offset + k * sizeof symbol, sizeof symbol);
            see(self, &symbol, string(o, (int)table.sh_link, symbol.st_name));
        }
    }
}

static void count(void *self, const Elf64_Sym *symbol, const char *name)
{
    ElfFacts *f = self;
    f->globals += ELF64_ST_BIND(symbol->st_info) != STB_LOCAL;
    if (symbol->st_shndx == SHN_UNDEF && !f->undefined++)
        snprintf(f->symbol, sizeof f->symbol, "%s", name);
}

ElfFacts elf_facts(const void *bytes, size_t size)
{
    Object o;
    ElfFacts f = { .executable_stack = 1 };
    if (!open_object(&o, bytes, size))
        return f;
    f.machine = o.head.e_machine;
    for (int i = 0; i < o.head.e_shnum; i++) {
        Elf64_Shdr s = section(&o, i);
        if (s.sh_flags & SHF_WRITE)
            f.writable += s.sh_size;
        if (s.sh_flags & SHF_EXECINSTR)
            f.text += s.sh_size;
        if (!strcmp(string(&o, o.head.e_shstrndx, s.sh_name), ".note.GNU-stack"))
            f.executable_stack = s.sh_flags & SHF_EXECINSTR ? 1 : 0;
    }
    each_symbol(&o, &f, count);
    return f;
}

typedef struct Wanted {
    const char *name;
    int found;
} Wanted;

static void match(void *self, const Elf64_Sym *symbol, const char *name)
{
    Wanted *w = self;
    if (symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL)
        w->found |= !strcmp(name, w->name);
}

int elf_defines(const void *bytes, size_t size, const char *name)
{
    Object o;
    Wanted w = { name, 0 };
    if (open_object(&o, bytes, size))
        each_symbol(&o, &w, match);
    return w.found;
}
