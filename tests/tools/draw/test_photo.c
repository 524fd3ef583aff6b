/* test_photo.c: every form of PNG is read as the colours that it shows; what is damaged is one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/photo.h"

#include <criterion/criterion.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Form {
    const char *name;
    int type, depth, interlace;
    unsigned char row[2][16]; /* two rows of two pixels */
    uint16_t rgb[2][2][3];    /* what they show */
} Form;

#define GREY(v)                                                                                    \
    {                                                                                              \
        (v), (v), (v)                                                                              \
    }
#define WIDE(a, b, c)                                                                              \
    {                                                                                              \
        257 * (a), 257 * (b), 257 * (c)                                                            \
    }

static const Form forms[] = {
    { "grey of one bit",
      PNG_COLOR_TYPE_GRAY,
      1,
      PNG_INTERLACE_NONE,
      { { 0x80 }, { 0x40 } },
      { { GREY(65535), GREY(0) }, { GREY(0), GREY(65535) } } },
    { "grey",
      PNG_COLOR_TYPE_GRAY,
      8,
      PNG_INTERLACE_NONE,
      { { 3, 200 }, { 0, 255 } },
      { { WIDE(3, 3, 3), WIDE(200, 200, 200) }, { GREY(0), GREY(65535) } } },
    { "grey of 16 bits",
      PNG_COLOR_TYPE_GRAY,
      16,
      PNG_INTERLACE_NONE,
      { { 0x12, 0x34, 0xff, 0xfe } },
      { { GREY(0x1234), GREY(0xfffe) }, { GREY(0), GREY(0) } } },
    { "grey and alpha",
      PNG_COLOR_TYPE_GRAY_ALPHA,
      8,
      PNG_INTERLACE_NONE,
      { { 0, 255, 0, 0 }, { 0, 51, 9, 255 } },
      { { GREY(0), GREY(65535) }, { GREY(52428), WIDE(9, 9, 9) } } },
    { "colour",
      PNG_COLOR_TYPE_RGB,
      8,
      PNG_INTERLACE_NONE,
      { { 1, 2, 3, 4, 5, 6 }, { 7, 8, 9, 10, 11, 12 } },
      { { WIDE(1, 2, 3), WIDE(4, 5, 6) }, { WIDE(7, 8, 9), WIDE(10, 11, 12) } } },
    { "colour, interlaced",
      PNG_COLOR_TYPE_RGB,
      8,
      PNG_INTERLACE_ADAM7,
      { { 1, 2, 3, 4, 5, 6 }, { 7, 8, 9, 10, 11, 12 } },
      { { WIDE(1, 2, 3), WIDE(4, 5, 6) }, { WIDE(7, 8, 9), WIDE(10, 11, 12) } } },
    { "colour of 16 bits and alpha",
      PNG_COLOR_TYPE_RGB_ALPHA,
      16,
      PNG_INTERLACE_NONE,
      { { 1, 2, 3, 4, 5, 6, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0 } },
      { { { 0x0102, 0x0304, 0x0506 }, GREY(65535) }, { GREY(65535), GREY(65535) } } },
    { "palette of four, one transparent",
      PNG_COLOR_TYPE_PALETTE,
      2,
      PNG_INTERLACE_NONE,
      { { 0x10 }, { 0xb0 } },
      { { WIDE(255, 0, 0), WIDE(0, 255, 0) }, { WIDE(0, 0, 255), GREY(65535) } } },
};
enum { NFORMS = sizeof forms / sizeof *forms };

