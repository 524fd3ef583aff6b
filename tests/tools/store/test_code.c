/* test_code.c: compiled code is handed out only if it is what was put and may be run.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dcn_spec spec;
static TuneCode code;
static unsigned char *object;
static size_t size;

static void begin(void)
{
    store_begin();
    spec = temp_spec("k");
    object = temp_code(&spec, "direct", &size);
    code = (TuneCode){ &key, "k", "direct" };
}

static void end(void)
{
    free(object);
    store_end();
}

TestSuite(object, .init = begin, .fini = end);

static void put(void)
{
    cr_assert_eq(tune_code_put(st, &code, object, size, &err), 0, "%s", err.text);
}

/* The only file of code there is; "" if there is none. */
static const char *stored(void)
{
    static char path[4096];
    DIR *dir = opendir(temp_path(temp_dir(), "objects"));
    path[0] = '\0';
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/objects/%s", temp_dir(), e->d_name);
    if (dir)
        closedir(dir);
    return path;
}

static int get(void)
{
    void *bytes = NULL;
    size_t n = 0;
    int status = tune_code_get(st, &code, &bytes, &n, &err);
    if (!status) {
        cr_expect_eq(n, size);
        cr_expect_eq(memcmp(bytes, object, size), 0);
        free(bytes);
    }
    return status;
}

Test(object, comes_back)
{
    cr_expect_eq(get(), 1);
    cr_expect_str_empty(err.text);
    put();
    cr_expect_eq(get(), 0);
    TuneStoreStat s;
    cr_assert_eq(tune_store_stat(st, &s, &err), 0);
    cr_expect_eq(s.objects, 1);
    cr_expect_eq(s.object_bytes, (int64_t)size);
}

Test(object, is_of_one_key_name_and_schedule)
{
    TuneKey other = temp_key(1);
    put();
    code.key = &other;
    cr_expect_eq(get(), 1);
    code.key = &key;
    code.name = "l";
    cr_expect_eq(get(), 1);
    code.name = "k";
    code.schedule = "tiled";
    cr_expect_eq(get(), 1);
}

Test(object, is_of_one_build)
{
    put();
    store_sql("UPDATE objects SET build = 'dcngen 0.1 llvm 19 code 0123'");
    cr_expect_eq(get(), 1);
    cr_expect_str_empty(err.text);
    put();
    cr_expect_eq(get(), 0);
    TuneStoreStat s;
    cr_assert_eq(tune_store_stat(st, &s, &err), 0);
    cr_expect_eq(s.objects, 1, "the other build's is replaced");
}

/* ---- damage on disk ---------------------------------------------------------------------- */

/* It is dropped with a word, found no more, and can be put again. */
static void expect_dropped(const char *why)
{
    char want[256];
    snprintf(want, sizeof want, "stored code of 'k' was dropped: %s", why);
    cr_expect_eq(get(), 1);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(get(), 1);
    cr_expect_str_empty(err.text);
    cr_expect_str_empty(stored());
    put();
    cr_expect_eq(get(), 0);
}

Test(object, every_flipped_bit_is_seen)
{
    for (size_t at = 0; at < size; at += size / 37) {
        put();
        FILE *f = fopen(stored(), "r+");
        cr_assert(f && !fseek(f, (long)at, SEEK_SET) && fputc(object[at] ^ 4, f) >= 0);
        fclose(f);
        expect_dropped("its file is not what was written");
    }
}

Test(object, a_truncated_file_is_seen)
{
    for (size_t n = 0; n < size; n += size / 5) {
        put();
        cr_assert_eq(truncate(stored(), (off_t)n), 0);
        expect_dropped("its file is not what was written");
    }
}

Test(object, a_file_that_is_gone_is_seen)
{
    put();
    cr_assert_eq(unlink(stored()), 0);
    expect_dropped("its file cannot be read");
}

/* ---- bytes that are no kernel ------------------------------------------------------------ */

static void refuse(const void *bytes, size_t n, const char *why)
{
    char want[256];
    snprintf(want, sizeof want, "code of 'k' is not kept: %s", why);
    cr_expect_eq(tune_code_put(st, &code, bytes, n, &err), -1, "%s", why);
    cr_expect_str_eq(err.text, want);
    cr_expect_str_empty(stored());
}

