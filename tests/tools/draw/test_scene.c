/* test_scene.c: what a scene says is what pixels show and what its SVG says.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/font.h"
#include "cli/draw/photo.h"
#include "cli/draw/scene.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ramp ------------------------------------------------------------------------ */

/* Steps are even in lightness, and no colour was cut to fit: a cut would show as an uneven step. */
Test(ramp, lightness)
{
    const double first = colour_lightness(ramp_at(0)), last = colour_lightness(ramp_at(1));
    for (int i = 0; i <= 256; i++) {
        const double t = i / 256., expected = first + (last - first) * t;
        cr_expect_float_eq(colour_lightness(ramp_at(t)), expected, 1e-4, "at %g", t);
    }
    cr_expect(last - first > 0.45, "from %g to %g", first, last);
}

Test(ramp, ends)
{
    const DrawColour low = ramp_at(-1), zero = ramp_at(0), none = ramp_at(NAN);
    cr_expect(low.r == zero.r && none.g == zero.g && ramp_at(7).b == ramp_at(1).b);
}

static const DrawLetters small = { 12, { 0, 0, 0 }, false };

/* ---- pixels ---------------------------------------------------------------------------- */

typedef struct Shot {
    Photo photo;
} Shot;

static Shot shoot(DrawScene *s)
{
    Shot shot;
    void *bytes;
    size_t size;
    cr_assert(!scene_png(s, &bytes, &size, NULL) &&
              !photo_parse("own.png", bytes, size, &shot.photo, NULL));
    free(bytes);
    scene_free(s);
    return shot;
}

/* How much of the picture is black, in pixels: of a scene that draws black on white. */
static double ink(const Shot *s)
{
    double sum = 0;
    for (int i = 0; i < s->photo.h * s->photo.w; i++)
        sum += 1 - s->photo.rgb[3 * i] / 65535.;
    return sum;
}

static DrawScene white(int h, int w)
{
    return (DrawScene){ .h = h, .w = w, .paper = colour_white };
}

Test(canvas, areas)
{
    const double pi = acos(-1);
    for (int i = 1; i <= 8; i++) {
        DrawScene disc = white(40, 40), rect = white(40, 40), line = white(40, 60),
                  frame = white(40, 40);
        const double r = 0.5 + 1.7 * i, shift = 0.13 * i,
                     box[] = { 5 + shift, 6 - shift, 2.3 * i, 1.1 * i };
        scene_disc(&disc, 20 + shift, 19.4, r, colour_black, 1);
        scene_rect(&rect, box, 0, colour_black, 1);
        scene_line(&line, (double[]){ 10, 12 + shift, 45, 30 }, 0.4 * i, colour_black, 1);
        scene_rect(&frame, (double[]){ 8, 8, 20, 20 }, 2, colour_black, 0.5);
        Shot shots[] = { shoot(&disc), shoot(&rect), shoot(&line), shoot(&frame) };
        const double width = 0.4 * i, length = hypot(35, 18 - shift);
        const double expected[] = { pi * r * r, 2.3 * i * 1.1 * i,
                                    width * length + pi / 4 * width * width, 80 };
        for (int k = 0; k < 4; k++) {
            cr_expect(fabs(ink(&shots[k]) - expected[k]) < 0.035 * expected[k] + 0.4,
                      "shape %d of size %d: %g, not %g", k, i, ink(&shots[k]), expected[k]);
            free(shots[k].photo.rgb);
        }
    }
}

/* A contour inside another one is a hole. */
Test(canvas, hole)
{
    DrawScene s = white(20, 20);
    const DrawPoint p[] = { { 2, 2, true }, { 18, 2, false }, { 18, 18, false }, { 2, 18, false },
                            { 6, 6, true }, { 6, 14, false }, { 14, 14, false }, { 14, 6, false } };
    scene_path(&s, p, 8, 0, colour_black, 1);
    Shot shot = shoot(&s);
    cr_expect_float_eq(ink(&shot), 16 * 16 - 8 * 8, 0.5);
    cr_expect_eq(shot.photo.rgb[3 * (10 * 20 + 10)], 65535);
    free(shot.photo.rgb);
}