/* The file of a form; *bytes is freed by the caller. */
static void write_form(const Form *form, char **bytes, size_t *size)
{
    static const png_color colours[] = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 9, 9, 9 } };
    static const png_byte alpha[] = { 255, 255, 255, 0 };
    FILE *f = open_memstream(bytes, size);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, f);
    png_set_IHDR(png, info, 2, 2, form->depth, form->type, form->interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (form->type == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(png, info, colours, 4);
        png_set_tRNS(png, info, alpha, 4, NULL);
    }
    png_write_info(png, info);
    unsigned char rows[2][16];
    memcpy(rows, form->row, sizeof rows);
    png_write_image(png, (png_bytep[]){ rows[0], rows[1] });
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

Test(photo, forms)
{
    for (int i = 0; i < NFORMS; i++) {
        char *bytes;
        size_t size;
        Photo p;
        dcn_error err = { .code = DCN_OK };
        write_form(&forms[i], &bytes, &size);
        cr_assert(!photo_parse("form.png", bytes, size, &p, &err), "%s: %s", forms[i].name,
                  err.text);
        cr_assert(p.h == 2 && p.w == 2);
        for (int k = 0; k < 12; k++)
            cr_expect_eq(p.rgb[k], (&forms[i].rgb[0][0][0])[k], "%s, number %d: %d, not %d",
                         forms[i].name, k, p.rgb[k], (&forms[i].rgb[0][0][0])[k]);
        free(p.rgb);
        free(bytes);
    }
}

static void check_message(const dcn_error *err, const char *what)
{
    cr_expect(err->code == DCN_EUSAGE && !strncmp(err->text, "cut.png: ", 9) &&
                  !strchr(err->text, '\n'),
              "%s: \"%s\"", what, err->text);
}

/* However short a file is cut, its error is one line that names it. */
Test(photo, cut)
{
    for (int i = 0; i < NFORMS; i++) {
        char *bytes;
        size_t size;
        write_form(&forms[i], &bytes, &size);
        for (size_t n = 0; n < size; n++) {
            char *part = malloc(n + 1); /* so that a sanitizer sees what is read beyond */
            memcpy(part, bytes, n);
            Photo p;
            dcn_error err = { .code = DCN_OK };
            cr_expect(photo_parse("cut.png", part, n, &p, &err) == -1 && !p.rgb, "%s, %zu bytes",
                      forms[i].name, n);
            check_message(&err, forms[i].name);
            free(part);
        }
        free(bytes);
    }
}

/* A byte that was changed anywhere is found, but where nothing depends on it. */
Test(photo, damaged)
{
    char *bytes;
    size_t size;
    write_form(&forms[4], &bytes, &size);
    int found = 0;
    for (size_t i = 0; i < size; i++) {
        Photo p;
        dcn_error err = { .code = DCN_OK };
        bytes[i] ^= 0x55;
        if (photo_parse("cut.png", bytes, size, &p, &err)) {
            check_message(&err, "damaged");
            found++;
        }
        free(p.rgb);
        bytes[i] ^= 0x55;
    }
    cr_expect(found > (int)size / 2, "%d of %zu", found, size);
    free(bytes);
}

/* Sizes that nobody draws on are refused before memory is asked for. */
Test(photo, huge)
{
    static const unsigned char head[] = { 0x89, 'P', 'N',  'G',  '\r', '\n', 0x1a, '\n', 0,
                                          0,    0,   13,   'I',  'H',  'D',  'R',  0,    0,
                                          0x40, 0,   0,    0,    0x40, 0,    8,    2,    0,
                                          0,    0,   0x26, 0xaa, 0x87, 0xd3 };
    Photo p;
    dcn_error err = { .code = DCN_OK };
    cr_expect(photo_parse("cut.png", head, sizeof head, &p, &err) == -1 && !p.rgb);
    check_message(&err, "huge");
}

Test(photo, missing)
{
    Photo p;
    dcn_error err = { .code = DCN_OK };
    cr_expect(photo_read("/nowhere/photo.png", &p, &err) == -1 && !p.rgb &&
              strstr(err.text, "photo.png"));
}

/* What is encoded is read again, with its transparency over white. */
Test(photo, round_trip)
{
    unsigned char rgba[] = { 10, 20, 30, 255, 40, 50, 60, 0, 70, 80, 90, 255 };
    const Pixels pixels = { 1, 3, rgba };
    for (int alpha = 0; alpha < 2; alpha++) {
        void *bytes;
        size_t size;
        Photo p;
        cr_assert(!pixels_encode(&pixels, alpha, &bytes, &size, NULL) &&
                  !photo_parse("own.png", bytes, size, &p, NULL));
        const uint16_t expected[] = {
            10, 20, 30, alpha ? 255 : 40, alpha ? 255 : 50, alpha ? 255 : 60, 70, 80, 90
        };
        for (int i = 0; i < 9; i++)
            cr_expect_eq(p.rgb[i], 257 * expected[i]);
        free(p.rgb);
        free(bytes);
    }
}
