/* print.h: what goes to the two standard streams.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_SAY_H
#define DCN_CLI_SAY_H

#include <dcngen/error.h>
#include <jansson.h>
#include <stdio.h>

/* Make sure that descriptors 0 to 2 are open, so that no file of ours becomes stdout. */
void say_begin(void);

/* The error as one line on stderr; returns its exit code. */
int say_error(const dcn_error *err);

/* What the user should know although the work goes on, as one line on stderr: not twice in a row. */
void say_note(const char *text);

/* Flush stdout; what could not be written turns `status` into DCN_EENV, with a message. */
int say_end(int status);

typedef enum { SAY_GOOD, SAY_BAD, SAY_PLAIN } SayMood;

/* The escape sequence for a mood, or "" if the stream is no terminal or NO_COLOR is set. */
const char *say_colour(FILE *to, SayMood mood);

/* Print and free `root`, which was built with jansson and is NULL if there was no memory. */
int say_json(json_t *root, dcn_error *err);

/* A number, or null for what JSON has no number for. */
json_t *say_number(double x);

/* { "schema": 1, key: list }; takes the list. */
json_t *say_report(const char *key, json_t *list);

#endif
