/* svg.c: a scene as SVG: marks as vectors, photographs inside as PNG.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/photo.h"
#include "cli/draw/scene.h"
#include "cli/out/html.h"
#include "runtime/base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_colour(FILE *f, const char *what, DrawColour c, double alpha)
{
    fprintf(f, " %s=\"#%02x%02x%02x\"", what, (int)lrint(255 * c.r), (int)lrint(255 * c.g),
            (int)lrint(255 * c.b));
    if (alpha < 1)
        fprintf(f, " %s-opacity=\"%.3g\"", what, alpha);
}

static void put_base64(FILE *f, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const unsigned bits =
            (unsigned)p[i] << 16 | (i + 1 < n ? p[i + 1] : 0u) << 8 | (i + 2 < n ? p[i + 2] : 0u);
        fputc(digits[bits >> 18], f);
        fputc(digits[bits >> 12 & 63], f);
        fputc(i + 1 < n ? digits[bits >> 6 & 63] : '=', f);
        fputc(i + 2 < n ? digits[bits & 63] : '=', f);
    }
}

/* ---- marks -------------------------------------------------------------------------- */

static int put_image(FILE *f, const DrawMark *m, dcn_error *err)
{
    void *bytes;
    size_t size;
    if (pixels_encode(&m->image, 1, &bytes, &size, err))
        return -1;
    fprintf(f, "<image x=\"%.6g\" y=\"%.6g\" width=\"%d\" height=\"%d\"", m->x, m->y,
            m->image.w * m->scale, m->image.h * m->scale);
    fputs(" style=\"image-rendering:pixelated\" xlink:href=\"data:image/png;base64,", f);
    put_base64(f, bytes, size);
    fputs("\"/>\n", f);
    free(bytes);
    return 0;
}

static void put_path(FILE *f, const DrawMark *m)
{
    const bool fill = m->kind == MARK_FILL;
    fputs("<path d=\"", f);
    for (int i = 0; i < m->npoints; i++) {
        const bool ends = i + 1 == m->npoints || m->point[i + 1].first;
        fprintf(f, "%c%.6g %.6g%s", m->point[i].first ? 'M' : 'L', m->point[i].x, m->point[i].y,
                fill && ends ? "Z" : "");
    }
    fputc('"', f);
    if (fill) {
        put_colour(f, "fill", m->colour, m->alpha);
        fputs(" fill-rule=\"evenodd\"/>\n", f);
        return;
    }
    put_colour(f, "stroke", m->colour, m->alpha);
    fprintf(f, " stroke-width=\"%.4g\" fill=\"none\"/>\n", m->size);
}

static void put_text(FILE *f, const DrawMark *m)
{
    fprintf(f, "<text x=\"%.6g\" y=\"%.6g\" font-size=\"%.4g\"", m->x, m->y, m->size);
    put_colour(f, "fill", m->colour, m->alpha);
    if (m->bold)
        fputs(" font-weight=\"600\"", f);
    html_put(f, ">%s</text>\n", m->text);
}

static void put_disc(FILE *f, const DrawMark *m)
{
    fprintf(f, "<circle cx=\"%.6g\" cy=\"%.6g\" r=\"%.4g\"", m->x, m->y, m->size);
    put_colour(f, "fill", m->colour, m->alpha);
    fputs("/>\n", f);
}

static int put_mark(FILE *f, const DrawMark *m, dcn_error *err)
{
    if (m->kind == MARK_IMAGE)
        return put_image(f, m, err);
    if (m->kind == MARK_TEXT)
        put_text(f, m);
    else if (m->kind == MARK_DISC)
        put_disc(f, m);
    else
        put_path(f, m);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------ */

static int put_scene(FILE *f, const DrawScene *s, const char *title, dcn_error *err)
{
    fprintf(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
        "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" stroke-linecap=\"round\" "
        "stroke-linejoin=\"round\" font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, "
        "'DejaVu Sans', sans-serif\">\n",
        s->w, s->h, s->w, s->h);
    html_put(f, "<title>%s</title>\n", title);
    fprintf(f, "<rect width=\"%d\" height=\"%d\"", s->w, s->h);
    put_colour(f, "fill", s->paper, 1);
    fputs("/>\n", f);
    int status = 0;
    for (int i = 0; i < s->n && !status; i++)
        status = put_mark(f, &s->mark[i], err);
    fputs("</svg>\n", f);
    return status;
}

int scene_svg(const DrawScene *s, const char *title, void **bytes, size_t *size, dcn_error *err)
{
    char *text = NULL;
    FILE *f = s->failed ? NULL : open_memstream(&text, size);
    int status = f ? put_scene(f, s, title, err) : 0;
    if (!f || (ferror(f) | fclose(f)))
        status = dcn_fail(err, DCN_EENV, "no memory for the picture as SVG");
    if (status) {
        free(text);
        text = NULL;
    }
    *bytes = text;
    return status;
}
