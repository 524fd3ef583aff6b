/* test_hostile.c: stores that somebody made to do harm.
**
** Each is a good store that SQLite changed behind dcngen's back.  It is refused, or what was
** changed does not count; nothing outside the store is touched, and everything ends.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"
#include "tuner/store/db.h"
#include "tuner/store/form.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(hostile, .init = store_begin, .fini = store_end, .timeout = 300);

/* ---- code ---------------------------------------------------------------------------------- */

static dcn_spec kernel;

static void put_code(void)
{
    size_t size;
    kernel = temp_spec("k");
    const TuneCode code = { &key, "k", "direct" };
    void *bytes = temp_code(&kernel, "direct", &size);
    cr_assert_eq(tune_code_put(st, &code, bytes, size, &err), 0, "%s", err.text);
    free(bytes);
}

static int get_code(void)
{
    const TuneCode code = { &key, "k", "direct" };
    void *bytes = NULL;
    size_t size;
    int none = tune_code_get(st, &code, &bytes, &size, &err);
    free(bytes);
    return none;
}

static void make_file(const char *path)
{
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs("mine", f) >= 0);
    cr_assert_eq(fclose(f), 0);
}

/* Opening one would wait until somebody writes into it. */
Test(hostile, a_pipe_is_no_store)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-journal" };
    const TuneStoreAt at = { temp_dir(), temp_dir(), "/nonexistent", TUNE_STORE_RW, NULL };
    const TuneRecord r = temp_record("direct", 100);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        TuneStore *other = NULL;
        char path[4096];
        snprintf(path, sizeof path, "%s", temp_path(temp_dir(), names[i]));
        store_put(&r);
        tune_store_close(st);
        remove(path);
        cr_assert_eq(mkfifo(path, 0600), 0);
        cr_expect_eq(tune_store_open(&at, &other, &err), -1, "%s", names[i]);
        cr_expect_eq(err.code, DCN_ESTORE);
        cr_expect(strstr(err.text, "is not a store of dcngen"), "%s", err.text);
        tune_store_close(other);
        remove(path);
        st = temp_store(temp_dir(), TUNE_STORE_RW);
    }
}

static int quiet_lines;

static void count_line(void *self, const char *line)
{
    (void)self, (void)line;
    quiet_lines++;
}

