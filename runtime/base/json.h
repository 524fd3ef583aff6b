/* json.h: structs as JSON objects, by a table of their members; JSON lines.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_JSON_H
#define DCN_RUNTIME_JSON_H

#include "runtime/base/member.h"
#include <dcngen/error.h>

#include <jansson.h>
#include <stdio.h>

/* Adds the n members of *from to the object; -1: no memory. */
int rt_json_put(json_t *object, const rt_member *m, int n, const void *from);

/* Fills the n members of *to.  A key that is missing, a text that is too long, a number that is
** negative or does not fit is DCN_EUSAGE and is named.  An RT_UINT64 may be any integer: JSON has
** none beyond 2^63 - 1.  An RT_BOOL is 0 or a greater number. */
int rt_json_get(const json_t *object, const rt_member *m, int n, void *to, dcn_error *err);

/* "'name' is not expected" */
int rt_json_wrong(const char *name, const char *expected, dcn_error *err);

/* The object as one line, which takes it; `digits` of every real number.  -1: no memory, or *to
** failed; NULL as an object is such a failure, too. */
int rt_json_write(FILE *to, json_t *object, int digits);

/* Hands every line that is not empty to `each`, as a borrowed object, until it fails.  What is
** wrong with a line (DCN_EUSAGE, also by `each`) is said with file and line.
**   text  size bytes, '\n' between lines; the file called `name` holds it */
int rt_json_lines(const char *name, const char *text, size_t size,
                  int (*each)(void *self, const json_t *object, dcn_error *err), void *self,
                  dcn_error *err);

#endif
