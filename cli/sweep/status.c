/* status.c: `sweep status` and `sweep collect`: what became of a plan, from all its databases.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/out/schedule.h"
#include "cli/sweep/sweep.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "tuner/sweep/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The plan, its databases, and what they say. */
typedef struct SweepOutcome {
    const Args *args;
    SweepPlan plan;
    const char **path;
    SweepDbs dbs;
    SweepFound *found;
} SweepOutcome;

static int outcome_open(SweepOutcome *o, const Args *a, dcn_error *err)
{
    int n = 0;
    *o = (SweepOutcome){ .args = a };
    o->path = calloc((size_t)(a->db.n + a->words.n), sizeof *o->path);
    if (!o->path)
        return dcn_fail(err, DCN_EENV, "no memory for the databases");
    for (int i = 0; i < a->db.n; i++)
        o->path[n++] = a->db.at[i];
    for (int i = 1; i < a->words.n; i++)
        o->path[n++] = a->words.at[i];
    if (!n)
        return dcn_fail(err, DCN_EUSAGE, "sweep %s needs a database", a->words.at[0]);
    return sweep_plan_given(a, &o->plan, err) || sweep_dbs_open(o->path, n, &o->dbs, err) ||
                   sweep_find(&o->plan, &o->dbs, &o->found, err)
               ? -1
               : 0;
}

static void outcome_close(SweepOutcome *o)
{
    free(o->found);
    sweep_dbs_close(&o->dbs);
    sweep_plan_free(&o->plan);
    free(o->path);
}

/* ---- counts ------------------------------------------------------------------------------- */

typedef struct TargetCount {
    const char *target; /* NULL: of all */
    int items, conflicts, in[SWEEP_NSTATES];
} TargetCount;

static TargetCount count_target(const SweepOutcome *o, const char *target)
{
    TargetCount c = { .target = target };
    for (int i = 0; i < o->plan.n; i++) {
        if (target && strcmp(o->plan.at[i].target, target) != 0)
            continue;
        c.items++;
        c.conflicts += o->found[i].conflict;
        c.in[o->found[i].row.state]++;
    }
    return c;
}

/* Whether an earlier item is for the same target. */
static bool seen_before(const SweepOutcome *o, int i)
{
    for (int j = 0; j < i; j++)
        if (!strcmp(o->plan.at[j].target, o->plan.at[i].target))
            return true;
    return false;
}

/* All is known that can be, and nothing is in doubt. */
static bool is_complete(const SweepOutcome *o)
{
    const TargetCount c = count_target(o, NULL);
    return c.in[SWEEP_DONE] + c.in[SWEEP_ESTIMATED] == c.items && !c.conflicts;
}

/* ---- text --------------------------------------------------------------------------------- */

static const SweepState columns[SWEEP_NSTATES] = { SWEEP_DONE,    SWEEP_ESTIMATED, SWEEP_RUNNING,
                                                   SWEEP_MISSING, SWEEP_FOREIGN,   SWEEP_FAILED };

static void print_count(const TargetCount *c)
{
    printf("%-20s %7d", c->target ? c->target : "all", c->items);
    for (int i = 0; i < SWEEP_NSTATES; i++)
        printf(" %9d", c->in[columns[i]]);
    putchar('\n');
}

static void print_name(const SweepItem *t)
{
    printf("%s %s %s %d %s: ", t->id, t->kernel, t->target, t->threads, t->offsets_name);
}

/* A row shows of its schedule what is not in that of `other`. */
static void print_row(const SweepOutcome *o, int db, const SweepRow *r, const SweepRow *other)
{
    char schedule[DCN_SCHEDULE_MAX];
    printf("  %s: %.4g ms (%.4g to %.4g) on %s: %s\n", db >= 0 ? o->path[db] : "?", r->ns / 1e6,
           r->ns_low / 1e6, r->ns_high / 1e6, r->host,
           schedule_brief(r->schedule, other->schedule, schedule));
}

static void print_troubles(const SweepOutcome *o)
{
    for (int i = 0; i < o->plan.n; i++) {
        const SweepFound *f = &o->found[i];
        if (f->row.state == SWEEP_FAILED || f->row.state == SWEEP_FOREIGN) {
            print_name(&o->plan.at[i]);
            printf("%s: %s\n", sweep_state_names[f->row.state], f->row.why);
        }
        if (!f->conflict)
            continue;
        print_name(&o->plan.at[i]);
        printf("two winners; the first counts%s\n",
               f->row.measured_on_target && !f->other.measured_on_target
                   ? ", measured on the target itself"
                   : "");
        print_row(o, f->db, &f->row, &f->other);
        print_row(o, f->other_db, &f->other, &f->row);
    }
}

