/* sheet.c: the photograph under the marks, and what stands below it.
**
** Text is laid out by the widths of our own font, with room for those of browsers, which may be wider.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/sheet.h"
#include "cli/draw/font.h"
#include "runtime/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 14, MIN_WIDTH = 480, LINE_MAX_BYTES = 512 };
static const double TITLE = 15, TEXT = 12.5;
/* DejaVu Sans, the widest that browsers have, against our font. */
static const double WIDER = 1.1, WIDER_BOLD = 1.16;

/* ---- the photograph -------------------------------------------------------------------------- */

/* About half as bright, with a trace of its colours, so that marks stand out and it can still be
** read. */
static void grey_pixel(const uint16_t *rgb, uint8_t *out)
{
    const double grey = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)lrint((0.7 * grey + 0.3 * rgb[c]) * 0.55 / 257);
}

static Pixels make_backdrop(const Photo *p, Backdrop kind)
{
    const size_t n = (size_t)p->h * (size_t)p->w;
    Pixels out = { p->h, p->w, malloc(4 * n) };
    for (size_t i = 0; out.rgba && i < n; i++) {
        if (kind == BACKDROP_GREY)
            grey_pixel(p->rgb + 3 * i, out.rgba + 4 * i);
        else
            for (int c = 0; c < 3; c++)
                out.rgba[4 * i + c] = (uint8_t)(p->rgb[3 * i + c] >> 8);
        out.rgba[4 * i + 3] = 255;
    }
    return out;
}

void sheet_open(Sheet *t, const NodeView *n, ShownPicture *p, Backdrop backdrop)
{
    const Photo *photo = &n->view->backdrop;
    const int width = photo->w < MIN_WIDTH ? MIN_WIDTH : photo->w;
    const double longer = fmax(photo->w, photo->h);
    *t = (Sheet){ n, p, &p->scene, (width - photo->w) / 2, fmax(longer / 600, 1) };
    p->scene = (DrawScene){ .h = photo->h, .w = width, .paper = colour_paper };
    const Pixels image = make_backdrop(photo, backdrop);
    scene_image(t->scene, &image, t->left, 0, 1);
}

double sheet_x(const Sheet *t, double x)
{
    return t->left + (x + 0.5) * t->node->view->scale;
}

double sheet_y(const Sheet *t, double y)
{
    (void)t;
    return (y + 0.5) * t->node->view->scale;
}

void sheet_heat(Sheet *t, const double *field, double full)
{
    const PhotoView *v = t->node->view;
    Pixels heat = { v->h, v->w, malloc(4 * (size_t)v->h * (size_t)v->w) };
    for (int64_t i = 0; heat.rgba && i < (int64_t)v->h * v->w; i++) {
        const double strength = full > 0 ? sqrt(fmin(fmax(field[i] / full, 0), 1)) : 0;
        const DrawColour c = ramp_at(strength);
        const uint8_t rgba[] = { (uint8_t)lrint(255 * c.r), (uint8_t)lrint(255 * c.g),
                                 (uint8_t)lrint(255 * c.b), (uint8_t)lrint(255 * strength) };
        memcpy(heat.rgba + 4 * i, rgba, sizeof rgba);
    }
    scene_image(t->scene, &heat, t->left, 0, v->scale);
}

/* ---- a region ---------------------------------------------------------------------------------- */

static Pixels make_shade(int h, int w, const unsigned char *mask, double dim)
{
    Pixels shade = { h, w, calloc((size_t)h * (size_t)w, 4) };
    for (int64_t i = 0; shade.rgba && i < (int64_t)h * w; i++)
        shade.rgba[4 * i + 3] = mask[i] ? 0 : (uint8_t)lrint(255 * (1 - dim));
    return shade;
}

/* Whether pixel y, x of the mask is kept; there is nothing outside. */
static bool is_kept(const PhotoView *v, const unsigned char *mask, int y, int x)
{
    return y >= 0 && y < v->h && x >= 0 && x < v->w && mask[(size_t)y * (size_t)v->w + (size_t)x];
}

/* Lines between kept pixels and others, along rows (across = 0) or columns, each as long as it goes on. */
static void draw_edges(Sheet *t, const unsigned char *mask, int across)
{
    const PhotoView *v = t->node->view;
    const int lines = across ? v->w : v->h, along = across ? v->h : v->w;
    for (int i = 0; i <= lines; i++)
        for (int k = 0, from = -1; k <= along; k++) {
            const int y = across ? k : i, x = across ? i : k, up = !across, left = across;
            const bool edge =
                k < along && is_kept(v, mask, y, x) != is_kept(v, mask, y - up, x - left);
            if (edge && from < 0)
                from = k;
            if (edge || from < 0)
                continue;
            const double a = from * v->scale, b = k * v->scale, c = i * v->scale;
            const double line[] = { across ? c : a, across ? a : c, across ? c : b,
                                    across ? b : c };
            const double to[] = { t->left + line[0], line[1], t->left + line[2], line[3] };
            scene_line(t->scene, to, 2 * t->size, colour_contour, 1);
            from = -1;
        }
}

