/* test_collect.c: databases of sweeps: rows, which of several counts, and what is handed on.
**
** Records are made up: nothing is measured here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "tuner/api/choose.h"
#include "tuner/sweep/collect.h"
#include "tuner/sweep/hold.h"
#include "tuner/sweep/lock.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void make_dir(void)
{
    snprintf(dir, sizeof dir, "/tmp/dcngen-sweep-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_dir(const char *name)
{
    static char path[8][128];
    static unsigned at;
    char *p = path[at++ % 8];
    snprintf(p, sizeof *path, "%s/%s", dir, name);
    return p;
}

/* ---- a plan of one item, and machines that did it ------------------------------------------- */

static dcn_spec spec;
static SweepPlan plan;
static SweepJob job;

static void make_plan(void)
{
    dcn_error err;
    SweepItem t;
    dcn_spec_init(&spec, DCN_OP_CONV2D);
    snprintf(spec.name, sizeof spec.name, "k");
    spec.in_channels = spec.out_channels = 4;
    spec.height = spec.width = 5;
    spec.kernel[0] = spec.kernel[1] = 3;
    const SweepRequest w = {
        .spec = &spec, .target = "x86-64-v3", .threads = 1, .offsets = "normal:2"
    };
    cr_assert_eq(sweep_item_make(&w, &t, &err), 0, "%s", err.text);
    plan = (SweepPlan){ 0 };
    cr_assert_eq(sweep_plan_add(&plan, &t, &err), 1);
    cr_assert_eq(sweep_item_open(&t, &job, &err), 0, "%s", err.text);
    make_dir();
}

static void drop_plan(void)
{
    sweep_plan_free(&plan);
    remove_dir();
}

TestSuite(collect, .init = make_plan, .fini = drop_plan);

static TuneStore *db_of(const char *name, bool write)
{
    dcn_error err;
    TuneStore *db;
    cr_assert_eq(sweep_db_open(in_dir(name), write, &db, &err), 0, "%s", err.text);
    return db;
}

static void put_record(TuneStore *db, const char *schedule, TuneOutcome outcome, double ns)
{
    dcn_error err;
    TuneRecord r = { .rev = cg_lowerings[0]->rev, .outcome = outcome, .winner = 1, .run = 1000 };
    if (outcome == TUNE_OK)
        r.ns_median = r.ns_low = r.ns_high = ns;
    snprintf(r.schedule, sizeof r.schedule, "%s", schedule);
    snprintf(r.lowering, sizeof r.lowering, "%s", cg_lowerings[0]->name);
    snprintf(r.offsets, sizeof r.offsets, "normal:2");
    cr_assert_eq(tune_store_put(db, &job.key, &r, &err), 0, "%s", err.text);
}

static SweepRow row_of(SweepState state, const char *schedule, double ns, double spread)
{
    SweepRow row = { .state = state,
                     .ns = ns,
                     .ns_low = ns * (1 - spread),
                     .ns_high = ns * (1 + spread),
                     .gain = 1.5 };
    memcpy(row.key, job.key.id, sizeof row.key);
    snprintf(row.offsets, sizeof row.offsets, "normal:2");
    snprintf(row.schedule, sizeof row.schedule, "%s", schedule);
    sweep_boot(row.boot);
    return row;
}

static void put_row(TuneStore *db, const SweepRow *row)
{
    dcn_error err;
    cr_assert_eq(sweep_row_put(db, plan.at[0].id, row, &err), 0, "%s", err.text);
}

/* A database in which that is the winner. */
static void machine(const char *name, SweepState state, const char *schedule, double ns,
                    bool measured_on_target)
{
    TuneStore *db = db_of(name, true);
    SweepRow row = row_of(state, schedule, ns, 0.01);
    row.measured_on_target = measured_on_target;
    put_record(db, schedule, state == SWEEP_ESTIMATED ? TUNE_ESTIMATED : TUNE_OK, ns);
    put_row(db, &row);
    tune_store_close(db);
}

