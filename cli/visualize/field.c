/* field.c: the effective receptive field, over the photograph.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Deviation of the noise in further samples, as a share of the range of pixels. */
static const double NOISE = 0.1;
/* The value that is drawn at full strength: all but one in a thousand pixels are below it. */
static const double FULL = 0.999;
enum { DIRECTIONS = 8 }; /* of the check */

/* The value that this share of the n pixels of a photograph is below, or the largest; -1 without memory. */
static double quantile(const double *v, int64_t n, double share)
{
    double *sorted = shown_copy(v, n);
    if (!sorted)
        return -1;
    rt_sort(sorted, (int)n);
    const double at = sorted[(int64_t)(share * (double)(n - 1) + 0.5)], most = sorted[n - 1];
    free(sorted);
    return at > 0 ? at : most;
}

/* ---- samples --------------------------------------------------------------------------------- */

/* Takes image. */
static int add_image(const NodeView *n, double *image, SupportField *f, dcn_error *err)
{
    support_set_image(n->support, image);
    const int status = support_field(n->support, f, err);
    support_set_image(n->support, n->view->input[n->view->image]);
    free(image);
    return status;
}

static int add_noisy(const NodeView *n, int sample, SupportField *f, dcn_error *err)
{
    double *image = view_noisy_image(n->view, NOISE, n->view->args->seed + (uint64_t)sample);
    if (!image)
        return dcn_fail(err, DCN_EENV, "no memory for a copy of the photograph");
    return add_image(n, image, f, err);
}

static int add_other(const NodeView *n, int k, SupportField *f, dcn_error *err)
{
    double *image;
    return view_other_image(n->view, k, &image, err) ? -1 : add_image(n, image, f, err);
}

/* The photograph comes last, so that the gradient is that of itself. */
static int add_samples(const NodeView *n, SupportField *f, dcn_error *err)
{
    int status = 0;
    for (int k = 1; k < n->view->args->image.n && !status; k++)
        status = add_other(n, k, f, err);
    for (int i = 1; i < n->view->args->samples && !status; i++)
        status = add_noisy(n, i, f, err);
    return status ? -1 : support_field(n->support, f, err);
}

static int check(const NodeView *n, Shown *s, const SupportField *f, dcn_error *err)
{
    SupportCheck c;
    if (support_check_field(n->support, f, DIRECTIONS, n->view->args->seed, &c, err))
        return -1;
    shown_steps(s, "", &c, "directions");
    return 0;
}

/* ---- figures --------------------------------------------------------------------------------- */

static void put_figures(Shown *s, const SupportField *f)
{
    const SupportFigures *g = &f->figures;
    const double area[] = { (double)g->area[0], (double)g->area[1], (double)g->area[2] };
    const double side[] = { (double)g->side[0], (double)g->side[1], (double)g->side[2],
                            (double)g->side[3] };
    const double percent = 100. / (double)(f->h * f->w), samples = f->samples;
    shown_figure(s, "", "response", &f->response, 1, "response %.4g", f->response);
    shown_figure(s, "", "total", &g->total, 1, "\xce\xa3|g| %.4g", g->total);
    shown_figure(s, "", "centroid", g->centroid, 2, "centroid (%.1f, %.1f)", g->centroid[0],
                 g->centroid[1]);
    shown_figure(s, "", "sigma", g->sigma, 2, "\u03c3 %.1f \u00d7 %.1f px", g->sigma[0],
                 g->sigma[1]);
    shown_figure(s, "", "area", area, 3, "50, 95, 99 %% of it in %.2g, %.2g, %.2g %% of the image",
                 area[0] * percent, area[1] * percent, area[2] * percent);
    shown_figure(s, "", "square", side, 4,
                 "20, 30, 50, 99 %% in squares of %.0f, %.0f, %.0f, %.0f px", side[0], side[1],
                 side[2], side[3]);
    if (f->samples > 1)
        shown_figure(s, "", "samples", &samples, 1, "mean of %d samples", f->samples);
}

/* How much of it is there because pixels move offsets. */
static int put_split(const NodeView *n, Shown *s, const SupportField *f, dcn_error *err)
{
    SupportSplit split;
    if (support_split(n->support, f, &split, err))
        return -1;
    if (!split.made)
        return 0;
    const double percent = 100 * split.share;
    shown_figure(s, "", "total_held", &split.held, 1, "with offsets held \xce\xa3|g| %.4g",
                 split.held);
    shown_figure(s, "", "through_offsets", &percent, 1, "%.3g %% goes through offsets", percent);
    return 0;
}

static int put_arrays(NodeView *n, Shown *s, const SupportField *f, dcn_error *err)
{
    const int64_t pixels = f->h * f->w;
    const ShownArray gradient = { .rank = 3,
                                  .dims = { f->h, f->w, f->c },
                                  .data = shown_copy(f->gradient, pixels * f->c) };
    const ShownArray magnitude = { .rank = 2,
                                   .dims = { f->h, f->w },
                                   .data = shown_copy(f->magnitude, pixels) };
    const int failed = shown_array(s, n, "gradient", &gradient, err);
    return shown_array(s, n, "", &magnitude, err) || failed ? -1 : 0;
}

/* ---- the picture ----------------------------------------------------------------------------- */

int show_field(NodeView *n, Shown *s, dcn_error *err)
{
    SupportField f = { .h = 0 };
    int status = add_samples(n, &f, err);
    if (!status)
        status = put_arrays(n, s, &f, err);
    if (!status)
        status = check(n, s, &f, err);
    if (!status) {
        put_figures(s, &f);
        status = put_split(n, s, &f, err);
    }
    if (!status) {
        const double full = quantile(f.magnitude, f.h * f.w, FULL);
        SheetKey key = { .kind = KEY_RAMP };
        Sheet sheet;
        snprintf(key.words, sizeof key.words, "|g| from 0 to %.3g, by its root", full);
        sheet_open(&sheet, n, shown_picture(s, n, ""), BACKDROP_GREY);
        sheet_heat(&sheet, f.magnitude, full);
        sheet_close(&sheet,
                    "Gradient of the response by every pixel, |g| summed over its "
                    "channels.",
                    &key, 1, s);
    }
    support_field_free(&f);
    return status;
}
