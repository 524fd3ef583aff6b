/* features.c: what a machine's features say of it.
**
** A list of features is what LLVM takes: "+x" and "-x" with commas between, one word after the
** other; "+x" brings what x needs, "-x" takes away what needs x (needs.h).  What the list does not
** touch is as the CPU's name says, which is what the classes and rows of the table hold.  Classes
** of an architecture stand best first, and each has what the lesser ones have, but for their
** lengths of SVE vectors. SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/features.h"
#include "codegen/target/needs.h"

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

/* Whether a CPU that had the feature, or had not, has it after all words of the list. */
static bool after(const Need *needs, const char *list, const char *feature, bool has)
{
    const size_t nf = strlen(feature);
    for (const char *p = list; *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (*p == '+' && cg_implies(needs, p + 1, n - 1, feature, nf))
            has = true;
        else if (*p == '-' && cg_implies(needs, feature, nf, p + 1, n - 1))
            has = false;
        p += n;
    }
    return has;
}

/* '+' or '-', as the last word on the feature of n letters says; 0: there is none. */
static char last_sign(const char *list, const char *feature, size_t n)
{
    char sign = 0;
    for (const char *p = list; *p; p += strspn(p, ",")) {
        const size_t length = strcspn(p, ",");
        if (length == n + 1 && (*p == '+' || *p == '-') && memcmp(p + 1, feature, n) == 0)
            sign = *p;
        p += length;
    }
    return sign;
}

bool cg_names(const char *list, const char *feature)
{
    return last_sign(list, feature, strlen(feature)) != 0;
}

void cg_keep_last_words(char *list)
{
    char *to = list;
    for (const char *p = list; *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (!last_sign(p + n, p + 1, n - 1)) {
            if (to > list)
                *to++ = ',';
            memmove(to, p, n);
            to += n;
        }
        p += n;
    }
    *to = '\0';
}

bool cg_is_arch(const char *triple, const Isa *isa)
{
    size_t n = strcspn(isa->triple, "-");
    return strcspn(triple, "-") == n && memcmp(triple, isa->triple, n) == 0;
}

/* Whether a CPU of class `base` has a feature. */
static bool in_class(const Isa *base, const char *feature)
{
    for (const Isa *isa = base; isa && isa->name && isa->triple == base->triple; isa++)
        if ((isa == base || !isa->vscale) && holds(isa->has, feature, strlen(feature)))
            return true;
    return false;
}

bool cg_has_class(const Isa *isa, const Isa *base, const char *attrs)
{
    const Need *needs = cg_needs(isa->triple);
    for (int i = 0; isa->needs[i]; i++)
        if (!after(needs, attrs, isa->needs[i], in_class(base, isa->needs[i])))
            return false;
    return true;
}

const Isa *cg_classify(const char *triple, const Isa *base, const char *attrs)
{
    for (const Isa *isa = cg_isas; isa->name; isa++)
        if (cg_is_arch(triple, isa) && cg_has_class(isa, base, attrs))
            return isa;
    return NULL;
}

/* Whether a CPU of this name has it; one that the table does not know has what its class has. */
static bool by_name(const dcn_target *t, const char *feature)
{
    const Cpu *row = cg_cpu(t->cpu);
    if (!row)
        return in_class(cg_isa(t->isa), feature);
    return holds(row->extra, feature, strlen(feature)) || in_class(cg_isa(row->isa), feature);
}

bool cg_target_has(const dcn_target *t, const char *feature)
{
    return after(cg_needs(t->triple), t->features, feature, by_name(t, feature));
}

/* ---- words that contradict each other
** --------------------------------------------------------------- */

/* The word "-y" of the list that takes away what "+x" (n letters with the sign) needs; NULL: none
** does.  A later word on x or y itself counts instead. */
static const char *against(const Need *needs, const char *list, const char *plus, size_t n)
{
    if (last_sign(list, plus + 1, n - 1) != '+')
        return NULL;
    for (const char *p = list; *p; p += strspn(p, ",")) {
        const size_t length = strcspn(p, ",");
        if (*p == '-' && cg_implies(needs, plus + 1, n - 1, p + 1, length - 1) &&
            last_sign(list, p + 1, length - 1) == '-')
            return p;
        p += length;
    }
    return NULL;
}

const char *cg_contradiction(const char *triple, const char *list, const char **minus)
{
    const Need *needs = cg_needs(triple);
    for (const char *p = list; *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (*p == '+' && (*minus = against(needs, list, p, n)))
            return p;
        p += n;
    }
    return NULL;
}

int cg_drop_unmet(const char *triple, char *list)
{
    const Need *needs = cg_needs(triple);
    int dropped = 0;
    for (char *p = list; *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (*p == '+' && against(needs, list, p, n)) {
            *p = '-';
            dropped++;
        }
        p += n;
    }
    return dropped;
}

void cg_set_isa(dcn_target *t, const Isa *isa)
{
    snprintf(t->isa, sizeof t->isa, "%s", isa->name);
    t->vector_bytes = isa->vector_bytes;
    t->registers = isa->registers;
    t->fma = isa->fma;
    t->gather = isa->gather && !cg_target_has(t, CG_NO_GATHER);
}
