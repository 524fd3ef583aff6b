/* peak.c: a loop of multiply-adds in registers, to measure the peak of a machine.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/pipeline.h"
#include "codegen/ir/call.h"

enum { MAX_CHAINS = 24 };

typedef struct PeakArgs {
    idx rounds;
} PeakArgs;

static const Param peak_param[] = { PARAM(PeakArgs, rounds) };
static const Params peak_params = PARAMS(PeakArgs, peak_param);

/* Independent chains of fma in registers: as many as hide the latency and still fit. */
static void emit_peak(Emit *e, int chains, int unroll)
{
    PeakArgs in;
    e_fn_begin_with(e, "dcn_peak", 0, LLVMDoubleTypeInContext(e->ctx), &peak_params, &in);
    fvec x = f_const(e, 0.999999), y = f_const(e, 1e-7), sum = f_const(e, 0);
    var acc[MAX_CHAINS];
    for (int c = 0; c < chains; c++)
        acc[c] = v_float(e, f_const(e, c));
    EMIT_FOR (e, i, x_const(e, 0), in.rounds, 1) {
        for (int u = 0; u < unroll; u++)
            for (int c = 0; c < chains; c++)
                v_set(e, acc[c], f_fma(e, v_get(e, acc[c]), x, y));
    }
    for (int c = 0; c < chains; c++)
        sum = f_add(e, sum, v_get(e, acc[c]));
    LLVMValueRef first = LLVMBuildExtractElement(e->b, sum.v, LLVMConstInt(e->i64, 0, 0), "");
    LLVMBuildRet(e->b, LLVMBuildFPExt(e->b, first, LLVMDoubleTypeInContext(e->ctx), ""));
}

int cg_build_peak(dcn_dtype dtype, const dcn_target *t, void **bytes, size_t *size,
                  double *flops_per_round, dcn_error *err)
{
    enum { UNROLL = 8 };
    Build b;
    if (build_open(&b, CG_OBJ, "dcn_peak", dtype, t, err))
        return -1;
    int chains = t->registers >= 32 ? MAX_CHAINS : MAX_CHAINS / 2;
    emit_peak(&b.e, chains, UNROLL);
    *flops_per_round = 2.0 * chains * UNROLL * b.e.lanes;
    return build_finish(&b, bytes, size, err);
}
