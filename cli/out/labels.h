/* labels.h: words beside points of a chart that do not lie on each other.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_LABELS_H
#define DCN_CLI_OUT_LABELS_H

#include "cli/out/plot.h"

/* A room that a word or a mark takes, in units of the view box. */
typedef struct LabelBox {
    double left, top, right, bottom;
} LabelBox;

enum { MAX_LABELS = 24 };
typedef struct Labels {
    const PlotFrame *frame;
    LabelBox taken[MAX_LABELS];
    int n;
} Labels;

/* The room of a text that begins at (x, y), or ends there: as wide as such a text can be in the page's font. */
LabelBox label_box(double x, double y, const char *text, bool ends);

/* Nothing is to be written here. */
void labels_take(Labels *l, LabelBox box);

/* Write beside (x, y), to the right of it or the left, at its height or below or above: the first place that is free.
** False, and nothing written, if none is. */
bool labels_put(Labels *l, double x, double y, const char *how, const char *text);

#endif
