/* packing.c: weights of a module: each operand holds those of every stage that reads it, one after another, packed by
** the stage.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/parts.h"

#include <assert.h>

static bool is_packed(const Stages *g, StageRef ref)
{
    return ref.kind == REF_OPERAND && g->tensor[ref.index].role == DCN_WEIGHT;
}

static bool reads(const Stage *st, StageRef ref)
{
    for (int i = 0; i < st->n; i++)
        if (st->ref[i].kind == ref.kind && st->ref[i].index == ref.index)
            return true;
    return false;
}

idx parts_packed_before(Emit *e, const Parts *p, StageRef ref, int i)
{
    const PackedBytesArgs in = { x_const(e, ref.index) };
    idx at = x_const(e, 0);
    for (int j = 0; j < i && is_packed(p->g, ref); j++)
        if (reads(&p->g->stage[j], ref))
            at = x_round_up(e, x_add(e, at, kernel_call_packed_bytes(e, &p->stage[j], &in)), ALIGN);
    return at;
}

/* Hand pack or packed_bytes of each packed operand on to its stages. */
static void emit_packing(Emit *e, Kernel *kernel, const Parts *p)
{
    const Stages *g = p->g;
    PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            const StageRef ref = g->stage[i].ref[j];
            if (!is_packed(g, ref))
                continue;
            EMIT_IF (e, x_equal(e, in.which, x_const(e, ref.index))) {
                const idx before = parts_packed_before(e, p, ref, i);
                const addr to = x_is_const(before, 0) ? in.to : p_at_bytes(e, in.to, before);
                const PackArgs give = { in.which, in.from, to };
                kernel_call_pack(e, &p->stage[i], &give);
            }
        }
    e_fn_end(e);
}

/* Also as a number, for whoever has this module as a part. */
static void count_packed(Kernel *kernel, const Stages *g, int operand, int64_t bytes)
{
    int nth = 0;
    for (int i = 0; i < operand; i++)
        nth += g->tensor[i].role == DCN_WEIGHT;
    assert(nth < KERNEL_MAX_PACKED);
    kernel->packed[nth] = (kernel->packed[nth] + ALIGN - 1) / ALIGN * ALIGN + bytes;
}

static void emit_packed_bytes(Emit *e, Kernel *kernel, const Parts *p)
{
    const Stages *g = p->g;
    PackedBytesArgs in = kernel_packed_bytes_begin(e, kernel);
    idx bytes = x_const(e, 0);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (!is_packed(g, ref))
                continue;
            idx n = kernel_call_packed_bytes(e, &p->stage[i], &in);
            count_packed(kernel, g, ref.index, p->stage[i].packed[0]);
            idx before = parts_packed_before(e, p, ref, i);
            if (!x_is_const(before, 0))
                n = x_add(e, before, n);
            bytes = x_select(e, x_equal(e, in.which, x_const(e, ref.index)), n, bytes);
        }
    e_return(e, bytes);
}

void parts_emit_packing(Emit *e, Kernel *kernel, const Parts *p)
{
    emit_packing(e, kernel, p);
    emit_packed_bytes(e, kernel, p);
}