void sheet_region(Sheet *t, const unsigned char *mask, double dim)
{
    const PhotoView *v = t->node->view;
    const Pixels shade = make_shade(v->h, v->w, mask, dim);
    scene_image(t->scene, &shade, t->left, 0, v->scale);
    draw_edges(t, mask, 0);
    draw_edges(t, mask, 1);
}

DrawColour sheet_mark_colour(double t)
{
    return ramp_at(0.25 + 0.75 * t);
}

/* ---- marks that the legend shows, too -------------------------------------------------------- */

static void put_cross(DrawScene *s, double x, double y, double arm)
{
    const double across[] = { x - arm, y, x + arm, y }, down[] = { x, y - arm, x, y + arm };
    for (int under = 1; under >= 0; under--) {
        const double width = arm * (under ? 0.62 : 0.32);
        scene_line(s, across, width, under ? colour_black : colour_node, under ? 0.55 : 1);
        scene_line(s, down, width, under ? colour_black : colour_node, under ? 0.55 : 1);
    }
}

void sheet_cross(Sheet *t, double y, double x)
{
    put_cross(t->scene, sheet_x(t, x), sheet_y(t, y), 7 * t->size);
}

void sheet_box(Sheet *t, const double box[4], double line, DrawColour colour, double alpha)
{
    const int scale = t->node->view->scale;
    const double top = sheet_y(t, box[0]), left = sheet_x(t, box[1]);
    scene_rect(t->scene, (double[]){ left, top, box[3] * scale, box[2] * scale }, line, colour,
               alpha);
}

/* ---- text below ------------------------------------------------------------------------------ */

typedef struct SheetPen {
    DrawScene *scene;
    double y, right; /* of the next baseline; where lines end */
} SheetPen;

/* Words until the line is full, then the next line. */
static void put_words(SheetPen *p, const char *text, double size, DrawColour colour, bool bold)
{
    const double wider = bold ? WIDER_BOLD : WIDER;
    const DrawLetters letters = { size, colour, bold };
    char line[LINE_MAX_BYTES] = "", next[LINE_MAX_BYTES];
    while (*text) {
        const int n = (int)strcspn(text, " ");
        rt_text longer = rt_text_in(next, sizeof next);
        rt_text_add(&longer, "%s%s%.*s", line, *line ? " " : "", n, text);
        if (*line && MARGIN + wider * font_width(next, size) > p->right) {
            scene_text(p->scene, MARGIN, p->y, &letters, line);
            p->y += 1.4 * size;
            longer = rt_text_in(next, sizeof next);
            rt_text_add(&longer, "%.*s", n, text);
        }
        memcpy(line, next, sizeof line);
        text += n;
        text += strspn(text, " ");
    }
    scene_text(p->scene, MARGIN, p->y, &letters, line);
    p->y += 1.4 * size;
}

/* Figures, side by side with room between them, as many as fit on a line. */
static void put_figures(SheetPen *p, const Shown *s, const char *part)
{
    double x = MARGIN;
    for (int i = 0; i < s->nfigures; i++) {
        const char *text = s->figure[i].text;
        const double width = WIDER * font_width(text, TEXT);
        if (!*text || (*part && *s->figure[i].of && strcmp(s->figure[i].of, part) != 0))
            continue;
        if (x > MARGIN && x + width > p->right) {
            x = MARGIN;
            p->y += 1.5 * TEXT;
        }
        scene_text(p->scene, x, p->y, &(DrawLetters){ TEXT, colour_ink, false }, text);
        x += width + 22;
    }
    p->y += x > MARGIN ? 1.5 * TEXT : 0;
}

static void put_checks(SheetPen *p, const Shown *s, const char *part)
{
    for (int i = 0; i < s->nchecks; i++) {
        const ShownCheck *c = &s->check[i];
        if (!*part || !*c->of || !strcmp(c->of, part))
            put_words(p, c->text, TEXT, c->passed ? colour_soft : colour_point, false);
    }
}

/* ---- legend ---------------------------------------------------------------------------------- */

enum { RAMP_WIDTH = 132, RAMP_HEIGHT = 12, SWATCH = 22 };

/* Over the grey that the photograph is at its middle, as the heat itself. */
static void put_ramp(DrawScene *s, double x, double y)
{
    Pixels p = { RAMP_HEIGHT, RAMP_WIDTH, malloc(4 * RAMP_HEIGHT * RAMP_WIDTH) };
    for (int i = 0; p.rgba && i < RAMP_HEIGHT * RAMP_WIDTH; i++) {
        const double t = (i % RAMP_WIDTH + 0.5) / RAMP_WIDTH, under = 0.25 * (1 - t);
        const DrawColour c = ramp_at(t);
        const uint8_t rgba[] = { (uint8_t)lrint(255 * (under + t * c.r)),
                                 (uint8_t)lrint(255 * (under + t * c.g)),
                                 (uint8_t)lrint(255 * (under + t * c.b)), 255 };
        memcpy(p.rgba + 4 * i, rgba, sizeof rgba);
    }
    scene_image(s, &p, x, y - 10, 1);
}

