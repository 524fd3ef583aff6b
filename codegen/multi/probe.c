/* probe.c: what the machine has, as one word of bits.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/multi.h"

#include <string.h>

static uint64_t all_needs(const Dispatch *d)
{
    uint64_t all = 0;
    for (int i = 0; i < d->n; i++)
        all |= dispatch_needs(d, i);
    return all;
}

static unsigned words_wanted(const Dispatch *d, uint64_t needs)
{
    unsigned words = 0;
    for (int i = 0; d->arch->probes[i].name; i++)
        if (needs >> i & 1)
            words |= 1u << d->arch->probes[i].word;
    for (int i = 0; i < d->n; i++)
        if (dispatch_own(d, i))
            words |= 1u << d->arch->signature;
    return words;
}

static cond within(Emit *e, LLVMValueRef x, uint32_t least, uint32_t most)
{
    LLVMValueRef above = LLVMBuildSub(e->b, x, LLVMConstInt(e->i64, least, 0), "");
    LLVMValueRef span = LLVMConstInt(e->i64, most - least, 0);
    return (cond){ LLVMBuildICmp(e->b, LLVMIntULE, above, span, "") };
}

static cond answer(Emit *e, const Probe *p, const var word[MAX_WORDS])
{
    idx w = v_index_get(e, word[p->word]);
    LLVMValueRef high = LLVMBuildLShr(e->b, w.v, LLVMConstInt(e->i64, (unsigned)p->shift, 0), "");
    LLVMValueRef x = LLVMBuildAnd(e->b, high, LLVMConstInt(e->i64, p->mask, 0), "");
    return within(e, x, p->least, p->most);
}

/* bits | bit where c holds */
static idx with(Emit *e, idx bits, cond c, uint64_t bit)
{
    LLVMValueRef more = LLVMBuildOr(e->b, bits.v, LLVMConstInt(e->i64, bit, 0), "");
    return x_select(e, c, (idx){ more }, bits);
}

void dispatch_machine(Dispatch *d, Emit *e)
{
    const DispatchArch *a = d->arch;
    const uint64_t needs = all_needs(d);
    var word[MAX_WORDS];
    d->machine = dispatch_fn(d, e, ".machine", e->i64, 0, NULL);
    e_fn_attr(e, d->machine, "cold");
    for (int i = 0; i < MAX_WORDS; i++)
        word[i] = v_index(e, x_const(e, 0));
    a->read(e, words_wanted(d, needs), word);
    idx bits = x_const(e, 0);
    for (int i = 0; a->probes[i].name; i++)
        if (needs >> i & 1)
            bits = with(e, bits, answer(e, &a->probes[i], word), (uint64_t)1 << i);
    for (int i = 0; i < d->n; i++)
        for (const Signature *s = a->signatures; s->cpu; s++)
            if (strcmp(s->cpu, d->v[i].target->cpu) == 0)
                bits = with(e, bits,
                            within(e, v_index_get(e, word[a->signature]).v, s->least, s->most),
                            dispatch_own(d, i));
    e_return(e, bits);
}
