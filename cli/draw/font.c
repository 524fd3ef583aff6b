/* font.c: a font of strokes.
**
** A glyph is drawn in units of a tenth of an em, y upwards from the baseline: capitals are 7 high, small letters
** 5, descenders reach -2.  Its program is a row of commands:
**
**     m x y                  the pen is put down there
**     l x y [x y ...]        lines
**     a cx cy rx ry from to  an arc of an ellipse, degrees counterclockwise, joined to what was before
**     o cx cy rx ry          a whole ellipse
**     : x y                  a dot
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Glyph {
    unsigned code;
    double width;
    const char *program;
} Glyph;

/* In the order of their codes. */
static const Glyph glyphs[] = {
    { ' ', 1.6, "" },
    { '!', 0.4, "m.2 7l.2 2.3:.2 .1" },
    { '"', 1.8, "m.2 7l.2 5m1.6 7l1.6 5" },
    { '#', 5, "m1.2 0l2 7m3 0l3.8 7m0 2.3l4.7 2.3m.3 4.7l5 4.7" },
    { '$', 4.4, "m4.1 5.3a2.2 5.1 1.9 1.5 20 270a2.2 1.9 2 1.7 90 -160m2.2 7.7l2.2 -.8" },
    { '%', 6.6, "o1.4 5.4 1.4 1.6o5.2 1.6 1.4 1.6m5.4 7l1.2 0" },
    { '&', 5.4, "m5.3 0l1.4 4.7a2.4 5.6 1.3 1.4 220 -60l.9 3.3a2.1 1.9 2.1 1.9 140 300l4.8 3" },
    { '\'', .4, "m.2 7l.2 5" },
    { '(', 1.8, "m1.8 7.6a3.4 3 3.4 4.6 118 242" },
    { ')', 1.8, "m0 7.6a-1.6 3 3.4 4.6 62 -62" },
    { '*', 3.2, "m1.6 7l1.6 3.8m.2 6.2l3 4.6m3 6.2l.2 4.6" },
    { '+', 4.4, "m2.2 5.1l2.2 .7m0 2.9l4.4 2.9" },
    { ',', .6, "m.4 .5l.4 0 0 -1.4" },
    { '-', 2.2, "m0 2.7l2.2 2.7" },
    { '.', .4, ":.2 .1" },
    { '/', 3, "m0 -1l3 7.6" },
    { '0', 4.4, "o2.2 3.5 2.2 3.5" },
    { '1', 4.4, "m.7 5.4l2.5 7 2.5 0m.7 0l4.2 0" },
    { '2', 4.4, "m.2 5.3a2.2 5 2 2 170 -35l.1 0 4.4 0" },
    { '3', 4.4, "m.4 5.9a2.1 5.3 1.9 1.7 150 -90l1.6 3.6m2.1 3.6a2.1 1.8 2.2 1.8 90 -155" },
    { '4', 4.4, "m3.4 0l3.4 7 0 2 4.5 2" },
    { '5', 4.4, "m4 7l.9 7 .6 3.8a2.1 2.3 2.2 2.3 128 -150" },
    { '6', 4.4, "m3.7 6.5a2.3 3.5 2.3 3.5 62 180m0 2.2a2.2 2.2 2.2 2.2 180 -180" },
    { '7', 4.4, "m.1 7l4.3 7 1.5 0" },
    { '8', 4.4, "o2.2 5.3 1.9 1.7o2.2 1.8 2.2 1.8" },
    { '9', 4.4, "m.7 .5a2.1 3.5 2.3 3.5 242 360m4.4 4.8a2.2 4.8 2.2 2.2 0 360" },
    { ':', .4, ":.2 4.6:.2 .1" },
    { ';', .6, ":.4 4.6m.4 .5l.4 0 0 -1.4" },
    { '<', 4, "m4 5.2l0 2.9 4 .6" },
    { '=', 4.2, "m0 3.9l4.2 3.9m0 1.9l4.2 1.9" },
    { '>', 4, "m0 5.2l4 2.9 0 .6" },
    { '?', 3.4, "m0 5.5a1.7 5.4 1.7 1.6 170 -50l1.7 3 1.7 2.1:1.7 .1" },
    { '@', 7, "m5 4.6l5 2.4a5.9 2.4 .9 .9 180 360a3.5 3 3.4 3.8 0 310o3.4 3.1 1.6 1.6" },
    { 'A', 5.2, "m0 0l2.6 7 5.2 0m.9 2.4l4.3 2.4" },
    { 'B', 4.4,
      "m0 0l0 7 2.2 7a2.2 5.3 1.7 1.7 90 -90l0 3.6m2.2 3.6l2.5 3.6a2.5 1.8 1.9 1.8 90 -90l0 0" },
    { 'C', 5, "m4.9 5.6a2.8 3.5 2.8 3.5 42 318" },
    { 'D', 5, "m0 0l0 7 1.9 7a1.9 3.5 3 3.5 90 -90l0 0" },
    { 'E', 4, "m4 7l0 7 0 0 4 0m0 3.6l3.4 3.6" },
    { 'F', 3.9, "m3.9 7l0 7 0 0m0 3.5l3.3 3.5" },
    { 'G', 5.2, "m4.9 5.8a2.8 3.5 2.8 3.5 45 320l5.2 1.2 5.2 3.2 3.1 3.2" },
    { 'H', 4.8, "m0 0l0 7m4.8 0l4.8 7m0 3.6l4.8 3.6" },
    { 'I', .4, "m.2 0l.2 7" },
    { 'J', 3, "m2.9 7l2.9 1.7a1.4 1.7 1.5 1.7 0 -160" },
    { 'K', 4.6, "m0 0l0 7m4.4 7l0 2.6m1.6 4.2l4.6 0" },
    { 'L', 3.8, "m0 7l0 0 3.8 0" },
    { 'M', 5.8, "m0 0l0 7 2.9 2 5.8 7 5.8 0" },
    { 'N', 4.8, "m0 0l0 7 4.8 0 4.8 7" },
    { 'O', 5.8, "o2.9 3.5 2.9 3.5" },
    { 'P', 4.2, "m0 0l0 7 2.3 7a2.3 5 1.9 2 90 -90l0 3" },
    { 'Q', 5.8, "o2.9 3.5 2.9 3.5m3.5 1.7l5.7 -.5" },
    { 'R', 4.5, "m0 0l0 7 2.3 7a2.3 5.1 1.9 1.9 90 -90l0 3.2m2.4 3.2l4.5 0" },
    { 'S', 4.4, "m4 5.7a2.2 5.3 1.9 1.7 25 270a2.2 1.8 2.1 1.8 90 -160" },
    { 'T', 4.8, "m0 7l4.8 7m2.4 7l2.4 0" },
    { 'U', 4.8, "m0 7l0 2.4a2.4 2.4 2.4 2.4 180 360l4.8 7" },
    { 'V', 5, "m0 7l2.5 0 5 7" },
    { 'W', 7.2, "m0 7l1.8 0 3.6 6.6 5.4 0 7.2 7" },
    { 'X', 4.8, "m.1 7l4.7 0m4.7 7l.1 0" },
    { 'Y', 4.8, "m0 7l2.4 3.3 4.8 7m2.4 3.3l2.4 0" },
    { 'Z', 4.6, "m.2 7l4.5 7 .1 0 4.6 0" },
    { '[', 1.6, "m1.6 7.4l.2 7.4.2 -1.4 1.6 -1.4" },
    { '\\', 3, "m0 6.6l3 -1" },
    { ']', 1.6, "m0 7.4l1.4 7.4 1.4 -1.4 0 -1.4" },
    { '^', 3.4, "m0 4.4l1.7 7 3.4 4.4" },
    { '_', 4.2, "m0 -1l4.2 -1" },
    { '`', 1.2, "m0 7l1.2 5.8" },
    { 'a', 3.8, "m.3 4.2a1.9 3.3 1.9 1.7 150 0l3.8 0m3.8 2.4a1.9 1.45 1.9 1.45 45 315" },
    { 'b', 4.2, "m0 7l0 0m0 2.5a2.1 2.5 2.1 2.5 180 -180" },
    { 'c', 3.6, "m3.5 4.1a2.1 2.5 2.1 2.5 45 315" },
    { 'd', 4.2, "m4.2 7l4.2 0m4.2 2.5a2.1 2.5 2.1 2.5 0 360" },
    { 'e', 4.1, "m0 2.6l4.1 2.6a2.05 2.5 2.05 2.5 3 318" },
    { 'f', 2.6, "m2.7 6.9a2.3 5.6 1.4 1.4 75 180l.9 0m0 4.8l2.4 4.8" },
    { 'g', 4.2, "m4.2 5l4.2 0a2.1 -.2 2.1 1.9 0 -150m4.2 2.5a2.1 2.5 2.1 2.5 0 360" },
    { 'h', 3.8, "m0 7l0 0m0 3a1.9 3.1 1.9 1.9 180 0l3.8 0" },
    { 'i', .4, "m.2 5l.2 0:.2 6.9" },
    { 'j', 1.2, "m1 5l1 -.8a-.3 -.8 1.3 1.3 0 -80:1 6.9" },
    { 'k', 3.6, "m0 7l0 0m3.4 5l0 1.8m1.3 3l3.6 0" },
    { 'l', 1.1, "m.2 7l.2 1.1a1.3 1.1 1.1 1.1 180 265" },
    { 'm', 6.4, "m0 5l0 0m0 3.3a1.6 3.4 1.6 1.6 180 0l3.2 0m3.2 3.3a4.8 3.4 1.6 1.6 180 0l6.4 0" },
    { 'n', 3.8, "m0 5l0 0m0 3a1.9 3.1 1.9 1.9 180 0l3.8 0" },
    { 'o', 4.2, "o2.1 2.5 2.1 2.5" },
    { 'p', 4.2, "m0 5l0 -2m0 2.5a2.1 2.5 2.1 2.5 180 -180" },
    { 'q', 4.2, "m4.2 5l4.2 -2m4.2 2.5a2.1 2.5 2.1 2.5 0 360" },
    { 'r', 2.4, "m0 5l0 0m0 3a2 3 2 2 180 72" },
    { 's', 3.4, "m3.1 4.2a1.7 3.75 1.5 1.25 30 270a1.7 1.25 1.6 1.25 90 -155" },
    { 't', 2.4, "m.9 6.6l.9 1.3a2.2 1.3 1.3 1.3 180 290m0 4.8l2.3 4.8" },
    { 'u', 3.8, "m0 5l0 1.9a1.9 1.9 1.9 1.9 180 360m3.8 5l3.8 0" },
    { 'v', 4, "m0 5l2 0 4 5" },
    { 'w', 5.8, "m0 5l1.5 0 2.9 4.6 4.3 0 5.8 5" },
    { 'x', 3.8, "m0 5l3.8 0m3.8 5l0 0" },
    { 'y', 4, "m0 5l2.05 .1m4 5l1.8 -.7a.5 -.5 1.4 1.5 -10 -90" },
    { 'z', 3.5, "m.1 5l3.4 5 .1 0 3.5 0" },
    { '{', 2, "m2 7.6l1.1 7 1.1 4 0 3 1.1 2 1.1 -1 2 -1.6" },
    { '|', .4, "m.2 7.6l.2 -1.6" },
    { '}', 2, "m0 7.6l.9 7 .9 4 2 3 .9 2 .9 -1 0 -1.6" },
    { '~', 4.2, "m0 2.4a1.05 2.5 1.05 .9 180 0a3.15 2.9 1.05 .9 180 360" },
    { 0xb0, 2, "o1 6 1 1" },                                       /* degree */
    { 0xb1, 4.4, "m2.2 5.7l2.2 1.9m.3 3.8l4.1 3.8m.3 .3l4.1 .3" }, /* plus-minus */
    { 0xb2, 2.2, "m.1 6.3a1.1 6.1 1 .9 170 -40l.1 3.6 2.2 3.6" },  /* squared */
    { 0xb7, .6, ":.3 2.7" },                                       /* middle dot */
    { 0xd7, 3.4, "m0 4.5l3.4 1.1m3.4 4.5l0 1.1" },                 /* times */
    { 0x3a3, 4.4, "m4.3 7l.2 7 2.6 3.6 0 0 4.4 0" },               /* Sigma */
    { 0x3b5, 3.2,
      "m3.1 4.3a1.7 3.75 1.4 1.25 30 270l2.4 2.5m1.7 2.5a1.7 1.25 1.6 1.25 90 325" }, /* epsilon */
    { 0x3c3, 4.4, "m4.5 5l2.1 5a2.1 2.5 2.1 2.5 90 450" },                            /* sigma */
    { 0x2013, 4, "m0 2.7l4 2.7" },                                                    /* en dash */
    { 0x2192, 5.4, "m0 2.8l5.2 2.8m3.4 4.6l5.3 2.8 3.4 1" },                          /* arrow */
    { 0x2264, 4, "m4 6.2l0 4 4 1.8m0 .2l4 .2" },                                      /* at most */
    { 0x2265, 4, "m0 6.2l4 4 0 1.8m0 .2l4 .2" },                                      /* at least */
};
enum { NGLYPHS = sizeof glyphs / sizeof *glyphs };

