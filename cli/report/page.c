/* page.c: the page: its head, the index, and a section for each tuning.
**
** One file without references to others: styles, script and pictures stand in it.  It is also
** well-formed XML.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.h"
#include "cli/out/page_style.h"
#include "cli/out/schedule.h"
#include "cli/report/parts.h"

#include <dcngen.h>
#include <string.h>
#include <time.h>

/* ---- words ---------------------------------------------------------------- */

static const char *date_text(int64_t when, char buf[40])
{
    const time_t t = (time_t)when;
    struct tm tm;
    if (when <= 0 || !gmtime_r(&t, &tm) || !strftime(buf, 40, "%Y-%m-%d %H:%M UTC", &tm))
        snprintf(buf, 40, "unknown");
    return buf;
}

static int64_t last_date(const Section *t)
{
    int64_t last = 0;
    for (int i = 0; i < t->n; i++)
        last = t->record[i].when > last ? t->record[i].when : last;
    return last;
}

static const char *best_time(const Section *t, char buf[32])
{
    const TuneRecord *r = t->best < 0 ? NULL : &t->record[t->best];
    return r && record_is_timed(r) ? time_words(r->ns_median, buf) : "\u2013";
}

/* "1.234x" or a dash */
static const char *gain_text(const Section *t, char buf[32])
{
    const double gain = t->best < 0 ? 0 : record_gain(t, &t->record[t->best]);
    snprintf(buf, 32, gain > 0 ? "%.2f\u00d7" : "\u2013", gain);
    return buf;
}

static const char *share_text(const Section *t, char buf[32])
{
    const TuneRecord *r = t->best < 0 ? NULL : &t->record[t->best];
    const double share = r ? record_share(r) : 0;
    const bool busy = r && record_peak_is_disturbed(r);
    snprintf(buf, 32, busy ? "busy" : share > 0 ? "%.0f%%" : "\u2013", 100 * share);
    return buf;
}

/* ---- index ---------------------------------------------------------------- */

static void put_index_row(FILE *f, const Section *t, int i)
{
    char time[32], gain[32], share[32], shape[256];
    section_shape(t, shape, sizeof shape);
    html_put(f, "<tr><td><a href=\"#k%d\">%s</a><div class=\"first\">%s</div></td>", i, t->name,
             shape);
    html_put(f, "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
             best_time(t, time), gain_text(t, gain), share_text(t, share));
    html_put(
        f,
        "<td class=\"n\">%d</td><td>%s</td><td class=\"n\">%d</td><td class=\"n\">%d</td></tr>\n",
        t->key.threads, t->record[0].offsets, t->n, section_failures(t));
}

static void put_index(FILE *f, const TuningReport *r)
{
    static const char *const heads[] = { "kernel",      ">a call",  ">gain over the guess",
                                         ">of peak",    ">threads", "offsets",
                                         ">candidates", ">failed",  NULL };
    fputs("<nav>\n", f);
    html_table(f, heads);
    for (int i = 0; i < r->n; i++)
        put_index_row(f, &r->section[i], i + 1);
    html_table_end(f);
    fputs("</nav>\n", f);
}

static void put_untuned(FILE *f, const TuningReport *r)
{
    if (!r->untuned.n)
        return;
    fputs("<p class=\"say\">Without records in the store:", f);
    for (int i = 0; i < r->untuned.n; i++)
        html_put(f, "%s <code>%s</code>", i ? "," : "", r->untuned.at[i]);
    fputs("</p>\n", f);
}

/* ---- the head of a section ------------------------------------------------ */

static void put_tile(FILE *f, const char *what, const char *value, const char *more)
{
    html_put(f, "<div><dt>%s</dt><dd>%s</dd><dd class=\"more\">%s</dd></div>\n", what, value, more);
}

static void put_tiles(FILE *f, const Section *t)
{
    char value[32], more[160], low[32];
    const TuneRecord *r = t->best < 0 ? NULL : &t->record[t->best];
    fputs("<dl class=\"tiles\">\n", f);
    snprintf(more, sizeof more, "median of %d readings", r ? r->nsamples : 0);
    put_tile(f, "Time of a call", best_time(t, value), r && r->nsamples ? more : "");
    snprintf(more, sizeof more, r && r->gain > 0 ? "in turns with it; it takes %s" : "it takes %s",
             time_words(t->guess_ns, low));
    put_tile(f, "Gain over the guess", gain_text(t, value), t->guess_ns > 0 ? more : "");
    if (r && record_peak_is_disturbed(r))
        snprintf(more, sizeof more, "%.1f GFLOP/s; other work disturbed the probe of the peak",
                 record_gflops(r));
    else if (r && record_share(r) > 0)
        snprintf(more, sizeof more, "%.1f of %.1f GFLOP/s", record_gflops(r), r->peak_gflops);
    put_tile(f, "Of the multiply-add peak", share_text(t, value),
             r && record_share(r) > 0 ? more : "");
    snprintf(value, sizeof value, "%d", t->n);
    snprintf(more, sizeof more, "%d measured, %d stopped early, %d failed", t->count[TUNE_OK],
             t->count[TUNE_DROPPED], section_failures(t));
    put_tile(f, "Candidates", value, more);
    fputs("</dl>\n", f);
}