/* What they say together, in both orders, which must be the same but for the places. */
static SweepFound found_in(const char *a, const char *b)
{
    SweepFound *found, out[2];
    dcn_error err;
    for (int i = 0; i < 2; i++) {
        const char *const path[] = { in_dir(i ? b : a), in_dir(i ? a : b) };
        SweepDbs dbs;
        cr_assert_eq(sweep_dbs_open(path, 2, &dbs, &err), 0, "%s", err.text);
        cr_assert_eq(sweep_find(&plan, &dbs, &found, &err), 0, "%s", err.text);
        out[i] = found[0];
        free(found);
        sweep_dbs_close(&dbs);
    }
    cr_expect_str_eq(out[0].row.schedule, out[1].row.schedule);
    cr_expect_eq(out[0].conflict, out[1].conflict);
    return out[0];
}

Test(collect, the_faster_of_two_counts)
{
    machine("a", SWEEP_DONE, "tiled mr=1", 200, 1);
    machine("b", SWEEP_DONE, "tiled mr=2", 100, 1);
    const SweepFound f = found_in("a", "b");
    cr_expect_str_eq(f.row.schedule, "tiled mr=2");
    cr_expect(f.conflict, "they differ beyond the noise");
    cr_expect_str_eq(f.other.schedule, "tiled mr=1");
}

Test(collect, what_is_within_the_noise_is_no_conflict)
{
    machine("a", SWEEP_DONE, "tiled mr=1", 101, 1);
    machine("b", SWEEP_DONE, "tiled mr=2", 100, 1);
    cr_expect_not(found_in("a", "b").conflict);
    machine("c", SWEEP_DONE, "tiled mr=2", 300, 1);
    cr_expect_not(found_in("b", "c").conflict, "the same winner on a slower machine");
}

Test(collect, a_cpu_on_itself_counts_more_than_a_faster_one)
{
    machine("a", SWEEP_DONE, "tiled mr=1", 200, 1);
    machine("b", SWEEP_DONE, "tiled mr=2", 100, 0);
    cr_expect_str_eq(found_in("a", "b").row.schedule, "tiled mr=1");
}

Test(collect, measured_counts_more_than_estimated)
{
    machine("a", SWEEP_DONE, "tiled mr=1", 200, 0);
    machine("b", SWEEP_ESTIMATED, "tiled mr=2", 100, 1);
    const SweepFound f = found_in("a", "b");
    cr_expect_eq(f.row.state, SWEEP_DONE);
    cr_expect_not(f.conflict);
}

/* What the program says of the plan and these two, and its exit code. */
static int program_says(const char *what, char *said, size_t size)
{
    char command[1024], *text;
    size_t length;
    dcn_error err;
    cr_assert_eq(sweep_plan_print(&plan, &text, &length, &err), 0);
    FILE *to = fopen(in_dir("plan"), "w");
    cr_assert(to && fwrite(text, 1, length, to) == length && !fclose(to));
    free(text);
    snprintf(command, sizeof command, "%s sweep %s --plan %s %s %s", getenv("DCNGEN_BIN"), what,
             in_dir("plan"), in_dir("a"), in_dir("b"));
    FILE *from = popen(command, "r");
    cr_assert_not_null(from);
    said[fread(said, 1, size - 1, from)] = '\0';
    return WEXITSTATUS(pclose(from));
}

