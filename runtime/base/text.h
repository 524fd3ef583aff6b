/* text.h: text appended to a buffer of fixed size.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_TEXT_H
#define DCN_RUNTIME_TEXT_H

#include "runtime/base/base.h"

#include <stdbool.h>
#include <stdint.h>

/* What does not fit is cut, and the buffer always ends in NUL. */
typedef struct rt_text {
    char *buf;
    size_t size;
    size_t length; /* of the whole text, cut or not, as snprintf counts */
} rt_text;

/* An empty text in buf, which is borrowed; size 0 (then buf may be NULL) only counts. */
rt_text rt_text_in(char *buf, size_t size);

/* The text that buf, which is borrowed, holds already, to be gone on with. */
rt_text rt_text_after(char *buf, size_t size);

void rt_text_add(rt_text *t, const char *fmt, ...) RT_PRINTF(2, 3);

/* One item of a list: the separator stands before every item but the first of the text. */
void rt_text_item(rt_text *t, const char *separator, const char *fmt, ...) RT_PRINTF(3, 4);

/* "[3,224,224]"; a size that is not known, below 0, is "?". */
void rt_text_shape(rt_text *t, int rank, const int64_t *dims);

/* "64M" in bytes: a number, then perhaps K, M or G; -1: it is none. */
int64_t rt_text_bytes(const char *text);

/* One decimal number, nothing before or behind it; NaN: it is none. */
double rt_text_number(const char *text);

bool rt_text_is_cut(const rt_text *t);

/* The names (ended by NULL) with ", " between them; where not all fit, "a, b and 7 more".  Returns
** buf. */
const char *rt_join(const char *const *names, char *buf, size_t size);

#endif
