/* test_mutation.c: whatever the bytes of an export, a store, a sweep's database or a plan are,
** reading them ends with what can be used or with an error of one line.
**
** Good files are changed at random, the same way in every run.  These readers need the compiler for
** the names of its lowerings, which libFuzzer's programs (tests/safe/fuzz) do not link.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"
#include "runtime/base/random.h"
#include "tests/tools/store/fixture.h"
#include "tuner/store/form.h"
#include "tuner/store/legal.h"
#include "tuner/sweep/collect.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(mutation, .init = store_begin, .fini = store_end, .timeout = 600);

/* ---- changes ------------------------------------------------------------------------------- */

typedef struct Bytes {
    char *at;
    size_t size;
} Bytes;

static size_t below(rt_rng *r, size_t n)
{
    return n ? (size_t)(rt_rng_next(r) % n) : 0;
}

static void put_text(Bytes *b, size_t at, size_t removed, const char *text)
{
    const size_t n = strlen(text);
    if (removed > b->size - at)
        removed = b->size - at;
    char *out = malloc(b->size - removed + n + 1);
    cr_assert_not_null(out);
    memcpy(out, b->at, at);
    memcpy(out + at, text, n);
    memcpy(out + at + n, b->at + at + removed, b->size - at - removed);
    b->size += n - removed;
    free(b->at);
    b->at = out;
}

/* Numbers and words that break what was not thought of. */
static const char *const tokens[] = {
    "0",       "-1",       "1e308",       "1e-308", "9223372036854775807",
    "null",    "\"\"",     "[]",          "{}",     "\n",
    "\\u001b", "../../x",  "tiled mr=99", "}}}}",   "{{{{",
    "\\u0000", "\xff\xfe", ",",           "1e999",  "4294967296",
    "direct",  "native",
};

static void change_text(Bytes *b, rt_rng *r)
{
    const size_t at = below(r, b->size);
    if (below(r, 2))
        put_text(b, at, below(r, 12), tokens[below(r, sizeof tokens / sizeof *tokens)]);
    else if (b->size)
        b->at[at] ^= (char)(1 << below(r, 8));
}

/* The value after some colon becomes one of the tokens. */
static void change_value(Bytes *b, rt_rng *r)
{
    const size_t from = below(r, b->size);
    const char *colon = memchr(b->at + from, ':', b->size - from);
    if (!colon)
        return;
    const size_t at = (size_t)(colon - b->at) + 1;
    const char *end = memchr(colon, ',', b->size - at);
    put_text(b, at, end ? (size_t)(end - colon) - 1 : 0,
             tokens[below(r, sizeof tokens / sizeof *tokens)]);
}

static void change_bytes(Bytes *b, rt_rng *r)
{
    const size_t at = below(r, b->size), n = 1 + below(r, 8);
    for (size_t i = at; i < at + n && i < b->size; i++)
        b->at[i] = (char)rt_rng_next(r);
}

static Bytes copy_of(const Bytes *b)
{
    Bytes out = { malloc(b->size + 1), b->size };
    cr_assert_not_null(out.at);
    memcpy(out.at, b->at, b->size);
    return out;
}

static Bytes changed_text(const Bytes *good, rt_rng *r)
{
    Bytes b = copy_of(good);
    for (size_t n = 1 + below(r, 3); n > 0; n--)
        (below(r, 2) ? change_text : change_value)(&b, r);
    return b;
}

static void expect_one_line(int run)
{
    cr_expect(err.text[0] && !strpbrk(err.text, "\r\n"), "run %d: '%s'", run, err.text);
}

static Bytes read_bytes(const char *path)
{
    Bytes b;
    void *at;
    cr_assert_eq(rt_read_file(path, 1 << 24, &at, &b.size, &err), 0, "%s", err.text);
    b.at = at;
    return b;
}

/* ---- lines of an import -------------------------------------------------------------------- */

/* What is chosen in the end is a kernel that can be built. */
static void expect_legal(TuneStore *there, int run)
{
    LegalKey last = { .id = "" };
    TuneRecord r;
    const int none = tune_store_best(there, &key, NULL, &r, &err);
    if (none < 0)
        expect_one_line(run);
    if (!none)
        cr_expect_eq(legal_check(&last, &key, &r, &err), 0, "run %d: %s", run, err.text);
}

Test(mutation, lines_of_an_export)
{
    enum { RUNS = 600 };
    rt_rng rng = rt_rng_seed(1);
    int64_t n;
    TuneImported got;
    TuneRecord a = temp_record("tiled mr=1", 100), b = temp_record("direct oc_block=1", 200);
    snprintf(b.lowering, sizeof b.lowering, "direct");
    a.winner = 1;
    store_put(&a);
    cr_assert_eq(tune_store_pin(st, &key, "tiled mr=2", &err), 0);
    const char *path = temp_path(temp_dir(), "lines");
    cr_assert_eq(tune_store_export(st, path, &n, &err), 0, "%s", err.text);
    const Bytes good = read_bytes(path);
    TuneStore *there = temp_store(temp_path(temp_dir(), "there"), TUNE_STORE_RW);
    int taken = 0;
    for (int i = 0; i < RUNS; i++) {
        const Bytes bad = changed_text(&good, &rng);
        if (tune_store_merge(there, "lines", bad.at, bad.size, &got, &err))
            expect_one_line(i);
        else
            taken++;
        expect_legal(there, i);
        free(bad.at);
    }
    cr_expect(taken > 0 && taken < RUNS, "%d of %d taken", taken, RUNS);
    tune_store_close(there);
    free(good.at);
}

