/* parse.c: from a name to a machine, by way of the target table.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "codegen/target/features.h"
#include "codegen/target/llvm_init.h"
#include "codegen/target/names.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static bool is_one_of(const char *const *list, const char *name)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static int one_attr(const char *word, size_t n, const Arch *arch, dcn_error *err)
{
    char name[64];
    if (n < 2 || n >= sizeof name || (word[0] != '+' && word[0] != '-'))
        return dcn_fail(err, DCN_EENV,
                        "bad feature \"%.*s\": expected +name or -name, with commas "
                        "between",
                        (int)n, word);
    memcpy(name, word + 1, n - 1);
    name[n - 1] = '\0';
    if (is_one_of(arch->features, name) || is_one_of(arch->tuning, name))
        return 0;
    const char *near = rt_nearest(name, arch->features);
    return near ? dcn_fail(err, DCN_EENV, "unknown CPU feature \"%s\" (did you mean \"%s\"?)", name,
                           near)
                : dcn_fail(err, DCN_EENV, "unknown CPU feature \"%s\"", name);
}

static int check_attrs(const char *attrs, const Arch *arch, dcn_error *err)
{
    for (const char *p = attrs; *p;) {
        size_t n = strcspn(p, ",");
        if (one_attr(p, n, arch, err))
            return -1;
        p += n;
        if (*p == ',' && *++p == '\0')
            return dcn_fail(err, DCN_EENV,
                            "bad feature \"\": expected +name or -name, with commas "
                            "between");
    }
    return 0;
}

/* LLVM takes words one after the other, so of a contradiction it would make what comes last. */
static int check_sense(const char *attrs, const char *triple, dcn_error *err)
{
    const char *minus, *plus = cg_contradiction(triple, attrs, &minus);
    if (!plus)
        return 0;
    const int np = (int)strcspn(plus, ","), nm = (int)strcspn(minus, ",");
    return dcn_fail(err, DCN_EENV,
                    "\"%.*s\" and \"%.*s\" contradict each other: %.*s needs %.*s; leave one out",
                    np, plus, nm, minus, np - 1, plus + 1, nm - 1, minus + 1);
}

/* What the list takes away without naming it, because it needs what the list names; once, not for
** every kernel. */
static void tell_dropped(const dcn_target *before, const dcn_target *t, const char *attrs)
{
    static atomic_bool told;
    char list[512];
    rt_text all = rt_text_in(list, sizeof list);
    rt_env env;
    const char *const *f = cg_arch(t->triple)->features;
    if (rt_env_read(&env, NULL) || !(env.verbose & RT_VERBOSE_DISPATCH))
        return;
    for (; *f; f++)
        if (cg_target_has(before, *f) && !cg_target_has(t, *f) && !cg_names(attrs, *f))
            rt_text_item(&all, ", ", "%s", *f);
    if (all.length && !atomic_exchange(&told, true))
        fprintf(stderr, "dcngen: dispatch: %s with \"%s\" is also without %s\n", t->cpu, attrs,
                list);
}

static int add_attrs(dcn_target *t, const char *attrs, dcn_error *err)
{
    const dcn_target before = *t;
    if (check_attrs(attrs, cg_arch(t->triple), err) || check_sense(attrs, t->triple, err))
        return -1;
    rt_text list = rt_text_after(t->features, sizeof t->features);
    const size_t n = list.length;
    rt_text_item(&list, ",", "%s", attrs);
    if (rt_text_is_cut(&list))
        return dcn_fail(err, DCN_EENV, "the list of CPU features is too long");
    cg_keep_last_words(t->features + n + (n > 0));
    tell_dropped(&before, t, attrs);
    return 0;
}

/* ---- the triple ------------------------------------------------------------------------------ */

/* What Apple calls the architecture is what LLVM calls it with other words. */
static const char *behind_arm64(const char *triple)
{
    return strncmp(triple, "arm64-", 6) == 0 ? triple + 5 : NULL;
}

