/* page_style.h: what all pages of HTML look like: colours, text, sections.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_PAGE_STYLE_H
#define DCN_CLI_OUT_PAGE_STYLE_H

#include <stdio.h>

/* Lines of a style sheet, ended by NULL. */
extern const char *const page_style[];

/* Lines of such a list, into the page. */
void page_lines(FILE *f, const char *const *line);

/* From the doctype up to and with the style element, which is left open for
 * more lines. */
void page_begin(FILE *f, const char *title);

#endif