/* ---- bytes of a database ------------------------------------------------------------------- */

static void write_bytes(const char *path, const Bytes *b)
{
    static const char *const logs[] = { "-wal", "-shm", "-journal" };
    char name[4200];
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(b->at, 1, b->size, f), b->size);
    cr_assert_eq(fclose(f), 0);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, logs[i]);
        unlink(name);
    }
}

static SweepPlan plan;

static void make_plan(void)
{
    SweepItem item;
    const dcn_spec s = temp_spec("k");
    const SweepRequest w = {
        .spec = &s, .target = "x86-64-v3", .threads = 1, .offsets = "normal:2"
    };
    cr_assert_eq(sweep_item_make(&w, &item, &err), 0, "%s", err.text);
    cr_assert_eq(sweep_plan_add(&plan, &item, &err), 1);
}

/* A database of a sweep that has some of everything; returns its path. */
static const char *make_database(void)
{
    static char path[4096];
    TuneStore *db;
    SweepRow row = { .state = SWEEP_DONE, .ns = 5, .ns_low = 4, .ns_high = 6, .gain = 1 };
    snprintf(path, sizeof path, "%s", temp_path(temp_dir(), "sweep.db"));
    make_plan();
    cr_assert_eq(sweep_db_open(path, true, &db, &err), 0, "%s", err.text);
    for (int i = 0; i < 20; i++) {
        const TuneKey k = temp_key(i % 4);
        TuneRecord r = temp_record("tiled mr=1", 100 + i);
        snprintf(r.offsets, sizeof r.offsets, "normal:%d", i);
        r.winner = 1;
        cr_assert_eq(tune_store_put(db, &k, &r, &err), 0, "%s", err.text);
    }
    memcpy(row.key, key.id, sizeof row.key);
    snprintf(row.offsets, sizeof row.offsets, "normal:0");
    snprintf(row.schedule, sizeof row.schedule, "tiled mr=1");
    cr_assert_eq(tune_store_pin(db, &key, "direct", &err), 0);
    cr_assert_eq(sweep_row_put(db, plan.at[0].id, &row, &err), 0, "%s", err.text);
    tune_store_close(db);
    return path;
}

static void say_nothing(void *self, const char *line)
{
    (void)self, (void)line;
}

static int expect_form(void *self, const TuneKey *k, const TuneRecord *r)
{
    (void)self;
    cr_expect(!tune_key_wrong(k) && !tune_record_wrong(r));
    return 0;
}

static int expect_pin(void *self, const TuneKey *k, const TuneRecord *r)
{
    (void)self;
    cr_expect(!tune_key_wrong(k) && form_is_line(r->schedule));
    return 0;
}

static void use_as_store(const char *path, int run)
{
    const TuneStoreAt at = { .file = path, .mode = TUNE_STORE_RW };
    TuneStore *db;
    TuneRecord r;
    if (tune_store_open(&at, &db, &err)) {
        expect_one_line(run);
        return;
    }
    if (tune_store_each(db, NULL, expect_form, NULL, &err) ||
        tune_store_each_pin(db, true, expect_pin, NULL, &err) ||
        tune_store_best(db, &key, NULL, &r, &err) < 0 ||
        tune_store_verify(db, say_nothing, NULL, &err) < 0 ||
        tune_store_prune(db, -1, -1, &err) < 0)
        expect_one_line(run);
    tune_store_close(db);
}

static void use_as_sweep(const char *path, int run)
{
    SweepDbs dbs;
    SweepFound *found = NULL;
    char *text = NULL;
    size_t size;
    int64_t n;
    if (sweep_dbs_open(&path, 1, &dbs, &err) || sweep_find(&plan, &dbs, &found, &err) ||
        sweep_records(&plan, &dbs, found, &text, &size, &n, &err))
        expect_one_line(run);
    free(text);
    free(found);
    sweep_dbs_close(&dbs);
}

Test(mutation, bytes_of_a_database)
{
    enum { RUNS = 300 };
    rt_rng rng = rt_rng_seed(2);
    const char *path = make_database();
    const Bytes good = read_bytes(path);
    for (int i = 0; i < RUNS; i++) {
        Bytes bad = copy_of(&good);
        for (size_t n = 1 + below(&rng, 12); n > 0; n--)
            change_bytes(&bad, &rng);
        write_bytes(path, &bad);
        use_as_sweep(path, i);
        use_as_store(path, i);
        free(bad.at);
    }
    free(good.at);
    sweep_plan_free(&plan);
}

/* ---- lines of a plan ----------------------------------------------------------------------- */

static void open_items(const SweepPlan *p, int run)
{
    SweepJob job;
    for (int i = 0; i < p->n; i++)
        if (sweep_item_open(&p->at[i], &job, &err))
            expect_one_line(run);
}

Test(mutation, lines_of_a_plan)
{
    enum { RUNS = 1000 };
    rt_rng rng = rt_rng_seed(3);
    Bytes good;
    SweepPlan back;
    make_plan();
    cr_assert_eq(sweep_plan_print(&plan, &good.at, &good.size, &err), 0, "%s", err.text);
    const char *path = temp_path(temp_dir(), "plan.jsonl");
    for (int i = 0; i < RUNS; i++) {
        const Bytes bad = changed_text(&good, &rng);
        write_bytes(path, &bad);
        if (sweep_plan_read(path, &back, &err))
            expect_one_line(i);
        else
            open_items(&back, i);
        sweep_plan_free(&back);
        free(bad.at);
    }
    free(good.at);
    sweep_plan_free(&plan);
}
