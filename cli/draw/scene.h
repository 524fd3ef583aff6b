/* scene.h: a picture as a list of marks, which becomes pixels or an SVG.
**
** What is added later lies above.  Places are in pixels of the picture, (0, 0) its upper left corner.  Without
** memory a mark is left out and the scene remembers; then neither output can be made.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_SCENE_H
#define DCN_CLI_DRAW_SCENE_H

#include "cli/draw/canvas.h"

#include <dcngen/error.h>
#include <stddef.h>

typedef enum { MARK_DISC, MARK_STROKE, MARK_FILL, MARK_TEXT, MARK_IMAGE } MarkKind;

typedef struct DrawMark {
    MarkKind kind;
    DrawColour colour;
    double alpha;
    double x, y;      /* of a disc its centre, of a text where its baseline begins */
    double size;      /* of a disc its radius, of a stroke its width, of a text its em */
    DrawPoint *point; /* of a stroke and a fill */
    int npoints;
    char *text;
    bool bold;
    Pixels image; /* drawn at x, y with pixels of `scale` */
    int scale;
} DrawMark;

typedef struct DrawScene {
    int h, w;
    DrawColour paper;
    int n;
    size_t room;
    DrawMark *mark;
    bool failed; /* there was no memory for a mark */
} DrawScene;

void scene_free(DrawScene *s); /* not the struct */

void scene_disc(DrawScene *s, double x, double y, double radius, DrawColour colour, double alpha);
void scene_line(DrawScene *s, const double from_to[4], double width, DrawColour colour,
                double alpha);
/* x, y of the upper left corner, width, height; a frame of `line` pixels around it, or filled where that is 0. */
void scene_rect(DrawScene *s, const double box[4], double line, DrawColour colour, double alpha);
/* A line with a head at its end, as long as the line at most. */
void scene_arrow(DrawScene *s, const double from_to[4], double width, DrawColour colour,
                 double alpha);
/* Contours, copied: stroked `line` wide, or filled where that is 0. */
void scene_path(DrawScene *s, const DrawPoint *p, int n, double line, DrawColour colour,
                double alpha);
typedef struct DrawLetters {
    double size;
    DrawColour colour;
    bool bold;
} DrawLetters;
void scene_text(DrawScene *s, double x, double y, const DrawLetters *letters, const char *text);
/* Takes image->rgba. */
void scene_image(DrawScene *s, const Pixels *image, double x, double y, int scale);

/* The bytes of a file, malloc'ed. */
int scene_png(const DrawScene *s, void **bytes, size_t *size, dcn_error *err);
/* `title` is what a reader without eyes is told. */
int scene_svg(const DrawScene *s, const char *title, void **bytes, size_t *size, dcn_error *err);

#endif
