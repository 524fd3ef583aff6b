/* fat.c: see fat.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/portable/multi/fat.h"
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 20 };

int fat_targets(const char *cpus, dcn_target *t, int most)
{
    int n = 0;
    for (const char *at = cpus; *at; at += *at == ',') {
        char name[64];
        dcn_error err;
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        cr_assert_lt(n, most);
        cr_assert_eq(dcn_target_parse(name, NULL, NULL, &t[n++], &err), 0, "%s: %s", name,
                     err.text);
        at += length;
    }
    return n;
}

int fat_emit(const dcn_spec *s, const char *cpus, dcn_emit_kind kind, void **bytes, size_t *size,
             dcn_error *err)
{
    dcn_target *t = calloc(MOST, sizeof *t);
    dcn_options opt[MOST] = { { .threads = 0 } };
    int n = fat_targets(cpus, t, MOST);
    for (int i = 0; i < n; i++)
        opt[i].target = &t[i];
    int failed = dcn_emit_many(s, opt, n, kind, bytes, size, err);
    free(t);
    return failed;
}

static void *symbol(const Fat *f, const char *suffix)
{
    char name[DCN_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s%s", f->kernel.spec.name, suffix);
    void *at = dlsym(f->library, name);
    cr_assert_not_null(at, "%s is missing", name);
    return at;
}

static void *load(const void *bytes, size_t size)
{
    char path[] = "/tmp/dcngen-fat-XXXXXX";
    dcn_error err;
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(rt_write_file(path, bytes, size, &err), 0, "%s", err.text);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why = library ? "" : dlerror();
    unlink(path);
    cr_assert_not_null(library, "%s", why);
    return library;
}

void fat_open(Fat *f, const dcn_spec *s, const char *cpus)
{
    void *bytes;
    size_t size;
    dcn_error err;
    memset(f, 0, sizeof *f);
    f->kernel.spec = *s;
    cr_assert_eq(fat_emit(s, cpus, DCN_EMIT_SHARED_LIB, &bytes, &size, &err), 0, "%s", err.text);
    f->library = load(bytes, size);
    free(bytes);
    static const char *const suffix[] = RT_ENTRY_SUFFIXES;
    static const char *const query[] = RT_VARIANT_SUFFIXES;
    void *const entry[] = { &f->kernel.entry.run, &f->kernel.entry.tasks,
                            &f->kernel.entry.workspace_bytes, &f->kernel.entry.pack,
                            &f->kernel.entry.packed_bytes };
    void *const answer[] = { &f->variant, &f->why, &f->choose };
    for (int i = 0; i < 5; i++)
        memcpy(entry[i], &(void *){ symbol(f, suffix[i]) }, sizeof(void *));
    for (int i = 0; i < 3; i++)
        memcpy(answer[i], &(void *){ symbol(f, query[i]) }, sizeof(void *));
}

void fat_close(Fat *f)
{
    dlclose(f->library);
}
