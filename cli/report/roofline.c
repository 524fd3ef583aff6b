/* roofline.c: how far the kernel is from what the machine can do.
**
** Across: multiply-adds for each byte of the operands, each counted once, which is the least that
** must move.  Upwards: GFLOP/s.  The flat roof is the multiply-add peak that was measured beside the
** kernel.  Nobody measured a bandwidth, so the sloped lines are guides at round numbers, and called
** that.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/out/labels.h"
#include "cli/report/parts.h"

#include <math.h>

typedef struct Roof {
    PlotFrame frame;
    const Section *t;
    double bytes, peak;
    PlotScale x, y;
    Labels *labels;
} Roof;

static double gflops(const Roof *r, int i)
{
    return r->t->record[i].flops / section_time(r->t, i);
}

/* A line between two points; what lies beyond the scales is moved to their ends. */
static void put_line(const Roof *r, const char *how, const double from[2], const double to[2])
{
    html_put(r->frame.f, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
             how, scale_at(&r->x, from[0]), scale_at(&r->y, from[1]), scale_at(&r->x, to[0]),
             scale_at(&r->y, to[1]));
}

static const double gigabytes[] = { 3, 10, 30, 100 };
enum { NGUIDES = sizeof gigabytes / sizeof *gigabytes };

static void put_guides(const Roof *r)
{
    for (int i = 0; i < NGUIDES; i++) {
        const double g = gigabytes[i], ridge = fmin(r->peak / g, r->x.hi);
        const double start = fmax(r->x.lo, r->y.lo / g);
        if (start >= ridge)
            continue;
        put_line(r, "guide", (double[2]){ start, start * g }, (double[2]){ ridge, ridge * g });
    }
}

/* Where a guide has no room for its name beside the names of points, it has none. */
static void name_guides(const Roof *r)
{
    for (int i = 0; i < NGUIDES; i++) {
        const double g = gigabytes[i], ridge = fmin(r->peak / g, r->x.hi);
        const double start = fmax(r->x.lo, r->y.lo / g), at = sqrt(start * ridge);
        char text[32];
        snprintf(text, sizeof text, "%g GB/s", g);
        if (start < ridge)
            labels_put(r->labels, scale_at(&r->x, at) - 7, scale_at(&r->y, at * g) + 7, "note",
                       text);
    }
}

static void put_peak(const Roof *r)
{
    char text[96];
    put_line(r, "roof", (double[2]){ r->x.lo, r->peak }, (double[2]){ r->x.hi, r->peak });
    snprintf(text, sizeof text, "multiply-add peak %.1f GFLOP/s, measured in the run", r->peak);
    const double x = r->frame.right - 2, y = scale_at(&r->y, r->peak) - 6;
    frame_text(&r->frame, x, y, "note end", text);
    labels_take(r->labels, label_box(x, y, text, true));
}

static void put_mark(const Roof *r, int i, const char *how)
{
    enum { RADIUS = 7 };
    const bool is_guess = i != r->t->best;
    const double x = scale_at(&r->x, r->t->record[i].flops / r->bytes);
    const double y = scale_at(&r->y, gflops(r, i));
    frame_mark(&r->frame, is_guess ? 'd' : 'o', x, y, how, i + 1);
    labels_take(r->labels, (LabelBox){ x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS });
}

static void name_mark(const Roof *r, int i)
{
    char text[96];
    snprintf(text, sizeof text, "%s %.1f GFLOP/s, %.0f%%", i != r->t->best ? "guess" : "in use",
             gflops(r, i), 100 * gflops(r, i) / r->peak);
    labels_put(r->labels, scale_at(&r->x, r->t->record[i].flops / r->bytes),
               scale_at(&r->y, gflops(r, i)), "label", text);
}

static void put_picture(const Roof *r)
{
    frame_open(&r->frame, "Roofline: GFLOP/s against multiply-adds for each byte of the operands");
    frame_axis(&r->frame, AXIS_Y, &r->y, 1, 26);
    frame_axis(&r->frame, AXIS_X, &r->x, 1, 40);
    frame_text(&r->frame, 4, 12, "note", "GFLOP/s");
    frame_text(&r->frame, r->frame.right, r->frame.height - 6, "note end",
               "floating-point operations for each byte of the operands");
    put_guides(r);
    put_peak(r);
    const Section *t = r->t;
    const bool has_guess =
        t->guess >= 0 && t->guess != t->best && record_gflops(&t->record[t->guess]) > 0;
    if (has_guess)
        put_mark(r, t->guess, "guess");
    put_mark(r, t->best, "chosen");
    name_mark(r, t->best);
    if (has_guess)
        name_mark(r, t->guess);
    name_guides(r);
    frame_close(&r->frame);
}

static void put_words(const Roof *r)
{
    const TuneRecord *c = &r->t->record[r->t->best];
    html_put(r->frame.f,
             "<p class=\"say\">Operands are %.3f MB, each counted once; moving them in the time of "
             "a call "
             "takes %.2f GB/s. Bandwidth was not measured: the sloped lines are guides. The probe "
             "of the "
             "peak gave %.1f to %.1f GFLOP/s during the runs.</p>\n",
             r->bytes / 1e6, r->bytes / c->ns_median, r->t->peak_low, r->t->peak_high);
}

/* A kernel of static sizes, timed beside a probe of the peak that nothing disturbed. */
static bool has_roof(const Section *t)
{
    const TuneRecord *c = t->best < 0 ? NULL : &t->record[t->best];
    return c && section_bytes(t) > 0 && record_share(c) > 0 && !record_peak_is_disturbed(c);
}

void report_roofline(FILE *f, const Section *t)
{
    if (!has_roof(t))
        return;
    Roof r = { .frame = { f, 560, 320, 52, 548, 34, 276 }, .t = t, .bytes = section_bytes(t) };
    Labels labels = { .frame = &r.frame };
    const TuneRecord *c = &t->record[t->best];
    const double work = c->flops / r.bytes;
    fputs("<figure class=\"wide\"><figcaption><b>Roofline</b> Share of what the machine can "
          "do</figcaption>\n",
          f);
    r.labels = &labels;
    r.peak = c->peak_gflops;
    r.x = (PlotScale){ fmin(1, work / 4), fmax(1000, work * 4), 52, 548, true };
    r.y = (PlotScale){ fmin(r.peak / 20, record_gflops(c) / 2), r.peak * 2, 276, 34, true };
    put_picture(&r);
    put_words(&r);
    fputs("</figure>\n", f);
}
