/* png_io.c: pictures as planes of floats, read from and written to PNG files.
** SPDX-License-Identifier: Apache-2.0
*/
#include "png_io.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void give_up(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

void *new_buffer(int64_t bytes)
{
    void *p = aligned_alloc(64, ((size_t)bytes / 64 + 1) * 64);
    if (!p)
        give_up("out of memory", "a buffer is too large");
    return p;
}

Picture new_picture(int64_t h, int64_t w)
{
    return (Picture){ h, w, new_buffer(3 * h * w * (int64_t)sizeof(float)) };
}

Picture read_picture(const char *path)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    if (!png_image_begin_read_from_file(&image, path))
        give_up(path, image.message);
    image.format = PNG_FORMAT_RGB;
    png_byte *rgb = new_buffer((int64_t)PNG_IMAGE_SIZE(image));
    if (!png_image_finish_read(&image, NULL, rgb, 0, NULL))
        give_up(path, image.message);

    const int64_t h = image.height, w = image.width;
    Picture p = new_picture(h, w);
    for (int64_t i = 0; i < 3 * h * w; i++)
        p.plane[i % 3 * h * w + i / 3] = rgb[i];
    free(rgb);
    return p;
}

static png_byte to_byte(float v)
{
    return (png_byte)(v > 0 ? v < 255 ? v + 0.5f : 255 : 0);
}

void write_picture(const Picture *p, const char *path)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
    image.height = (png_uint_32)p->h;
    image.width = (png_uint_32)p->w;
    png_byte *rgb = new_buffer((int64_t)PNG_IMAGE_SIZE(image));
    for (int64_t i = 0; i < 3 * p->h * p->w; i++)
        rgb[i] = to_byte(p->plane[i % 3 * p->h * p->w + i / 3]);
    if (!png_image_write_to_file(&image, path, 0, rgb, 0, NULL))
        give_up(path, image.message);
    free(rgb);
}
