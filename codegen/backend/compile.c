/* compile.c: (Spec, Schedule, Target) to bytes, for one CPU or for several.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/pipeline.h"
#include "codegen/kernel/entry.h"
#include "codegen/multi/multi.h"

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

int cg_build(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
             void **bytes, size_t *size, dcn_error *err)
{
    Build b;
    if (build_open(&b, kind, s->name, s->dtype, t, err))
        return -1;
    tell(&b, s, sched);
    Kernel kernel = { .s = s };
    if (sched_emit(sched, &b.e, &kernel, t))
        return build_abandon(&b, err);
    return build_finish(&b, bytes, size, err);
}

int cg_build_many(const dcn_spec *s, const CgVariant *v, int n, CgKind kind, void **bytes,
                  size_t *size, dcn_error *err)
{
    Multi m;
    Build b;
    if (multi_plan(&m, s, v, n, err) || build_open(&b, kind, s->name, s->dtype, &m.base, err))
        return -1;
    for (int i = 0; i < n; i++) {
        const CgVariant *at = &m.v[i];
        tell(&b, s, at->schedule);
        Kernel *kernel = multi_open_variant(&m, &b.e, i);
        if (sched_emit(at->schedule, &b.e, kernel, at->target))
            return build_abandon(&b, err);
        multi_close_variant(&m, &b.e, i);
    }
    multi_close(&m, &b.e);
    return build_finish(&b, bytes, size, err);
}
