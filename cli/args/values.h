/* values.h: the value of one option, from text into its field of Args.
**
** Each takes the option, its text, and the field; -1 with a usage error that names the option.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_TAKE_H
#define DCN_CLI_TAKE_H

#include "cli/args/args.h"

int take_text(const Option *o, char *text, void *field, dcn_error *err);    /* const char * */
int take_target(const Option *o, char *text, void *field, dcn_error *err);  /* const char * */
int take_list(const Option *o, char *text, void *field, dcn_error *err);    /* List */
int take_define(const Option *o, char *text, void *field, dcn_error *err);  /* Pairs */
int take_file(const Option *o, char *text, void *field, dcn_error *err);    /* Pairs */
int take_threads(const Option *o, char *text, void *field, dcn_error *err); /* int */
int take_seed(const Option *o, char *text, void *field, dcn_error *err);    /* uint64_t */
int take_seconds(const Option *o, char *text, void *field, dcn_error *err); /* double */
int take_size(const Option *o, char *text, void *field, dcn_error *err);    /* int64_t, bytes */
int take_days(const Option *o, char *text, void *field, dcn_error *err);    /* int64_t */
int take_offsets(const Option *o, char *text, void *field, dcn_error *err); /* const char * */
int take_trials(const Option *o, char *text, void *field, dcn_error *err);  /* int64_t */
int take_shard(const Option *o, char *text, void *field, dcn_error *err);   /* int[2] */
int take_jobs(const Option *o, char *text, void *field, dcn_error *err);    /* int */
int take_effort(const Option *o, char *text, void *field, dcn_error *err);  /* dcn_effort */

/* What the last ones take, for completion: the i-th word, NULL past the last. */
const char *take_offsets_word(int i);
const char *take_effort_word(int i);

#endif
