/* samples.c: what decided: the fastest candidates against the one in use, in turns.
**
** Across: time as a share of that of the one in use.  The readings of a candidate are drawn about its share: how they
** scatter is told by them, where they lie by the ratio, since others were read at another time.
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

/* What a time of candidate i is to the best's, as it was measured in pairs. */
static double share_of(const Section *t, int i, double ns)
{
    return section_time(t, i) / section_time(t, t->best) * ns / t->record[i].ns_median;
}

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
            (best < 0 || section_time(s->t, i) < section_time(s->t, best)))
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
    if (t->guess >= 0 && section_time(t, t->guess) < FAR * t->low_ns)
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
            all[n++] = share_of(s->t, s->row[i], r->sample[k]);
    }
    rt_sort(all, n);
    const double low = all[n / 50], most = all[n - 1 - n / 4];
    const double high = fmin(all[n - 1], low + 2 * (most - low));
    const double margin = fmax(high - low, 1e-3 * low) * 0.04;
    s->x = (PlotScale){ low - margin, high + margin, s->frame.left, s->frame.right, false };
    s->beyond = all[n - 1] > s->x.hi;
}

static void put_readings(const Strip *s, int at, double y, const char *how)
{
    const TuneRecord *r = &s->t->record[at];
    html_put(s->frame.f, "<g class=\"%s\">\n", how);
    for (int k = 0; k < r->nsamples; k++) {
        const double part = k * 0.6180339887498949;
        html_put(s->frame.f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
                 scale_at(&s->x, share_of(s->t, at, r->sample[k])),
                 y + (part - floor(part) - 0.5) * ROW * 0.5);
    }
    fputs("</g>\n", s->frame.f);
}

static void put_row(const Strip *s, int i)
{
    const Section *t = s->t;
    const int at = s->row[i];
    const Share *share = &t->share[at];
    const double y = s->frame.top + ROW * (i + 0.5);
    const double middle = scale_at(&s->x, share_of(t, at, t->record[at].ns_median));
    char text[64];
    snprintf(text, sizeof text, "#%d", at + 1);
    html_put(s->frame.f, "<g data-i=\"%d\">\n", at + 1);
    html_put(s->frame.f, "<rect class=\"hit\" x=\"0\" y=\"%.1f\" width=\"%g\" height=\"%d\"/>\n",
             y - ROW / 2.0, s->frame.width, ROW);
    if (share->low > 0) {
        const double low = scale_at(&s->x, share->low), high = scale_at(&s->x, share->high);
        html_put(s->frame.f,
                 "<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>\n",
                 low, y - 13, fmax(high - low, 1), 26);
    }
    put_readings(s, at, y, at == t->best ? "chosen" : at == t->guess ? "guess" : "ok");
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
    if (t->best < 0 || !record_is_timed(&t->record[t->best]))
        return;
    choose_rows(&s);
    if (!s.n)
        return;
    fputs("<figure class=\"wide\"><figcaption><b>What decided</b> The schedule in use and the "
          "fastest others, by readings in turns</figcaption>\n",
          f);
    s.frame = (PlotFrame){ f, 560, s.n * ROW + 56, 104, 548, 8, s.n * ROW + 8 };
    choose_scale(&s);
    html_put(
        f,
        "<p class=\"legend\"><span><i class=\"k-median\"></i>ratio</span>"
        "<span><i class=\"k-interval\"></i>its confidence interval</span><span>%s</span></p>\n",
        s.beyond ? "slower readings lie at the right end" : "");
    frame_open(&s.frame, "The fastest candidates against the one in use");
    frame_axis(&s.frame, AXIS_X, &s.x, 1, 64);
    for (int i = 0; i < s.n; i++)
        put_row(&s, i);
    frame_text(&s.frame, s.frame.right, s.frame.height - 6, "note end",
               "time as a share of that of the schedule in use");
    frame_close(&s.frame);
    fputs("</figure>\n", f);
}
