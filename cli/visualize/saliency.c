/* saliency.c: the smallest region that keeps what a node finds, within a bound.
**
** The mask is written as a picture of black and white, and what is checked is the mask that is read back from it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/photo.h"
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const double DIM = 0.3;
enum { STEPS = 96 }; /* at most so many squares are tried on the way to the whole image */
/* Forwards, within which 99 blocks are dropped by definition, none of them skipped. */
enum { EXACT = 5000 };

/* ---- progress ----------------------------------------------------------------------------------- */

/* False: a signal ends the search. */
static bool show_progress(void *self, const SupportProgress *p)
{
    const NodeView *n = self;
    if (!isatty(STDERR_FILENO))
        return !signal_caught;
    fprintf(stderr, "\r\033[K%s: saliency  %.1f %% of the image within %.4g", n->words,
            100 * p->share, p->error);
    if (p->parts)
        fprintf(stderr, ", %d of %d parts", p->kept, p->parts);
    fprintf(stderr, ", %lld forwards", (long long)p->forwards);
    return !signal_caught;
}

static SupportRegionAsk make_ask(NodeView *n)
{
    const Args *a = n->view->args;
    const int longer = n->view->h > n->view->w ? n->view->h : n->view->w;
    return (SupportRegionAsk){ .epsilon = a->epsilon,
                               .seed = a->seed,
                               .step = (longer + STEPS - 1) / STEPS,
                               .block = a->block,
                               .superpixels = a->superpixels,
                               .lazy = true,
                               .exact = a->block > 0 ? EXACT : 0,
                               .seconds = a->limit,
                               .progress = show_progress,
                               .self = n };
}

/* ---- the mask as a file ----------------------------------------------------------------------------- */

static int encode_mask(const SupportRegion *r, ShownFile *f, dcn_error *err)
{
    Pixels p = { (int)r->h, (int)r->w, malloc(4 * (size_t)(r->h * r->w)) };
    if (!p.rgba)
        return dcn_fail(err, DCN_EENV, "no memory for the mask");
    for (int64_t i = 0; i < 4 * r->h * r->w; i++)
        p.rgba[i] = i % 4 == 3 || r->mask[i / 4] ? 255 : 0;
    *f = (ShownFile){ .ending = ".png" };
    const int status = pixels_encode(&p, 0, &f->bytes, &f->size, err);
    free(p.rgba);
    return status;
}

static int decode_mask(const ShownFile *f, unsigned char **mask, dcn_error *err)
{
    Photo p;
    if (photo_parse("the mask", f->bytes, f->size, &p, err))
        return -1;
    const int64_t n = (int64_t)p.h * p.w;
    *mask = malloc((size_t)n + 1);
    for (int64_t i = 0; *mask && i < n; i++)
        (*mask)[i] = p.rgb[3 * i] > 0;
    free(p.rgb);
    return *mask ? 0 : dcn_fail(err, DCN_EENV, "no memory for the mask");
}

/* ---- figures and checks -------------------------------------------------------------------------------- */

/* Which part went when, and the error of what was left; the first one is the square's. */
static void put_order(Shown *s, const SupportRegion *r)
{
    json_t *removed = json_array(), *errors = json_array();
    for (int i = 0; i < r->nremoved; i++)
        json_array_append_new(removed, json_integer(r->removed[i]));
    for (int i = 0; i <= r->nremoved; i++)
        json_array_append_new(errors, number_json(r->errors[i]));
    shown_list(s, "removed", removed);
    shown_list(s, "errors", errors);
}

