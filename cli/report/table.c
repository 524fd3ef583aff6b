/* table.c: what failed and why, and every candidate.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/report/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what failed ---------------------------------------------------------- */

typedef struct Failure {
    const TuneRecord *first;
    int count, number; /* number: of the first candidate */
} Failure;

static int by_count(const void *a, const void *b)
{
    const Failure *x = a, *y = b;
    return x->count != y->count ? y->count - x->count : x->number - y->number;
}

static int by_reason(const void *a, const void *b)
{
    const Failure *x = a, *y = b;
    int order = (int)x->first->outcome - (int)y->first->outcome;
    if (!order)
        order = strcmp(x->first->why, y->first->why);
    return order ? order : x->number - y->number;
}

/* Merge failures of one outcome and reason, the commonest first; returns how many are left. */
static int group(Failure *all, int n)
{
    int kept = 0;
    qsort(all, (size_t)n, sizeof *all, by_reason);
    for (int i = 0; i < n; i++) {
        const TuneRecord *r = all[i].first, *before = kept ? all[kept - 1].first : NULL;
        if (before && before->outcome == r->outcome && !strcmp(before->why, r->why))
            all[kept - 1].count++;
        else
            all[kept++] = all[i];
    }
    qsort(all, (size_t)kept, sizeof *all, by_count);
    return kept;
}

static void put_failures(FILE *f, const Failure *all, int n)
{
    static const char *const heads[] = { ">count", "what", "why, and the first of them", NULL };
    html_table(f, heads);
    for (int i = 0; i < n; i++)
        html_put(
            f,
            "<tr data-i=\"%d\"><td class=\"n\">%d</td><td><span class=\"tag %s\">%s</span></td>"
            "<td>%s<div class=\"first\">#%d <code>%s</code></div></td></tr>\n",
            all[i].number, all[i].count, tune_outcome_names[all[i].first->outcome],
            tune_outcome_names[all[i].first->outcome], all[i].first->why, all[i].number,
            all[i].first->schedule);
    html_table_end(f);
}

void report_failures(FILE *f, const Section *t)
{
    Failure *all = calloc((size_t)t->n + 1, sizeof *all);
    int n = 0;
    for (int i = 0; all && i < t->n; i++)
        if (record_is_failure(&t->record[i]))
            all[n++] = (Failure){ &t->record[i], 1, i + 1 };
    if (n) {
        fputs("<figure class=\"wide\"><figcaption><b>Refused, crashed, wrong</b> Candidates that "
              "cannot be used</figcaption>\n",
              f);
        put_failures(f, all, group(all, n));
        fputs("</figure>\n", f);
    }
    free(all);
}

/* ---- every candidate ------------------------------------------------------ */

/* A cell that sorts by its value; without one it is empty and sorts last. */
static void put_number(FILE *f, double x, const char *text)
{
    if (x > 0 && isfinite(x))
        html_put(f, "<td class=\"n\" data-v=\"%.6g\">%s</td>", x, text);
    else
        fputs("<td class=\"n\"></td>", f);
}

static void put_times(FILE *f, const Section *t, const TuneRecord *r)
{
    const TimeUnit u = report_unit(t);
    char text[32], low[32], high[32], both[72];
    const double ns = r->ns_median;
    put_number(f, ns, digits_text(ns / u.ns, text));
    snprintf(both, sizeof both, "%s\u2013%s", digits_text(r->ns_low / u.ns, low),
             digits_text(r->ns_high / u.ns, high));
    put_number(f, r->ns_low > 0 ? r->ns_high / r->ns_low : 0, both);
}

/* Time as a share of that of the schedule in use. */
static void put_share(FILE *f, const Share *s)
{
    char text[64];
    if (s->low > 0)
        snprintf(text, sizeof text, "%.3f (%.3f\u2013%.3f)", s->at, s->low, s->high);
    else
        snprintf(text, sizeof text, "%.3f", s->at);
    put_number(f, s->at, text);
}

static void put_rates(FILE *f, const Section *t, const TuneRecord *r)
{
    char text[48];
    snprintf(text, sizeof text, "%.3f\u00d7", record_gain(t, r));
    put_number(f, record_gain(t, r), text);
    snprintf(text, sizeof text, "%.1f", record_gflops(r));
    put_number(f, record_gflops(r), text);
    snprintf(text, sizeof text, record_peak_is_disturbed(r) ? "busy" : "%.1f%%",
             100 * record_share(r));
    put_number(f, record_share(r), text);
}

static void put_tags(FILE *f, const Section *t, int i)
{
    const TuneRecord *r = &t->record[i];
    const char *name = tune_outcome_names[r->outcome];
    html_put(f, "<td><span class=\"tag %s\">%s</span>", name, name);
    if (i == t->best)
        fputs(" <span class=\"tag chosen\">in use</span>", f);
    if (i == t->guess)
        fputs(" <span class=\"tag guess\">guess</span>", f);
    if (r->pinned)
        fputs(" <span class=\"tag pinned\">pinned</span>", f);
    fputs("</td>", f);
}

static void put_row(FILE *f, const Section *t, int i, const char *section)
{
    const TuneRecord *r = &t->record[i];
    html_put(f, "<tr id=\"%s-%d\" data-i=\"%d\"><td class=\"n\" data-v=\"%d\">%d</td>", section,
             i + 1, i + 1, i + 1, i + 1);
    put_tags(f, t, i);
    put_times(f, t, r);
    put_share(f, &t->share[i]);
    put_rates(f, t, r);
    html_put(f, "<td class=\"code\">%s", r->schedule);
    if (*r->why)
        html_put(f, "<div class=\"why\">%s</div>", r->why);
    fputs("</td></tr>\n", f);
}

void report_candidates(FILE *f, const Section *t, const char *section)
{
    static const char *const heads[] = { "#",    "outcome", NULL,      "interval", "in turns",
                                         "gain", "GFLOP/s", "of peak", "schedule" };
    html_put(f,
             "<h3>All %d candidates</h3>\n<div class=\"scroll tall\"><table "
             "class=\"sortable\"><thead><tr>",
             t->n);
    for (int i = 0; i < 9; i++) {
        const bool is_text = i == 1 || i == 8;
        html_put(f, "<th class=\"%s\"><button type=\"button\">%s</button></th>",
                 is_text ? "t" : "n", heads[i] ? heads[i] : report_unit(t).name);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
    for (int i = 0; i < t->n; i++)
        put_row(f, t, i, section);
    fputs("</tbody></table></div>\n", f);
    if (t->count[TUNE_ESTIMATED])
        fputs("<p class=\"say\">The <span class=\"tag estimated\">estimated</span> ones were "
              "ranked by the "
              "model and never run: no chart shows them.</p>\n",
              f);
}
