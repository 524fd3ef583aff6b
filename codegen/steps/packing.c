/* packing.c: the entry points that write operands as steps read them: each piece where it belongs, packed by its part
** or as it is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/find.h"

#include <assert.h>

typedef struct Packing {
    const StepList *l;
    LLVMValueRef copy, clear;
} Packing;

typedef struct CopyArgs {
    addr to, from;
    idx n; /* elements */
} CopyArgs;

static const Param copy_param[] = { PARAM(CopyArgs, to), PARAM(CopyArgs, from),
                                    PARAM(CopyArgs, n) };
static const Params copy_params = PARAMS(CopyArgs, copy_param);

static void emit_copy(Emit *e, Packing *f)
{
    CopyArgs in;
    f->copy = steps_begin_inner(e, f->l, "_copy", e->none, &copy_params, &in);
    EMIT_VECTORS (e, v, in.n) {
        p_store(e, p_at(e, in.to, v.at), p_load(e, p_at(e, in.from, v.at), v.live), v.live);
    }
    e_fn_end(e);
}

typedef struct ClearArgs {
    addr to;
    idx n; /* elements */
} ClearArgs;

static const Param clear_param[] = { PARAM(ClearArgs, to), PARAM(ClearArgs, n) };
static const Params clear_params = PARAMS(ClearArgs, clear_param);

static void emit_clear(Emit *e, Packing *f)
{
    ClearArgs in;
    f->clear = steps_begin_inner(e, f->l, "_clear", e->none, &clear_params, &in);
    EMIT_VECTORS (e, v, in.n) {
        p_store(e, p_at(e, in.to, v.at), f_const(e, 0), v.live);
    }
    e_fn_end(e);
}

static void pack_piece(Emit *e, const Packing *f, const StepPiece *piece, const PackArgs *in)
{
    const addr to = p_at_bytes(e, in->to, x_const(e, piece->at));
    const idx n = x_const(e, piece->count);
    if (piece->clears) {
        e_call_with(e, f->clear, &clear_params, &(ClearArgs){ to, n });
        return;
    }
    const addr from = p_at(e, in->from, x_const(e, piece->from));
    const PackArgs give = { x_const(e, piece->operand), from, to };
    if (piece->part >= 0)
        kernel_call_pack(e, &f->l->part[piece->part].kernel, &give);
    else
        e_call_with(e, f->copy, &copy_params, &(CopyArgs){ to, from, n });
}

/* ---- both functions ---------------------------------------------------------------------------- */

/* How many of the kernel's operands are packed, and the number of the nth. */
static int packed_operands(const StepList *l, int number[KERNEL_MAX_PACKED])
{
    const rt_operands o = rt_operands_of(l->s);
    int n = 0;
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role != DCN_WEIGHT)
            continue;
        assert(n < KERNEL_MAX_PACKED);
        number[n++] = i;
    }
    return n;
}

static void emit_pack(Emit *e, Kernel *kernel, const Packing *f, bool many)
{
    const StepList *l = f->l;
    const PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < l->npieces; i++) {
        if (l->piece[i].base < 0)
            continue;
        const idx base = x_const(e, l->piece[i].base);
        EMIT_IF (e, x_equal(e, many ? in.which : base, base)) {
            pack_piece(e, f, &l->piece[i], &in);
        }
    }
    e_fn_end(e);
}

static void emit_packed_bytes(Emit *e, Kernel *kernel, const StepList *l, const int *number, int n)
{
    const PackedBytesArgs in = kernel_packed_bytes_begin(e, kernel);
    idx bytes = x_const(e, n > 0 ? steps_packed_bytes(l, number[0]) : 0);
    for (int i = 0; i < n; i++) {
        kernel->packed[i] = steps_packed_bytes(l, number[i]);
        if (i > 0)
            bytes = x_select(e, x_equal(e, in.which, x_const(e, number[i])),
                             x_const(e, kernel->packed[i]), bytes);
    }
    e_return(e, bytes);
}

void steps_emit_packing(Emit *e, Kernel *kernel, const StepList *l)
{
    int number[KERNEL_MAX_PACKED];
    const int n = packed_operands(l, number);
    Packing f = { .l = l };
    emit_packed_bytes(e, kernel, l, number, n);
    for (int i = 0; i < l->npieces; i++) {
        const StepPiece *piece = &l->piece[i];
        if (piece->clears && !f.clear)
            emit_clear(e, &f);
        else if (piece->part < 0 && !piece->clears && !f.copy)
            emit_copy(e, &f);
    }
    emit_pack(e, kernel, &f, n > 1);
}
