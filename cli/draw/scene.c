/* scene.c: marks are collected, and become pixels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/scene.h"
#include "cli/draw/font.h"
#include "cli/draw/photo.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- collecting ------------------------------------------------------------------ */

static void free_mark(const DrawMark *m)
{
    free(m->point);
    free(m->text);
    free(m->image.rgba);
}

static bool is_somewhere(const DrawMark *m)
{
    bool is = isfinite(m->x) && isfinite(m->y) && isfinite(m->size);
    for (int i = 0; i < m->npoints; i++)
        is = is && isfinite(m->point[i].x) && isfinite(m->point[i].y);
    return is;
}

/* Takes what m points to. SVG has no word for what is not finite, hence such a mark is left out. */
static void add_mark(DrawScene *s, const DrawMark *m)
{
    if (!is_somewhere(m)) {
        free_mark(m);
        return;
    }
    DrawMark *mark = rt_grow(s->mark, (size_t)s->n + 1, &s->room, sizeof *mark);
    if (mark) {
        s->mark = mark;
        s->mark[s->n++] = *m;
        return;
    }
    s->failed = true;
    free_mark(m);
}

void scene_free(DrawScene *s)
{
    for (int i = 0; i < s->n; i++)
        free_mark(&s->mark[i]);
    free(s->mark);
}

void scene_disc(DrawScene *s, double x, double y, double radius, DrawColour colour, double alpha)
{
    add_mark(
        s,
        &(DrawMark){
            .kind = MARK_DISC, .colour = colour, .alpha = alpha, .x = x, .y = y, .size = radius });
}

void scene_path(DrawScene *s, const DrawPoint *p, int n, double line, DrawColour colour,
                double alpha)
{
    DrawMark m = { .kind = line > 0 ? MARK_STROKE : MARK_FILL,
                   .colour = colour,
                   .alpha = alpha,
                   .size = line,
                   .npoints = n,
                   .point = malloc((size_t)n * sizeof *p + 1) };
    if (!m.point) {
        s->failed = true;
        return;
    }
    memcpy(m.point, p, (size_t)n * sizeof *p);
    add_mark(s, &m);
}

void scene_line(DrawScene *s, const double from_to[4], double width, DrawColour colour,
                double alpha)
{
    const DrawPoint p[] = { { from_to[0], from_to[1], true }, { from_to[2], from_to[3], false } };
    scene_path(s, p, 2, width, colour, alpha);
}

void scene_rect(DrawScene *s, const double box[4], double line, DrawColour colour, double alpha)
{
    const double x = box[0], y = box[1], right = x + box[2], bottom = y + box[3];
    const DrawPoint p[] = { { x, y, true },
                            { right, y, false },
                            { right, bottom, false },
                            { x, bottom, false },
                            { x, y, false } };
    scene_path(s, p, 5, line, colour, alpha);
}

void scene_arrow(DrawScene *s, const double from_to[4], double width, DrawColour colour,
                 double alpha)
{
    const double dx = from_to[2] - from_to[0], dy = from_to[3] - from_to[1], length = hypot(dx, dy);
    if (!(length > 0))
        return;
    const double head = fmin(length, 4.5 * width), ux = dx / length, uy = dy / length;
    const double bx = from_to[2] - head * ux, by = from_to[3] - head * uy, half = 0.42 * head;
    const DrawPoint tip[] = { { from_to[2], from_to[3], true },
                              { bx - half * uy, by + half * ux, false },
                              { bx + half * uy, by - half * ux, false } };
    if (length > head)
        scene_line(s, (double[]){ from_to[0], from_to[1], bx, by }, width, colour, alpha);
    scene_path(s, tip, 3, 0, colour, alpha);
}

void scene_text(DrawScene *s, double x, double y, const DrawLetters *letters, const char *text)
{
    DrawMark m = { .kind = MARK_TEXT,
                   .colour = letters->colour,
                   .alpha = 1,
                   .x = x,
                   .y = y,
                   .size = letters->size,
                   .bold = letters->bold,
                   .text = strdup(text) };
    if (m.text)
        add_mark(s, &m);
    else
        s->failed = true;
}

void scene_image(DrawScene *s, const Pixels *image, double x, double y, int scale)
{
    if (image->rgba)
        add_mark(
            s,
            &(DrawMark){
                .kind = MARK_IMAGE, .alpha = 1, .x = x, .y = y, .image = *image, .scale = scale });
    else
        s->failed = true;
}

/* ---- pixels ------------------------------------------------------------------------ */

/* What a text is as points of its strokes. */
typedef struct TextPoints {
    DrawPoint *at;
    size_t room;
    int n;
    bool failed;
} TextPoints;

static void add_text_point(void *self, double x, double y, bool down)
{
    TextPoints *t = self;
    DrawPoint *at = rt_grow(t->at, (size_t)t->n + 1, &t->room, sizeof *at);
    t->failed |= !at;
    if (!at)
        return;
    t->at = at;
    t->at[t->n++] = (DrawPoint){ x, y, !down };
}

static bool paint_text(Canvas *c, const DrawMark *m)
{
    TextPoints t = { .at = NULL };
    font_draw(m->text, m->x, m->y, m->size, add_text_point, &t);
    canvas_stroke(c, t.at, t.n, font_stroke(m->size) * (m->bold ? 1.45 : 1), m->colour, m->alpha);
    free(t.at);
    return !t.failed;
}

static bool paint_mark(Canvas *c, const DrawMark *m)
{
    switch (m->kind) {
    case MARK_DISC:
        canvas_disc(c, m->x, m->y, m->size, m->colour, m->alpha);
        return true;
    case MARK_STROKE:
        canvas_stroke(c, m->point, m->npoints, m->size, m->colour, m->alpha);
        return true;
    case MARK_FILL:
        canvas_fill(c, m->point, m->npoints, m->colour, m->alpha);
        return true;
    case MARK_IMAGE:
        canvas_image(c, &m->image, m->x, m->y, m->scale);
        return true;
    case MARK_TEXT:
        return paint_text(c, m);
    }
    return false;
}

int scene_png(const DrawScene *s, void **bytes, size_t *size, dcn_error *err)
{
    Canvas c;
    *bytes = NULL;
    bool good = canvas_open(&c, s->h, s->w, s->paper) && !s->failed;
    for (int i = 0; i < s->n && good; i++)
        good = paint_mark(&c, &s->mark[i]);
    Pixels p = { s->h, s->w, good ? canvas_pixels(&c) : NULL };
    canvas_close(&c);
    const int status =
        p.rgba ? pixels_encode(&p, 0, bytes, size, err)
               : dcn_fail(err, DCN_EENV, "no memory for a picture of %d x %d pixels", s->h, s->w);
    free(p.rgba);
    return status;
}