Test(hostile, code_that_is_a_pipe)
{
    char path[4096];
    put_code();
    FILE *ls = NULL;
    snprintf(path, sizeof path, "ls %s/objects/*.o", temp_dir());
    ls = popen(path, "r");
    cr_assert(ls && fgets(path, sizeof path, ls));
    pclose(ls);
    path[strcspn(path, "\n")] = 0;
    cr_assert_eq(remove(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(get_code(), 1);
    cr_expect_neq(access(path, F_OK), 0, "it is dropped");
}

/* A digest that is a path is no digest: no file of that name is read or deleted. */
Test(hostile, a_digest_that_is_a_path)
{
    static const char *const digests[] = { "../../victim", "../victim", "/tmp/victim", "", "x" };
    char victim[4096], change[256];
    snprintf(victim, sizeof victim, "%s", temp_path(temp_dir(), "victim.o"));
    put_code();
    make_file(victim);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        snprintf(change, sizeof change, "UPDATE objects SET digest = '%s', bytes = 1 << 40",
                 digests[i]);
        store_sql(change);
        cr_expect_gt(tune_store_verify(st, count_line, NULL, &err), 0, "%s", digests[i]);
        cr_expect_eq(get_code(), 1, "%s", digests[i]);
        cr_expect(strstr(err.text, "its digest is none"), "%s: %s", digests[i], err.text);
        put_code();
    }
    store_sql("UPDATE objects SET digest = '../victim', bytes = 1 << 40");
    cr_expect_eq(tune_store_prune(st, 0, 0, &err), 1, "%s", err.text);
    cr_expect_eq(access(victim, F_OK), 0, "a file outside the store was deleted");
}

Test(hostile, a_digest_with_more_behind_it)
{
    put_code();
    store_sql("UPDATE objects SET digest = digest || '/../../victim'");
    cr_expect_eq(get_code(), 1);
    cr_expect(strstr(err.text, "its digest is none"), "%s", err.text);
    put_code();
    store_sql("UPDATE objects SET digest = CAST(digest || x'00' || 'more' AS TEXT)");
    cr_expect_eq(get_code(), 1);
    put_code();
    cr_expect_eq(get_code(), 0, "%s", err.text);
}

/* ---- schemas ------------------------------------------------------------------------------- */

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "

static const char *const schemas[] = {
    "DROP TABLE pins; CREATE VIEW pins AS " ENDLESS
    "'' AS problem, '' AS spec, '' AS machine, 1 AS threads, '' AS schedule FROM n",
    "DROP TABLE records; CREATE VIEW records AS " ENDLESS "i AS key FROM n",
    "CREATE TABLE more (x)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE VIEW sweep_items AS " ENDLESS "i AS id FROM n",
    "CREATE TABLE sweep_items (id TEXT PRIMARY KEY)",
    "CREATE VIEW turns AS " ENDLESS "i AS key FROM n",
    "CREATE TRIGGER t AFTER INSERT ON keys BEGIN DELETE FROM records; END",
    "CREATE INDEX more ON keys (abs(threads))",
    "ALTER TABLE keys ADD COLUMN more AS (zeroblob(1000000000))",
    "DROP TABLE pins; CREATE VIRTUAL TABLE pins USING fts5 (problem, spec, machine, schedule)",
    "DROP INDEX keys_family",
    "DROP TABLE pins",
    "ANALYZE",
};

static int reopen(TuneStoreMode mode)
{
    const TuneStoreAt at = { temp_dir(), temp_dir(), "/nonexistent", mode, NULL };
    tune_store_close(st);
    st = NULL;
    return tune_store_open(&at, &st, &err);
}

Test(hostile, other_tables_than_ours)
{
    char copy[4 * 4096 + 64], file[4096];
    TuneRecord r = temp_record("tiled mr=1", 100);
    store_put(&r);
    snprintf(file, sizeof file, "%s", tune_store_path(st));
    cr_assert_eq(reopen(TUNE_STORE_RO), 0, "%s", err.text);
    store_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    snprintf(copy, sizeof copy, "cp '%s' '%s.good'", file, file);
    cr_assert_eq(system(copy), 0);
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        cr_assert_eq(reopen(TUNE_STORE_RW), 0, "%s", err.text);
        store_sql(schemas[i]);
        cr_expect_eq(reopen(TUNE_STORE_RW), -1, "%s", schemas[i]);
        cr_expect_eq(err.code, DCN_ESTORE);
        cr_expect(strstr(err.text, "is not a store of dcngen"), "%s: %s", schemas[i], err.text);
        snprintf(copy, sizeof copy, "rm -f '%s-wal' '%s-shm'; cp '%s.good' '%s'", file, file, file,
                 file);
        cr_assert_eq(system(copy), 0);
    }
    cr_assert_eq(reopen(TUNE_STORE_RW), 0, "%s", err.text);
}

