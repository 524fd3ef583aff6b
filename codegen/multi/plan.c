/* plan.c: which variants a kernel has, in which order, and what each needs.
**
** A variant is compiled for the plainest CPU of its architecture plus a list of features that is written out
** here, and only tuned for the CPU that the user named.  So LLVM can use nothing but that list, and the
** list is what the machine is asked for: the two cannot drift apart with LLVM's tables of CPUs.  The list is
** what all CPUs of the target's class share, with what -mattr adds or takes away; what a single CPU has
** beyond its class is of no use to the kernels.
**
** The more capable class goes first; within a class the order is the user's.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"
#include "codegen/target/needs.h"
#include "codegen/target/table.h"
#include "runtime/base/base.h"

#include <stdio.h>
#include <string.h>

static const MultiArch *const archs[] = { &multi_x86, &multi_arm };

/* ---- features ---------------------------------------------------------------- */

static int row_of(const MultiArch *a, const char *name, size_t length)
{
    for (int i = 0; a->probes[i].name; i++)
        if (strlen(a->probes[i].name) == length && !memcmp(a->probes[i].name, name, length))
            return i;
    return -1;
}

/* The features of a list, and whatever they need (needs.h).  Others than ours are left out: the
** code cannot use them. */
static uint64_t closure(const MultiArch *a, const char *list, size_t length)
{
    uint64_t set = 0;
    for (const char *at = list, *end = list + length; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t n = (size_t)((comma ? comma : end) - at);
        const char *needs = cg_needs_of(cg_needs(a->triple), at, n);
        int i = row_of(a, at, n);
        set |= closure(a, needs, strlen(needs));
        if (i >= 0)
            set |= (uint64_t)1 << i | closure(a, a->probes[i].also, strlen(a->probes[i].also));
        at += n + 1;
    }
    return set;
}

/* A set without a feature, and without those that imply it. */
static uint64_t without(const MultiArch *a, uint64_t set, const char *name, size_t length)
{
    int gone = row_of(a, name, length);
    for (int i = 0; gone >= 0 && a->probes[i].name; i++)
        if (closure(a, a->probes[i].name, strlen(a->probes[i].name)) >> gone & 1)
            set &= ~((uint64_t)1 << i);
    return set;
}

/* What the table says of the class and of lesser ones, but not of other lengths of vectors. */
static uint64_t of_class(const MultiArch *a, const Isa *isa)
{
    uint64_t set = 0;
    for (const Isa *i = isa; i->name && strcmp(i->triple, isa->triple) == 0; i++)
        if (i == isa || !i->vscale)
            set |= closure(a, i->has, strlen(i->has));
    return set;
}

static uint64_t features_of(const MultiArch *a, const dcn_target *t)
{
    uint64_t set = of_class(a, cg_isa(t->isa));
    for (const char *at = t->features; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        if (*at == '+')
            set |= closure(a, at + 1, n - 1);
        else if (n > 1)
            set = without(a, set, at + 1, n - 1);
        at += n;
    }
    return set;
}

static uint64_t of_kind(const MultiArch *a, uint64_t set, ProbeKind kind)
{
    uint64_t found = 0;
    for (int i = 0; a->probes[i].name; i++)
        if (a->probes[i].kind == kind)
            found |= set & (uint64_t)1 << i;
    return found;
}

uint64_t multi_needs(const Multi *m, int i)
{
    return m->features[i] & ~of_kind(m->arch, m->features[i], PROBE_GIVEN);
}

uint64_t multi_tuned_bit(const Multi *m, int i)
{
    for (const Signature *s = m->arch->signatures; s->cpu; s++)
        if (strcmp(s->cpu, m->v[i].target->cpu) == 0)
            return (uint64_t)1 << (MAX_PROBES + i);
    return 0;
}

/* ---- which go together --------------------------------------------------------- */

static const MultiArch *arch_of(const dcn_target *t)
{
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        size_t n = strlen(archs[i]->triple);
        if (strncmp(t->triple, archs[i]->triple, n) == 0 && cg_isa(t->isa) &&
            (cg_is_elf(t) || !archs[i]->elf_only))
            return archs[i];
    }
    return NULL;
}

static int check(const CgVariant *v, int n, dcn_error *err)
{
    for (int i = 0; i < n; i++) {
        const dcn_target *t = v[i].target;
        if (!arch_of(t))
            return dcn_fail(err, DCN_EUSAGE,
                            "target '%s' (%s, %s) must be compiled alone: it cannot be "
                            "recognised at run time",
                            t->cpu, t->isa, t->triple);
        if (strcmp(t->triple, v[0].target->triple) != 0)
            return dcn_fail(err, DCN_EUSAGE,
                            "targets of one library must have one triple: '%s' has %s, '%s' has %s",
                            v[0].target->cpu, v[0].target->triple, t->cpu, t->triple);
        for (int j = 0; j < i; j++)
            if (strcmp(t->cpu, v[j].target->cpu) == 0)
                return dcn_fail(err, DCN_EUSAGE, "target '%s' is given twice", t->cpu);
    }
    return 0;
}

static void sort(Multi *m, const CgVariant *v, int n)
{
    m->n = 0;
    for (int i = 0; i < n; i++) {
        int at = m->n++;
        const Isa *isa = cg_isa(v[i].target->isa);
        for (; at > 0 && isa < cg_isa(m->v[at - 1].target->isa); at--)
            m->v[at] = m->v[at - 1];
        m->v[at] = v[i];
    }
}

/* What every machine of the triple can run. */
static void set_base(Multi *m)
{
    const dcn_target *plainest = m->v[m->n - 1].target;
    m->base =
        (dcn_target){ .vector_bytes = plainest->vector_bytes, .registers = plainest->registers };
    snprintf(m->base.triple, sizeof m->base.triple, "%s", plainest->triple);
    snprintf(m->base.isa, sizeof m->base.isa, "%s", plainest->isa);
    snprintf(m->base.cpu, sizeof m->base.cpu, "%s", m->arch->cpu);
}

int multi_plan(Multi *m, const dcn_spec *s, const CgVariant *v, int n, dcn_error *err)
{
    if (check(v, n, err))
        return -1;
    *m = (Multi){ .spec = s, .arch = arch_of(v[0].target) };
    sort(m, v, n);
    set_base(m);
    for (int i = 0; i < n; i++)
        m->features[i] = features_of(m->arch, m->v[i].target);
    return 0;
}
