/* offsets.c: how far a deformable layer looks from where a plain one would, as arrows.
**
** An arrow is as long as the offset is on the photograph: it begins at the pixel and ends where its taps look on
** average.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Pixels between two arrows, and of the square in the corner, of a picture of 600 pixels. */
enum { APART = 15, INSET = 124 };

/* The longest mean offset. */
static double longest(const SupportLayer *l, const SupportOffsets *o)
{
    double most = 0;
    for (int64_t i = 0; i < l->p * l->q; i++)
        most = fmax(most, hypot(o->mean[2 * i], o->mean[2 * i + 1]));
    return most;
}

/* Where output pixel y, x of the layer is on the photograph. */
static void pixel_place(const Sheet *t, const SupportLayer *l, int64_t y, int64_t x, double at[2])
{
    const PhotoView *v = t->node->view;
    at[0] = ((double)y + 0.5) * v->h / (double)l->p - 0.5;
    at[1] = ((double)x + 0.5) * v->w / (double)l->q - 0.5;
}

static void draw_arrow(Sheet *t, const SupportLayer *l, const SupportOffsets *o, int64_t y,
                       int64_t x, double most)
{
    const double *d = o->mean + 2 * (y * l->q + x);
    double at[2];
    pixel_place(t, l, y, x, at);
    const double x0 = sheet_x(t, at[1]), y0 = sheet_y(t, at[0]);
    const int scale = t->node->view->scale;
    const double to[] = { x0, y0, x0 + d[1] * l->scale[1] * scale,
                          y0 + d[0] * l->scale[0] * scale };
    const DrawColour colour = sheet_mark_colour(most > 0 ? hypot(d[0], d[1]) / most : 0);
    if (hypot(to[2] - x0, to[3] - y0) < 1.5)
        scene_disc(t->scene, x0, y0, 0.9 * t->size, colour, 1);
    else
        scene_arrow(t->scene, to, 1.5 * t->size, colour, 1);
}

/* Every pixel of the layer, or as many as leave room for each. */
static void draw_arrows(Sheet *t, const SupportLayer *l, const SupportOffsets *o, double most)
{
    const PhotoView *v = t->node->view;
    const double between = (double)v->w * v->scale / (double)l->q;
    const int64_t step = (int64_t)fmax(ceil(APART * t->size / between), 1);
    for (int64_t y = step / 2; y < l->p; y += step)
        for (int64_t x = step / 2; x < l->q; x += step)
            draw_arrow(t, l, o, y, x, most);
}

/* ---- taps, in a corner ------------------------------------------------------------------------------ */

/* Where tap k of a pixel looks without offsets, from the middle of all taps, in pixels of the map. */
static void plain_tap(const SupportLayer *l, int64_t k, double at[2])
{
    for (int d = 0; d < 2; d++) {
        double sum = 0;
        for (int64_t i = 0; i < l->taps; i++)
            sum += l->position[2 * i + d] - l->offset[2 * i + d];
        at[d] = l->position[2 * k + d] - l->offset[2 * k + d] - sum / (double)l->taps;
    }
}

/* What all arrows of the taps lie in: the least and the largest y and x. */
typedef struct TapBox {
    double least[2], most[2];
} TapBox;

static TapBox tap_box(const SupportLayer *l, const SupportOffsets *o)
{
    TapBox b = { { 0, 0 }, { 0, 0 } };
    for (int64_t k = 0; k < l->taps; k++) {
        double at[2];
        plain_tap(l, k, at);
        for (int d = 0; d < 2; d++) {
            const double to = at[d] + o->tap[2 * k + d];
            b.least[d] = fmin(b.least[d], fmin(at[d], to));
            b.most[d] = fmax(b.most[d], fmax(at[d], to));
        }
    }
    return b;
}

