/* target.h: the target that a spec asks for, and which machine runs what.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_TARGET_H
#define DCN_TUNER_TARGET_H

#include <dcngen.h>
#include <stdbool.h>

/* The target of the spec, else native. */
int tune_spec_target(const dcn_spec *s, dcn_target *t, dcn_error *err);

/* What went wrong comes from key = "text" of the spec: make err say so; returns -1. */
int tune_blame(const char *key, const char *text, dcn_error *err);

/* 0 if this process, on a machine whose target is `native`, runs the target's code; else err says what is lacking:
** features, or the permission to run code that was made here. */
int tune_can_run(const dcn_target *t, const dcn_target *native, dcn_error *err);

/* Whether both run on the same kind of CPU: x86_64, aarch64, ... */
bool tune_same_arch(const dcn_target *a, const dcn_target *b);

#endif
