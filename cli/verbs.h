/* verbs.h: what the program can do, one line of a table each.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERBS_H
#define DCN_CLI_VERBS_H

#include "cli/args/verb.h"

/* Ended by a NULL name. */
extern const Verb all_verbs[];

int verb_compile(const Args *a, dcn_error *err);
int verb_run(const Args *a, dcn_error *err);
int verb_verify(const Args *a, dcn_error *err);
int verb_bench(const Args *a, dcn_error *err);
int verb_tune(const Args *a, dcn_error *err);
int verb_show(const Args *a, dcn_error *err);
int verb_report(const Args *a, dcn_error *err);
int verb_visualize(const Args *a, dcn_error *err);
int verb_cache(const Args *a, dcn_error *err);
int verb_sweep(const Args *a, dcn_error *err);
int verb_targets(const Args *a, dcn_error *err);
int verb_completion(const Args *a, dcn_error *err);
int verb_doctor(const Args *a, dcn_error *err);
int verb_version(const Args *a, dcn_error *err);
int verb_help(const Args *a, dcn_error *err);

/* The i-th subverb, which is what WHAT may be; NULL past the last. */
const char *show_subverb(int i);
const char *cache_subverb(int i);
const char *sweep_subverb(int i);

/* The i-th of what --show and --response of visualize may be; NULL past the last. */
const char *visualize_method(int i);
const char *response_word(int i);

/* `dcngen VERB --help` */
int help_verb(const Verb *v);

#endif