static void print_outcome(const SweepOutcome *o)
{
    printf("%-20s %7s", "target", "items");
    for (int i = 0; i < SWEEP_NSTATES; i++)
        printf(" %9s", sweep_state_names[columns[i]]);
    putchar('\n');
    for (int i = 0; i < o->plan.n; i++) {
        if (seen_before(o, i))
            continue;
        const TargetCount c = count_target(o, o->plan.at[i].target);
        print_count(&c);
    }
    const TargetCount all = count_target(o, NULL);
    print_count(&all);
    print_troubles(o);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *count_json(const TargetCount *c)
{
    json_t *o = json_pack("{s:i, s:i}", "items", c->items, "conflicts", c->conflicts);
    if (c->target)
        json_object_set_new(o, "target", json_string(c->target));
    for (int i = 0; i < SWEEP_NSTATES; i++)
        json_object_set_new(o, sweep_state_names[i], json_integer(c->in[i]));
    return o;
}

static json_t *row_json(const SweepOutcome *o, const SweepRow *r, int db)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:s, s:s}", "db",
                     db >= 0 ? o->path[db] : "", "schedule", r->schedule, "ns", number_json(r->ns),
                     "ns_low", number_json(r->ns_low), "ns_high", number_json(r->ns_high), "gain",
                     number_json(r->gain), "measured_on_target", r->measured_on_target, "host",
                     r->host, "why", r->why);
}

static json_t *item_json(const SweepOutcome *o, int i)
{
    const SweepItem *t = &o->plan.at[i];
    const SweepFound *f = &o->found[i];
    json_t *j = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b}", "id", t->id, "kernel", t->kernel,
                          "target", t->target, "threads", t->threads, "offsets", t->offsets_name,
                          "state", sweep_state_names[f->row.state], "conflict", f->conflict);
    if (f->row.state != SWEEP_MISSING)
        json_object_set_new(j, "result", row_json(o, &f->row, f->db));
    if (f->conflict)
        json_object_set_new(j, "other", row_json(o, &f->other, f->other_db));
    return j;
}

static json_t *outcome_json(const SweepOutcome *o)
{
    json_t *targets = json_array(), *items = json_array();
    const TargetCount all = count_target(o, NULL);
    for (int i = 0; i < o->plan.n; i++) {
        json_array_append_new(items, item_json(o, i));
        if (seen_before(o, i))
            continue;
        const TargetCount c = count_target(o, o->plan.at[i].target);
        json_array_append_new(targets, count_json(&c));
    }
    return json_pack("{s:i, s:b, s:o, s:o, s:o}", "schema", 1, "complete", is_complete(o), "all",
                     count_json(&all), "targets", targets, "items", items);
}

static int show(const SweepOutcome *o, dcn_error *err)
{
    if (args_has(o->args, OPT_JSON))
        return print_json(outcome_json(o), err);
    print_outcome(o);
    return 0;
}

int sweep_status(const Args *a, dcn_error *err)
{
    SweepOutcome o;
    int status = outcome_open(&o, a, err) || show(&o, err) ? -1 : !is_complete(&o);
    outcome_close(&o);
    return status;
}

/* ---- collecting --------------------------------------------------------------------------- */

static int check_output(const SweepOutcome *o, dcn_error *err)
{
    struct stat out, in;
    const char *path = o->args->out;
    for (int i = 0; path && i < o->dbs.n; i++)
        if (!stat(path, &out) && !stat(o->path[i], &in) && out.st_ino == in.st_ino &&
            out.st_dev == in.st_dev)
            return dcn_fail(err, DCN_EUSAGE, "-o %s is one of the databases to read", path);
    return 0;
}

static int import(const char *text, size_t size, dcn_error *err)
{
    TuneStore *st;
    TuneImported got;
    if (tune_store_open(NULL, &st, err))
        return -1;
    int failed = tune_store_merge(st, "the sweep", text, size, &got, err);
    tune_store_close(st);
    if (!failed)
        fprintf(stderr, "dcngen: note: %" PRId64 " taken into the store, %" PRId64 " not better\n",
                got.taken, got.older);
    return failed;
}

static int export(const char *path, const char *text, size_t size, dcn_error *err)
{
    if (strcmp(path, "-") != 0)
        return rt_write_file(path, text, size, err);
    fwrite(text, 1, size, stdout); /* a failure is seen at the end */
    return 0;
}

static int hand_out(const SweepOutcome *o, const char *text, size_t size, dcn_error *err)
{
    const Args *a = o->args;
    return (a->out && sweep_write_db(&o->plan, o->found, text, size, a->out, err)) ||
                   (args_has(a, OPT_IMPORT) && import(text, size, err)) ||
                   (a->export_to && export(a->export_to, text, size, err))
               ? -1
               : 0;
}

static int collect(const SweepOutcome *o, dcn_error *err)
{
    char *text;
    size_t size;
    int64_t count;
    if (check_output(o, err))
        return -1;
    int failed = sweep_records(&o->plan, &o->dbs, o->found, &text, &size, &count, err);
    if (!failed && !count)
        failed =
            dcn_fail(err, DCN_EFAILED,
                     "nothing of the plan was measured or estimated yet by this build of dcngen");
    if (!failed)
        failed = hand_out(o, text, size, err);
    free(text);
    return failed;
}

int sweep_collect(const Args *a, dcn_error *err)
{
    SweepOutcome o;
    if (!a->out && !a->export_to && !args_has(a, OPT_IMPORT))
        return dcn_fail(err, DCN_EUSAGE, "sweep collect needs -o FILE, --import or --export FILE");
    const bool quiet = a->export_to && !strcmp(a->export_to, "-");
    int status = outcome_open(&o, a, err) || collect(&o, err) || (!quiet && show(&o, err))
                     ? -1
                     : !is_complete(&o);
    outcome_close(&o);
    return status;
}
