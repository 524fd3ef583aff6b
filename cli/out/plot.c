/* plot.c: axes of the charts of a report, as inline SVG.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/plot.h"
#include "cli/out/html.h"
#include "runtime/base/text.h"

#include <math.h>

/* ---- scales --------------------------------------------------------------- */

double scale_at(const PlotScale *s, double value)
{
    double part =
        s->log ? log(value / s->lo) / log(s->hi / s->lo) : (value - s->lo) / (s->hi - s->lo);
    part = part > 0 ? part < 1 ? part : 1 : 0; /* NaN lies at the beginning */
    return s->from + part * (s->to - s->from);
}

/* The least of 1, 2, 5, 10, ... that is not below x. */
static double round_step(double x)
{
    const double ten = pow(10, floor(log10(x)));
    static const double steps[] = { 1, 2, 5 };
    for (int i = 0; i < 3; i++)
        if (steps[i] * ten >= x * 0.999)
            return steps[i] * ten;
    return 10 * ten;
}

/* Digits after the point that show a step, which may be any positive double; those beyond MAX_DECIMALS would be 0. */
static int decimals_of(double step)
{
    enum { MAX_DECIMALS = 20 };
    const double n = ceil(-log10(step) - 1e-9);
    return n > 0 ? (int)fmin(n, MAX_DECIMALS) : 0;
}

/* Wide logarithmic scales step by 1, 2, 5 or by tens.  All doubles lie within MAX_TENS powers, and
** the next power is made of its exponent, so that the loop ends whatever the scale is. */
static int wide_ticks(const PlotScale *s, double tick[MAX_TICKS], int *decimals)
{
    enum { MAX_TENS = 640 };
    const bool tens = s->hi / s->lo > 400;
    const double first = floor(log10(s->lo));
    static const double steps[] = { 1, 2, 5 };
    int n = 0;
    for (int power = 0; power < MAX_TENS && n < MAX_TICKS; power++) {
        const double ten = pow(10, first + power);
        if (ten > s->hi)
            break;
        for (int i = 0; i < (tens ? 1 : 3) && n < MAX_TICKS; i++)
            if (ten * steps[i] >= s->lo * 0.999 && ten * steps[i] <= s->hi * 1.001)
                tick[n++] = ten * steps[i];
    }
    *decimals = n ? decimals_of(pow(10, floor(log10(tick[0]) + 1e-9))) : 0;
    return n;
}

static int even_ticks(const PlotScale *s, double gap, double tick[MAX_TICKS], int *decimals)
{
    const double room = fabs(s->to - s->from) / gap, step = round_step((s->hi - s->lo) / room);
    int n = 0;
    *decimals = decimals_of(step);
    const double first = ceil(s->lo / step - 1e-6);
    while (n < MAX_TICKS && (first + n) * step <= s->hi * (1 + 1e-9)) {
        tick[n] = (first + n) * step + 0.0; /* no -0 */
        n++;
    }
    return n;
}

/* A scale that has a beginning, an end and something between them. */
static bool has_room(const PlotScale *s)
{
    return isfinite(1.1 * s->lo) && isfinite(1.1 * s->hi) && isfinite(s->hi - s->lo) &&
           s->lo < s->hi && (!s->log || s->lo > 0);
}

int scale_ticks(const PlotScale *s, double gap, double tick[MAX_TICKS], int *decimals)
{
    *decimals = 0;
    if (!has_room(s))
        return 0;
    int n = s->log && s->hi / s->lo > 8 ? wide_ticks(s, tick, decimals)
                                        : even_ticks(s, gap, tick, decimals);
    int kept = n > 0;
    for (int i = 1; i < n; i++)
        if (fabs(scale_at(s, tick[i]) - scale_at(s, tick[kept - 1])) >= gap * 0.7)
            tick[kept++] = tick[i];
    return kept;
}

/* ---- numbers -------------------------------------------------------------- */

TimeUnit unit_of(double ns)
{
    static const TimeUnit units[] = {
        { 1, "ns" }, { 1e3, "\u00b5s" }, { 1e6, "ms" }, { 1e9, "s" }
    };
    int u = 0;
    while (u < 3 && ns >= 1000 * units[u].ns)
        u++;
    return units[u];
}

