/* canvas.h: pixels that are painted on, with edges as smooth as their coverage.
**
** Places are in pixels, (0, 0) the upper left corner of the first one.  What is painted covers a pixel by the
** share of its area that it has, and blends with what is there.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_CANVAS_H
#define DCN_CLI_DRAW_CANVAS_H

#include "cli/draw/pixels.h"
#include "cli/draw/ramp.h"

#include <stdbool.h>

typedef struct DrawPoint {
    double x, y;
    bool first; /* of a contour or line */
} DrawPoint;

typedef struct Canvas {
    int h, w;
    float *rgb;   /* [h][w][3] */
    float *cover; /* [h][w]: of the shape that is being painted, 0 between two */
} Canvas;

/* Full of one colour; false without memory.  Close it in either case. */
bool canvas_open(Canvas *c, int h, int w, DrawColour colour);
void canvas_close(Canvas *c);

void canvas_disc(Canvas *c, double x, double y, double radius, DrawColour colour, double alpha);

/* Lines `width` wide with round ends and corners; each pixel is painted once, however often they cross it. */
void canvas_stroke(Canvas *c, const DrawPoint *p, int n, double width, DrawColour colour,
                   double alpha);

/* Closed contours; what lies inside an even number of them is outside. */
void canvas_fill(Canvas *c, const DrawPoint *p, int n, DrawColour colour, double alpha);

/* A picture whose pixels become squares of `scale`. */
void canvas_image(Canvas *c, const Pixels *p, double x, double y, int scale);

/* The picture, opaque, malloc'ed; NULL without memory. */
uint8_t *canvas_pixels(const Canvas *c);

#endif
