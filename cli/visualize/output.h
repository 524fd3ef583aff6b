/* output.h: the files that visualize writes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_OUTPUT_H
#define DCN_CLI_VISUALIZE_OUTPUT_H

#include "cli/visualize/page.h"

typedef struct OutputFile {
    const char *name, *ending; /* borrowed */
} OutputFile;

/* What a command makes, as it goes on: pictures and arrays become files at once, the rest is for JSON and page. */
typedef struct Output {
    const PhotoView *view;
    const char *dir;
    json_t *nodes; /* what visualize.json says of each */
    char *body;    /* of the page, so far */
    size_t size;
    FILE *page; /* writes to it */
    PageImages images;
    int nwritten; /* files of the method in hand */
    OutputFile written[SHOWN_ARRAYS + 2 * SHOWN_PICTURES + SHOWN_FILES];
    int shown;  /* methods, of all nodes */
    int failed; /* checks */
} Output;

/* Makes the directory.  Closed by output_close, also after a failure. */
int output_open(const PhotoView *v, const char *dir, Output *o, dcn_error *err);
void output_close(Output *o);

/* A node's section begins; after it the results of each method. */
int output_node(Output *o, const NodeView *n, dcn_error *err);
int output_shown(Output *o, const Shown *s, dcn_error *err);

/* visualize.json and index.html.  *root is the former, owned by the caller. */
int output_finish(Output *o, json_t **root, dcn_error *err);

#endif