const char *digits_text(double x, char buf[32])
{
    const int decimals = x >= 999.95 ? 0 : x >= 99.995 ? 1 : x >= 9.9995 ? 2 : 3;
    snprintf(buf, 32, "%.*f", decimals, x);
    return buf;
}

const char *time_words(double ns, char buf[32])
{
    const TimeUnit u = unit_of(ns);
    char digits[32];
    rt_text text = rt_text_in(buf, 32);
    rt_text_add(&text, "%s %s", digits_text(ns / u.ns, digits), u.name);
    return buf;
}

/* ---- pictures ------------------------------------------------------------- */

void frame_open(const PlotFrame *p, const char *label)
{
    html_put(p->f, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"%s\">\n", p->width,
             p->height, label);
}

void frame_close(const PlotFrame *p)
{
    fputs("</svg>\n", p->f);
}

void frame_text(const PlotFrame *p, double x, double y, const char *how, const char *text)
{
    html_put(p->f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, how, text);
}

static void tick_text(const PlotFrame *p, double value, int decimals, double at[2], const char *how)
{
    char text[48];
    if (fabs(value) >= 1e6)
        snprintf(text, sizeof text, "%g", value);
    else
        snprintf(text, sizeof text, "%.*f", decimals, value);
    frame_text(p, at[0], at[1], how, text);
}

/* The scale in the unit in which its values are shown. */
static PlotScale shown(const PlotScale *s, double unit)
{
    PlotScale out = *s;
    out.lo /= unit;
    out.hi /= unit;
    return out;
}

static void line(const PlotFrame *p, const char *how, double x1, double y1, double x2, double y2)
{
    html_put(p->f, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", how,
             x1, x2, y1, y2);
}

static void tick_line(const PlotFrame *p, PlotAxis axis, double at)
{
    if (axis == AXIS_X)
        line(p, "grid", at, p->top, at, p->bottom);
    else
        line(p, "grid", p->left, at, p->right, at);
}

void frame_axis(const PlotFrame *p, PlotAxis axis, const PlotScale *s, double unit, double gap)
{
    static const char *const how[] = { "tick mid", "tick end" };
    double tick[MAX_TICKS];
    int decimals;
    const PlotScale in = shown(s, unit);
    const int n = scale_ticks(&in, gap, tick, &decimals);
    for (int i = 0; i < n; i++) {
        const double at = scale_at(&in, tick[i]);
        double below[2] = { at, p->bottom + 16 }, beside[2] = { p->left - 6, at + 4 };
        tick_line(p, axis, at);
        tick_text(p, tick[i], decimals, axis == AXIS_X ? below : beside, how[axis]);
    }
    if (axis == AXIS_X)
        line(p, "axis", p->left, p->bottom, p->right, p->bottom);
}

/* ---- candidates ----------------------------------------------------------- */

void dots_put(PlotDots *d, double x, double y, int i)
{
    if (!(x >= 0 && x < DOTS_WIDTH && y >= 0 && y < DOTS_HEIGHT))
        return;
    const long cell = lround(y) * DOTS_WIDTH + lround(x);
    if (cell < 0 || cell >= DOTS_WIDTH * DOTS_HEIGHT || d->taken[cell / 8] & 1u << cell % 8)
        return;
    d->taken[cell / 8] |= (uint8_t)(1u << cell % 8);
    html_put(d->frame->f, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%g\" data-i=\"%d\"/>\n", x, y,
             d->radius, i);
}

void frame_mark(const PlotFrame *p, char shape, double x, double y, const char *how, int i)
{
    static const struct {
        char shape;
        const char *path; /* from the middle */
    } marks[] = { { 'd', "m0-7l6 7l-6 7l-6-7z" },
                  { 'x', "m-3-3l6 6m0-6l-6 6" },
                  { '^', "m0-4l4 7h-8z" } };
    for (int m = 0; m < 3; m++)
        if (marks[m].shape == shape)
            html_put(p->f, "<path class=\"%s\" d=\"M%.1f %.1f%s\" data-i=\"%d\"/>\n", how, x, y,
                     marks[m].path, i);
    if (shape == 'o')
        html_put(p->f, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\" data-i=\"%d\"/>\n",
                 how, x, y, i);
}
