/* c_names.c: the identifiers that the object and the header of a kernel define.
**
** With NAME the kernel's name and CAPITALS the same in capitals: NAME itself and NAME_... for functions
** and types, CAPITALS_H for the guard, and CAPITALS_OPERAND... for constants.  That the header has no
** others is what tests/tools/cli/clash.sh looks at.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "runtime/base/base.h"

#include <ctype.h>
#include <stdio.h>

typedef struct NameWalk {
    const CgNames *to;
    char capitals[DCN_NAME_MAX];
} NameWalk;

static void hand(const NameWalk *w, const char *stem, const char *suffix)
{
    char name[CG_NAME_MAX];
    snprintf(name, sizeof name, "%s%s", stem, suffix);
    w->to->each(w->to->self, name);
}

static void capitals(const char *text, char *to, size_t size)
{
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++)
        to[n] = (char)toupper((unsigned char)text[n]);
    to[n] = '\0';
}

static void hand_operand(const NameWalk *w, const dcn_tensor *t)
{
    char operand[DCN_NAME_MAX], constant[2 * DCN_NAME_MAX];
    bool is_static = true;
    for (int d = 0; d < t->rank; d++)
        is_static = is_static && t->dims[d] != DCN_DYNAMIC;
    capitals(t->name, operand, sizeof operand);
    snprintf(constant, sizeof constant, "%s_%s", w->capitals, operand);
    hand(w, constant, "_SHAPE");
    if (t->role == DCN_WEIGHT)
        hand(w, constant, "");
    if (is_static)
        hand(w, constant, "_BYTES");
}

void cg_c_names(const dcn_spec *s, int ntargets, const CgNames *to)
{
    static const char *const entries[] = RT_ENTRY_SUFFIXES, *const queries[] = RT_VARIANT_SUFFIXES;
    static const char *const types[] = { "", "_parallel", "_args" };
    NameWalk w = { .to = to };
    dcn_tensor tensor[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, tensor, RT_NUM_OPERANDS);
    capitals(s->name, w.capitals, sizeof w.capitals);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        hand(&w, s->name, entries[i]);
    for (size_t i = 0; i < sizeof queries / sizeof *queries && ntargets > 1; i++)
        hand(&w, s->name, queries[i]);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        hand(&w, s->name, types[i]);
    hand(&w, w.capitals, "_H");
    for (int i = 0; i < n; i++)
        hand_operand(&w, &tensor[i]);
}
