/* curve.c: the tuning curve: the time of each candidate and the best so far.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/report/parts.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <stdlib.h>

/* The scale ends above this share of the candidates, between so many times the best: how much
** slower the rest is does not matter. */
static const double SHARE = 0.95, MIN_TIMES = 1.3, MAX_TIMES = 4;

TimeUnit report_unit(const Section *t)
{
    return unit_of(t->low_ns);
}

/* The time below which SHARE of the candidates lie; the longest one without memory. */
static double time_of_share(const Section *t)
{
    int n = 0;
    double *ns = calloc((size_t)t->timed + 1, sizeof *ns), below = t->high_ns;
    for (int i = 0; ns && i < t->n; i++)
        if (record_is_timed(&t->record[i]))
            ns[n++] = section_time(t, i);
    if (n) {
        rt_sort(ns, n);
        below = ns[(int)(SHARE * (n - 1))];
    }
    free(ns);
    return below;
}

PlotScale report_time_scale(const Section *t, double bottom, double top)
{
    const double low = t->low_ns;
    double end = fmin(fmax(time_of_share(t), MIN_TIMES * low), MAX_TIMES * low);
    end = fmin(fmax(end, t->guess_ns), fmax(t->high_ns, t->guess_ns));
    return (PlotScale){ low * 0.97, end * 1.05, bottom, top, true };
}

/* ---- the parts of the picture --------------------------------------------- */

typedef struct Curve {
    PlotFrame frame;
    const Section *t;
    PlotScale x, y;
} Curve;

static void put_guess_line(const Curve *c)
{
    const double y = scale_at(&c->y, c->t->guess_ns);
    char text[32], words[64];
    if (c->t->guess_ns <= 0)
        return;
    html_put(c->frame.f,
             "<line class=\"guessline\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
             c->frame.left, c->frame.right, y, y);
    snprintf(words, sizeof words, "guess %s", time_words(c->t->guess_ns, text));
    frame_text(&c->frame, c->frame.right - 2, y - 5, "note end", words);
}

/* A dotted line wherever another run of `tune` went on. */
static void put_run_borders(const Curve *c)
{
    for (int i = 1; i < c->t->n; i++) {
        const double x = scale_at(&c->x, i + 0.5);
        if (c->t->record[i].run != c->t->record[i - 1].run)
            html_put(c->frame.f,
                     "<line class=\"run\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%g\" y2=\"%g\"/>\n", x, x,
                     c->frame.top, c->frame.bottom);
    }
}

static void put_dots(const Curve *c, TuneOutcome outcome, const char *how)
{
    PlotDots d = { .frame = &c->frame, .radius = 3 };
    html_put(c->frame.f, "<g class=\"%s\">\n", how);
    for (int i = 0; i < c->t->n; i++) {
        const TuneRecord *r = &c->t->record[i];
        if (r->outcome == outcome && record_is_timed(r) && section_time(c->t, i) <= c->y.hi)
            dots_put(&d, scale_at(&c->x, i + 1), scale_at(&c->y, section_time(c->t, i)), i + 1);
    }
    fputs("</g>\n", c->frame.f);
}

/* Slower than the scale; what was dropped at its first run has no time. */
static bool is_over(const Curve *c, int i)
{
    const TuneRecord *r = &c->t->record[i];
    return record_is_timed(r) ? section_time(c->t, i) > c->y.hi : r->outcome == TUNE_DROPPED;
}

static void put_outside(const Curve *c)
{
    for (int i = 0; i < c->t->n; i++) {
        const TuneRecord *r = &c->t->record[i];
        const double x = scale_at(&c->x, i + 1);
        if (is_over(c, i))
            frame_mark(&c->frame, '^', x, c->frame.top + 3, "over", i + 1);
        else if (record_is_failure(r))
            frame_mark(&c->frame, 'x', x, c->frame.top - 10, "bad", i + 1);
    }
}

