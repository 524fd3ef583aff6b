/* features.c: what a machine's features say of it.
**
** A list of features is what LLVM takes: "+x" and "-x" with commas between, the last word on a feature
** counts.  What it does not mention is as the CPU's name says, which is what the classes and rows of the
** table hold.  Classes of an architecture stand best first, and each has what the lesser ones have, but for
** their lengths of SVE vectors.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/features.h"

#include <stdio.h>
#include <string.h>

/* Whether the comma-separated list holds the word of n letters. */
static bool holds(const char *list, const char *word, size_t n)
{
    for (const char *p = list; *p; p += strspn(p, ",")) {
        size_t length = strcspn(p, ",");
        if (length == n && memcmp(p, word, n) == 0)
            return true;
        p += length;
    }
    return false;
}

/* +1, -1, or 0 if the list does not name the feature of n letters. */
static int switched(const char *list, const char *feature, size_t n)
{
    int sign = 0;
    for (const char *p = list; *p; p += strspn(p, ",")) {
        size_t length = strcspn(p, ",");
        if (length == n + 1 && (*p == '+' || *p == '-') && memcmp(p + 1, feature, n) == 0)
            sign = *p == '+' ? 1 : -1;
        p += length;
    }
    return sign;
}

bool cg_is_arch(const char *triple, const Isa *isa)
{
    size_t n = strcspn(isa->triple, "-");
    return strcspn(triple, "-") == n && memcmp(triple, isa->triple, n) == 0;
}

/* Whether a CPU of class `base` has it, what attrs switch off and what depends on that aside. */
static bool inherits(const Isa *base, const char *feature, const char *attrs)
{
    for (const Isa *isa = base; isa && isa->name && isa->triple == base->triple; isa++)
        if ((isa == base || !isa->vscale) && holds(isa->has, feature, strlen(feature)))
            return switched(attrs, isa->has, strcspn(isa->has, ",")) >= 0;
    return false;
}

bool cg_has_class(const Isa *isa, const Isa *base, const char *attrs)
{
    for (int i = 0; isa->needs[i]; i++) {
        int sign = switched(attrs, isa->needs[i], strlen(isa->needs[i]));
        if (sign < 0 || (sign == 0 && !inherits(base, isa->needs[i], attrs)))
            return false;
    }
    return true;
}

const Isa *cg_classify(const char *triple, const Isa *base, const char *attrs)
{
    for (const Isa *isa = cg_isas; isa->name; isa++)
        if (cg_is_arch(triple, isa) && cg_has_class(isa, base, attrs))
            return isa;
    return NULL;
}

bool cg_target_has(const dcn_target *t, const char *feature)
{
    int sign = switched(t->features, feature, strlen(feature));
    if (sign)
        return sign > 0;
    const Cpu *row = cg_cpu(t->cpu);
    if (!row)
        return inherits(cg_isa(t->isa), feature, t->features);
    const Isa *base = cg_isa(row->isa);
    if (holds(row->extra, feature, strlen(feature)))
        return switched(t->features, base->has, strcspn(base->has, ",")) >= 0;
    return inherits(base, feature, t->features);
}

void cg_set_isa(dcn_target *t, const Isa *isa)
{
    snprintf(t->isa, sizeof t->isa, "%s", isa->name);
    t->vector_bytes = isa->vector_bytes;
    t->registers = isa->registers;
    t->fma = isa->fma;
    t->gather = isa->gather;
}
