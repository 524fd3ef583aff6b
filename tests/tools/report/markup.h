/* markup.h: is a page well-formed?
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_REPORT_MARKUP_H
#define DCN_TESTS_REPORT_MARKUP_H

#include <stddef.h>

/* Every element is closed in order, attributes are quoted and not repeated, entities are known,
** text is UTF-8 without control characters, ids are unique.  NULL, or what is wrong, with a piece
** of the page (static). */
const char *markup_wrong(const char *page);

/* Elements of that name; how many. */
int markup_count(const char *page, const char *element);

/* The text of a file, freed by the caller; one that cannot be read fails the test. */
char *markup_read(const char *path);

#endif
