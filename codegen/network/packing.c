/* packing.c: the entry points that write the block of parameters of a network: each piece where it belongs, packed by
** its part or as it is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

#include <stdio.h>

typedef struct Packing {
    const NetProgram *p;
    LLVMValueRef copy, clear;
} Packing;

LLVMValueRef program_begin_inner(Emit *e, const NetProgram *p, const char *suffix,
                                 LLVMTypeRef result, const Params *params, void *args)
{
    char name[DCN_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s%s", p->s->name, suffix);
    return e_fn_begin_with(e, name, true, result, params, args);
}

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
    f->copy = program_begin_inner(e, f->p, "_copy", e->none, &copy_params, &in);
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
    f->clear = program_begin_inner(e, f->p, "_clear", e->none, &clear_params, &in);
    EMIT_VECTORS (e, v, in.n) {
        p_store(e, p_at(e, in.to, v.at), f_const(e, 0), v.live);
    }
    e_fn_end(e);
}

static void pack_piece(Emit *e, const Packing *f, const NetPiece *piece, const PackArgs *in)
{
    const net_param *param = &f->p->net->param[piece->param];
    const addr to = p_at_bytes(e, in->to, x_const(e, piece->at));
    const idx n = x_const(e, param->count);
    if (piece->param >= f->p->net->nparams) {
        e_call_with(e, f->clear, &clear_params, &(ClearArgs){ to, n });
        return;
    }
    const addr from = p_at(e, in->from, x_const(e, param->at));
    const PackArgs give = { x_const(e, piece->operand), from, to };
    if (piece->part >= 0)
        kernel_call_pack(e, &f->p->part[piece->part].kernel, &give);
    else
        e_call_with(e, f->copy, &copy_params, &(CopyArgs){ to, from, n });
}

void program_emit_packing(Emit *e, Kernel *kernel, const NetProgram *p)
{
    Packing f = { .p = p };
    if (net_parameters_at(p->net) < 0) {
        kernel_no_weights(e, kernel);
        return;
    }
    kernel_packed_bytes(e, kernel, p->packed_bytes);
    emit_copy(e, &f);
    emit_clear(e, &f);
    const PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < p->npieces; i++)
        pack_piece(e, &f, &p->piece[i], &in);
    e_fn_end(e);
}
