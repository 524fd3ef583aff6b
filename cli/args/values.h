/* values.h: the value of one option, from text into its field of Args.
**
** Each takes the option, its text, and the field; -1 with a usage error that names the option.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_ARGS_VALUES_H
#define DCN_CLI_ARGS_VALUES_H

#include "cli/args/args.h"

/* What parse_any takes, the verb checks. */
int parse_any(const Option *o, char *text, void *field, dcn_error *err);     /* const char * */
int parse_text(const Option *o, char *text, void *field, dcn_error *err);    /* const char * */
int parse_target(const Option *o, char *text, void *field, dcn_error *err);  /* const char * */
int parse_list(const Option *o, char *text, void *field, dcn_error *err);    /* WordList */
int parse_define(const Option *o, char *text, void *field, dcn_error *err);  /* ParamList */
int parse_file(const Option *o, char *text, void *field, dcn_error *err);    /* ParamList */
int parse_threads(const Option *o, char *text, void *field, dcn_error *err); /* int */
int parse_seed(const Option *o, char *text, void *field, dcn_error *err);    /* uint64_t */
int parse_seconds(const Option *o, char *text, void *field, dcn_error *err); /* double */
int parse_size(const Option *o, char *text, void *field, dcn_error *err);    /* int64_t, bytes */
int parse_days(const Option *o, char *text, void *field, dcn_error *err);    /* int64_t */
int parse_trials(const Option *o, char *text, void *field, dcn_error *err);  /* int64_t */
int parse_shard(const Option *o, char *text, void *field, dcn_error *err);   /* int[2] */
int parse_jobs(const Option *o, char *text, void *field, dcn_error *err);    /* int */
int parse_effort(const Option *o, char *text, void *field, dcn_error *err);  /* dcn_effort */
int parse_hold(const Option *o, char *text, void *field, dcn_error *err);    /* const char * */
int parse_samples(const Option *o, char *text, void *field, dcn_error *err); /* int64_t */
int parse_epsilon(const Option *o, char *text, void *field, dcn_error *err); /* double */
/* Superpixels and the side of a block, of which one is 0. */
int parse_parts(const Option *o, char *text, void *field, dcn_error *err);   /* int[2] */
int parse_numbers(const Option *o, char *text, void *field, dcn_error *err); /* NumberList */
int parse_range(const Option *o, char *text, void *field, dcn_error *err);   /* double */
int parse_order(const Option *o, char *text, void *field, dcn_error *err);   /* bool: bgr */
int parse_sides(const Option *o, char *text, void *field, dcn_error *err);   /* int[2] */
int parse_memory(const Option *o, char *text, void *field, dcn_error *err);  /* int64_t, bytes */

/* The words that --offsets, --os and --effort know, for completion: the i-th, NULL past the last. */
const char *offsets_word(int i);
const char *system_word(int i);
const char *effort_word(int i);

/* The words that --offsets of visualize, --channels and --superpixels know, in the same way. */
const char *hold_word(int i);
const char *channels_word(int i);
const char *parts_word(int i);

#endif
