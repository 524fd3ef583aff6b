/* api.c: from a spec to a kernel in memory, or to one artefact of it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "choose.h"
#include "link.h"
#include "runtime/archive.h"
#include "runtime/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- to run --------------------------------------------------------------- */

static int check_runnable(const dcn_target *t, dcn_error *err)
{
    dcn_target native;
    if (dcn_target_native(&native, err))
        return -1;
    return tune_can_run(t, &native, err);
}

static int build_and_load(const Choice *c, dcn_kernel *k, dcn_error *err)
{
    void *object = NULL;
    size_t size;
    if (tune_is_stored(c) && !tune_load_stored(c, k))
        return 0;
    int failed = cg_build(&k->spec, &c->schedule, &c->target, CG_OBJ, &object, &size, err) ||
                 cg_load(object, size, k, err);
    if (!failed && tune_is_stored(c))
        tune_keep_stored(c, k, object, size);
    free(object);
    return failed;
}

int dcn_compile(const dcn_spec *s, const dcn_options *opt, dcn_kernel **out, dcn_error *err)
{
    Choice c;
    if (tune_choose(s, opt, &c, err) || check_runnable(&c.target, err))
        return -1;
    dcn_kernel *k = calloc(1, sizeof *k);
    if (!k)
        return dcn_fail(err, DCN_EENV, "no memory for the kernel '%s'", s->name);
    k->spec = *s;
    k->target = c.target;
    k->choice = c.what;
    if (build_and_load(&c, k, err)) {
        dcn_kernel_free(k);
        return -1;
    }
    *out = k;
    return 0;
}

/* Where it came from, then what it means. */
static void explain(const dcn_spec *s, const Choice *c, char *why, size_t size)
{
    tune_origin(c, why, size);
    size_t n = strlen(why);
    if (n + 2 > size)
        return;
    strcpy(why + n, "\n");
    c->schedule.how->explain(s, &c->target, c->schedule.k, why + n + 1, size - n - 1);
}

int dcn_explain(const dcn_spec *s, const dcn_options *opt, dcn_choice *what, char *why,
                size_t why_size, dcn_error *err)
{
    Choice c;
    if (tune_choose(s, opt, &c, err))
        return -1;
    if (what)
        *what = c.what;
    if (why && why_size)
        explain(s, &c, why, why_size);
    return 0;
}

/* ---- to keep -------------------------------------------------------------- */

typedef struct Artefact {
    const dcn_spec *spec;
    const Choice *choice;
    void **bytes;
    size_t *size;
} Artefact;

static int emit_code(const Artefact *a, CgKind kind, dcn_error *err)
{
    return cg_build(a->spec, &a->choice->schedule, &a->choice->target, kind, a->bytes, a->size,
                    err);
}

static int emit_obj(const Artefact *a, dcn_error *err)
{
    return emit_code(a, CG_OBJ, err);
}

static int emit_asm(const Artefact *a, dcn_error *err)
{
    return emit_code(a, CG_ASM, err);
}

static int emit_llvm_ir(const Artefact *a, dcn_error *err)
{
    return emit_code(a, CG_LLVM_IR, err);
}

static int emit_bitcode(const Artefact *a, dcn_error *err)
{
    return emit_code(a, CG_BITCODE, err);
}

static int emit_header(const Artefact *a, dcn_error *err)
{
    char *text;
    if (cg_header(a->spec, &a->choice->schedule, &a->choice->target, &text, err))
        return -1;
    *a->bytes = text;
    *a->size = strlen(text);
    return 0;
}

/* The object in another wrapping. */
static int wrap(const Artefact *a, dcn_error *err,
                int (*how)(const Artefact *a, const void *object, size_t size, dcn_error *err))
{
    void *object = NULL;
    size_t size;
    Artefact inner = { a->spec, a->choice, &object, &size };
    int failed = emit_obj(&inner, err) || how(a, object, size, err);
    free(object);
    return failed ? -1 : 0;
}

static int archive(const Artefact *a, const void *object, size_t size, dcn_error *err)
{
    static const char *const suffixes[] = RT_ENTRY_SUFFIXES;
    enum { N = sizeof suffixes / sizeof *suffixes };
    char member[DCN_NAME_MAX + 2], symbol[N][DCN_NAME_MAX + 32];
    const char *symbols[N];
    snprintf(member, sizeof member, "%s.o", a->spec->name);
    for (int i = 0; i < N; i++) {
        snprintf(symbol[i], sizeof symbol[i], "%s%s", a->spec->name, suffixes[i]);
        symbols[i] = symbol[i];
    }
    rt_member m = { member, object, size, symbols, N };
    return rt_archive(&m, a->bytes, a->size, err);
}

static int share(const Artefact *a, const void *object, size_t size, dcn_error *err)
{
    dcn_target native;
    if (dcn_target_native(&native, err))
        return -1;
    TuneLink l = { a->spec->name, object, size, !tune_same_arch(&a->choice->target, &native) };
    return tune_link(&l, a->bytes, a->size, err);
}

static int emit_static_lib(const Artefact *a, dcn_error *err)
{
    return wrap(a, err, archive);
}

static int emit_shared_lib(const Artefact *a, dcn_error *err)
{
    return wrap(a, err, share);
}

static int (*const emitters[])(const Artefact *a, dcn_error *err) = {
    [DCN_EMIT_OBJ] = emit_obj,
    [DCN_EMIT_ASM] = emit_asm,
    [DCN_EMIT_LLVM_IR] = emit_llvm_ir,
    [DCN_EMIT_BITCODE] = emit_bitcode,
    [DCN_EMIT_HEADER] = emit_header,
    [DCN_EMIT_STATIC_LIB] = emit_static_lib,
    [DCN_EMIT_SHARED_LIB] = emit_shared_lib,
};

int dcn_emit(const dcn_spec *s, const dcn_options *opt, dcn_emit_kind kind, void **bytes,
             size_t *size, dcn_error *err)
{
    Choice c;
    Artefact a = { s, &c, bytes, size };
    if ((unsigned)kind >= sizeof emitters / sizeof *emitters)
        return dcn_fail(err, DCN_EUSAGE, "no artefact of kind %d", (int)kind);
    if (tune_choose(s, opt, &c, err))
        return -1;
    return emitters[kind](&a, err);
}
