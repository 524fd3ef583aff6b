/* page.h: the parts of the reference page.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_DSL_PAGE_H
#define DCN_DSL_PAGE_H

#include "dsl/loader.h"

/* The head of a table of keys, and one key. */
void page_head(FILE *out);
void page_row(FILE *out, const rt_field *f);

/* The section about networks. */
void page_networks(FILE *out);

#endif
