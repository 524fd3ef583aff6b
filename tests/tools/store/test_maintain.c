/* test_maintain.c: counting, dropping and checking what the store holds.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

enum { DAY = 24 * 3600 };

TestSuite(care, .init = store_begin, .fini = store_end);

static void put(const char *schedule, int64_t days_ago, int winner)
{
    TuneRecord r = temp_record(schedule, 100);
    r.when -= days_ago * DAY;
    r.winner = winner;
    store_put(&r);
}

static size_t put_code(const char *name, const char *schedule)
{
    dcn_spec s = temp_spec(name);
    size_t size;
    void *bytes = temp_code(&s, schedule, &size);
    cr_assert_eq(tune_code_put(st, &(TuneCode){ &key, name, schedule }, bytes, size, &err), 0, "%s",
                 err.text);
    free(bytes);
    return size;
}

static bool has_code(const char *name, const char *schedule)
{
    void *bytes = NULL;
    size_t size;
    int status = tune_code_get(st, &(TuneCode){ &key, name, schedule }, &bytes, &size, &err);
    free(bytes);
    return status == 0;
}

static TuneStoreStat stat_of(void)
{
    TuneStoreStat s;
    cr_assert_eq(tune_store_stat(st, &s, &err), 0, "%s", err.text);
    return s;
}

Test(care, of_nothing)
{
    TuneStoreStat s = stat_of();
    cr_expect_eq(s.records, 0);
    cr_expect_str_eq(s.state, temp_dir());
    cr_expect_eq(tune_store_prune(st, 0, 0, &err), 0);
    cr_expect_eq(tune_store_clear(st, &err), 0);
    cr_expect_eq(tune_store_verify(st, NULL, NULL, &err), 0);
    cr_expect_neq(access(tune_store_path(st), F_OK), 0, "nothing was made");
}

Test(care, pruning_drops_what_is_stale)
{
    TuneRecord r = temp_record("former", 1);
    TuneKey other = key;
    r.rev++;
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0);
    strcpy(other.build, "dcngen 0.0.1");
    tune_key_id(&other, other.id);
    cr_assert_eq(tune_store_put(st, &other, &r, &err), 0);
    put("present", 400, 0);
    cr_assert_eq(tune_store_pin(st, &other, "pinned", &err), 0);
    cr_expect_eq(stat_of().stale, 2);
    cr_expect_eq(tune_store_prune(st, -1, -1, &err), 2);
    TuneStoreStat s = stat_of();
    cr_expect_eq(s.stale, 0);
    cr_expect_eq(s.records, 1);
    cr_expect_eq(s.keys, 1);
    cr_expect_eq(s.pinned, 1);
}

Test(care, pruning_by_age_drops_losers_first)
{
    put("old loser", 100, 0);
    put("old winner", 100, 1);
    put("young loser", 1, 0);
    cr_expect_eq(tune_store_prune(st, -1, 30, &err), 1);
    cr_expect_eq(stat_of().winners, 1, "the key was used today");
    store_sql("UPDATE keys SET used = 0");
    cr_expect_eq(tune_store_prune(st, -1, 30, &err), 1);
    cr_expect_eq(stat_of().records, 1);
    cr_expect_eq(stat_of().winners, 0);
}

Test(care, asking_counts_as_use)
{
    TuneRecord r;
    put("old winner", 100, 1);
    store_sql("UPDATE keys SET used = 0");
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    cr_expect_eq(tune_store_prune(st, -1, 30, &err), 0);
}

Test(care, pruning_by_size_keeps_what_is_used_and_winners)
{
    put("direct", 0, 1);
    size_t size = put_code("a", "direct");
    put_code("b", "tiled");
    size += put_code("c", "tiled");
    store_sql(
        "UPDATE objects SET used = 1 WHERE name = 'a'; UPDATE objects SET used = 2 WHERE name = "
        "'b'");
    cr_expect_eq(tune_store_prune(st, (int64_t)size, -1, &err), 1);
    cr_expect(!has_code("b", "tiled") && has_code("c", "tiled") && has_code("a", "direct"));
    cr_expect_eq(tune_store_prune(st, 0, -1, &err), 2);
    cr_expect_eq(stat_of().objects, 0);
    cr_expect_eq(stat_of().records, 1);
}

Test(care, pruning_by_age_drops_code_that_is_not_used)
{
    put("direct", 0, 1);
    put_code("a", "direct");
    put_code("b", "direct");
    store_sql("UPDATE objects SET used = 1 WHERE name = 'a'");
    cr_expect_eq(tune_store_prune(st, -1, 30, &err), 1);
    cr_expect(!has_code("a", "direct") && has_code("b", "direct"));
}

Test(care, files_that_belong_to_nothing_go_when_they_are_old)
{
    static const char orphan[] =
        "objects/0000000000000000000000000000000000000000000000000000000000000000.o";
    const struct utimbuf long_ago = { 1, 1 };
    put_code("a", "direct");
    const char *files[] = { orphan, "objects/.dcngen-1-1.tmp", "store.db.abcdef",
                            "objects/README" };
    for (int i = 0; i < 4; i++) {
        FILE *f = fopen(temp_path(temp_dir(), files[i]), "w");
        cr_assert_not_null(f);
        fclose(f);
    }
    cr_expect_eq(tune_store_prune(st, -1, -1, &err), 0);
    cr_expect_eq(access(temp_path(temp_dir(), orphan), F_OK), 0, "somebody may be writing it");
    for (int i = 0; i < 4; i++)
        cr_assert_eq(utime(temp_path(temp_dir(), files[i]), &long_ago), 0);
    cr_expect_eq(tune_store_prune(st, -1, -1, &err), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_neq(access(temp_path(temp_dir(), files[i]), F_OK), 0, "%s", files[i]);
    cr_expect_eq(access(temp_path(temp_dir(), "objects/README"), F_OK), 0, "not ours");
    cr_expect(has_code("a", "direct"));
}

Test(care, clearing_drops_everything)
{
    put("direct", 0, 1);
    put_code("a", "direct");
    cr_assert_eq(tune_store_pin(st, &key, "direct", &err), 0);
    cr_assert_eq(tune_store_clear(st, &err), 0);
    TuneStoreStat s = stat_of();
    cr_expect_eq(s.records + s.keys + s.pinned + s.objects, 0);
    cr_expect_eq(rmdir(temp_path(temp_dir(), "objects")), 0, "no file is left");
    put("direct", 0, 1);
    put_code("a", "direct");
}

/* ---- verify ------------------------------------------------------------------------------ */

