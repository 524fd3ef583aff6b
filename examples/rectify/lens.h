/* lens.h: where a lens puts the pixels, as the offsets of a 3x3 deformable convolution.
**
** Brown-Conrady, radial part: what a perfect lens shows at radius u from the centre of the
** picture, this one shows at radius  d = u (1 + k1 u^2 + k2 u^4).  Unit of radius: half the
** diagonal of the picture.  k1 < 0 bends straight lines outwards, like a barrel.
**
** The straightened picture at pixel p is the distorted one at lens(p).  A 3x3 filter of it looks
** at lens(p + t) for nine taps t; a deformable convolution looks at p + t + offset.  So
** offset = lens(p + t) - (p + t).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef LENS_H
#define LENS_H

#include <stdint.h>

static const double lens_k1 = -0.16, lens_k2 = 0.012;

/* weight[3 colours][1][3][3]: sharpens a little, which undoes the blur of the interpolation */
static const float lens_filter[27] = {
    0, -0.1f, 0, -0.1f, 1.4f, -0.1f, 0, -0.1f, 0, /* red */
    0, -0.1f, 0, -0.1f, 1.4f, -0.1f, 0, -0.1f, 0, /* green */
    0, -0.1f, 0, -0.1f, 1.4f, -0.1f, 0, -0.1f, 0, /* blue */
};

/* By how much the distance from the centre (dy, dx), in pixels, is too long or too short. */
static inline double lens_stretch(double dy, double dx, int64_t h, int64_t w)
{
    const double u2 = 4 * (dy * dy + dx * dx) / (double)(h * h + w * w);
    return lens_k1 * u2 + lens_k2 * u2 * u2;
}

/* offset[9 taps][dy, dx][h][w] */
static inline void lens_offsets(int64_t h, int64_t w, float *offset)
{
    for (int64_t tap = 0; tap < 9; tap++) {
        float *oy = offset + 2 * tap * h * w, *ox = oy + h * w;
        for (int64_t i = 0; i < h * w; i++) {
            const double dy = (double)(i / w + tap / 3 - 1) - (double)(h - 1) / 2;
            const double dx = (double)(i % w + tap % 3 - 1) - (double)(w - 1) / 2;
            const double stretch = lens_stretch(dy, dx, h, w);
            oy[i] = (float)(dy * stretch);
            ox[i] = (float)(dx * stretch);
        }
    }
}

#endif
