/* target.c: the target that a spec asks for, and which machine runs what.
**
** Code may be loaded if the architecture is this machine's, the machine has all features that code for
** such a CPU may use, and the system lets this process run what it has made.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/target.h"
#include "codegen/cg.h"
#include "runtime/base/base.h"

#include <string.h>

int tune_blame(const char *key, const char *text, dcn_error *err)
{
    return err ? dcn_fail(err, DCN_ESPEC, "'%s' = \"%s\": %s", key, text, err->text) : -1;
}

/* A spec cannot help what machine this is, so "native" is not to blame. */
int tune_spec_target(const dcn_spec *s, dcn_target *t, dcn_error *err)
{
    if (!s->target[0] || strcmp(s->target, "native") == 0)
        return dcn_target_native(t, err);
    return dcn_target_parse(s->target, NULL, NULL, t, err) ? tune_blame("target", s->target, err)
                                                           : 0;
}

bool tune_same_arch(const dcn_target *a, const dcn_target *b)
{
    size_t n = strcspn(a->triple, "-");
    return n == strcspn(b->triple, "-") && !memcmp(a->triple, b->triple, n);
}

int tune_can_run(const dcn_target *t, const dcn_target *native, dcn_error *err)
{
    if (!tune_same_arch(t, native) || !cg_same_format(t, native))
        return dcn_fail(err, DCN_EENV, "code for %s does not run on this machine (%s)", t->triple,
                        native->triple);
    char lacks[256];
    if (cg_target_lacks(t, native, lacks, sizeof lacks) == 0)
        return cg_can_load(err);
    return dcn_fail(err, DCN_EENV,
                    "code for %s (%s) does not run on this machine (%s): it lacks %s", t->cpu,
                    t->isa, native->isa, lacks);
}
