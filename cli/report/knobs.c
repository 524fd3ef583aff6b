/* knobs.c: for each knob, its values against the time of the candidates that have them.
**
** Only knobs of which more than one value was timed; the bar over a value is the fastest candidate
** that has it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/out/schedule.h"
#include "cli/report/parts.h"
#include "codegen/lowering.h"
#include "runtime/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 24 };

typedef struct KnobValue {
    char text[32];
    double best; /* ns of the fastest that was not dropped; 0: none */
} KnobValue;

typedef struct KnobPanel {
    const Section *t;
    const char *lowering, *knob; /* lowering NULL: the panel of the lowerings themselves */
    int n;
    KnobValue value[MAX_VALUES];
} KnobPanel;

/* ---- what a candidate has ------------------------------------------------- */

/* The value of the panel's knob, or NULL where the candidate is of no concern here. */
static const char *value_of(const KnobPanel *p, const TuneRecord *r, KnobText *buf)
{
    if (!record_is_timed(r))
        return NULL;
    if (!p->lowering)
        return r->lowering;
    return strcmp(r->lowering, p->lowering) ? NULL : knob_value(r->schedule, p->knob, buf);
}

static int find_value(const KnobPanel *p, const char *text)
{
    int i = 0;
    while (i < p->n && strcmp(p->value[i].text, text) != 0)
        i++;
    return i;
}

static int by_number(const void *a, const void *b)
{
    const KnobValue *x = a, *y = b;
    const long m = strtol(x->text, NULL, 10), n = strtol(y->text, NULL, 10);
    if (m != n)
        return m < n ? -1 : 1;
    return strcmp(x->text, y->text);
}

static void find_values(KnobPanel *p)
{
    for (int i = 0; i < p->t->n; i++) {
        KnobText buf;
        const TuneRecord *r = &p->t->record[i];
        const char *text = value_of(p, r, &buf);
        const int at = text ? find_value(p, text) : MAX_VALUES;
        if (at >= MAX_VALUES)
            continue;
        if (at == p->n)
            snprintf(p->value[p->n++].text, sizeof p->value->text, "%s", text);
        KnobValue *v = &p->value[at];
        if (r->outcome == TUNE_OK && (v->best <= 0 || section_time(p->t, i) < v->best))
            v->best = section_time(p->t, i);
    }
    qsort(p->value, (size_t)p->n, sizeof *p->value, by_number);
}

/* ---- one panel ------------------------------------------------------------ */

typedef struct KnobPicture {
    PlotFrame frame;
    PlotScale y;
    double band; /* width of one value */
} KnobPicture;

static double middle(const KnobPicture *q, int value)
{
    return q->frame.left + q->band * (value + 0.5);
}

/* Side by side in the band, the same way in every page. */
static double spread(const KnobPicture *q, int i)
{
    const double part = i * 0.6180339887498949;
    return (part - (double)(long)part - 0.5) * 0.62 * q->band;
}

/* Dots beyond the scale lie at its end. */
static void put_dots(const KnobPanel *p, const KnobPicture *q, TuneOutcome outcome, const char *how)
{
    PlotDots d = { .frame = &q->frame, .radius = 2.2 };
    html_put(q->frame.f, "<g class=\"%s\">\n", how);
    for (int i = 0; i < p->t->n; i++) {
        KnobText buf;
        const TuneRecord *r = &p->t->record[i];
        const char *text = r->outcome == outcome ? value_of(p, r, &buf) : NULL;
        const int at = text ? find_value(p, text) : p->n;
        if (at < p->n && i != p->t->best && i != p->t->guess)
            dots_put(&d, middle(q, at) + spread(q, i), scale_at(&q->y, section_time(p->t, i)),
                     i + 1);
    }
    fputs("</g>\n", q->frame.f);
}

