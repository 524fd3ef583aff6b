/* html.h: text into a page of HTML, so that no value can become markup.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_HTML_H
#define DCN_CLI_OUT_HTML_H

#include "runtime/base/base.h"

#include <stdio.h>

/* Markup with values: as fprintf, but what means something to HTML or XML is escaped in %s; there what is not UTF-8,
** and control characters that no page may hold, become U+FFFD.  Knows %s %d %lld %f %g %% with flags, width,
** precision; these count for numbers only. */
void html_put(FILE *f, const char *markup, ...) RT_PRINTF(2, 3);

/* The beginning of a table that scrolls, up to its body.  Heads end with NULL; those of numbers
** begin with '>', which is not shown. */
void html_table(FILE *f, const char *const *heads);
void html_table_end(FILE *f);

#endif
