/* points.c: every place that a node looks at through a stack of deformable layers, as the papers draw it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"

#include <stdio.h>

enum { DEPTH = 3, SIDE = 5 }; /* layers, and the side of a square, of the papers' own pictures */

static void put_figures(Shown *s, const SupportPoints *p)
{
    const double n = (double)p->n, distinct = (double)p->distinct, outside = (double)p->outside;
    const double depth = p->depth;
    shown_figure(s, "", "layers", &depth, 1, "through %d layer%s", p->depth,
                 p->depth == 1 ? "" : "s");
    shown_figure(s, "", "points", &n, 1, "%lld points", (long long)p->n);
    shown_figure(s, "", "distinct", &distinct, 1, "%lld distinct", (long long)p->distinct);
    shown_figure(s, "", "outside", &outside, 1, "%lld outside of a map on the way",
                 (long long)p->outside);
}

static void draw_points(Sheet *t, const SupportPoints *p)
{
    const double side = SIDE * t->size;
    for (int64_t i = 0; i < p->n; i++) {
        const double x = sheet_x(t, p->at[2 * i + 1]), y = sheet_y(t, p->at[2 * i]);
        scene_rect(t->scene, (double[]){ x - side / 2, y - side / 2, side, side }, 0, colour_point,
                   1);
    }
}

int show_points(NodeView *n, Shown *s, dcn_error *err)
{
    static const SheetKey key = { KEY_POINT, "a sampling point" };
    SupportPoints p = { .n = 0 };
    Sheet sheet;
    if (node_layers(n, s, (LayersWanted){ .gradients = false }, err) ||
        support_points(n->support, &n->layers, DEPTH, &p, err))
        return -1;
    put_figures(s, &p);
    const ShownArray at = { .rank = 2, .dims = { p.n, 2 }, .data = shown_copy(p.at, 2 * p.n) };
    const int status = shown_array(s, n, "", &at, err);
    sheet_open(&sheet, n, shown_picture(s, n, ""), BACKDROP_PLAIN);
    draw_points(&sheet, &p);
    sheet_close(&sheet,
                "Every place that the node looks at through the deformable "
                "layers below it; how much each "
                "matters is not shown here.",
                &key, 1, s);
    support_points_free(&p);
    return status;
}