Test(object, of_another_machine_is_refused)
{
    dcn_target t;
    dcn_options opt = { .schedule = "direct", .target = &t };
    void *bytes;
    size_t n;
    const char *cpu = strncmp(key.machine, "aarch64", 7) ? "neoverse-n1" : "haswell";
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, &err), 0);
    cr_assert_eq(dcn_emit(&spec, &opt, DCN_EMIT_OBJ, &bytes, &n, &err), 0, "%s", err.text);
    refuse(bytes, n, "for another machine");
    free(bytes);
}

Test(object, of_another_name_is_refused)
{
    dcn_spec other = temp_spec("kk");
    size_t n;
    void *bytes = temp_code(&other, "direct", &n);
    refuse(bytes, n, "an entry point is missing");
    free(bytes);
}

Test(object, of_another_kind_is_refused)
{
    Elf64_Ehdr *head = (Elf64_Ehdr *)(void *)object;
    refuse("not at all", 10, "not an ELF file");
    refuse(object, 40, "not an ELF file");
    head->e_type = ET_DYN;
    refuse(object, size, "not a relocatable object of 64 bits");
    head->e_type = ET_REL;
    head->e_ident[EI_CLASS] = ELFCLASS32;
    refuse(object, size, "not a relocatable object of 64 bits");
}

static Elf64_Shdr *table(void)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)object;
    Elf64_Shdr *s = (Elf64_Shdr *)(void *)(object + head->e_shoff);
    while (s->sh_type != SHT_SYMTAB)
        s++;
    return s;
}

static Elf64_Sym *first_function(void)
{
    Elf64_Sym *sym = (Elf64_Sym *)(void *)(object + table()->sh_offset);
    while (ELF64_ST_TYPE(sym->st_info) != STT_FUNC)
        sym++;
    return sym;
}

Test(object, with_an_undefined_symbol_is_refused)
{
    first_function()->st_shndx = SHN_UNDEF;
    refuse(object, size, "it has an undefined symbol");
    first_function()->st_shndx = SHN_COMMON;
    refuse(object, size, "it has an undefined symbol");
}

Test(object, with_an_entry_point_that_is_none_is_refused)
{
    Elf64_Sym *sym = first_function();
    const Elf64_Sym good = *sym;
    sym->st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
    refuse(object, size, "an entry point is missing");
    *sym = good;
    sym->st_value = 1 << 20;
    refuse(object, size, "an entry point is missing");
    *sym = good;
    sym->st_size = UINT64_MAX;
    refuse(object, size, "an entry point is missing");
    *sym = good;
    sym->st_shndx = 0xfff;
    refuse(object, size, "an entry point is missing");
    *sym = good;
    sym->st_name = UINT32_MAX;
    refuse(object, size, "an entry point is missing");
}

Test(object, with_damaged_sections_is_refused)
{
    Elf64_Ehdr *head = (Elf64_Ehdr *)(void *)object, good = *head;
    head->e_shoff = size - 8;
    refuse(object, size, "its sections are damaged");
    head->e_shoff = UINT64_MAX - 8;
    refuse(object, size, "its sections are damaged");
    *head = good;
    head->e_shnum = 0;
    refuse(object, size, "it has no symbols");
    *head = good;
    table()->sh_size = size;
    refuse(object, size, "its sections are damaged");
}

/* No bytes lead outside the object: the sanitizers watch. */
Test(object, any_bytes_are_looked_at_safely)
{
    unsigned seed = 1;
    for (int i = 0; i < 2000; i++) {
        unsigned char *bad = malloc(size);
        cr_assert_not_null(bad);
        memcpy(bad, object, size);
        for (int k = 0; k < 1 + i % 8; k++) {
            seed = seed * 1103515245u + 12345u;
            bad[(seed >> 8) % (i % 2 ? size : sizeof(Elf64_Ehdr))] = (unsigned char)(seed >> 24);
        }
        size_t n = i % 3 ? size : (seed >> 8) % size;
        tune_code_put(st, &code, bad, n, &err);
        free(bad);
    }
}
