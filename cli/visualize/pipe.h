/* pipe.h: questions to another program, on the standard output, and its answers, from the standard input.
**
** Either is one line of JSON, whose "values" says how many f64, least byte first, come after the line.
** docs/VISUALIZE.md lists them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_PIPE_H
#define DCN_CLI_VISUALIZE_PIPE_H

#include <dcngen/error.h>
#include <jansson.h>
#include <stdint.h>

/* Takes the question, which has n values behind it.  *answer is owned by the caller; its values are still to be
** taken.  What is no answer, or says "error", is a failure. */
int pipe_ask(json_t *question, const double *values, int64_t n, json_t **answer, dcn_error *err);

/* The values of the answer, which must be n. */
int pipe_take(const json_t *answer, double *to, int64_t n, dcn_error *err);

/* Asks, and takes the values of the answer, where it has nothing else. */
int pipe_ask_values(json_t *question, const double *values, int64_t n, double *to, int64_t want,
                    dcn_error *err);

/* Numbers of the answer.  A list has exactly n of them, all from `least` on. */
int pipe_integer(const json_t *object, const char *key, int least, int *to, dcn_error *err);
int pipe_integers(const json_t *object, const char *key, int least, int n, int64_t *to,
                  dcn_error *err);

/* A text, borrowed from it; NULL, and a failure, where there is none. */
const char *pipe_text(const json_t *object, const char *key, dcn_error *err);

/* The last word: that the command failed, and why.  Returns the exit code, or -1 if nobody listens. */
int pipe_report_failure(const dcn_error *err);

#endif
