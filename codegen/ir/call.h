/* call.h: functions of a module, declared and called by the names of their parameters.
**
** The parameters of a function are the members of a struct, each an addr, an idx or a cond; a table says in which
** order they are passed:
**
**     typedef struct Copy { addr from, to; idx n; } Copy;
**
**     static const Param copy_param[] = { PARAM(Copy, from), PARAM(Copy, to), PARAM(Copy, n) };
**     static const Params copy_params = PARAMS(Copy, copy_param);
**
**     Copy in;                                                          the function
**     LLVMValueRef fn = e_fn_begin_with(e, "copy", 1, e->none, &copy_params, &in);
**     ... in.from, in.to, in.n ...
**     e_fn_end(e);
**
**     Copy out = { .from = a, .to = b, .n = n };                        its caller
**     e_call_with(e, fn, &copy_params, &out);
**
** The file that writes a function offers the call as a function of its own, so that the struct and its table
** stay together: void call_copy(Emit *e, LLVMValueRef fn, const Copy *in).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_CALL_H
#define DCN_CODEGEN_CALL_H

#include "codegen/ir/emit.h"

#include <stddef.h>

enum { MAX_PARAMS = 16 };

typedef enum { PARAM_ADDR, PARAM_IDX, PARAM_COND, NPARAM_KINDS } ParamKind;

typedef struct Param {
    const char *name; /* of the member and, in printed IR, of the value */
    size_t at;        /* its offset in the struct */
    ParamKind kind;
} Param;

#define PARAM_KIND(x) _Generic((x), addr : PARAM_ADDR, idx : PARAM_IDX, cond : PARAM_COND)
#define PARAM(type, member)                                                                        \
    {                                                                                              \
        .name = #member, .at = offsetof(type, member), .kind = PARAM_KIND(((type *)0)->member)     \
    }

typedef struct Params {
    const Param *param;
    int n;
} Params;

/* Does not compile where the table lacks a member or has one twice, or where there are too many. */
#define PARAMS(type, table)                                                                        \
    {                                                                                              \
        table, PARAMS_IN(table) +                                                                  \
                   0 * (int)sizeof(struct {                                                        \
                       _Static_assert(PARAMS_IN(table) <= MAX_PARAMS, "too many parameters");      \
                       _Static_assert(sizeof(type) == PARAMS_IN(table) * sizeof(LLVMValueRef),     \
                                      "each member of the struct once");                           \
                       int unused;                                                                 \
                   })                                                                              \
    }
#define PARAMS_IN(table) (int)(sizeof(table) / sizeof *(table))

/* Begin a function with these parameters (NULL: none); args is the struct that they are members of, and holds them
** afterwards.  As e_fn_begin otherwise. */
LLVMValueRef e_fn_begin_with(Emit *e, const char *name, bool internal, LLVMTypeRef result,
                             const Params *p, void *args);

/* Call a function of these parameters with the members of args; its result, if it has one. */
LLVMValueRef e_call_with(Emit *e, LLVMValueRef fn, const Params *p, const void *args);

#endif
