/* font.h: letters as strokes, for pictures that are pixels.
**
** Sizes are in pixels of an em: capitals are 0.7, small letters 0.5 of it high.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_FONT_H
#define DCN_CLI_DRAW_FONT_H

#include <stdbool.h>

/* Bytes are UTF-8; a character that the font lacks is drawn as a box. */
double font_width(const char *text, double size);

/* Every point of the pen in its order: `down` whether a line leads to it from the one before. */
typedef void FontPen(void *self, double x, double y, bool down);

/* The text with its baseline at (x, y), y downwards. */
void font_draw(const char *text, double x, double y, double size, FontPen *pen, void *self);

/* The width of a stroke that suits the size. */
double font_stroke(double size);

#endif
