/* page.h: the page of a command's pictures, in pieces.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_PAGE_H
#define DCN_CLI_VISUALIZE_PAGE_H

#include "cli/visualize/shown.h"

#include <stdio.h>

/* Photographs that stood on the page before, as elements of SVG: each stands there once. */
enum { PAGE_IMAGES = 4 };
typedef struct PageImages {
    int n;
    char *element[PAGE_IMAGES]; /* owned by whoever frees them */
} PageImages;

void page_node(FILE *f, const NodeView *n);
void page_method(FILE *f, const Shown *s);
/* A picture as SVG. */
void page_picture(FILE *f, PageImages *seen, const char *svg);
void page_method_end(FILE *f);

/* All around these pieces, with an index of the nodes, as visualize.json has them: malloc'ed.  -1 without memory. */
int page_make(const PhotoView *v, const json_t *nodes, const char *body, char **page, size_t *size);

#endif