static char said[4096];

static void hear(void *self, const char *line)
{
    size_t n = strlen(said);
    (void)self;
    snprintf(said + n, sizeof said - n, "%s\n", line);
}

Test(care, verifying_names_every_damage)
{
    char want[512];
    put("direct", 0, 1);
    put("tiled", 0, 0);
    put_code("a", "direct");
    put_code("b", "direct");
    cr_expect_eq(tune_store_verify(st, hear, NULL, &err), 0, "%s", said);
    store_sql(
        "UPDATE records SET ns_median = 1 WHERE schedule = 'tiled';"
        "UPDATE objects SET digest = substr(digest, 2) || substr(digest, 1, 1) WHERE name = 'b'");
    cr_expect_eq(tune_store_verify(st, hear, NULL, &err), 2);
    snprintf(want, sizeof want, "key %.12s, record 'tiled': it is not what was written\n", key.id);
    cr_expect(!strncmp(said, want, strlen(want)), "%s", said);
    cr_expect(strstr(said, "code of 'b', ") && strstr(said, ".o: its file cannot be read\n"), "%s",
              said);
}

Test(care, a_key_that_was_changed_is_seen)
{
    TuneRecord r;
    put("direct", 0, 1);
    store_sql("UPDATE keys SET threads = 7");
    cr_expect_eq(tune_store_verify(st, hear, NULL, &err), 1);
    cr_expect(strstr(said, ": it is not the digest of its parts"), "%s", said);
    store_sql(
        "UPDATE keys SET threads = 2; UPDATE records SET outcome = 'ok', winner = 1, rev = rev + "
        "1");
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1, "a changed record does not count");
}

/* In a store from elsewhere any number may stand; none of them keeps it from being counted and cleared. */
Test(care, sizes_and_times_that_cannot_be_are_seen)
{
    put("direct", 0, 1);
    put_code("a", "direct");
    const int64_t bytes = (int64_t)put_code("b", "direct");
    store_sql("UPDATE objects SET bytes = 9223372036854775807, digest = substr(digest, 2) || "
              "substr(digest, 1, 1) "
              "WHERE name = 'a'");
    cr_expect_eq(stat_of().object_bytes, bytes, "what cannot be does not count");
    store_sql("UPDATE objects SET bytes = bytes + 1 WHERE name = 'b'; UPDATE keys SET used = -5");
    cr_expect_eq(tune_store_verify(st, hear, NULL, &err), 3, "%s", said);
    cr_expect(strstr(said, ": it cannot have been used then\n"), "%s", said);
    cr_expect(strstr(said, ".o: its row says another size\n"), "%s", said);
    cr_expect_geq(tune_store_prune(st, 100 << 20, 365, &err), 0, "%s", err.text);
    cr_expect_not(has_code("a", "direct"));
    cr_expect_eq(tune_store_clear(st, &err), 0, "%s", err.text);
    cr_expect_eq(stat_of().objects, 0);
}

/* A record keeps the run in which it was tried first, and gets a new time whenever it is measured. */
Test(care, only_time_of_tuning_is_tuning)
{
    TuneRecord r = temp_record("direct", 100);
    r.run = r.when * 1000;
    r.when += 20;
    store_put(&r);
    snprintf(r.schedule, sizeof r.schedule, "tiled");
    r.when += 10;
    store_put(&r);
    cr_expect_eq(stat_of().seconds, 30);
    r.when += DAY;
    store_put(&r);
    cr_expect_eq(stat_of().seconds, 20, "a day is no tuning");
}
