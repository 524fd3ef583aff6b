/* legal.c: whether a schedule from elsewhere can be that of a key.
**
** A time that nobody measured wins over every honest one.  What is left to check is that the kernel
** could have been built: the spec is loaded, the target made again from the text of the machine,
** and the schedule parsed for both, as if the user had typed it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/legal.h"
#include "codegen/lowering.h"
#include "runtime/base/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the machine --------------------------------------------------------------------------- */

/* A CPU of the class, on the architecture that the triple begins with; NULL: there is none. */
static const char *cpu_of_class(const dcn_target *t)
{
    const char *cpu, *triple, *isa;
    for (int i = 0; !dcn_target_known(i, &cpu, &triple, &isa); i++) {
        const size_t n = strcspn(triple, "-");
        if (!strcmp(isa, t->isa) && !strncmp(triple, t->triple, n) && t->triple[n] == '-')
            return cpu;
    }
    return NULL;
}

/* What tune_key prints of a target, taken apart. */
static bool read_machine(const char *text, dcn_target *t)
{
    int features = 0;
    const int n = sscanf(text,
                         "%63s %31s cpu=%63s vector=%d registers=%d fma=%d gather=%d l1=%" SCNd64
                         " l2=%" SCNd64 " l3=%" SCNd64 " features=%n",
                         t->triple, t->isa, t->cpu, &t->vector_bytes, &t->registers, &t->fma,
                         &t->gather, &t->l1_bytes, &t->l2_bytes, &t->l3_bytes, &features);
    return n == 10 && features &&
           (size_t)snprintf(t->features, sizeof t->features, "%s", text + features) <
               sizeof t->features;
}

static bool is_cache(int64_t bytes)
{
    return bytes >= 0 && bytes < (int64_t)1 << 40;
}

/* The registers are those of the class, so that no emitter meets a machine that nobody thought
** of; gathers may be slow ones, and caches are any. */
static bool is_known(const dcn_target *t)
{
    dcn_target same;
    const char *cpu = cpu_of_class(t);
    return cpu && !dcn_target_parse(cpu, t->triple, NULL, &same, NULL) &&
           t->vector_bytes == same.vector_bytes && t->registers == same.registers &&
           t->fma == same.fma && t->gather >= 0 && t->gather <= same.gather &&
           is_cache(t->l1_bytes) && is_cache(t->l2_bytes) && is_cache(t->l3_bytes);
}

/* ---- the key ------------------------------------------------------------------------------- */

static int load_spec(const char *text, dcn_spec *out, dcn_error *err)
{
    dcn_module *m;
    dcn_error why;
    if (dcn_load_text(text, "store", NULL, 0, &m, &why))
        return dcn_fail(err, DCN_EUSAGE, "'spec' is none: %s", why.text);
    const int n = dcn_module_count(m);
    if (n == 1)
        *out = *dcn_module_spec(m, 0);
    dcn_module_free(m);
    return n == 1 ? 0 : dcn_fail(err, DCN_EUSAGE, "'spec' is not one kernel");
}

static int read_key(LegalKey *last, const TuneKey *key, dcn_error *err)
{
    *last = (LegalKey){ .id = "" };
    if (load_spec(key->spec, &last->spec, err))
        return -1;
    if (!read_machine(key->machine, &last->target) || !is_known(&last->target))
        return dcn_fail(err, DCN_EUSAGE, "'machine' is none that this dcngen knows");
    memcpy(last->id, key->id, sizeof last->id);
    return 0;
}

int legal_check(LegalKey *last, const TuneKey *key, const TuneRecord *r, dcn_error *err)
{
    Schedule sc = { .lowering = NULL };
    dcn_error why;
    if (strcmp(last->id, key->id) != 0 && read_key(last, key, err))
        return -1;
    if (sched_parse(r->schedule, &(SchedFor){ &last->spec, &last->target, key->threads, NULL }, &sc,
                    &why))
        return dcn_fail(err, DCN_EUSAGE, "'schedule' is not legal for its kernel: %s", why.text);
    const bool same = !r->lowering[0] || !strcmp(r->lowering, sc.lowering->name);
    sched_free(&sc);
    return same ? 0
                : dcn_fail(err, DCN_EUSAGE, "'lowering' is not that of the schedule, '%.32s'",
                           r->schedule);
}
