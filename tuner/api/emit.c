/* emit.c: artefacts of a kernel, for one CPU or for several.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/archive.h"
#include "runtime/base/base.h"
#include "tuner/api/choose.h"
#include "tuner/api/embed.h"
#include "tuner/api/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Artefact {
    const dcn_spec *spec;
    const CgVariant *variant;
    int n;
    void **bytes;
    size_t *size;
} Artefact;

/* ---- code -------------------------------------------------------------------- */

static int emit_code(const Artefact *a, CgKind kind, dcn_error *err)
{
    const CgVariant *v = a->variant;
    if (a->n > 1)
        return cg_build_many(a->spec, v, a->n, kind, a->bytes, a->size, err);
    return cg_build(a->spec, v->schedule, v->target, kind, a->bytes, a->size, err);
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
    if (cg_header(a->spec, a->variant, a->n, &text, err))
        return -1;
    *a->bytes = text;
    *a->size = strlen(text);
    return 0;
}

/* ---- the object in another wrapping -------------------------------------------- */

static int wrap(const Artefact *a, dcn_error *err,
                int (*how)(const Artefact *a, const void *object, size_t size, dcn_error *err))
{
    void *object = NULL;
    size_t size;
    Artefact inner = { a->spec, a->variant, a->n, &object, &size };
    int failed = emit_obj(&inner, err) || how(a, object, size, err);
    free(object);
    return failed ? -1 : 0;
}

static int archive(const Artefact *a, const void *object, size_t size, dcn_error *err)
{
    static const char *const entries[] = RT_ENTRY_SUFFIXES, *const queries[] = RT_VARIANT_SUFFIXES;
    enum {
        NENTRIES = sizeof entries / sizeof *entries,
        NQUERIES = sizeof queries / sizeof *queries
    };
    const bool macho = cg_is_macho(a->variant->target);
    char member[DCN_NAME_MAX + 2], symbol[NENTRIES + NQUERIES][RT_SYMBOL_MAX + 1];
    const char *symbols[NENTRIES + NQUERIES];
    const int n = a->n > 1 ? NENTRIES + NQUERIES : NENTRIES;
    snprintf(member, sizeof member, "%s.o", a->spec->name);
    for (int i = 0; i < n; i++) {
        snprintf(symbol[i], sizeof symbol[i], "%s%s%s", macho ? "_" : "", a->spec->name,
                 i < NENTRIES ? entries[i] : queries[i - NENTRIES]);
        symbols[i] = symbol[i];
    }
    rt_archived m = { member, object, size, symbols, n };
    return macho ? rt_archive_macos(&m, a->bytes, a->size, err)
                 : rt_archive(&m, a->bytes, a->size, err);
}

static int share(const Artefact *a, const void *object, size_t size, dcn_error *err)
{
    dcn_target native;
    if (!cg_is_elf(a->variant->target))
        return dcn_fail(err, DCN_EENV, "%s has no shared libraries: emit obj or static-lib",
                        a->variant->target->triple);
    if (dcn_target_native(&native, err))
        return -1;
    TuneLink l = { a->spec->name, object, size, !tune_same_arch(a->variant->target, &native) };
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

/* ---- the public functions ----------------------------------------------------- */

int dcn_emit_many(const dcn_spec *s, const dcn_options *opt, int n, dcn_emit_kind kind,
                  void **bytes, size_t *size, dcn_error *err)
{
    CgVariant variant[CG_MAX_VARIANTS];
    dcn_spec own;
    if ((unsigned)kind >= sizeof emitters / sizeof *emitters)
        return dcn_fail(err, DCN_EUSAGE, "no artefact of kind %d", (int)kind);
    if (n < 1 || n > CG_MAX_VARIANTS)
        return dcn_fail(err, DCN_EUSAGE, "%d targets: expected 1 to %d", n, CG_MAX_VARIANTS);
    int failed = embed_open(s, opt, &own, err);
    Choice *c = failed ? NULL : calloc((size_t)n, sizeof *c);
    if (!failed && !c)
        failed = dcn_fail(err, DCN_EENV, "no memory for the kernel '%s'", s->name);
    for (int i = 0; i < n && !failed; i++) {
        failed = tune_choose(&own, opt ? &opt[i] : NULL, &c[i], err);
        variant[i] = (CgVariant){ &c[i].schedule, &c[i].target };
    }
    Artefact a = { &own, variant, n, bytes, size };
    failed = failed || emitters[kind](&a, err);
    for (int i = 0; c && i < n; i++)
        tune_choice_free(&c[i]);
    free(c);
    embed_close(s, &own);
    return failed ? -1 : 0;
}

int dcn_emit(const dcn_spec *s, const dcn_options *opt, dcn_emit_kind kind, void **bytes,
             size_t *size, dcn_error *err)
{
    return dcn_emit_many(s, opt, 1, kind, bytes, size, err);
}