/* What no schema of ours can ask is ended, too. */
Test(hostile, a_query_without_end)
{
    int64_t n;
    TuneRecord r = temp_record("tiled mr=1", 100);
    store_put(&r);
    const Db *db = tune_store_db(st, true, &err);
    cr_assert_not_null(db);
    cr_expect_eq(db_number(db, &err, &n, ENDLESS "count(*) FROM n", ""), -1);
    cr_expect_eq(err.code, DCN_ESTORE);
    cr_expect(strstr(err.text, "a query does not end"), "%s", err.text);
    cr_expect_eq(db_number(db, &err, &n, "SELECT count(*) FROM records", ""), 0);
    cr_expect_eq(n, 1, "the store is still good for others");
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int count_record(void *self, const TuneKey *k, const TuneRecord *r)
{
    (void)k, (void)r;
    ++*(int *)self;
    return 0;
}

static int count_records(void)
{
    int n = 0;
    cr_assert_eq(tune_store_each(st, NULL, count_record, &n, &err), 0, "%s", err.text);
    return n;
}

/* Forms that no digest of a row would excuse; whoever forges a row can forge its digest. */
Test(hostile, keys_that_cannot_be)
{
    static const char *const changes[] = {
        "UPDATE keys SET threads = 0",
        "UPDATE keys SET threads = 1 << 40",
        "UPDATE keys SET spec = char(27) || '[2J'",
        "UPDATE keys SET spec = ''",
        "UPDATE keys SET spec = 'while true do end ' || spec",
        "UPDATE keys SET spec = spec || ' while true do end'",
        "UPDATE keys SET spec = 'return include \"/etc/passwd\"'",
        "UPDATE keys SET spec = 'return conv2d { height = include \"x\" }'",
        "UPDATE keys SET spec = 'return conv2d { height = f {} }'",
        "UPDATE keys SET spec = 'return conv2d { name = (\"x\"):rep(1e9) }'",
        "UPDATE keys SET spec = 'return conv2d { height = function() end }'",
        "UPDATE keys SET spec = 'return conv2d { height = 1 } { width = 2 }'",
        "UPDATE keys SET spec = CAST(x'c0af' AS TEXT)",
        "UPDATE keys SET spec = CAST(spec || x'00' || spec AS TEXT)",
        "UPDATE keys SET machine = printf('%.*c', 900000, 'x')",
        "UPDATE keys SET build = x'00'",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        TuneRecord r = temp_record("tiled mr=1", 100);
        store_put(&r);
        cr_expect_eq(count_records(), 1);
        store_sql(changes[i]);
        cr_expect_eq(count_records(), 0, "%s", changes[i]);
        cr_expect_eq(tune_store_verify(st, count_line, NULL, &err), 1, "%s", changes[i]);
        cr_assert_eq(tune_store_clear(st, &err), 0, "%s", err.text);
    }
}

static void expect_specs(const char *path)
{
    char text[DCN_SPEC_TEXT_MAX];
    dcn_module *m;
    cr_assert_eq(dcn_load_file(path, NULL, 0, &m, &err), 0, "%s", err.text);
    for (int i = 0; i < dcn_module_count(m); i++) {
        dcn_spec_print(dcn_module_spec(m, i), text, sizeof text);
        cr_expect(form_is_spec(text), "%s", text);
    }
    dcn_module_free(m);
}

Test(hostile, every_kernel_has_the_form_of_one)
{
    expect_specs(SOURCE_DIR "/share/canonical.lua");
    expect_specs(SOURCE_DIR "/bench/workloads.lua");
    expect_specs(SOURCE_DIR "/tests/portable/cross/kernels.lua");
}

Test(hostile, pins_that_cannot_be)
{
    int n = 0;
    TuneRecord r;
    cr_assert_eq(tune_store_pin(st, &key, "direct", &err), 0);
    store_sql("UPDATE pins SET schedule = 'direct' || char(10) || 'rm'");
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1);
    cr_expect_eq(tune_store_each_pin(st, true, count_record, &n, &err), 0);
    cr_expect_eq(n, 0);
}

Test(hostile, a_value_of_a_gigabyte_is_damage)
{
    TuneRecord r = temp_record("tiled mr=1", 100);
    store_put(&r);
    store_sql("UPDATE records SET samples = zeroblob(100000000)");
    int n = 0;
    cr_expect_eq(tune_store_each(st, NULL, count_record, &n, &err), -1);
    cr_expect_eq(err.code, DCN_ESTORE, "%s", err.text);
}

Test(hostile, records_that_nobody_measured)
{
    double *field[4];
    TuneRecord r = temp_record("tiled mr=1", 100);
    double *const all[] = { &r.gain, &r.ns_median, &r.ns_high, &r.sample[1] };
    memcpy(field, all, sizeof field);
    for (int i = 0; i < 4; i++) {
        const double before = *field[i], values[] = { 1e308, -1, 0.0 / 0.0, 1.0 / 0.0 };
        for (int k = 0; k < 4; k++) {
            *field[i] = values[k];
            cr_expect_eq(tune_store_put(st, &key, &r, &err), -1, "%d: %g", i, values[k]);
            cr_expect_not_null(tune_record_wrong(&r));
        }
        *field[i] = before;
    }
    cr_expect_null(tune_record_wrong(&r));
    cr_expect_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
}