/* Marks beyond the edge are cut, wherever they lie, and what is no number draws nothing. */
Test(canvas, outside)
{
    static const double at[] = { -1e30, -30, -1, 9, 31, 1e30, INFINITY, NAN };
    DrawScene s = white(10, 10);
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 8; k++) {
            scene_disc(&s, at[i], at[k], 3, colour_black, 1);
            scene_line(&s, (double[]){ at[i], at[k], at[k], at[i] }, 1, colour_black, 1);
            scene_rect(&s, (double[]){ at[i], at[k], 5, 5 }, i % 2, colour_black, 1);
            scene_arrow(&s, (double[]){ at[i], at[k], 5, 5 }, 1, colour_black, 1);
            scene_text(&s, at[i], at[k], &small, "x");
        }
    free(shoot(&s).photo.rgb);
}

/* A mark at no place is none: SVG has no word for NaN. */
Test(canvas, nowhere)
{
    static const double at[] = { NAN, INFINITY, -INFINITY };
    DrawScene s = white(10, 10);
    void *bytes = NULL;
    size_t size;
    for (int i = 0; i < 3; i++) {
        scene_disc(&s, 3, at[i], 3, colour_black, 1);
        scene_disc(&s, 3, 3, at[i], colour_black, 1);
        scene_line(&s, (double[]){ 1, 2, 3, at[i] }, 1, colour_black, 1);
        scene_rect(&s, (double[]){ 1, 2, at[i], 5 }, 0, colour_black, 1);
        scene_text(&s, at[i], 1, &small, "x");
    }
    cr_assert(!scene_svg(&s, "none", &bytes, &size, NULL));
    cr_expect(!strstr(bytes, "nan") && !strstr(bytes, "inf"), "%s", (char *)bytes);
    free(bytes);
    scene_free(&s);
}

Test(canvas, image_enlarged)
{
    DrawScene s = white(8, 8);
    Pixels p = { 1, 2, malloc(8) };
    memcpy(p.rgba, (unsigned char[]){ 0, 0, 0, 255, 0, 0, 0, 51 }, 8);
    scene_image(&s, &p, 1, 2, 3);
    Shot shot = shoot(&s);
    cr_expect_float_eq(ink(&shot), 9 + 9 * 0.2, 0.05);
    cr_expect(!shot.photo.rgb[3 * (2 * 8 + 1)] && !shot.photo.rgb[3 * (4 * 8 + 3)] &&
              shot.photo.rgb[0] == 65535);
    free(shot.photo.rgb);
}

/* ---- letters ------------------------------------------------------------------------------ */

typedef struct TextBox {
    double x0, x1, y0, y1;
    int n;
} TextBox;

static void extend(void *self, double x, double y, bool down)
{
    TextBox *b = self;
    (void)down;
    *b = (TextBox){ fmin(b->x0, x), fmax(b->x1, x), fmin(b->y0, y), fmax(b->y1, y), b->n + 1 };
}

/* Every glyph stays in the room that its width says, and between the ascenders and descenders. */
Test(font, glyphs_fit)
{
    for (int c = '!'; c <= '~'; c++) {
        const char text[] = { (char)c, 0 };
        TextBox b = { 1e9, -1e9, 1e9, -1e9, 0 };
        font_draw(text, 0, 0, 10, extend, &b);
        cr_expect(b.n >= 2, "'%c' has no strokes", c);
        cr_expect(b.x0 > -0.7 && b.x1 < font_width(text, 10) + 0.7, "'%c' from %g to %g of %g", c,
                  b.x0, b.x1, font_width(text, 10));
        cr_expect(b.y0 > -8 && b.y1 < 2.5, "'%c' from %g to %g", c, b.y0, b.y1);
    }
}