static void put_figures(Shown *s, const SupportRegion *r, double epsilon)
{
    const double pixels = (double)(r->h * r->w), share = 100 * (double)r->area / pixels;
    const double square[] = { (double)r->square[0], (double)r->square[1], (double)r->square[2],
                              (double)r->square[3] };
    const double side = (square[1] - square[0] + 1) * (square[3] - square[2] + 1);
    const double parts = r->parts, kept = r->parts - r->nremoved, forwards = (double)r->forwards;
    shown_figure(s, "", "area", &share, 1, "region %.3g %% of the image", share);
    shown_figure(s, "", "error", &r->error, 1, "error %.4g, below %.4g", r->error, epsilon);
    shown_figure(s, "", "square", square, 4, "its square %.3g %%", 100 * side / pixels);
    shown_figure(s, "", "parts", &parts, 1, "%d of %d parts kept", r->parts - r->nremoved,
                 r->parts);
    shown_figure(s, "", "kept", &kept, 1, "%s", "");
    shown_figure(s, "", "forwards", &forwards, 1, "%lld forwards", (long long)r->forwards);
    shown_figure(s, "", "epsilon", &epsilon, 1, "%s",
                 r->minimal      ? ""
                 : signal_caught ? "stopped by a signal"
                                 : "stopped by --time");
}

static int put_check(NodeView *n, Shown *s, const SupportRegion *r, const ShownFile *f,
                     dcn_error *err)
{
    const SupportRegionAsk ask = make_ask(n);
    SupportRegionCheck c;
    unsigned char *mask = NULL;
    if (decode_mask(f, &mask, err) || support_check_region(n->support, &ask, r, mask, &c, err)) {
        free(mask);
        return -1;
    }
    free(mask);
    const bool passed = c.within && (c.minimal || !r->minimal);
    json_t *value = json_pack("{s:o, s:b, s:b, s:i, s:i, s:b}", "error", number_json(c.error),
                              "within", c.within, "minimal", c.minimal, "random", c.trials,
                              "random_failed", c.failed, "passed", passed);
    shown_check(s, "", "mask", passed, value,
                "mask read back: error %.4g, %s; one part less is %s; %d of %d random regions of "
                "its area are not enough",
                c.error, c.within ? "within the bound" : "NOT within the bound",
                c.minimal    ? "never enough"
                : r->minimal ? "ENOUGH"
                             : "perhaps enough",
                c.failed, c.trials);
    return 0;
}

static int put_arrays(NodeView *n, Shown *s, const SupportRegion *r, dcn_error *err)
{
    const int64_t pixels = r->h * r->w;
    ShownArray mask = { .rank = 2,
                        .dims = { r->h, r->w },
                        .data = malloc((size_t)pixels * sizeof(double)) };
    ShownArray part = { .rank = 2,
                        .dims = { r->h, r->w },
                        .data = malloc((size_t)pixels * sizeof(double)) };
    for (int64_t i = 0; i < pixels && mask.data && part.data; i++) {
        mask.data[i] = r->mask[i];
        part.data[i] = r->part[i];
    }
    const int failed = shown_array(s, n, "mask", &mask, err);
    return shown_array(s, n, "part", &part, err) || failed ? -1 : 0;
}

/* ---- the picture --------------------------------------------------------------------------------------- */

static void draw_region(NodeView *n, Shown *s, const SupportRegion *r)
{
    static const SheetKey key = { KEY_REGION, "what is kept" };
    char how[200];
    Sheet t;
    snprintf(how, sizeof how,
             "The part of the image that keeps the direction of the node's channels: 1 - cos < "
             "%.4g with all else zero.",
             n->view->args->epsilon);
    sheet_open(&t, n, shown_picture(s, n, ""), BACKDROP_PLAIN);
    sheet_region(&t, r->mask, DIM);
    sheet_close(&t, how, &key, 1, s);
}

int show_saliency(NodeView *n, Shown *s, dcn_error *err)
{
    const SupportRegionAsk ask = make_ask(n);
    SupportRegion r = { .h = 0 };
    ShownFile f = { .bytes = NULL };
    int status = support_region(n->support, &ask, &r, err);
    if (!status)
        status = put_arrays(n, s, &r, err);
    if (!status)
        status = encode_mask(&r, &f, err);
    if (!status) {
        shown_file(s, n, "mask", &f);
        put_figures(s, &r, ask.epsilon);
        put_order(s, &r);
        status = put_check(n, s, &r, &f, err);
    }
    if (!status)
        draw_region(n, s, &r);
    support_region_free(&r);
    return status;
}
