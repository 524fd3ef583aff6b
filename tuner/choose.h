/* choose.h: the target and the schedule that a call means.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHOOSE_H
#define DCN_TUNER_CHOOSE_H

#include "codegen/cg.h"

typedef struct Choice {
    dcn_target target;
    Schedule schedule;
    char text[DCN_TEXT_MAX]; /* the schedule */
} Choice;

/* Checks the spec.  Target: of the options, else of the spec, else native.  Schedule: of the
** options, else of the spec, else the best guess.  opt may be NULL. */
int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err);

/* 0 if a machine whose target is `native` runs the target's code; else err says what it lacks. */
int tune_can_run(const dcn_target *t, const dcn_target *native, dcn_error *err);

/* Whether both run on the same kind of CPU: x86_64, aarch64, ... */
bool tune_same_arch(const dcn_target *a, const dcn_target *b);

#endif