Test(collect, a_conflict_is_told_and_is_an_exit_code)
{
    static char said[16384];
    if (!getenv("DCNGEN_BIN"))
        cr_skip("DCNGEN_BIN is not set");
    machine("a", SWEEP_DONE, "tiled mr=1", 200, 1);
    machine("b", SWEEP_DONE, "tiled mr=2", 100, 0);
    cr_expect_eq(program_says("status", said, sizeof said), 1);
    cr_expect_not_null(strstr(said, "two winners; the first counts, measured on the target"));
    cr_expect(strstr(said, "tiled mr=1") < strstr(said, "tiled mr=2"),
              "the one that counts is first");
    cr_expect_eq(program_says("status --json", said, sizeof said), 1);
    cr_expect_not_null(strstr(said, "\"other\": {"));
    cr_expect_not_null(strstr(said, "\"complete\": false"));
    cr_expect_eq(program_says("collect --export -", said, sizeof said), 1);
    cr_expect_null(strstr(said, "tiled mr=2"), "only what counts is handed on");
    cr_expect_not_null(strstr(said, "tiled mr=1"));
}

/* ---- rows --------------------------------------------------------------------------------- */

static SweepState state_of(const char *name)
{
    dcn_error err;
    SweepRow row;
    TuneStore *db = db_of(name, false);
    cr_assert_eq(sweep_row_get(db, plan.at[0].id, &row, &err), 0, "%s", err.text);
    tune_store_close(db);
    return row.state;
}

Test(collect, done_stays_done)
{
    TuneStore *db = db_of("a", true);
    static const SweepState states[] = { SWEEP_FAILED, SWEEP_FOREIGN, SWEEP_DONE, SWEEP_FAILED,
                                         SWEEP_FOREIGN };
    static const SweepState then[] = { SWEEP_FAILED, SWEEP_FOREIGN, SWEEP_DONE, SWEEP_DONE,
                                       SWEEP_DONE };
    for (int i = 0; i < 5; i++) {
        const SweepRow row = row_of(states[i], "direct", 1, 0);
        put_row(db, &row);
        cr_expect_eq(state_of("a"), then[i], "%d", i);
    }
    tune_store_close(db);
}

Test(collect, running_is_who_lives)
{
    dcn_error err;
    TuneStore *db = db_of("a", true);
    SweepRow row = row_of(SWEEP_RUNNING, "", 0, 0);
    put_row(db, &row);
    cr_expect_eq(state_of("a"), SWEEP_MISSING, "whoever began it is gone");
    int held = sweep_hold(db, plan.at[0].id, &err);
    cr_assert_geq(held, 0);
    cr_expect_eq(state_of("a"), SWEEP_RUNNING);
    cr_expect_eq(sweep_hold(db, plan.at[0].id, &err), -1);
    close(held);
    snprintf(row.boot, sizeof row.boot, "another machine");
    put_row(db, &row);
    cr_expect_eq(state_of("a"), SWEEP_RUNNING, "one cannot look into another machine");
    tune_store_close(db);
}

/* ---- what is handed on -------------------------------------------------------------------- */

/* The records of these databases, as JSON lines. */
static char *records_of(const char *const *name, int n, size_t *size, int64_t *count)
{
    const char *path[4];
    char *text;
    SweepFound *found;
    SweepDbs dbs;
    dcn_error err;
    for (int i = 0; i < n; i++)
        path[i] = in_dir(name[i]);
    cr_assert_eq(sweep_dbs_open(path, n, &dbs, &err), 0, "%s", err.text);
    cr_assert_eq(sweep_find(&plan, &dbs, &found, &err), 0, "%s", err.text);
    cr_assert_eq(sweep_records(&plan, &dbs, found, &text, size, count, &err), 0, "%s", err.text);
    free(found);
    sweep_dbs_close(&dbs);
    return text;
}

Test(collect, records_come_from_one_machine)
{
    size_t size;
    int64_t count;
    machine("a", SWEEP_DONE, "tiled mr=1", 200, 1);
    machine("b", SWEEP_DONE, "tiled mr=2", 100, 1);
    machine("c", SWEEP_ESTIMATED, "tiled mr=4", 1, 1);
    static const char *const all[] = { "a", "b", "c" };
    char *text = records_of(all, 3, &size, &count);
    cr_expect_eq(count, 1);
    cr_expect_not_null(strstr(text, "tiled mr=2"));
    free(text);
    text = records_of(all + 2, 1, &size, &count);
    cr_expect_eq(count, 1);
    cr_expect_not_null(strstr(text, "tiled mr=4"));
    free(text);
}