static void put_values(const KnobPanel *p, const KnobPicture *q)
{
    for (int v = 0; v < p->n; v++) {
        const double x = middle(q, v), y = scale_at(&q->y, p->value[v].best);
        frame_text(&q->frame, x, q->frame.bottom + 15, "tick mid", p->value[v].text);
        if (p->value[v].best > 0 && p->value[v].best <= q->y.hi)
            html_put(q->frame.f,
                     "<line class=\"fastest\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                     x - q->band * 0.38, x + q->band * 0.38, y, y);
    }
}

static void put_marks(const KnobPanel *p, const KnobPicture *q)
{
    const int at[] = { p->t->guess, p->t->best };
    static const char *const how[] = { "guess", "chosen" };
    for (int m = 0; m < 2; m++) {
        KnobText buf;
        const TuneRecord *r = at[m] < 0 ? NULL : &p->t->record[at[m]];
        const char *text = r ? value_of(p, r, &buf) : NULL;
        const int v = text ? find_value(p, text) : p->n;
        if (v < p->n)
            frame_mark(&q->frame, m ? 'o' : 'd', middle(q, v),
                       scale_at(&q->y, section_time(p->t, at[m])), how[m], at[m] + 1);
    }
}

/* A schedule of this lowering, which names all its knobs. */
static const char *any_schedule(const Section *t, const char *lowering)
{
    for (int i = 0; i < t->n; i++)
        if (record_is_timed(&t->record[i]) && !strcmp(t->record[i].lowering, lowering))
            return t->record[i].schedule;
    return "";
}

/* The knob of a stage is one of the stage's lowering. */
static const char *meaning(const KnobPanel *p)
{
    const char *dot = strchr(p->knob, '.');
    char stage[DCN_NAME_MAX];
    KnobText buf;
    if (!p->lowering)
        return "way to compute it";
    if (!dot)
        return sched_knob_meaning(p->lowering, p->knob);
    snprintf(stage, sizeof stage, "%.*s", (int)(dot - p->knob), p->knob);
    const char *lowering = knob_value(any_schedule(p->t, p->lowering), stage, &buf);
    return lowering ? sched_knob_meaning(lowering, dot + 1) : "";
}

/* With more than one lowering, the panel says whose knob it is. */
static void put_panel(FILE *f, const KnobPanel *p, bool several)
{
    KnobPicture q = { .frame = { f, 240, 164, 38, 236, 8, 146 },
                      .y = report_time_scale(p->t, 146, 8) };
    q.band = (q.frame.right - q.frame.left) / p->n;
    html_put(f, "<figure><figcaption>%s%s<b>%s</b> %s</figcaption>\n",
             several && p->lowering ? p->lowering : "", several && p->lowering ? " " : "", p->knob,
             meaning(p));
    frame_open(&q.frame, p->knob);
    frame_axis(&q.frame, AXIS_Y, &q.y, report_unit(p->t).ns, 26);
    html_put(f, "<line class=\"axis\" x1=\"%g\" x2=\"%g\" y1=\"%g\" y2=\"%g\"/>\n", q.frame.left,
             q.frame.right, q.frame.bottom, q.frame.bottom);
    put_dots(p, &q, TUNE_DROPPED, "dropped");
    put_dots(p, &q, TUNE_OK, "ok");
    put_values(p, &q);
    put_marks(p, &q);
    frame_close(&q.frame);
    fputs("</figure>\n", f);
}

/* ---- all panels ----------------------------------------------------------- */

static int find_lowerings(const Section *t, const char *name[MAX_LOWERINGS])
{
    int n = 0;
    for (int i = 0; i < t->n; i++) {
        int at = 0;
        while (at < n && strcmp(name[at], t->record[i].lowering) != 0)
            at++;
        if (at == n && n < MAX_LOWERINGS && record_is_timed(&t->record[i]))
            name[n++] = t->record[i].lowering;
    }
    return n;
}

/* Knobs with one value only are named in `fixed`. */
static void put_lowering(FILE *f, const KnobPanel *start, bool several, rt_text *fixed)
{
    KnobWalk walk = knob_walk(any_schedule(start->t, start->lowering));
    for (KnobText knob; knob_next(&walk, &knob);) {
        KnobPanel p = *start;
        p.knob = knob.name;
        find_values(&p);
        if (p.n > 1)
            put_panel(f, &p, several);
        else
            rt_text_item(fixed, " ", "%s=%s", knob.name, knob.value);
    }
}

void report_knobs(FILE *f, const Section *t)
{
    const char *name[MAX_LOWERINGS];
    char fixed[MAX_LOWERINGS][DCN_SCHEDULE_MAX] = { "" };
    const int n = find_lowerings(t, name);
    html_put(
        f,
        "<h3>Knobs</h3>\n<p class=\"say\">Each dot is a candidate, the bar the fastest with that "
        "value. All panels share one scale of time, in %s, logarithmic; what is slower than the "
        "scale lies at its end.</p>\n<div class=\"panels\">\n",
        report_unit(t).name);
    if (n > 1) {
        KnobPanel p = { .t = t, .knob = "lowering" };
        find_values(&p);
        put_panel(f, &p, true);
    }
    for (int i = 0; i < n; i++) {
        rt_text one = rt_text_in(fixed[i], sizeof fixed[i]);
        put_lowering(f, &(KnobPanel){ .t = t, .lowering = name[i] }, n > 1, &one);
    }
    fputs("</div>\n", f);
    for (int i = 0; i < n; i++)
        if (*fixed[i])
            html_put(f,
                     "<p class=\"say\">The same in all of <code>%s</code>: <code>%s</code></p>\n",
                     name[i], fixed[i]);
}
