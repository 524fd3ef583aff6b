/* target.c: from a name, or from this machine, to a row of the target table.
**
** The CPU's name is never trusted for what the machine can do (a virtual machine may
** report an older CPU): features decide the class, the name only helps LLVM's scheduler.
** SPDX-License-Identifier: Apache-2.0
*/
#include "target.h"
#include "runtime/base.h"
#include "runtime/env.h"
#include "target_table.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_isa(dcn_target *t, const Isa *isa)
{
    snprintf(t->isa, sizeof t->isa, "%s", isa->name);
    t->vector_bytes = isa->vector_bytes;
    t->registers = isa->registers;
    t->fma = isa->fma;
    t->gather = isa->gather;
}

/* +1, -1, or 0 if the comma list does not name it; the last word counts. */
static int switched(const char *list, const char *feature)
{
    size_t n = strlen(feature);
    int sign = 0;
    for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if ((*p == '+' || *p == '-') && strncmp(p + 1, feature, n) == 0 &&
            (p[n + 1] == ',' || p[n + 1] == '\0'))
            sign = *p == '+' ? 1 : -1;
    return sign;
}

/* 64-bit ELF is what the objects are made for: addresses of 8 bytes, no helpers of a C runtime. */
static int is_elf64(const char *triple)
{
    const char *os = strchr(triple, '-');
    size_t arch = strcspn(triple, "-");
    int known = (arch == 6 && !strncmp(triple, "x86_64", 6)) ||
                (arch == 7 && !strncmp(triple, "aarch64", 7));
    int elf = os && (strstr(os, "-linux") || strstr(os, "-freebsd") || strstr(os, "-elf"));
    return known && elf && !strstr(os, "x32") && !strstr(os, "ilp32");
}

static int is_arch(const char *triple, const Isa *isa)
{
    return strncmp(triple, isa->triple, strcspn(isa->triple, "-")) == 0;
}

/* A CPU of class `base` has what its class and every lesser one needs. */
static int inherits(const Isa *base, const char *feature)
{
    for (const Isa *isa = base; isa && isa->name && strcmp(isa->triple, base->triple) == 0; isa++)
        for (int i = 0; isa->needs[i]; i++)
            if (strcmp(isa->needs[i], feature) == 0)
                return 1;
    return 0;
}

static int has_class(const Isa *isa, const Isa *base, const char *attrs)
{
    for (int i = 0; isa->needs[i]; i++) {
        int sign = switched(attrs, isa->needs[i]);
        if (sign < 0 || (sign == 0 && !inherits(base, isa->needs[i])))
            return 0;
    }
    return 1;
}

/* The best class whose features all stand, beginning from those of `base` (NULL: from nothing). */
static const Isa *classify(const char *triple, const Isa *base, const char *attrs)
{
    for (const Isa *isa = cg_isas; isa->name; isa++)
        if (is_arch(triple, isa) && has_class(isa, base, attrs))
            return isa;
    return NULL;
}

/* ---- the machine this runs on -------------------------------------------------------- */

static void read_caches(dcn_target *t)
{
    static const int names[] = { _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                 _SC_LEVEL3_CACHE_SIZE };
    int64_t *to[] = { &t->l1_bytes, &t->l2_bytes, &t->l3_bytes };
    for (int i = 0; i < 3; i++) {
        long n = sysconf(names[i]);
        *to[i] = n > 0 ? n : 0;
    }
}

static int lower_to(dcn_target *t, const char *max, dcn_error *err)
{
    const char *known[8];
    int n = 0;
    for (const Isa *i = cg_isas; i->name; i++)
        if (is_arch(t->triple, i))
            known[n++] = i->name;
    known[n] = NULL;
    const Isa *isa = cg_isa(max);
    if (!isa || !is_arch(t->triple, isa)) {
        char list[128] = "";
        for (int i = 0; i < n; i++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                     known[i]);
        return dcn_fail(err, DCN_EENV, "DCNGEN_MAX_ISA = \"%s\" is not one of %s", max, list);
    }
    if (isa <= cg_isa(t->isa))
        return 0;
    set_isa(t, isa);
    snprintf(t->cpu, sizeof t->cpu, "%s", isa->cpu);
    t->features[0] = '\0';
    return 0;
}

int dcn_target_native(dcn_target *t, dcn_error *err)
{
    cg_llvm_init();
    memset(t, 0, sizeof *t);
    char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
    char *features = LLVMGetHostCPUFeatures();
    snprintf(t->triple, sizeof t->triple, "%s", triple);
    snprintf(t->cpu, sizeof t->cpu, "%s", cpu);
    int fits = snprintf(t->features, sizeof t->features, "%s", features) < (int)sizeof t->features;
    LLVMDisposeMessage(triple);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
    const Isa *isa = fits ? classify(t->triple, NULL, t->features) : NULL;
    if (!isa)
        return dcn_fail(err, DCN_EENV,
                        "this CPU (%s, %s) is not supported: expected x86-64 with SSE4.2 or newer, "
                        "or AArch64",
                        t->cpu, t->triple);
    set_isa(t, isa);
    read_caches(t);
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    return env.max_isa ? lower_to(t, env.max_isa, err) : 0;
}