Test(collect, a_new_database_holds_rows_and_records)
{
    dcn_error err;
    size_t size;
    int64_t count;
    SweepRow row = row_of(SWEEP_DONE, "tiled mr=1", 100, 0);
    SweepFound found = { .row = row };
    TuneRecord r;
    machine("a", SWEEP_DONE, "tiled mr=1", 100, 1);
    static const char *const all[] = { "a" };
    char *text = records_of(all, 1, &size, &count);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(sweep_write_db(&plan, &found, text, size, in_dir("merged"), &err), 0, "%s",
                     err.text);
    free(text);
    cr_expect_eq(state_of("merged"), SWEEP_DONE);
    TuneStore *db = db_of("merged", false);
    cr_expect_eq(tune_store_best(db, &job.key, NULL, &r, &err), 0);
    cr_expect_eq(r.winner, 1);
    tune_store_close(db);
}

/* ---- estimates in a store ----------------------------------------------------------------- */

/* What the store recommends after these lines were merged into it one after the other. */
static TuneOutcome best_after(const char *const *name, int n, char schedule[DCN_SCHEDULE_MAX])
{
    static int number;
    char file[32];
    dcn_error err;
    TuneRecord r;
    TuneImported got;
    size_t size;
    int64_t count;
    snprintf(file, sizeof file, "store%d", number++);
    TuneStore *st = db_of(file, true);
    for (int i = 0; i < n; i++) {
        char *text = records_of(&name[i], 1, &size, &count);
        cr_assert_eq(tune_store_merge(st, "lines", text, size, &got, &err), 0, "%s", err.text);
        free(text);
    }
    cr_assert_eq(tune_store_best(st, &job.key, NULL, &r, &err), 0, "something is recommended");
    snprintf(schedule, DCN_SCHEDULE_MAX, "%s", r.schedule);
    tune_store_close(st);
    return r.outcome;
}

Test(collect, an_estimate_never_beats_a_measurement)
{
    char schedule[DCN_SCHEDULE_MAX];
    machine("measured", SWEEP_DONE, "tiled mr=1", 1e9, 1);
    machine("same", SWEEP_DONE, "tiled mr=2", 1e9, 1);
    machine("estimated", SWEEP_ESTIMATED, "tiled mr=2", 1, 1);
    static const char *const orders[][3] = { { "estimated", "measured", "estimated" },
                                             { "measured", "estimated", "measured" },
                                             { "estimated", "same", "estimated" },
                                             { "same", "estimated", "same" } };
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(best_after(orders[i], 3, schedule), TUNE_OK, "order %d", i);
        cr_expect_str_eq(schedule, i < 2 ? "tiled mr=1" : "tiled mr=2");
    }
    cr_expect_eq(best_after(orders[0], 1, schedule), TUNE_ESTIMATED);
    cr_expect_str_eq(schedule, "tiled mr=2");
}

Test(collect, an_estimate_of_tune_is_not_recommended)
{
    dcn_error err;
    TuneRecord r;
    TuneStore *db = db_of("a", true);
    TuneRecord plain = { .rev = cg_lowerings[0]->rev, .outcome = TUNE_ESTIMATED };
    snprintf(plain.schedule, sizeof plain.schedule, "direct");
    snprintf(plain.lowering, sizeof plain.lowering, "%s", cg_lowerings[0]->name);
    snprintf(plain.offsets, sizeof plain.offsets, "normal:2");
    cr_assert_eq(tune_store_put(db, &job.key, &plain, &err), 0);
    cr_expect_eq(tune_store_best(db, &job.key, NULL, &r, &err), 1);
    tune_store_close(db);
}