/* A triple, or the short name of a system, for a CPU of this class. */
static int set_triple(dcn_target *t, const Isa *isa, const char *given, dcn_error *err)
{
    const Arch *arch = cg_arch(isa->triple);
    const char *arm = behind_arm64(given), *stem = arm ? "aarch64" : "";
    if (*given && !strchr(given, '-')) {
        const System *system = cg_system_called(arch, given);
        if (!system)
            return cg_fail_system(arch, given, err);
        given = system->triple;
    }
    if ((size_t)snprintf(t->triple, sizeof t->triple, "%s%s", stem, arm ? arm : given) >=
        sizeof t->triple)
        return dcn_fail(err, DCN_EENV, "triple \"%s\" is too long", given);
    if (!cg_is_arch(t->triple, isa))
        return dcn_fail(err, DCN_EENV, "CPU \"%s\" does not fit triple \"%s\": expected %s", t->cpu,
                        given, isa->triple);
    if (!cg_system(t->triple))
        return dcn_fail(err, DCN_EENV, "unsupported triple \"%s\": expected %s, such as %s", given,
                        arch->formats, arch->triple);
    return 0;
}

static int named(const char *cpu, const char *triple, dcn_target *t, const Isa **base,
                 dcn_error *err)
{
    const Cpu *c = cg_cpu(cpu);
    if (!c)
        return cg_fail_cpu(cpu, err);
    *base = cg_isa(c->isa);
    snprintf(t->cpu, sizeof t->cpu, "%s", c->name);
    if (set_triple(t, *base, triple ? triple : cg_own_triple(c), err))
        return -1;
    const CpuAlias *alias = cg_alias(cpu);
    snprintf(t->features, sizeof t->features, "%s", alias ? alias->attrs : "");
    t->l1_bytes = c->l1_bytes;
    t->l2_bytes = c->l2_bytes;
    t->l3_bytes = c->l3_bytes;
    return 0;
}

/* Whether a triple or the short name of a system is what this machine has. */
static bool is_native(const dcn_target *t, const char *given)
{
    const System *system = cg_system(t->triple);
    return strcmp(given, t->triple) == 0 ||
           (system && system->name && strcmp(given, system->name) == 0);
}

static int native_base(const char *triple, dcn_target *t, const Isa **base, dcn_error *err)
{
    if (dcn_target_native(t, err))
        return -1;
    *base = cg_isa(t->isa);
    const Arch *arch = cg_arch(t->triple);
    if (!triple || is_native(t, triple))
        return 0;
    const bool in_short = *triple && !strchr(triple, '-');
    if (in_short && !cg_system_called(arch, triple))
        return cg_fail_system(arch, triple, err);
    if (in_short)
        return dcn_fail(
            err, DCN_EENV,
            "CPU \"native\" is this machine, which does not run \"%s\": name a CPU, such "
            "as %s",
            triple, (*base)->cpu);
    return dcn_fail(err, DCN_EENV, "CPU \"native\" does not fit triple \"%s\": expected %s", triple,
                    t->triple);
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
    const size_t n = strlen(t->features);
    if (attrs && *attrs && add_attrs(t, attrs, err))
        return -1;
    const Isa *isa = cg_classify(t->triple, base, t->features + n);
    if (!isa)
        return dcn_fail(
            err, DCN_EENV,
            "CPU \"%s\" with \"%s\" has no vector unit that dcngen supports: %s is needed", cpu,
            attrs ? attrs : "", cg_arch(t->triple)->wants);
    if (isa->vscale && !cg_is_elf(t))
        return dcn_fail(
            err, DCN_EENV,
            "CPU \"%s\": vectors of SVE (%s) are for systems with ELF objects; \"-sve\" "
            "compiles for %s",
            cpu, isa->name, t->triple);
    cg_set_isa(t, isa);
    return 0;
}
