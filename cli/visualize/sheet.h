/* sheet.h: a picture over a photograph: the photograph above, title, legend and figures below.
**
**     sheet_open(&sheet, n, picture, BACKDROP_GREY);   the photograph, greyed
**     ... marks, placed by sheet_x and sheet_y ...
**     sheet_close(&sheet, how, key, nkeys, s);         the node's cross, and the text
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_SHEET_H
#define DCN_CLI_VISUALIZE_SHEET_H

#include "cli/visualize/shown.h"

typedef struct Sheet {
    const NodeView *node;
    ShownPicture *picture;
    DrawScene *scene; /* the picture's */
    double left;      /* of the photograph; its top is at 0 */
    double size;      /* of marks: 1 on a picture of 600 pixels, larger on a larger one */
} Sheet;

typedef enum { BACKDROP_GREY, BACKDROP_PLAIN } Backdrop;

void sheet_open(Sheet *t, const NodeView *n, ShownPicture *p, Backdrop backdrop);

/* A place on the photograph, in its pixels with centres at integers, in pixels of the picture. */
double sheet_x(const Sheet *t, double x);
double sheet_y(const Sheet *t, double y);

/* The ramp over the photograph: colour and opacity (v/full)^0.5; what is NaN is left out. */
void sheet_heat(Sheet *t, const double *field, double full);

/* The ramp for marks of strength t, which must be seen even where they are weak. */
DrawColour sheet_mark_colour(double t);

/* What the mask, [h][w] of the photograph's pixels, keeps, with a line around it; the rest is dimmed to that share. */
void sheet_region(Sheet *t, const unsigned char *mask, double dim);

/* A green cross, as at the node. */
void sheet_cross(Sheet *t, double y, double x);

/* y, x of a corner, height, width, in pixels of the photograph. */
void sheet_box(Sheet *t, const double box[4], double line, DrawColour colour, double alpha);

/* What stands below: the picture's title; one line that says how it was made; what its marks mean, the node's last;
** the figures of s. */
typedef enum {
    KEY_RAMP,
    KEY_NODE,
    KEY_POINT,
    KEY_STRENGTH,
    KEY_ARROW,
    KEY_ROI,
    KEY_BIN,
    KEY_REGION
} SheetKeyKind;
typedef struct SheetKey {
    SheetKeyKind kind;
    char words[80];
} SheetKey;
void sheet_close(Sheet *t, const char *how, const SheetKey *key, int nkeys, const Shown *s);

#endif
