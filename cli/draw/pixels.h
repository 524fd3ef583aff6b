/* pixels.h: pictures in memory.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_PIXELS_H
#define DCN_CLI_DRAW_PIXELS_H

#include <stdint.h>

/* rgba[h][w][4], not premultiplied; malloc'ed, freed by whoever owns it. */
typedef struct Pixels {
    int h, w;
    uint8_t *rgba;
} Pixels;

/* rgb[h][w][3], 16 bits each, however many the file had; malloc'ed. */
typedef struct Photo {
    int h, w;
    uint16_t *rgb;
} Photo;

enum { PHOTO_MAX_SIDE = 16384, PHOTO_MAX_PIXELS = 1 << 26 };

#endif
