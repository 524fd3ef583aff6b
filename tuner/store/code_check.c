/* code_check.c: whether bytes are code that this program may load.
**
** A kernel is a relocatable ELF file of 64 bits, little-endian, for the machine, that defines its
** five entry points and calls nothing: no symbol is undefined.  Every offset is checked before it
** is followed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/kernel.h"
#include "tuner/store/internal.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

typedef struct Elf {
    const unsigned char *bytes;
    size_t size;
    Elf64_Ehdr head;
} Elf;

/* A copy of the bytes at offset, because nothing says that they are aligned; false if they are
** outside. */
static bool read_at(const Elf *e, uint64_t offset, void *to, size_t size)
{
    if (offset > e->size || size > e->size - offset)
        return false;
    memcpy(to, e->bytes + offset, size);
    return true;
}

static bool section(const Elf *e, size_t i, Elf64_Shdr *s)
{
    return i < e->head.e_shnum && read_at(e, e->head.e_shoff + i * sizeof *s, s, sizeof *s) &&
           (s->sh_type == SHT_NOBITS ||
            (s->sh_offset <= e->size && s->sh_size <= e->size - s->sh_offset));
}

static unsigned elf_machine(const char *triple)
{
    static const struct {
        const char *arch;
        unsigned machine;
    } known[] = { { "x86_64-", EM_X86_64 }, { "aarch64-", EM_AARCH64 }, { "riscv64-", EM_RISCV } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(triple, known[i].arch, strlen(known[i].arch)))
            return known[i].machine;
    return EM_NONE;
}

static const char *check_head(Elf *e, const char *triple)
{
    if (!read_at(e, 0, &e->head, sizeof e->head) || memcmp(e->head.e_ident, ELFMAG, SELFMAG) != 0)
        return "not an ELF file";
    if (e->head.e_ident[EI_CLASS] != ELFCLASS64 || e->head.e_ident[EI_DATA] != ELFDATA2LSB ||
        e->head.e_type != ET_REL || e->head.e_shentsize != sizeof(Elf64_Shdr))
        return "not a relocatable object of 64 bits";
    if (e->head.e_machine != elf_machine(triple))
        return "for another machine";
    return NULL;
}

/* ---- symbols ----------------------------------------------------------------------------- */

static const char *const suffixes[] = RT_ENTRY_SUFFIXES;
enum { NENTRIES = sizeof suffixes / sizeof *suffixes, ALL = (1 << NENTRIES) - 1 };

/* The bit of the entry point that a symbol is called like, or 0. */
static unsigned entry_bit(const Elf *e, const Elf64_Shdr *names, const Elf64_Sym *sym,
                          const char *kernel)
{
    char want[RT_SYMBOL_MAX], got[RT_SYMBOL_MAX];
    for (int i = 0; i < NENTRIES; i++) {
        size_t n = (size_t)snprintf(want, sizeof want, "%s%s", kernel, suffixes[i]) + 1;
        if (sym->st_name < names->sh_size && n <= names->sh_size - sym->st_name &&
            read_at(e, names->sh_offset + sym->st_name, got, n) && !memcmp(want, got, n))
            return 1u << i;
    }
    return 0;
}

/* A global function inside an executable section. */
static bool is_entry(const Elf *e, const Elf64_Sym *sym)
{
    Elf64_Shdr s;
    return ELF64_ST_BIND(sym->st_info) == STB_GLOBAL && ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
           section(e, sym->st_shndx, &s) && (s.sh_flags & SHF_EXECINSTR) &&
           sym->st_value < s.sh_size && sym->st_size <= s.sh_size - sym->st_value;
}

static const char *check_symbols(const Elf *e, const Elf64_Shdr *table, const char *kernel)
{
    Elf64_Shdr names;
    Elf64_Sym sym;
    unsigned found = 0;
    if (table->sh_entsize != sizeof sym || !section(e, table->sh_link, &names))
        return "its symbols are damaged";
    for (uint64_t i = 1; i < table->sh_size / sizeof sym; i++) {
        if (!read_at(e, table->sh_offset + i * sizeof sym, &sym, sizeof sym))
            return "its symbols are damaged";
        if (sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_COMMON)
            return "it has an undefined symbol";
        if (is_entry(e, &sym))
            found |= entry_bit(e, &names, &sym, kernel);
    }
    return found == ALL ? NULL : "an entry point is missing";
}

const char *code_refuse(const void *bytes, size_t size, const char *name, const char *triple)
{
    Elf e = { .bytes = bytes, .size = size };
    Elf64_Shdr s, table = { .sh_type = SHT_NULL };
    const char *no = check_head(&e, triple);
    for (size_t i = 0; !no && i < e.head.e_shnum; i++) {
        if (!section(&e, i, &s))
            no = "its sections are damaged";
        else if (s.sh_type == SHT_SYMTAB)
            no = table.sh_type ? "it has two tables of symbols" : (table = s, NULL);
    }
    if (!no && !table.sh_type)
        no = "it has no symbols";
    return no ? no : check_symbols(&e, &table, name);
}
