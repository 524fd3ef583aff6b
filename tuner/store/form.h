/* form.h: what texts and numbers of a store may be, wherever they come from.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_FORM_H
#define DCN_TUNER_FORM_H

#include <stdbool.h>
#include <stdint.h>

/* Every number of a record, a row or an item is at least 0 and at most one of these: a thousand
** years in ns, a day of the year 9999 in seconds and ms, and what nothing comes near. */
static const double FORM_MAX_NS = 3.2e19, FORM_MAX_GAIN = 1e12, FORM_MAX_GFLOPS = 1e12,
                    FORM_MAX_FLOPS = 1e30;
static const int64_t FORM_MAX_TIME = 253402300799, FORM_MAX_COUNT = (int64_t)1 << 53;

/* What no call of a function is below. */
static const double FORM_MIN_NS = 0.1;

/* UTF-8 without control characters and such as turn the direction of a text or are not seen, so that it can
** be printed anywhere; "" is one. */
bool form_is_line(const char *text);

/* What of the text is no line becomes '?'. */
void form_make_line(char *text);

/* The 64 hex digits of a SHA-256, in lower case: nothing else becomes part of a file's name. */
bool form_is_digest(const char *text);

/* Letters, digits and _, at least one of them, and no digit first. */
bool form_is_word(const char *text);

/* A kernel as dcn_spec_print writes it: `return OP { KEY = VALUE, ... }` with values that are words,
** numbers, texts and lists of them.  Loading it is short: it calls and repeats nothing. */
bool form_is_spec(const char *text);

/* At least 0 and at most `max`; NaN is not. */
bool form_is_number(double x, double max);

/* 0, or what a call can take. */
bool form_is_time(double ns);

/* "zero", "normal:S" with 0 <= S <= 1e6, or "npy:" and 16 hex digits. */
bool form_is_offsets(const char *text);

#endif
