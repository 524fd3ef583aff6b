/* dispatch.c: what it costs to have one library for several CPUs: bytes, and nanoseconds a call.
**
**     dcngen_dispatch SPEC KERNEL CPU,CPU,... [-D name=value]
**
** Times NAME_packed_bytes, which returns a constant: called in a library for the CPU that is picked
** here alone, and in the library for all of them.  The difference is what every call of NAME_run or
** NAME_tasks pays; a call of a whole kernel makes a few of each.  The first call asks the CPU, and
** is timed apart.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/load.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/env.h"
#include "runtime/base/file.h"
#include "runtime/base/stats.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CPUS = 16, ROUNDS = 41, CALLS = 1000000 };

typedef struct Library {
    void *handle;
    int64_t (*packed_bytes)(int64_t which);
    const char *(*variant)(void); /* these two: NULL in a library for one CPU */
    int (*choose)(const char *cpu);
} Library;

typedef struct Cost {
    const dcn_spec *spec;
    int n;
    dcn_target target[MAX_CPUS];
    dcn_options opt[MAX_CPUS];
} Cost;

static int parse(Cost *c, char *list, dcn_error *err)
{
    for (char *cpu = strtok(list, ","); cpu; cpu = strtok(NULL, ",")) {
        if (c->n == MAX_CPUS)
            return dcn_fail(err, DCN_EUSAGE, "at most %d CPUs", MAX_CPUS);
        if (dcn_target_parse(cpu, NULL, NULL, &c->target[c->n], err))
            return -1;
        c->opt[c->n].target = &c->target[c->n];
        c->n++;
    }
    return c->n > 1 ? 0 : dcn_fail(err, DCN_EUSAGE, "at least two CPUs, with commas between");
}

/* ---- bytes ---------------------------------------------------------------- */

static int64_t object_bytes(const Cost *c, int first, int n, dcn_error *err)
{
    void *bytes = NULL;
    size_t size;
    if (dcn_emit_many(c->spec, c->opt + first, n, DCN_EMIT_OBJ, &bytes, &size, err))
        return -1;
    free(bytes);
    return (int64_t)size;
}

static int print_bytes(const Cost *c, dcn_error *err)
{
    int64_t sum = 0, all = object_bytes(c, 0, c->n, err);
    if (all < 0)
        return -1;
    for (int i = 0; i < c->n; i++) {
        int64_t one = object_bytes(c, i, 1, err);
        if (one < 0)
            return -1;
        printf("%-16s %8lld bytes\n", c->target[i].cpu, (long long)one);
        sum += one;
    }
    printf("%-16s %8lld bytes\n%-16s %8lld bytes\n", "all in one", (long long)all,
           "that is more by", (long long)(all - sum));
    return 0;
}

/* ---- time ----------------------------------------------------------------- */

static void *symbol(const Library *l, const char *kernel, const char *suffix)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", kernel, suffix);
    return dlsym(l->handle, name);
}

static int open_library(const Cost *c, int first, int n, Library *l, dcn_error *err)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/dcngen-dispatch-XXXXXX", rt_temp_dir());
    void *bytes = NULL;
    size_t size;
    if (dcn_emit_many(c->spec, c->opt + first, n, DCN_EMIT_SHARED_LIB, &bytes, &size, err))
        return -1;
    int fd = mkstemp(path);
    int failed = fd < 0 ? dcn_fail(err, DCN_EENV, "cannot make %s", path)
                        : rt_write_file(path, bytes, size, err);
    free(bytes);
    if (fd >= 0)
        close(fd);
    l->handle = failed ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    unlink(path);
    if (!l->handle)
        return failed ? -1 : dcn_fail(err, DCN_EENV, "%s", dlerror());
    void *found[] = { symbol(l, c->spec->name, "_packed_bytes"),
                      symbol(l, c->spec->name, "_variant"),
                      symbol(l, c->spec->name, "_choose_variant") };
    memcpy(&l->packed_bytes, &found[0], sizeof found[0]);
    memcpy(&l->variant, &found[1], sizeof found[1]);
    memcpy(&l->choose, &found[2], sizeof found[2]);
    return 0;
}

static double call_ns(const Library *l)
{
    int64_t (*volatile call)(int64_t) = l->packed_bytes;
    double from = rt_now_ns();
    for (int i = 0; i < CALLS; i++)
        call(0);
    return (rt_now_ns() - from) / CALLS;
}

static double first_ns(const Library *l)
{
    l->choose(NULL);
    double from = rt_now_ns();
    l->packed_bytes(0);
    return rt_now_ns() - from;
}

static void print_time(const Library *alone, const Library *all)
{
    double one[ROUNDS], many[ROUNDS], more[ROUNDS], first[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = call_ns(alone);
        many[i] = call_ns(all);
        more[i] = many[i] - one[i];
        first[i] = first_ns(all);
    }
    printf("%-16s %8.2f ns a call\n", "alone", rt_median(one, ROUNDS));
    printf("%-16s %8.2f ns a call\n", all->variant(), rt_median(many, ROUNDS));
    printf("%-16s %8.2f ns a call\n", "that is more by", rt_median(more, ROUNDS));
    printf("%-16s %8.0f ns\n", "the first call", rt_median(first, ROUNDS));
}

static int measure(const Cost *c, dcn_error *err)
{
    Library all, alone;
    if (print_bytes(c, err) || open_library(c, 0, c->n, &all, err))
        return -1;
    for (int i = 0; i < c->n; i++) {
        if (strcmp(c->target[i].cpu, all.variant()) != 0)
            continue;
        if (open_library(c, i, 1, &alone, err))
            return -1;
        print_time(&alone, &all);
        return 0;
    }
    return dcn_fail(err, DCN_EENV, "this machine can run none of them");
}

int main(int argc, char **argv)
{
    static Cost c;
    dcn_module *m = NULL;
    dcn_error err;
    int failed = 1;
    char **args = argv + 4;
    if (argc < 4)
        fprintf(stderr, "usage: dcngen_dispatch SPEC KERNEL CPU,CPU,... [-D name=value]\n");
    else if (bench_load(argv[1], argv[2], &args, &m, &c.spec, &err) || parse(&c, argv[3], &err) ||
             measure(&c, &err))
        fprintf(stderr, "dcngen_dispatch: %s\n", err.text);
    else
        failed = 0;
    dcn_module_free(m);
    return failed;
}
