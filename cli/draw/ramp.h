/* ramp.h: the colours of pictures: one ramp for strengths, and the marks that stand on photographs.
**
** Colours are sRGB, each part from 0 to 1, and blend as browsers blend them, so that a PNG and an SVG of the
** same picture look alike.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_RAMP_H
#define DCN_CLI_DRAW_RAMP_H

typedef struct DrawColour {
    double r, g, b;
} DrawColour;

/* The ramp at t, 0 to 1 (beyond: that of the nearer end): violet, red, orange, yellow, at even steps of lightness.
** Lightness alone tells the order, so the ramp reads the same in grey and to every colour vision. */
DrawColour ramp_at(double t);

/* Perceived lightness, 0 to 1: L of Oklab. */
double colour_lightness(DrawColour c);

/* Colours of the page under and around a photograph, and of its text. */
extern const DrawColour colour_paper, colour_ink, colour_soft, colour_edge;
/* Colours of marks. */
extern const DrawColour colour_node, colour_point, colour_roi, colour_contour, colour_black,
    colour_white;

#endif