/* ---- a machine by name ------------------------------------------------------------------ */

static int unknown_cpu(const char *cpu, dcn_error *err)
{
    const char *names[128] = { "native" };
    int n = 1;
    for (const Cpu *c = cg_cpus; c->name && n < 127; c++)
        names[n++] = c->name;
    const char *near = rt_nearest(cpu, names);
    if (near)
        return dcn_fail(err, DCN_EENV, "unknown CPU \"%s\" (did you mean \"%s\"?)", cpu, near);
    return dcn_fail(err, DCN_EENV, "unknown CPU \"%s\": `dcngen targets` lists the known ones",
                    cpu);
}

static int one_attr(const char *word, size_t n, const char *const *known, dcn_error *err)
{
    char name[64];
    if (n < 2 || n >= sizeof name || (word[0] != '+' && word[0] != '-'))
        return dcn_fail(err, DCN_EENV,
                        "bad feature \"%.*s\": expected +name or -name, with commas "
                        "between",
                        (int)n, word);
    memcpy(name, word + 1, n - 1);
    name[n - 1] = '\0';
    for (int i = 0; known[i]; i++)
        if (strcmp(known[i], name) == 0)
            return 0;
    const char *near = rt_nearest(name, known);
    return near ? dcn_fail(err, DCN_EENV, "unknown CPU feature \"%s\" (did you mean \"%s\"?)", name,
                           near)
                : dcn_fail(err, DCN_EENV, "unknown CPU feature \"%s\"", name);
}

static int check_attrs(const char *attrs, const char *triple, dcn_error *err)
{
    const char *const *known =
        strncmp(triple, "x86_64", 6) == 0 ? cg_x86_features : cg_aarch64_features;
    for (const char *p = attrs; *p;) {
        size_t n = strcspn(p, ",");
        if (one_attr(p, n, known, err))
            return -1;
        p += n;
        if (*p == ',' && *++p == '\0')
            return dcn_fail(err, DCN_EENV,
                            "bad feature \"\": expected +name or -name, with commas "
                            "between");
    }
    return 0;
}

static int named(const char *cpu, const char *triple, dcn_target *t, const Isa **base,
                 dcn_error *err)
{
    const Cpu *c = cg_cpu(cpu);
    if (!c)
        return unknown_cpu(cpu, err);
    *base = cg_isa(c->isa);
    if (triple && !is_arch(triple, *base))
        return dcn_fail(err, DCN_EENV, "CPU \"%s\" does not fit triple \"%s\": expected %s", cpu,
                        triple, (*base)->triple);
    if (triple && strlen(triple) >= sizeof t->triple)
        return dcn_fail(err, DCN_EENV, "triple \"%s\" is too long", triple);
    if (triple && !is_elf64(triple))
        return dcn_fail(err, DCN_EENV, "unsupported triple \"%s\": expected 64-bit ELF, such as %s",
                        triple, (*base)->triple);
    snprintf(t->triple, sizeof t->triple, "%s", triple ? triple : (*base)->triple);
    snprintf(t->cpu, sizeof t->cpu, "%s", c->name);
    t->l1_bytes = c->l1_bytes;
    t->l2_bytes = c->l2_bytes;
    t->l3_bytes = c->l3_bytes;
    return 0;
}

static int native_base(const char *triple, dcn_target *t, const Isa **base, dcn_error *err)
{
    if (dcn_target_native(t, err))
        return -1;
    *base = cg_isa(t->isa);
    if (triple && strcmp(triple, t->triple) != 0)
        return dcn_fail(err, DCN_EENV, "CPU \"native\" does not fit triple \"%s\": expected %s",
                        triple, t->triple);
    return 0;
}

int dcn_target_parse(const char *cpu, const char *triple, const char *attrs, dcn_target *t,
                     dcn_error *err)
{
    cg_llvm_init();
    memset(t, 0, sizeof *t);
    const Isa *base = NULL;
    int native = strcmp(cpu, "native") == 0;
    if (native ? native_base(triple, t, &base, err) : named(cpu, triple, t, &base, err))
        return -1;
    if (attrs && *attrs) {
        if (check_attrs(attrs, t->triple, err))
            return -1;
        size_t n = strlen(t->features);
        int more = snprintf(t->features + n, sizeof t->features - n, "%s%s", n ? "," : "", attrs);
        if ((size_t)more >= sizeof t->features - n)
            return dcn_fail(err, DCN_EENV, "the list of CPU features is too long");
    }
    const Isa *isa = classify(t->triple, base, attrs ? attrs : "");
    if (!isa)
        return dcn_fail(err, DCN_EENV,
                        "CPU \"%s\" with \"%s\" has no vector unit that dcngen "
                        "supports: SSE4.2 or NEON is needed",
                        cpu, attrs ? attrs : "");
    set_isa(t, isa);
    return 0;
}

int dcn_target_known(int i, const char **cpu, const char **triple, const char **isa)
{
    int n = 0;
    while (cg_cpus[n].name)
        n++;
    if (i < 0 || i >= n)
        return -1;
    *cpu = cg_cpus[i].name;
    *isa = cg_cpus[i].isa;
    *triple = cg_isa(*isa)->triple;
    return 0;
}
