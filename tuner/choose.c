/* choose.c: the target and the schedule that a call means.
**
** Code may be loaded if the architecture is this machine's, its vectors are no wider, and no
** feature that the target has is one that this machine is known to lack ("-x" in its list).
** Features it does not know at all are for instruction scheduling.
** SPDX-License-Identifier: Apache-2.0
*/
#include "choose.h"
#include "runtime/base.h"

#include <string.h>

static int choose_target(const dcn_spec *s, const dcn_options *opt, dcn_target *t, dcn_error *err)
{
    if (opt && opt->target) {
        *t = *opt->target;
        return 0;
    }
    return s->target[0] ? dcn_target_parse(s->target, NULL, NULL, t, err)
                        : dcn_target_native(t, err);
}

static int choose_schedule(const dcn_spec *s, const dcn_options *opt, Choice *c, dcn_error *err)
{
    const char *text = opt && opt->schedule ? opt->schedule : s->schedule;
    int failed = *text ? sched_parse(text, s, &c->target, &c->schedule, err)
                       : sched_guess(s, &c->target, &c->schedule, err);
    if (!failed)
        sched_print(&c->schedule, c->text, sizeof c->text);
    return failed;
}

int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err)
{
    if (dcn_spec_check(s, err) || choose_target(s, opt, &out->target, err) ||
        choose_schedule(s, opt, out, err))
        return -1;
    return 0;
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
