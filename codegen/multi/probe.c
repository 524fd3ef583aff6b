/* probe.c: what the machine has, as one word of bits.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"

#include <string.h>

static uint64_t all_needs(const Multi *m)
{
    uint64_t all = 0;
    for (int i = 0; i < m->n; i++)
        all |= multi_needs(m, i);
    return all;
}

static unsigned words_wanted(const Multi *m, uint64_t needs)
{
    unsigned words = 0;
    for (int i = 0; m->arch->probes[i].name; i++)
        if (needs >> i & 1)
            words |= 1u << m->arch->probes[i].word;
    for (int i = 0; i < m->n; i++)
        if (multi_tuned_bit(m, i))
            words |= 1u << m->arch->signature;
    return words;
}

static cond within(Emit *e, idx x, uint32_t min, uint32_t max)
{
    LLVMValueRef above = LLVMBuildSub(e->b, x.v, LLVMConstInt(e->i64, min, 0), "");
    LLVMValueRef span = LLVMConstInt(e->i64, max - min, 0);
    return (cond){ LLVMBuildICmp(e->b, LLVMIntULE, above, span, "") };
}

static cond answer(Emit *e, const Probe *p, const var word[MAX_WORDS])
{
    idx w = v_index_get(e, word[p->word]);
    return within(e, x_field(e, w, (unsigned)p->shift, p->mask), p->min, p->max);
}

/* bits | bit where c holds */
static idx with(Emit *e, idx bits, cond c, uint64_t bit)
{
    return x_select(e, c, x_or(e, bits, x_const(e, (int64_t)bit)), bits);
}

void multi_emit_machine(Multi *m, Emit *e)
{
    const MultiArch *a = m->arch;
    const uint64_t needs = all_needs(m);
    var word[MAX_WORDS];
    m->machine = multi_fn(m, e, ".machine", e->i64, NULL, NULL);
    e_fn_attr(e, m->machine, "cold");
    for (int i = 0; i < MAX_WORDS; i++)
        word[i] = v_index(e, x_const(e, 0));
    a->read(e, words_wanted(m, needs), word);
    idx bits = x_const(e, 0);
    for (int i = 0; a->probes[i].name; i++)
        if (needs >> i & 1)
            bits = with(e, bits, answer(e, &a->probes[i], word), (uint64_t)1 << i);
    for (int i = 0; i < m->n; i++)
        for (const Signature *s = a->signatures; s->cpu; s++)
            if (strcmp(s->cpu, m->v[i].target->cpu) == 0)
                bits = with(e, bits, within(e, v_index_get(e, word[a->signature]), s->min, s->max),
                            multi_tuned_bit(m, i));
    e_return(e, bits);
}
