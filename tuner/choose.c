/* choose.c: the target and the schedule that a call means.
** SPDX-License-Identifier: Apache-2.0
*/
#include "choose.h"

static int choose_target(const dcn_spec *s, const dcn_options *opt, dcn_target *t, dcn_error *err)
{
    if (!opt || !opt->target)
        return tune_spec_target(s, t, err);
    *t = *opt->target;
    return 0;
}

static int choose_schedule(const dcn_spec *s, const dcn_options *opt, Choice *c, dcn_error *err)
{
    if (opt && opt->schedule)
        return sched_parse(opt->schedule, s, &c->target, &c->schedule, err);
    if (!s->schedule[0])
        return sched_guess(s, &c->target, &c->schedule, err);
    return sched_parse(s->schedule, s, &c->target, &c->schedule, err)
               ? tune_blame("schedule", s->schedule, err)
               : 0;
}

int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err)
{
    if (dcn_spec_check(s, err) || choose_target(s, opt, &out->target, err) ||
        choose_schedule(s, opt, out, err))
        return -1;
    sched_print(&out->schedule, out->text, sizeof out->text);
    return 0;
}