static void put_best_so_far(const Curve *c)
{
    double best = 0;
    for (int i = 0; i < c->t->n; i++) {
        const TuneRecord *r = &c->t->record[i];
        const double time = section_time(c->t, i);
        if (r->outcome != TUNE_OK || !record_is_timed(r) || (best > 0 && time >= best))
            continue;
        const double x = scale_at(&c->x, i + 1), y = scale_at(&c->y, time);
        html_put(c->frame.f, best > 0 ? "H%.1fV%.1f" : "<path class=\"best\" d=\"M%.1f %.1f", x, y);
        best = time;
    }
    if (best > 0)
        html_put(c->frame.f, "H%g\"/>\n", c->frame.right);
}

static void put_marks(const Curve *c)
{
    const int at[] = { c->t->guess, c->t->best };
    static const char *const how[] = { "guess", "chosen" };
    for (int m = 0; m < 2; m++) {
        if (at[m] < 0 || !record_is_timed(&c->t->record[at[m]]))
            continue;
        frame_mark(&c->frame, m ? 'o' : 'd', scale_at(&c->x, at[m] + 1),
                   scale_at(&c->y, section_time(c->t, at[m])), how[m], at[m] + 1);
    }
}

/* ---- the figure ----------------------------------------------------------- */

static void put_legend(const Curve *c)
{
    const Section *t = c->t;
    FILE *f = c->frame.f;
    bool over = false;
    for (int i = 0; i < t->n; i++)
        over |= is_over(c, i);
    fputs("<p class=\"legend\"><span><i class=\"k-line\"></i>best so far</span>"
          "<span><i class=\"k-ok\"></i>measured</span>",
          f);
    if (t->count[TUNE_DROPPED])
        fputs("<span><i class=\"k-dropped\"></i>stopped early: slower</span>", f);
    if (t->guess >= 0 && record_is_timed(&t->record[t->guess]))
        fputs("<span><i class=\"k-guess\"></i>guess</span>", f);
    if (t->best >= 0 && record_is_timed(&t->record[t->best]))
        fputs("<span><i class=\"k-chosen\"></i>in use</span>", f);
    if (over)
        fputs("<span><i class=\"k-over\"></i>slower than the scale</span>", f);
    if (section_failures(t))
        fputs("<span><i class=\"k-bad\"></i>failed</span>", f);
    if (section_runs(t) > 1)
        fputs("<span><i class=\"k-run\"></i>a new run</span>", f);
    fputs("</p>\n", f);
}

void report_curve(FILE *f, const Section *t)
{
    const TimeUnit unit = report_unit(t);
    char title[64];
    const Curve c = {
        .frame = { f, 560, 320, 52, 548, 34, 276 },
        .t = t,
        .x = { 0.5, t->n + 0.5, 52, 548, false },
        .y = report_time_scale(t, 276, 34),
    };
    fputs("<figure class=\"wide\"><figcaption><b>Tuning curve</b> Time of each candidate in the "
          "order of "
          "trial</figcaption>\n",
          f);
    put_legend(&c);
    frame_open(&c.frame, "Time of each candidate in the order of trial, and the best so far");
    frame_axis(&c.frame, AXIS_Y, &c.y, unit.ns, 34);
    frame_axis(&c.frame, AXIS_X, &c.x, 1, 70);
    snprintf(title, sizeof title, "%s a call, logarithmic", unit.name);
    frame_text(&c.frame, 4, 12, "note", title);
    frame_text(&c.frame, c.frame.right, c.frame.height - 6, "note end", "trial");
    put_run_borders(&c);
    put_dots(&c, TUNE_DROPPED, "dropped");
    put_dots(&c, TUNE_OK, "ok");
    put_outside(&c);
    put_best_so_far(&c);
    put_guess_line(&c);
    put_marks(&c);
    frame_close(&c.frame);
    fputs("</figure>\n", f);
}
