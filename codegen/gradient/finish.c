/* finish.c: how the functions of the last phase, in finish_*.c, begin and are called.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

static const Param finish_param[] = { PARAM(GradientFinishArgs, args),
                                      PARAM(GradientFinishArgs, workspace),
                                      PARAM(GradientFinishArgs, number) };
static const Params finish_params = PARAMS(GradientFinishArgs, finish_param);

LLVMValueRef gradient_begin_finish(Emit *e, const char *name, GradientFinishArgs *in)
{
    return e_fn_begin_with(e, name, 1, e->none, &finish_params, in);
}

void gradient_call_finish(Emit *e, LLVMValueRef fn, const GradientFinishArgs *in)
{
    e_call_with(e, fn, &finish_params, in);
}
