/* target.c: the target that a spec asks for, and which machine runs what.
**
** Code may be loaded if the architecture is this machine's, its vectors are no wider, and no
** feature that the target has is one that this machine is known to lack ("-x" in its list).
** Features it does not know at all are for instruction scheduling.
** SPDX-License-Identifier: Apache-2.0
*/
#include "target.h"
#include "runtime/base.h"

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

/* Is "<sign><name>" one of the comma-separated features? */
static bool has_feature(const char *features, char sign, const char *name, size_t length)
{
    for (const char *at = features; *at; at += strspn(at, ",")) {
        size_t n = strcspn(at, ",");
        if (n == length + 1 && *at == sign && !memcmp(at + 1, name, length))
            return true;
        at += n;
    }
    return false;
}

int tune_can_run(const dcn_target *t, const dcn_target *native, dcn_error *err)
{
    if (!tune_same_arch(t, native))
        return dcn_fail(err, DCN_EENV, "code for %s does not run on this machine (%s)", t->triple,
                        native->triple);
    if (t->vector_bytes > native->vector_bytes)
        return dcn_fail(err, DCN_EENV, "code for %s (%s) does not run on this machine (%s)", t->cpu,
                        t->isa, native->isa);
    for (const char *at = t->features; *at; at += strspn(at, ",")) {
        size_t n = strcspn(at, ",");
        if (*at == '+' && has_feature(native->features, '-', at + 1, n - 1))
            return dcn_fail(err, DCN_EENV, "code for %s needs '%.*s', which this machine lacks",
                            t->cpu, (int)n - 1, at + 1);
        at += n;
    }
    return 0;
}
