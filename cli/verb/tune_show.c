/* tune_show.c: the progress of tuning, for a terminal, a log, or a program.
**
** On a terminal one line is written again and again.  A log gets a line when a candidate leads or
** fails and at the end.  With --json every event is one JSON object on a line of the standard
** output.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/tune_show.h"
#include "cli/out/print.h"
#include "cli/out/schedule.h"
#include "runtime/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words --------------------------------------------------------------------------------- */

static bool is_failure(dcn_tried t)
{
    return t != DCN_TRIED_OK && t != DCN_TRIED_DROPPED && t != DCN_TRIED_ESTIMATED;
}

/* ", 2 wrong, 1 crashed"; failures only, or all */
static const char *counts_text(const int64_t *count, bool all, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < DCN_TRIED_NKINDS; i++)
        if (count[i] && (all || is_failure((dcn_tried)i)))
            rt_text_add(&t, "%s%lld %s", all && !t.length ? "" : ", ", (long long)count[i],
                        dcn_tried_name((dcn_tried)i));
    return buf;
}

/* "layer", or "layer core" of a stage. */
static const char *subject(const TuneShow *show, const dcn_tune_progress *p, char buf[160])
{
    snprintf(buf, 160, "%s%s%s", show->name, p->stage ? " " : "", p->stage ? p->stage : "");
    return buf;
}

/* Knobs that are not as in the guess. */
static const char *brief(const TuneShow *show, const char *schedule, const char *guess, char *out)
{
    return schedule_brief(schedule, show->verbose ? "" : guess, out);
}

/* By candidates or by the clock, whichever ends first. */
static double seconds_left(const TuneShow *show, const dcn_tune_progress *p)
{
    double tried = (double)(p->done - show->remembered);
    double by_count = (double)(p->planned - p->done) * p->seconds / (tried > 0 ? tried : 1);
    double by_clock = p->planned_seconds - p->seconds;
    bool clock = p->planned_seconds > 0 && by_clock < by_count;
    double left = clock ? by_clock : by_count;
    return left > 0 ? left : 0;
}

/* ---- a terminal ---------------------------------------------------------------------------- */

static void show_live(TuneShow *show, const dcn_tune_progress *p)
{
    char best[32], failed[128], name[160];
    if (p->done > 1 && p->seconds - show->shown < 0.1 && !p->confirming)
        return;
    show->shown = p->seconds;
    double tried = (double)(p->done - show->remembered);
    fprintf(stderr, "\r\033[K%s %lld/%lld  best %s", subject(show, p, name), (long long)p->done,
            (long long)p->planned, print_time(p->best_ns, best));
    if (p->gain > 0)
        fprintf(stderr, "  %.3fx", p->gain);
    fprintf(stderr, "  %.1f/s  ETA %.0f s%s", tried / (p->seconds > 0 ? p->seconds : 1),
            seconds_left(show, p), counts_text(p->count, false, failed, sizeof failed));
    fflush(stderr);
}

/* ---- a log --------------------------------------------------------------------------------- */

static void show_line(TuneShow *show, const dcn_tune_progress *p)
{
    char time[32], name[160], text[DCN_SCHEDULE_MAX];
    subject(show, p, name);
    if (is_failure(p->outcome) && !p->remembered)
        fprintf(stderr, "%s %lld/%lld %s: %s: %s\n", name, (long long)p->done,
                (long long)p->planned, dcn_tried_name(p->outcome),
                brief(show, p->schedule, show->start, text), p->why);
    else if (p->best[0] && strcmp(p->best, show->best) != 0)
        fprintf(stderr, "%s %lld/%lld best %s, %.3f times as fast as the guess: %s\n", name,
                (long long)p->done, (long long)p->planned, print_time(p->best_ns, time),
                p->gain > 0 ? p->gain : 1, brief(show, p->best, show->start, text));
    snprintf(show->best, sizeof show->best, "%s", p->best);
}

/* ---- a stage that is done -------------------------------------------------------------------- */

/* On a terminal it stays above the line that is written again and again. */
static void show_stage(const TuneShow *show, const dcn_tune_progress *p)
{
    const dcn_tuned *t = p->stage_end;
    char time[32], name[160], text[DCN_SCHEDULE_MAX];
    fprintf(stderr, "%s%s: ", show->live ? "\r\033[K" : "", subject(show, p, name));
    if (t->ns > 0)
        fprintf(stderr, "%s, ", print_time(t->ns, time));
    if (!strcmp(t->schedule, t->guess))
        fprintf(stderr, "the guess, ");
    else if (t->gain > 0)
        fprintf(stderr, "%.3f times as fast as the guess, ", t->gain);
    fprintf(stderr, "%lld candidate%s", (long long)t->done, t->done == 1 ? "" : "s");
    if (t->done && t->remembered == t->done)
        fprintf(stderr, ", all remembered");
    else if (t->remembered)
        fprintf(stderr, ", %lld remembered", (long long)t->remembered);
    fprintf(stderr, ": %s\n", brief(show, t->schedule, t->guess, text));
}

/* ---- a program ----------------------------------------------------------------------------- */

static void put_json(json_t *o)
{
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (text)
        puts(text);
    fflush(stdout);
    free(text);
    json_decref(o);
}

static json_t *counts_json(const int64_t *count)
{
    json_t *o = json_object();
    for (int i = 0; i < DCN_TRIED_NKINDS; i++)
        json_object_set_new(o, dcn_tried_name((dcn_tried)i), json_integer(count[i]));
    return o;
}

static json_t *positive(double x)
{
    return x > 0 ? number_json(x) : json_null();
}

