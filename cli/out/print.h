/* print.h: what goes to the two standard streams.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_PRINT_H
#define DCN_CLI_OUT_PRINT_H

#include <dcngen/error.h>
#include <jansson.h>
#include <stdio.h>

/* Make sure that descriptors 0 to 2 are open, so that no file of ours becomes stdout. */
void print_begin(void);

/* The error as one line on stderr; returns its exit code. */
int print_error(const dcn_error *err);

/* One line on stderr that the user should know although the work goes on; not twice in a row. */
void print_note(const char *text);

/* Flush stdout; what could not be written turns `status` into DCN_EENV, with a message if no error
** was told before. */
int print_end(int status);

typedef enum { COLOUR_GOOD, COLOUR_BAD, COLOUR_NONE } Colour;

/* The escape sequence of a colour, or "" if the stream is no terminal or NO_COLOR is set. */
const char *print_colour(FILE *to, Colour colour);

/* Print and free `root`, which was built with jansson and is NULL if there was no memory. */
int print_json(json_t *root, dcn_error *err);

/* A number, or null for what JSON has no number for. */
json_t *number_json(double x);

/* A text that may be anything, a path or a reason, or "" for what is not UTF-8, which JSON takes only. */
json_t *text_json(const char *text);

/* { "schema": 1, key: list }; takes the list. */
json_t *list_json(const char *key, json_t *list);

/* Four digits and a unit, "13.52 ms", in buf, which is returned. */
const char *print_time(double ns, char buf[32]);

#endif