/* No two characters look the same. */
Test(font, glyphs_differ)
{
    double seen[128][2] = { { 0 } };
    for (int c = '!'; c <= '~'; c++) {
        const char text[] = { (char)c, 0 };
        DrawScene s = white(60, 60);
        scene_text(&s, 6, 44, &(DrawLetters){ 48, colour_black, false }, text);
        Shot shot = shoot(&s);
        double moment = 0;
        for (int i = 0; i < 3600; i++)
            moment += (1 - shot.photo.rgb[3 * i] / 65535.) * (i % 60 + 61.7 * (i / 60));
        seen[c][0] = ink(&shot);
        seen[c][1] = moment;
        free(shot.photo.rgb);
        for (int d = '!'; d < c; d++)
            cr_expect(fabs(seen[c][0] - seen[d][0]) > 0.2 || fabs(seen[c][1] - seen[d][1]) > 20,
                      "%c and %c", c, d);
    }
}

/* Any bytes are text: what the font lacks, and what is no UTF-8, is a box. */
Test(font, any_bytes)
{
    for (int c = 1; c < 256; c++)
        for (int d = 0; d < 256; d += 17) {
            const char text[] = { (char)c, (char)d, 0 };
            TextBox b = { 1e9, -1e9, 1e9, -1e9, 0 };
            font_draw(text, 0, 0, 10, extend, &b);
            cr_expect(b.x1 < 40);
        }
}

/* ---- SVG ------------------------------------------------------------------------------------ */

static int count(const char *text, const char *what)
{
    int n = 0;
    while ((text = strstr(text, what))) {
        n++;
        text++;
    }
    return n;
}

Test(svg, marks)
{
    DrawScene s = white(50, 80);
    Pixels p = { 1, 1, calloc(1, 4) };
    scene_image(&s, &p, 4, 5, 6);
    scene_disc(&s, 10.5, 11.25, 3, colour_point, 0.5);
    scene_line(&s, (double[]){ 1, 2, 3, 4 }, 1.5, colour_black, 1);
    scene_rect(&s, (double[]){ 1, 2, 3, 4 }, 0, colour_white, 1);
    scene_arrow(&s, (double[]){ 1, 2, 31, 42 }, 1, colour_black, 1);
    scene_text(&s, 7, 8, &(DrawLetters){ 12, colour_ink, true }, "a < b & \"c\"\x01");
    void *bytes;
    size_t size;
    cr_assert(!scene_svg(&s, "title of <all>", &bytes, &size, NULL));
    const char *text = bytes;
    cr_expect_eq(strlen(text), size);
    static const struct {
        const char *what;
        int n;
    } expected[] = {
        { "<svg ", 1 },
        { "viewBox=\"0 0 80 50\" width=\"80\" height=\"50\"", 1 },
        { "<title>title of &lt;all&gt;</title>", 1 },
        { "<image x=\"4\" y=\"5\" width=\"6\" height=\"6\"", 1 },
        { "data:image/png;base64,iVBORw0KGgo", 1 },
        { "<circle cx=\"10.5\" cy=\"11.25\" r=\"3\" fill=\"#ed1c24\" fill-opacity=\"0.5\"/>", 1 },
        { "<path d=\"M1 2L3 4\" stroke=\"#000000\" stroke-width=\"1.5\" fill=\"none\"/>", 1 },
        { "<path d=\"M1 2L4 2L4 6L1 6L1 2Z\" fill=\"#ffffff\" fill-rule=\"evenodd\"/>", 1 },
        { "<path ", 4 },
        { ">a &lt; b &amp; &quot;c&quot;&#xfffd;</text>", 1 },
        { "font-weight=\"600\"", 1 },
        { "</svg>\n", 1 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        cr_expect_eq(count(text, expected[i].what), expected[i].n, "%s in\n%s", expected[i].what,
                     text);
    free(bytes);
    scene_free(&s);
}
