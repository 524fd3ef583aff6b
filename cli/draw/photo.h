/* photo.h: PNG files, which nobody has checked, and PNG bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_DRAW_PHOTO_H
#define DCN_CLI_DRAW_PHOTO_H

#include "cli/draw/pixels.h"

#include <dcngen/error.h>
#include <stddef.h>

/* Any PNG: grey, colour or palette, 1 to 16 bits, interlaced or not.  Where it is transparent white shines
** through.  At most PHOTO_MAX_SIDE pixels a side and PHOTO_MAX_PIXELS in all.  A file that is no PNG, or is
** cut or damaged, is a DCN_EUSAGE error that begins with its name.  out->rgb is the caller's to free. */
int photo_read(const char *path, Photo *out, dcn_error *err);

/* Reads the bytes of such a file, which messages call `name`. */
int photo_parse(const char *name, const void *bytes, size_t size, Photo *out, dcn_error *err);

/* The bytes of a file, malloc'ed: of colour, or with `alpha` also transparency, 8 bits each. */
int pixels_encode(const Pixels *p, int alpha, void **bytes, size_t *size, dcn_error *err);

#endif
