/* roofline.c: how far the kernel is from what the machine can do.
**
** Across: multiply-adds for each byte of the operands, each counted once, which is the least that
** must move.  Upwards: GFLOP/s.  The flat roof is the multiply-add peak that was measured beside the
** kernel.  Nobody measured a bandwidth, so the sloped lines are guides at round numbers, and called
** that.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/report/parts.h"

#include <math.h>

typedef struct Roof {
    PlotFrame frame;
    const Section *t;
    double bytes, peak;
    PlotScale x, y;
} Roof;

/* A line between two points; what lies beyond the scales is moved to their ends. */
static void put_line(const Roof *r, const char *how, const double from[2], const double to[2])
{
    html_put(r->frame.f, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
             how, scale_at(&r->x, from[0]), scale_at(&r->y, from[1]), scale_at(&r->x, to[0]),
             scale_at(&r->y, to[1]));
}

static void put_guides(const Roof *r)
{
    static const double gigabytes[] = { 3, 10, 30, 100 };
    for (int i = 0; i < 4; i++) {
        const double g = gigabytes[i], ridge = fmin(r->peak / g, r->x.hi);
        const double start = fmax(r->x.lo, r->y.lo / g);
        if (start >= ridge)
            continue;
        put_line(r, "guide", (double[2]){ start, start * g }, (double[2]){ ridge, ridge * g });
        char text[32];
        snprintf(text, sizeof text, "%g GB/s", g);
        const double at = sqrt(start * ridge);
        frame_text(&r->frame, scale_at(&r->x, at) + 5, scale_at(&r->y, at * g) + 12, "note", text);
    }
}

static void put_peak(const Roof *r)
{
    char text[96];
    put_line(r, "roof", (double[2]){ r->x.lo, r->peak }, (double[2]){ r->x.hi, r->peak });
    snprintf(text, sizeof text, "multiply-add peak %.1f GFLOP/s, measured in the run", r->peak);
    frame_text(&r->frame, r->frame.right - 2, scale_at(&r->y, r->peak) - 6, "note end", text);
}

/* The point of a candidate, with a label beside it, at `top` or lower. */
static void put_point(const Roof *r, int i, const char *how, double top)
{
    const TuneRecord *c = &r->t->record[i];
    const bool is_guess = i != r->t->best;
    const double x = scale_at(&r->x, c->flops / r->bytes), y = scale_at(&r->y, record_gflops(c));
    const double label = fmax(y + 5, top);
    const bool right = x < (r->frame.left + r->frame.right) / 2;
    char text[96];
    snprintf(text, sizeof text, "%s %.1f GFLOP/s, %.0f%%", is_guess ? "guess" : "in use",
             record_gflops(c), 100 * record_share(c));
    frame_mark(&r->frame, is_guess ? 'd' : 'o', x, y, how, i + 1);
    frame_text(&r->frame, right ? x + 12 : x - 12, label, right ? "label" : "label end", text);
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
    const bool has_guess = t->guess >= 0 && t->guess != t->best;
    const double best_at = scale_at(&r->y, record_gflops(&t->record[t->best]));
    if (has_guess && record_share(&t->record[t->guess]) > 0)
        put_point(r, t->guess, "guess", best_at + 21);
    put_point(r, t->best, "chosen", 0);
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

void report_roofline(FILE *f, const Section *t)
{
    const TuneRecord *c = t->best < 0 ? NULL : &t->record[t->best];
    fputs("<figure class=\"wide\"><figcaption><b>Roofline</b> Share of what the machine can "
          "do</figcaption>\n",
          f);
    if (!c || !(section_bytes(t) > 0) || record_share(c) <= 0) {
        fputs("<p class=\"say\">It needs a kernel of static sizes, timed beside the probe of the "
              "multiply-add peak.</p>\n</figure>\n",
              f);
        return;
    }
    Roof r = { .frame = { f, 560, 320, 52, 548, 34, 276 }, .t = t, .bytes = section_bytes(t) };
    const double work = c->flops / r.bytes;
    r.peak = c->peak_gflops;
    r.x = (PlotScale){ fmin(1, work / 4), fmax(1000, work * 4), 52, 548, true };
    r.y = (PlotScale){ fmin(r.peak / 20, record_gflops(c) / 2), r.peak * 2, 276, 34, true };
    put_picture(&r);
    put_words(&r);
    fputs("</figure>\n", f);
}
