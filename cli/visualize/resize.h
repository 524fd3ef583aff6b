/* resize.h: a photograph brought to the size that a network takes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_RESIZE_H
#define DCN_CLI_VISUALIZE_RESIZE_H

#include "cli/draw/pixels.h"

#include <dcngen/error.h>

/* A part of a photograph, in its pixels. */
typedef struct PhotoPart {
    double y, x, h, w;
} PhotoPart;

/* That part as h x w pixels: each the mean of what it covers, or between the nearest four where it covers less
** than one.  A part that is exactly h x w pixels is copied.  out->rgb is the caller's to free. */
int photo_resize(const Photo *p, PhotoPart part, int h, int w, Photo *out, dcn_error *err);

#endif