/* Each tap from where it is in a plain layer to where it looks on average. */
static void draw_taps(Sheet *t, const SupportLayer *l, const SupportOffsets *o)
{
    const TapBox b = tap_box(l, o);
    const double extent = fmax(b.most[0] - b.least[0], b.most[1] - b.least[1]);
    const double side = INSET * t->size, unit = side / (extent + 1);
    const double left = t->left + t->node->view->backdrop.w - side;
    const double x0 = left + side / 2 - (b.least[1] + b.most[1]) / 2 * unit;
    const double y0 = side / 2 - (b.least[0] + b.most[0]) / 2 * unit;
    scene_rect(t->scene, (double[]){ left, 0, side, side }, 0, colour_black, 0.72);
    for (int64_t k = 0; k < l->taps; k++) {
        double at[2];
        plain_tap(l, k, at);
        const double x = x0 + at[1] * unit, y = y0 + at[0] * unit;
        const double to[] = { x, y, x + o->tap[2 * k + 1] * unit, y + o->tap[2 * k] * unit };
        scene_disc(t->scene, x, y, 2 * t->size, colour_edge, 0.8);
        scene_arrow(t->scene, to, 1.5 * t->size, colour_roi, 1);
    }
}

/* ---- a layer ------------------------------------------------------------------------------------------ */

static void put_figures(Shown *s, const SupportLayer *l, const SupportOffsets *o, double most)
{
    double *tap = o->tap;
    shown_figure(s, l->name, "longest", &most, 1, "%.64s: longest mean offset %.2f px", l->name,
                 most);
    shown_figure(s, l->name, "dilation", &o->dilation_mean, 1,
                 isfinite(o->dilation_mean) ? "effective dilation %.3f"
                                            : "effective dilation: no finite number",
                 o->dilation_mean);
    shown_figure(s, l->name, "dilation_at_node", &o->dilation_at_node, 1,
                 isfinite(o->dilation_at_node) ? "%.3f at the node" : "none at the node",
                 o->dilation_at_node);
    shown_figure(s, l->name, "taps", tap, (int)(2 * l->taps), "%s", "");
}

static int put_arrays(NodeView *n, Shown *s, const SupportLayer *l, const SupportOffsets *o,
                      dcn_error *err)
{
    const int64_t count = l->n * l->p * l->q * l->groups * l->taps;
    const ShownArray mean = { .rank = 3,
                              .dims = { l->p, l->q, 2 },
                              .data = shown_copy(o->mean, 2 * l->p * l->q) };
    const ShownArray all = { .rank = 6,
                             .dims = { l->n, l->p, l->q, l->groups, l->taps, 2 },
                             .data = shown_copy(l->offset, 2 * count) };
    char name[2][NET_NAME_MAX + 16];
    snprintf(name[0], sizeof name[0], "%s.mean", l->name);
    snprintf(name[1], sizeof name[1], "%s.offset", l->name);
    const int failed = shown_array(s, n, name[0], &mean, err);
    return shown_array(s, n, name[1], &all, err) || failed ? -1 : 0;
}

static int show_layer(NodeView *n, Shown *s, const SupportLayer *l, dcn_error *err)
{
    SupportOffsets o = { .mean = NULL };
    SheetKey key = { .kind = KEY_ARROW };
    char how[320];
    Sheet sheet;
    if (support_offsets(n->support, l, &o, err))
        return -1;
    const double most = longest(l, &o);
    put_figures(s, l, &o, most);
    const int status = put_arrays(n, s, l, &o, err);
    snprintf(key.words, sizeof key.words, "mean offset, to %.3g pixels of the layer's map", most);
    snprintf(
        how, sizeof how,
        "Offsets of layer %.128s, the mean over its taps and groups, to the photograph's scale. In "
        "the corner: the mean of each tap over all places.",
        l->name);
    sheet_open(&sheet, n, shown_picture(s, n, l->name), BACKDROP_GREY);
    draw_arrows(&sheet, l, &o, most);
    draw_taps(&sheet, l, &o);
    sheet_close(&sheet, how, &key, 1, s);
    support_offsets_free(&o);
    return status;
}

int show_offsets(NodeView *n, Shown *s, dcn_error *err)
{
    int status = node_layers(n, s, (LayersWanted){ .gradients = false }, err);
    for (int i = 0; i < n->layers.n && !status; i++)
        if (!n->layers.layer[i].regions)
            status = show_layer(n, s, &n->layers.layer[i], err);
    return status;
}
