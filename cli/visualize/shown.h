/* shown.h: what a method found about a node: pictures, arrays, figures and checks.
**
** Figures stand under the picture, in the JSON and on the page, and are made once, here.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_SHOWN_H
#define DCN_CLI_VISUALIZE_SHOWN_H

#include "cli/draw/scene.h"
#include "cli/visualize/view.h"
#include "runtime/base/base.h"
#include "tuner/support/check.h"

#include <jansson.h>

enum {
    SHOWN_PICTURES = 64,
    SHOWN_ARRAYS = 64,
    SHOWN_FIGURES = 96,
    SHOWN_CHECKS = 24,
    SHOWN_FILES = 4,
    SHOWN_NODE = NET_NAME_MAX + 64,             /* a node as text */
    SHOWN_NAME = SHOWN_NODE + NET_NAME_MAX + 64 /* and a method, a layer and a word more */
};

typedef struct ShownPicture {
    char name[SHOWN_NAME];   /* of its files, without directory and ending */
    char part[NET_NAME_MAX]; /* the layer that it shows; "": all of them */
    char title[SHOWN_NAME + 96];
    DrawScene scene;
} ShownPicture;

/* Numbers for an npy file; owned. */
typedef struct ShownArray {
    char name[SHOWN_NAME];
    int rank;
    int64_t dims[6];
    double *data;
} ShownArray;

/* One or several numbers of one name, and how a reader is told. */
typedef struct ShownFigure {
    const char *of, *key; /* of a layer, else ""; borrowed */
    char text[128];
    json_t *value; /* owned; NULL without memory */
} ShownFigure;

/* Whether what a figure says is so. */
typedef struct ShownCheck {
    const char *of, *key; /* as of a figure */
    char text[160];
    bool passed;
    json_t *value; /* owned */
} ShownCheck;

/* A file that is neither picture nor array; owned. */
typedef struct ShownFile {
    char name[SHOWN_NAME];
    const char *ending;
    void *bytes;
    size_t size;
} ShownFile;

/* What the methods share: one node of the network. */
typedef struct NodeView {
    const PhotoView *view;
    char id[SHOWN_NODE];    /* of files: the node in letters, digits, dots and dashes */
    char words[SHOWN_NODE]; /* for readers: "deform3 at (12, 14)" */
    Served served;          /* where another program runs the network */
    SupportAsk ask;
    Support *support;
    SupportNode node; /* with y and x */
    double at[2];     /* the node's place on the photograph: y, x in its pixels */
    bool has_place;   /* it is one of several places, of the photograph or of its region */
    bool has_roi;     /* it is about a region of the photograph: y, x, height, width */
    double roi[4];
    SupportLayers layers; /* with positions, and where a method asked for them, gradients */
    bool has_layers, has_gradients;
} NodeView;

typedef struct Shown {
    const char *method, *title;
    int npictures, narrays, nfigures, nchecks, nfiles;
    ShownPicture picture[SHOWN_PICTURES];
    ShownArray array[SHOWN_ARRAYS];
    ShownFigure figure[SHOWN_FIGURES];
    ShownCheck check[SHOWN_CHECKS];
    ShownFile file[SHOWN_FILES];
} Shown;

void shown_free(Shown *s);

/* One more picture of the node, empty; `part` is what distinguishes it from the method's others, "" the first. */
ShownPicture *shown_picture(Shown *s, const NodeView *n, const char *part);

/* One more array; takes data, which may be NULL without memory. */
int shown_array(Shown *s, const NodeView *n, const char *part, const ShownArray *a, dcn_error *err);

/* One more figure, of a layer or "": a number, or n of them, and its words, which stand below pictures of that
** layer and of all. */
void shown_figure(Shown *s, const char *of, const char *key, const double *value, int n,
                  const char *words, ...) RT_PRINTF(6, 7);

/* A list for the JSON alone; taken. */
void shown_list(Shown *s, const char *key, json_t *list);

/* One more check, of a layer or ""; takes value.  Its words stand below the figures. */
void shown_check(Shown *s, const char *of, const char *key, bool passed, json_t *value,
                 const char *words, ...) RT_PRINTF(6, 7);

/* One more check, that of gradients against small steps; `what` says in the plural what was moved. */
void shown_steps(Shown *s, const char *of, const SupportCheck *c, const char *what);

/* One more file; takes bytes. */
void shown_file(Shown *s, const NodeView *n, const char *part, const ShownFile *f);

/* A copy of n numbers; NULL without memory. */
double *shown_copy(const double *from, int64_t n);

#endif
