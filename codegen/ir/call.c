/* call.c: functions of a module, declared and called by the names of their parameters.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"

#include <assert.h>
#include <string.h>

/* A member of the struct is one value, whatever its kind. */
_Static_assert(sizeof(addr) == sizeof(LLVMValueRef), "an addr is one value");
_Static_assert(sizeof(idx) == sizeof(LLVMValueRef), "an idx is one value");
_Static_assert(sizeof(cond) == sizeof(LLVMValueRef), "a cond is one value");

static LLVMTypeRef type_of(const Emit *e, ParamKind kind)
{
    const LLVMTypeRef type[NPARAM_KINDS] = {
        [PARAM_ADDR] = e->ptr, [PARAM_IDX] = e->i64, [PARAM_COND] = e->i1
    };
    return type[kind];
}

LLVMValueRef e_fn_begin_with(Emit *e, const char *name, bool internal, LLVMTypeRef result,
                             const Params *p, void *args)
{
    LLVMTypeRef type[MAX_PARAMS] = { NULL };
    const int n = p ? p->n : 0;
    assert(n <= MAX_PARAMS);
    for (int i = 0; i < n; i++)
        type[i] = type_of(e, p->param[i].kind);
    LLVMValueRef fn = e_fn_begin(e, name, internal, result, n, type);
    for (int i = 0; i < n; i++) {
        LLVMValueRef given = LLVMGetParam(fn, (unsigned)i);
        LLVMSetValueName2(given, p->param[i].name, strlen(p->param[i].name));
        memcpy((char *)args + p->param[i].at, &given, sizeof given);
    }
    return fn;
}

LLVMValueRef e_call_with(Emit *e, LLVMValueRef fn, const Params *p, const void *args)
{
    LLVMValueRef give[MAX_PARAMS];
    assert(p->n <= MAX_PARAMS);
    for (int i = 0; i < p->n; i++) {
        memcpy(&give[i], (const char *)args + p->param[i].at, sizeof give[i]);
        assert(give[i]);
    }
    return e_call_fn(e, fn, p->n, give);
}