static void put_discs(DrawScene *s, double x, double y)
{
    for (int i = 0; i < 5; i++) {
        const double t = (i + 1) / 5.;
        scene_disc(s, x + 6 + 13 * i, y - 4, 5.5 * sqrt(t), sheet_mark_colour(sqrt(t)), 0.9);
    }
}

static void put_node(DrawScene *s, double x, double y)
{
    put_cross(s, x + 10, y - 4, 7);
}

static void put_point(DrawScene *s, double x, double y)
{
    scene_rect(s, (double[]){ x + 8, y - 7, 5, 5 }, 0, colour_point, 1);
}

static void put_arrow(DrawScene *s, double x, double y)
{
    scene_arrow(s, (double[]){ x, y - 1, x + 20, y - 8 }, 1.8, sheet_mark_colour(0.6), 1);
}

static void put_roi(DrawScene *s, double x, double y)
{
    scene_rect(s, (double[]){ x + 3, y - 10, 16, 12 }, 2, colour_roi, 1);
}

/* On the grey of what is dimmed around it. */
static void put_region(DrawScene *s, double x, double y)
{
    scene_rect(s, (double[]){ x, y - 13, 22, 18 }, 0, colour_soft, 1);
    scene_rect(s, (double[]){ x + 4, y - 9, 14, 10 }, 2, colour_contour, 1);
}

static void put_bin(DrawScene *s, double x, double y)
{
    scene_rect(s, (double[]){ x + 3, y - 10, 16, 12 }, 2, colour_point, 1);
}

static const struct {
    double width;
    void (*put)(DrawScene *s, double x, double y);
} keys[] = {
    [KEY_RAMP] = { RAMP_WIDTH, put_ramp }, [KEY_NODE] = { SWATCH, put_node },
    [KEY_POINT] = { SWATCH, put_point },   [KEY_STRENGTH] = { 66, put_discs },
    [KEY_ARROW] = { SWATCH, put_arrow },   [KEY_ROI] = { SWATCH, put_roi },
    [KEY_BIN] = { SWATCH, put_bin },       [KEY_REGION] = { SWATCH, put_region },
};

/* Returns where the next one may stand. */
static double put_key(SheetPen *p, double x, SheetKeyKind kind, const char *words)
{
    const double width = keys[kind].width + 7 + WIDER * font_width(words, TEXT);
    if (x > MARGIN && x + width > p->right) {
        x = MARGIN;
        p->y += 20;
    }
    keys[kind].put(p->scene, x, p->y);
    scene_text(p->scene, x + keys[kind].width + 7, p->y, &(DrawLetters){ TEXT, colour_ink, false },
               words);
    return x + width + 20;
}

/* The last ones are of the node. */
static void put_legend(SheetPen *p, const SheetKey *key, int nkeys, const NodeView *n)
{
    double x = MARGIN;
    for (int i = 0; i < nkeys; i++)
        x = put_key(p, x, key[i].kind, key[i].words);
    if (n->has_roi)
        x = put_key(p, x, KEY_ROI, "the node's region");
    if (n->has_place)
        put_key(p, x, KEY_NODE, "the node");
    p->y += 22;
}

/* Marks that lie beyond the photograph would be seen around it. */
static void cut_to_photo(const Sheet *t)
{
    const double top = t->scene->h, right = t->left + t->node->view->backdrop.w;
    scene_rect(t->scene, (double[]){ 0, top, t->scene->w, 4000 }, 0, colour_paper, 1);
    if (t->left > 0) {
        scene_rect(t->scene, (double[]){ 0, 0, t->left, top }, 0, colour_paper, 1);
        scene_rect(t->scene, (double[]){ right, 0, t->scene->w - right, top }, 0, colour_paper, 1);
    }
}

/* Where the node is: a cross, the region that it is about, or a cross in that. */
static void put_place(Sheet *t)
{
    const NodeView *n = t->node;
    if (n->has_roi)
        sheet_box(t, n->roi, 2.2 * t->size, colour_roi, 1);
    if (n->has_place)
        sheet_cross(t, n->at[0], n->at[1]);
}

void sheet_close(Sheet *t, const char *how, const SheetKey *key, int nkeys, const Shown *s)
{
    SheetPen p = { t->scene, t->scene->h + 26, t->scene->w - MARGIN };
    put_place(t);
    cut_to_photo(t);
    put_words(&p, t->picture->title, TITLE, colour_ink, true);
    put_words(&p, how, TEXT, colour_soft, false);
    p.y += 8;
    put_legend(&p, key, nkeys, t->node);
    p.y += 2;
    put_figures(&p, s, t->picture->part);
    put_checks(&p, s, t->picture->part);
    t->scene->h = (int)p.y;
}