static const Glyph unknown = { 0, 4, "m0 0l4 0 4 7 0 7 0 0" };
static const double GAP = 1.9; /* between two glyphs, in units */

/* ---- characters ----------------------------------------------------------------- */

/* The next character of UTF-8; a byte that begins none stands for itself. */
static unsigned next_code(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    const int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc2 ? 1 : 0;
    unsigned code = more ? *p & (0x3fu >> more) : *p;
    int i = 1;
    while (i <= more && p[i] >> 6 == 2)
        code = code << 6 | (p[i++] & 0x3fu);
    *text += i;
    return code;
}

static const Glyph *find_glyph(unsigned code)
{
    for (int i = 0; i < NGLYPHS; i++)
        if (glyphs[i].code == code)
            return &glyphs[i];
    return &unknown;
}

double font_width(const char *text, double size)
{
    double units = 0;
    while (*text)
        units += find_glyph(next_code(&text))->width + GAP;
    return units > 0 ? (units - GAP) * size / 10 : 0;
}

double font_stroke(double size)
{
    return 0.1 * size;
}

/* ---- programs ------------------------------------------------------------------- */

typedef struct GlyphPen {
    FontPen *pen;
    void *self;
    double x, y, unit;
    bool down; /* whether the next point is joined to the last one */
} GlyphPen;