static void show_json(const TuneShow *show, const dcn_tune_progress *p)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:s, s:b, s:b}", "event",
                          "candidate", "kernel", show->name, "done", (json_int_t)p->done, "planned",
                          (json_int_t)p->planned, "seconds", number_json(p->seconds), "schedule",
                          p->schedule, "outcome", dcn_tried_name(p->outcome), "why", p->why,
                          "remembered", p->remembered, "confirming", p->confirming);
    json_t *rest = json_pack("{s:o, s:s, s:o, s:o}", "ns", positive(p->ns), "best", p->best,
                             "best_ns", positive(p->best_ns), "gain", positive(p->gain));
    json_object_set_new(o, "stage", p->stage ? json_string(p->stage) : json_null());
    json_object_update(o, rest);
    json_decref(rest);
    put_json(o);
}

static json_t *result_json(const TuneShow *show, const char *event, const dcn_tuned *t)
{
    static const char *const ends[] = { "complete", "out of time", "stopped" };
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:b, s:b, s:b, s:s}", "event", event,
                          "kernel", show->name, "threads", show->threads, "offsets", show->offsets,
                          "schedule", t->schedule, "guess", t->guess, "confirmed", t->confirmed,
                          "drift", t->drift, "dynamic", t->dynamic, "end", ends[t->end]);
    json_t *times =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ns", positive(t->ns), "ns_low",
                  positive(t->ns_low), "ns_high", positive(t->ns_high), "guess_ns",
                  positive(t->guess_ns), "gain", positive(t->gain), "gain_low",
                  positive(t->gain_low), "seconds", number_json(t->seconds), "peak_gflops",
                  positive(t->peak_gflops), "flops", number_json(t->flops));
    json_t *rest = json_pack("{s:I, s:I, s:I, s:o, s:s}", "legal", (json_int_t)t->legal, "done",
                             (json_int_t)t->done, "remembered", (json_int_t)t->remembered,
                             "outcomes", counts_json(t->count), "note", t->note);
    json_object_update(o, times);
    json_object_update(o, rest);
    json_decref(times);
    json_decref(rest);
    return o;
}

static void show_stage_json(const TuneShow *show, const dcn_tune_progress *p)
{
    json_t *o = result_json(show, "stage", p->stage_end);
    json_object_set_new(o, "stage", json_string(p->stage));
    put_json(o);
}

/* ---- the result ---------------------------------------------------------------------------- */

static void print_gain(const TuneShow *show, const dcn_tuned *t)
{
    if (t->gain <= 0)
        return;
    const bool is_guess = !show->network && !strcmp(t->schedule, t->guess);
    if (is_guess && t->done + t->remembered < 2)
        printf(", the guess, beside which nothing was tried");
    else if (is_guess)
        printf(t->confirmed ? ", the guess, which nothing beats"
                            : ", the guess, which nothing has beaten so far");
    else if (!t->confirmed)
        printf(", about %.3f times as fast as the guess when it was tried, not confirmed", t->gain);
    else
        printf(", %.3f times as fast as the guess", t->gain);
    if (!is_guess && t->gain_low > 0)
        printf(" (95 %% sure of %.3f)", t->gain_low);
}

static void print_result(const TuneShow *show, const dcn_tuned *t)
{
    char ns[32], counts[256], text[DCN_SCHEDULE_MAX];
    bool estimated = t->count[DCN_TRIED_ESTIMATED] > 0;
    printf("%s: ", show->name);
    if (t->ns > 0)
        printf("%s%s on %d thread%s, ", estimated ? "estimated " : "", print_time(t->ns, ns),
               show->threads, show->threads == 1 ? "" : "s");
    printf("offsets %s", show->offsets);
    print_gain(show, t);
    printf("\n  %s", brief(show, t->schedule, t->guess, text));
    counts_text(t->count, true, counts, sizeof counts);
    printf("\n  %lld of about %lld schedules in %.1f s%s%s", (long long)t->done,
           (long long)t->legal, t->seconds, *counts ? ": " : "", counts);
    if (t->remembered)
        printf("; %lld remembered", (long long)t->remembered);
    if (t->dynamic)
        printf("\n  dynamic sizes were tuned at %lld of %lld x %lld", (long long)t->sizes.batch,
               (long long)t->sizes.height, (long long)t->sizes.width);
    if (t->drift)
        printf("\n  the machine changed its speed meanwhile: run it again when it is quiet");
    printf("\n");
    fflush(stdout);
}

/* ---- all three ----------------------------------------------------------------------------- */

void tune_show_begin(TuneShow *show, const dcn_spec *s, const dcn_tune_options *o)
{
    const char *term = getenv("TERM");
    show->name = s->name;
    show->network = s->network != NULL;
    show->offsets = o->offsets ? o->offsets : "normal:2";
    show->live = !show->json && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    show->best[0] = show->start[0] = '\0';
    show->stage = NULL;
    show->shown = 0;
    show->remembered = 0;
}

void tune_show_progress(void *self, const dcn_tune_progress *p)
{
    TuneShow *show = self;
    show->remembered += p->remembered;
    if (!p->stage_end && (!show->start[0] || p->stage != show->stage)) {
        show->stage = p->stage;
        snprintf(show->start, sizeof show->start, "%s", p->schedule);
    }
    if (p->stage_end && show->json)
        show_stage_json(show, p);
    else if (p->stage_end)
        show_stage(show, p);
    else if (show->json)
        show_json(show, p);
    else if (show->live)
        show_live(show, p);
    else
        show_line(show, p);
}

void tune_show_end(TuneShow *show, const dcn_spec *s, const dcn_tuned *t)
{
    (void)s;
    if (show->live)
        fprintf(stderr, "\r\033[K");
    if (t)
        print_note(t->note);
    if (t && show->json)
        put_json(result_json(show, "result", t));
    else if (t)
        print_result(show, t);
}
