/* ramp.c: one perceptual ramp, in Oklab.
**
**     L = 0.42 + 0.5 t     h = 305 + 160 t degrees     C = 0.149 + 0.06 (1 - t)^2
**
** Oklab (Bjorn Ottosson, 2020) is a linear map of the cube roots of cone responses; equal steps of L are equal
** steps of perceived lightness.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/ramp.h"

#include <math.h>

const DrawColour colour_paper = { 0.988, 0.988, 0.984 }, colour_ink = { 0.043, 0.043, 0.043 },
                 colour_soft = { 0.322, 0.318, 0.306 }, colour_edge = { 0.765, 0.761, 0.718 };
const DrawColour colour_node = { 0.16, 0.90, 0.36 }, colour_point = { 0.93, 0.11, 0.14 },
                 colour_roi = { 1.00, 0.86, 0.10 }, colour_contour = { 1, 1, 1 },
                 colour_black = { 0, 0, 0 }, colour_white = { 1, 1, 1 };

static double between(double x, double lo, double hi)
{
    return x > lo ? x < hi ? x : hi : lo; /* lo for NaN */
}

/* ---- sRGB and Oklab ---------------------------------------------------------- */

static double to_srgb(double linear)
{
    const double x = between(linear, 0, 1);
    return x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055;
}

static double from_srgb(double x)
{
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

static DrawColour from_oklab(double lightness, double a, double b)
{
    const double l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return (DrawColour){ to_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
                         to_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
                         to_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s) };
}

double colour_lightness(DrawColour c)
{
    const double r = from_srgb(c.r), g = from_srgb(c.g), b = from_srgb(c.b);
    const double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
}

/* ---- the ramp ------------------------------------------------------------------ */

/* C stays below what sRGB can show at every t: least room is near t = 0.8, where 0.152 can be shown. */
DrawColour ramp_at(double t)
{
    const double at = between(t, 0, 1), degree = acos(-1) / 180;
    const double hue = (305 + 160 * at) * degree, chroma = 0.149 + 0.06 * (1 - at) * (1 - at);
    return from_oklab(0.42 + 0.50 * at, chroma * cos(hue), chroma * sin(hue));
}