static void glyph_point(GlyphPen *g, double x, double y)
{
    g->pen(g->self, g->x + x * g->unit, g->y - y * g->unit, g->down);
    g->down = true;
}

/* v: centre, radii, degrees. */
static void glyph_arc(GlyphPen *g, const double v[6])
{
    const double degree = acos(-1) / 180;
    const int n = (int)(fabs(v[5] - v[4]) / 12) + 2;
    for (int i = 0; i <= n; i++) {
        const double at = (v[4] + (v[5] - v[4]) * i / n) * degree;
        glyph_point(g, v[0] + v[2] * cos(at), v[1] + v[3] * sin(at));
    }
}

static const char *take_numbers(const char *at, double *v, int n)
{
    for (int i = 0; i < n; i++) {
        char *end;
        v[i] = strtod(at, &end);
        at = end;
    }
    return at;
}

static const char *glyph_command(GlyphPen *g, char command, const char *at)
{
    double v[6] = { 0, 0, 0, 0, 0, 360 };
    at = take_numbers(at, v, command == 'a' ? 6 : command == 'o' ? 4 : 2);
    if (command != 'l' && command != 'a')
        g->down = false;
    if (command == 'a' || command == 'o')
        glyph_arc(g, v);
    else
        glyph_point(g, v[0], v[1]);
    if (command == ':')
        glyph_point(g, v[0], v[1]);
    return at;
}

static void draw_glyph(GlyphPen *g, const char *program)
{
    char command = 0;
    const char *at = program;
    while (*at) {
        if (strchr("mlao:", *at))
            command = *at++;
        else if (*at == ' ')
            at++;
        at = glyph_command(g, command, at);
    }
}

void font_draw(const char *text, double x, double y, double size, FontPen *pen, void *self)
{
    GlyphPen g = { .pen = pen, .self = self, .x = x, .y = y, .unit = size / 10 };
    while (*text) {
        const Glyph *glyph = find_glyph(next_code(&text));
        g.down = false;
        draw_glyph(&g, glyph->program);
        g.x += (glyph->width + GAP) * g.unit;
    }
}