/* Knobs that differ from those of the other schedule, if there is one, stand out. */
static void put_schedule(FILE *f, const char *schedule, const char *other)
{
    KnobWalk walk = knob_walk(schedule);
    KnobText knob, theirs;
    char lowering[64];
    snprintf(lowering, sizeof lowering, "%.*s", (int)strcspn(schedule, " "), schedule);
    html_put(f, "<code>%s", lowering);
    while (knob_next(&walk, &knob)) {
        const char *value = other ? knob_value(other, knob.name, &theirs) : knob.value;
        const bool differs = !value || strcmp(value, knob.value) != 0;
        html_put(f, differs ? " <span class=\"new\">%s</span>" : " <span>%s</span>", knob.word);
    }
    fputs("</code>", f);
}

static const char *why_chosen(const TuneRecord *r)
{
    if (r->pinned)
        return "pinned by hand";
    return r->winner ? "confirmed as the best of its run"
                     : "the fastest that was verified; not confirmed";
}

static void put_choice(FILE *f, const Section *t)
{
    const TuneRecord *best = t->best < 0 ? NULL : &t->record[t->best];
    const TuneRecord *guess = t->guess < 0 ? NULL : &t->record[t->guess];
    fputs("<dt>Schedule in use</dt><dd>", f);
    if (best) {
        put_schedule(f, best->schedule, guess ? guess->schedule : NULL);
        html_put(f, "<p>%s%s</p>", why_chosen(best),
                 guess && guess != best ? "; marked: what differs from the guess" : "");
    } else {
        fputs("none: no candidate was verified and timed", f);
    }
    fputs("</dd>\n", f);
    if (!guess)
        return;
    fputs("<dt>Guess</dt><dd>", f);
    if (guess == best)
        fputs("the same", f);
    else
        put_schedule(f, guess->schedule, NULL);
    fputs("</dd>\n", f);
}

static void put_fact(FILE *f, const char *what, const char *text)
{
    html_put(f, "<dt>%s</dt><dd>%s</dd>\n", what, text);
}

/* The machine that the code is for; its list of features is long, so it is folded away. */
static void put_machine(FILE *f, const Section *t)
{
    static const char mark[] = "features=";
    const char *features = strstr(t->key.machine, mark);
    const size_t n = features ? (size_t)(features - t->key.machine) : strlen(t->key.machine);
    char text[TUNE_MACHINE_MAX];
    snprintf(text, sizeof text, "%.*s", (int)n, t->key.machine);
    html_put(f, "<dt>Code for</dt><dd><code>%s</code>", text);
    if (features)
        html_put(f, "<details><summary>features</summary><code>%s</code></details>",
                 features + strlen(mark));
    fputs("</dd>\n", f);
}

static void put_facts(FILE *f, const Section *t)
{
    char text[256], first[40], last[40];
    const TuneRecord *any = &t->record[t->best < 0 ? t->n - 1 : t->best];
    fputs("<dl class=\"facts\">\n", f);
    put_choice(f, t);
    snprintf(text, sizeof text, "%d", t->key.threads);
    put_fact(f, "Threads", text);
    put_fact(f, "Offsets", any->offsets);
    put_fact(f, "Machine", *any->where ? any->where : "unknown");
    put_machine(f, t);
    snprintf(text, sizeof text, "%d, the first begun %s, the last record of %s", section_runs(t),
             date_text(t->record[0].run / 1000, first), date_text(last_date(t), last));
    put_fact(f, "Runs", text);
    put_fact(f, "Measured with", t->key.build);
    html_put(f, "<dt>Spec</dt><dd><code>%s</code></dd>\n</dl>\n", t->key.spec);
}

/* ---- a section, and all --------------------------------------------------- */

static void put_section(FILE *f, const Section *t, int i)
{
    char section[16], shape[256];
    snprintf(section, sizeof section, "k%d", i);
    section_shape(t, shape, sizeof shape);
    html_put(f, "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"sub\">%s</p>\n", section, t->name,
             shape);
    put_tiles(f, t);
    put_facts(f, t);
    fputs("<div class=\"charts\">\n", f);
    if (t->timed) {
        report_curve(f, t);
        report_samples(f, t);
        report_roofline(f, t);
    }
    report_failures(f, t);
    fputs("</div>\n", f);
    if (t->timed)
        report_knobs(f, t);
    else
        fputs("<p class=\"say\">No candidate was timed, so there is nothing to draw.</p>\n", f);
    report_candidates(f, t, section);
    fputs("</section>\n", f);
}

static void put_head(FILE *f, const TuningReport *r)
{
    int64_t last = 0, candidates = 0;
    char date[40];
    for (int i = 0; i < r->n; i++) {
        candidates += r->section[i].n;
        last = last_date(&r->section[i]) > last ? last_date(&r->section[i]) : last;
    }
    page_begin(f, "dcngen tuning report");
    page_lines(f, report_style);
    fputs("</style>\n</head>\n<body>\n<header>\n<h1>Tuning report</h1>\n", f);
    html_put(
        f,
        "<p class=\"sub\">%d tuned kernel%s, %lld candidates, last record of %s; written by dcngen "
        "%s from <code>%s</code></p>\n",
        r->n, r->n == 1 ? "" : "s", (long long)candidates, date_text(last, date), dcn_version(),
        r->store);
}

void report_page(FILE *f, const TuningReport *r)
{
    put_head(f, r);
    if (r->n > 1)
        put_index(f, r);
    put_untuned(f, r);
    fputs("</header>\n<main>\n", f);
    for (int i = 0; i < r->n; i++)
        put_section(f, &r->section[i], i + 1);
    fputs("</main>\n<div id=\"tip\" role=\"status\" hidden=\"hidden\"></div>\n<script>\n", f);
    page_lines(f, report_script);
    fputs("</script>\n</body>\n</html>\n", f);
}
