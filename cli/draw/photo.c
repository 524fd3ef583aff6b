/* photo.c: PNG files through libpng, which comes back by longjmp when a file is wrong.
**
** What is changed between setjmp and longjmp and looked at afterwards lives in a struct outside of the
** function that jumps.  Whatever a file holds, it is made 16 bits of red, green, blue and alpha: 8 bits v become
** 257 v, so that v/255 and 257 v/65535 are the same number.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/photo.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "runtime/base/grow.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what both directions need ---------------------------------------------- */

typedef struct PngJob {
    const char *name; /* of the file, for messages */
    const unsigned char *from;
    unsigned char *to;
    size_t at, size, room;
    unsigned char *pixels; /* rows of 8 bytes a pixel */
    png_bytep *row;
    int h, w;
    dcn_error *err;
} PngJob;

static _Noreturn void on_error(png_structp png, png_const_charp why)
{
    PngJob *j = png_get_error_ptr(png);
    dcn_fail(j->err, DCN_EUSAGE, "%s: not a PNG file that can be read: %.100s", j->name, why);
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp why)
{
    (void)png, (void)why; /* what libpng only warns of changes no pixel */
}

/* ---- reading ------------------------------------------------------------------ */

static void take_bytes(png_structp png, png_bytep out, size_t n)
{
    PngJob *j = png_get_io_ptr(png);
    if (n > j->size - j->at)
        png_error(png, "it ends too early");
    memcpy(out, j->from + j->at, n);
    j->at += n;
}

/* All forms to 16 bits of red, green, blue and alpha in the machine's byte order. */
static void ask_for_rgba16(png_structp png, png_infop info)
{
    const int type = png_get_color_type(png, info);
    const uint16_t one = 1;
    png_set_expand_16(png);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(png);
    if (!(type & PNG_COLOR_MASK_ALPHA) && !png_get_valid(png, info, PNG_INFO_tRNS))
        png_set_add_alpha(png, 0xffff, PNG_FILLER_AFTER);
    if (*(const unsigned char *)&one)
        png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void make_rows(PngJob *j, png_structp png)
{
    const size_t stride = 8 * (size_t)j->w;
    j->pixels = calloc((size_t)j->h, stride);
    j->row = calloc((size_t)j->h, sizeof *j->row);
    if (!j->pixels || !j->row)
        png_error(png, "no memory for its pixels");
    for (int y = 0; y < j->h; y++)
        j->row[y] = j->pixels + (size_t)y * stride;
}

static void check_size(const PngJob *j, png_structp png)
{
    char why[96];
    if (j->h <= PHOTO_MAX_SIDE && j->w <= PHOTO_MAX_SIDE &&
        (int64_t)j->h * j->w <= PHOTO_MAX_PIXELS)
        return;
    snprintf(why, sizeof why, "it is %d x %d pixels; at most %d a side and %d in all", j->w, j->h,
             PHOTO_MAX_SIDE, PHOTO_MAX_PIXELS);
    png_error(png, why);
}

static int read_pixels(PngJob *j, png_structp png, png_infop info)
{
    if (setjmp(png_jmpbuf(png)))
        return -1;
    /* None here: libpng does not say which one was passed. */
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png, 1 << 22);
    png_set_chunk_cache_max(png, 64);
    png_set_read_fn(png, j, take_bytes);
    png_read_info(png, info);
    j->h = (int)png_get_image_height(png, info);
    j->w = (int)png_get_image_width(png, info);
    check_size(j, png);
    ask_for_rgba16(png, info);
    if (png_get_rowbytes(png, info) != 8 * (size_t)j->w)
        png_error(png, "its rows have an unknown form");
    make_rows(j, png);
    png_read_image(png, j->row);
    png_read_end(png, NULL);
    return 0;
}

/* Over white. */
static int flatten(const PngJob *j, Photo *out)
{
    const int64_t n = (int64_t)j->h * j->w;
    uint16_t *rgb = malloc(3 * (size_t)n * sizeof *rgb);
    *out = (Photo){ j->h, j->w, rgb };
    if (!rgb)
        return dcn_fail(j->err, DCN_EENV, "%s: no memory for its pixels", j->name);
    for (int64_t i = 0; i < n; i++) {
        uint16_t p[4];
        memcpy(p, j->pixels + 8 * i, sizeof p);
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] =
                (uint16_t)(((uint64_t)p[c] * p[3] + 65535u * (uint64_t)(65535 - p[3]) + 32767) /
                           65535);
    }
    return 0;
}

int photo_parse(const char *name, const void *bytes, size_t size, Photo *out, dcn_error *err)
{
    dcn_error mine;
    PngJob j = { .name = name, .from = bytes, .size = size, .err = err ? err : &mine };
    *out = (Photo){ 0, 0, NULL };
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int status = info ? read_pixels(&j, png, info)
                      : dcn_fail(err, DCN_EENV, "%s: no memory to read it", name);
    if (!status)
        status = flatten(&j, out);
    png_destroy_read_struct(&png, &info, NULL);
    free(j.pixels);
    free(j.row);
    return status;
}

int photo_read(const char *path, Photo *out, dcn_error *err)
{
    void *bytes = NULL;
    size_t size;
    *out = (Photo){ 0, 0, NULL };
    if (rt_read_file(path, (size_t)1 << 29, &bytes, &size, err))
        return -1;
    const int status = photo_parse(path, bytes, size, out, err);
    free(bytes);
    return status;
}

/* ---- writing ------------------------------------------------------------------ */

static void add_bytes(png_structp png, png_bytep bytes, size_t n)
{
    PngJob *j = png_get_io_ptr(png);
    unsigned char *to = rt_grow(j->to, j->size + n, &j->room, 1);
    if (!to)
        png_error(png, "no memory");
    j->to = to;
    memcpy(j->to + j->size, bytes, n);
    j->size += n;
}

static void flush_bytes(png_structp png)
{
    (void)png;
}

/* The rows of the file: those of p, or a row at a time without its alpha. */
static int write_pixels(PngJob *j, png_structp png, png_infop info, const Pixels *p, int alpha)
{
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_set_write_fn(png, j, add_bytes, flush_bytes);
    png_set_IHDR(png, info, (png_uint_32)p->w, (png_uint_32)p->h, 8,
                 alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (!alpha)
        png_set_filler(png, 0, PNG_FILLER_AFTER);
    for (int y = 0; y < p->h; y++)
        png_write_row(png, p->rgba + 4 * (size_t)y * (size_t)p->w);
    png_write_end(png, info);
    return 0;
}

int pixels_encode(const Pixels *p, int alpha, void **bytes, size_t *size, dcn_error *err)
{
    dcn_error mine;
    PngJob j = { .name = "picture", .err = &mine };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    const int status = info ? write_pixels(&j, png, info, p, alpha) : -1;
    png_destroy_write_struct(&png, &info);
    if (status) {
        free(j.to);
        j.to = NULL;
        dcn_fail(err, DCN_EENV, "no memory for a PNG of %d x %d pixels", p->h, p->w);
    }
    *bytes = j.to;
    *size = j.size;
    return status;
}
