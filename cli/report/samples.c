/* samples.c: every reading of the chosen schedule, of the guess, and of the runners-up.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/report/parts.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 6, ROW = 38, FEWEST = 3 };
static const double FAR = 1.08;

typedef struct Strip {
    PlotFrame frame;
    const Section *t;
    int row[ROWS], n; /* records */
    PlotScale x;
    bool beyond; /* some readings lie outside it */
} Strip;

static bool has_samples(const TuneRecord *r)
{
    return record_is_timed(r) && r->nsamples >= FEWEST;
}

static bool is_shown(const Strip *s, int record)
{
    for (int i = 0; i < s->n; i++)
        if (s->row[i] == record)
            return true;
    return false;
}

static void add_row(Strip *s, int record)
{
    if (record >= 0 && s->n < ROWS && has_samples(&s->t->record[record]) && !is_shown(s, record))
        s->row[s->n++] = record;
}

/* The fastest that is not shown yet, or -1. */
static int next_fastest(const Strip *s)
{
    int best = -1;
    for (int i = 0; i < s->t->n; i++) {
        const TuneRecord *r = &s->t->record[i];
        if (r->outcome == TUNE_OK && has_samples(r) && !is_shown(s, i) &&
            (best < 0 || r->ns_median < s->t->record[best].ns_median))
            best = i;
    }
    return best;
}

/* A guess that is far slower would press the others together; the tuning curve shows it. */
static void choose_rows(Strip *s)
{
    const Section *t = s->t;
    add_row(s, t->best);
    for (int next = 0; s->n < ROWS - 1 && next >= 0;) {
        next = next_fastest(s);
        add_row(s, next);
    }
    if (t->guess >= 0 && t->record[t->guess].ns_median < FAR * t->low_ns)
        add_row(s, t->guess);
}

/* A few far-off readings do not press the others together: they lie at the right end. */
static void choose_scale(Strip *s)
{
    double all[ROWS * TUNE_MAX_SAMPLES];
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const TuneRecord *r = &s->t->record[s->row[i]];
        for (int k = 0; k < r->nsamples; k++)
            all[n++] = r->sample[k];
    }
    rt_sort(all, n);
    const double low = all[0], ninth = all[n - 1 - n / 10];
    const double high = fmin(all[n - 1], low + 1.4 * (ninth - low));
    const double margin = fmax(high - low, 1e-3 * low) * 0.04;
    s->x = (PlotScale){ low - margin, high + margin, s->frame.left, s->frame.right, false };
    s->beyond = all[n - 1] > s->x.hi;
}

static void put_readings(const Strip *s, const TuneRecord *r, double y, const char *how)
{
    html_put(s->frame.f, "<g class=\"%s\">\n", how);
    for (int k = 0; k < r->nsamples; k++) {
        const double part = k * 0.6180339887498949;
        html_put(s->frame.f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
                 scale_at(&s->x, r->sample[k]), y + (part - floor(part) - 0.5) * ROW * 0.5);
    }
    fputs("</g>\n", s->frame.f);
}

static void put_row(const Strip *s, int i)
{
    const Section *t = s->t;
    const int at = s->row[i];
    const TuneRecord *r = &t->record[at];
    const double y = s->frame.top + ROW * (i + 0.5), middle = scale_at(&s->x, r->ns_median);
    char text[64];
    snprintf(text, sizeof text, "#%d", at + 1);
    html_put(s->frame.f, "<g data-i=\"%d\">\n", at + 1);
    html_put(s->frame.f, "<rect class=\"hit\" x=\"0\" y=\"%.1f\" width=\"%g\" height=\"%d\"/>\n",
             y - ROW / 2.0, s->frame.width, ROW);
    if (r->ns_low > 0 && r->ns_high > r->ns_low) {
        const double low = scale_at(&s->x, r->ns_low), high = scale_at(&s->x, r->ns_high);
        html_put(s->frame.f,
                 "<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>\n",
                 low, y - 13, fmax(high - low, 1), 26);
    }
    put_readings(s, r, y, at == t->best ? "chosen" : at == t->guess ? "guess" : "ok");
    html_put(s->frame.f,
             "<line class=\"median\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", middle,
             middle, y - 15, y + 15);
    frame_text(&s->frame, 4, y + 4, at == t->best || at == t->guess ? "label" : "note", text);
    frame_text(&s->frame, 50, y + 4, "note",
               at == t->best    ? "in use"
               : at == t->guess ? "guess"
                                : "");
    fputs("</g>\n", s->frame.f);
}

void report_samples(FILE *f, const Section *t)
{
    Strip s = { .t = t };
    const TimeUnit unit = report_unit(t);
    char title[64];
    choose_rows(&s);
    fputs("<figure class=\"wide\"><figcaption><b>Readings</b> Each time of the schedule in use, "
          "the fastest others and the guess</figcaption>\n",
          f);
    if (!s.n) {
        fputs("<p class=\"say\">No candidate has three readings or more.</p>\n</figure>\n", f);
        return;
    }
    s.frame = (PlotFrame){ f, 560, s.n * ROW + 56, 104, 548, 8, s.n * ROW + 8 };
    choose_scale(&s);
    html_put(
        f,
        "<p class=\"legend\"><span><i class=\"k-median\"></i>median</span>"
        "<span><i class=\"k-interval\"></i>its confidence interval</span><span>%s</span></p>\n",
        s.beyond ? "slower readings lie at the right end" : "");
    frame_open(&s.frame, "Every reading of the fastest candidates");
    frame_axis(&s.frame, AXIS_X, &s.x, unit.ns, 64);
    for (int i = 0; i < s.n; i++)
        put_row(&s, i);
    snprintf(title, sizeof title, "%s a call", unit.name);
    frame_text(&s.frame, s.frame.right, s.frame.height - 6, "note end", title);
    frame_close(&s.frame);
    fputs("</figure>\n", f);
}
