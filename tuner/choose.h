/* choose.h: the target and the schedule that a call means.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHOOSE_H
#define DCN_TUNER_CHOOSE_H

#include "codegen/cg.h"
#include "target.h"

typedef struct Choice {
    dcn_target target;
    Schedule schedule;
    char text[DCN_TEXT_MAX]; /* the schedule */
} Choice;

/* Checks the spec.  Target: of the options, else of the spec, else native.  Schedule: of the
** options, else of the spec, else the best guess.  opt may be NULL.  What is wrong with a target or
** a schedule of the spec is DCN_ESPEC. */
int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err);

#endif
