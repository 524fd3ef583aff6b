/* compile.c: (Spec, Schedule, Target) to bytes, for one CPU or for several.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/constants.h"
#include "codegen/backend/pipeline.h"
#include "codegen/kernel/entry.h"
#include "codegen/multi/multi.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"

#include <inttypes.h>
#include <stdlib.h>

/* What is being compiled, on demand. */
static void tell(const Build *b, const dcn_spec *s, const Schedule *sched)
{
    char spec[DCN_SPEC_TEXT_MAX], schedule[DCN_SCHEDULE_MAX];
    if (!trace_wants(&b->trace, RT_VERBOSE_SPEC))
        return;
    dcn_spec_print(s, spec, sizeof spec);
    sched_print(sched, schedule, sizeof schedule);
    trace_spec(&b->trace, spec, schedule);
}

static int abandon(Build *b, const Kernel *kernel, dcn_error *err)
{
    build_abandon(b, err);
    if (!kernel->least_bytes)
        return -1;
    return dcn_fail(err, DCN_ESPEC,
                    "'memory' = %" PRId64 " is not enough for the gradients of '%s': they take "
                    "%" PRId64 " bytes of workspace at least",
                    kernel->s->network->memory, kernel->s->name, kernel->least_bytes);
}

int cg_build_known(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
                   CgBuilt *out, dcn_error *err)
{
    Build b;
    Kernel kernel = { .s = s };
    void *constants = NULL;
    *out = (CgBuilt){ NULL, 0, NULL, 0 };
    if (pack_constants(s, sched, t, &constants, err))
        return -1;
    kernel.constants = constants;
    int failed = build_open(&b, kind, s->name, s->dtype, t, err);
    if (!failed) {
        b.merges = s->network != NULL;
        tell(&b, s, sched);
        failed = sched_emit(sched, &b.e, &kernel, t)
                     ? abandon(&b, &kernel, err)
                     : build_finish(&b, &out->bytes, &out->size, err);
    }
    free(constants);
    out->phase = kernel.phase;
    out->nphases = kernel.phase ? kernel.phases : 0;
    if (failed)
        free(kernel.phase);
    return failed ? -1 : 0;
}

int cg_build(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
             void **bytes, size_t *size, dcn_error *err)
{
    CgBuilt built;
    if (cg_build_known(s, sched, t, kind, &built, err))
        return -1;
    free(built.phase);
    *bytes = built.bytes;
    *size = built.size;
    return 0;
}

/* -1: the build is abandoned. */
static int emit_variant(Build *b, Multi *m, int i, dcn_error *err)
{
    const CgVariant *at = &m->v[i];
    Kernel *kernel = multi_open_variant(m, &b->e, i);
    void *constants = NULL;
    dcn_error why;
    if (pack_constants(m->spec, at->schedule, at->target, &constants, &why)) {
        build_abandon(b, NULL);
        return dcn_fail(err, why.code, "%s", why.text);
    }
    kernel->constants = constants;
    const int failed = sched_emit(at->schedule, &b->e, kernel, at->target);
    free(constants);
    free(kernel->phase);
    return failed ? abandon(b, kernel, err) : 0;
}

int cg_build_many(const dcn_spec *s, const CgVariant *v, int n, CgKind kind, void **bytes,
                  size_t *size, dcn_error *err)
{
    Multi m;
    Build b;
    if (multi_plan(&m, s, v, n, err) || build_open(&b, kind, s->name, s->dtype, &m.base, err))
        return -1;
    b.merges = s->network != NULL;
    for (int i = 0; i < n; i++) {
        const CgVariant *at = &m.v[i];
        tell(&b, s, at->schedule);
        if (emit_variant(&b, &m, i, err))
            return -1;
        multi_close_variant(&m, &b.e, i);
    }
    multi_close(&m, &b.e);
    return build_finish(&b, bytes, size, err);
}
