/* test_record.c: what is put is found again, and the best of it is used.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(record, .init = store_begin, .fini = store_end);

static TuneRecord best(const char *offsets)
{
    TuneRecord r;
    cr_assert_eq(tune_store_best(st, &key, offsets, &r, &err), 0);
    return r;
}

Test(record, looking_creates_nothing)
{
    TuneRecord r;
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1);
    cr_expect_neq(access(tune_store_path(st), F_OK), 0);
    cr_expect_str_empty(tune_store_why(st));
}

Test(record, all_of_it_comes_back)
{
    TuneRecord r = temp_record("tiled mr=6", 100), got;
    r.trial = 7;
    r.winner = 1;
    snprintf(r.why, sizeof r.why, "because \"%s\"", "\xc3\xa4");
    store_put(&r);
    got = best("normal:2");
    cr_expect_str_eq(got.schedule, r.schedule);
    cr_expect_str_eq(got.lowering, r.lowering);
    cr_expect_str_eq(got.offsets, r.offsets);
    cr_expect_str_eq(got.why, r.why);
    cr_expect_str_eq(got.where, r.where);
    cr_expect_eq(got.ns_low, r.ns_low);
    cr_expect_eq(got.gain, r.gain);
    cr_expect_eq(got.flops, r.flops);
    cr_expect_eq(got.peak_gflops, r.peak_gflops);
    cr_expect_eq(got.nsamples, 3);
    cr_expect_eq(got.sample[2], r.sample[2]);
    cr_expect_eq(got.when, r.when);
    cr_expect_eq(got.trial, 7);
    cr_expect_eq(got.run, 1000);
    cr_expect_eq(got.winner, 1);
    cr_expect_eq(got.pinned, 0);
}

Test(record, another_process_finds_it_and_nobody_else_may_write)
{
    TuneRecord r = temp_record("tiled mr=6", 100);
    struct stat s;
    store_put(&r);
    TuneStore *other = temp_store(temp_dir(), TUNE_STORE_RO);
    cr_expect_eq(tune_store_best(other, &key, NULL, &r, &err), 0);
    cr_expect_eq(tune_store_put(other, &key, &r, &err), -1);
    cr_expect_str_eq(err.text, "the store is only read: DCNGEN_CACHE=ro");
    tune_store_close(other);
    cr_assert_eq(stat(tune_store_path(st), &s), 0);
    cr_expect_eq(s.st_mode & 077, 0);
}

Test(record, the_fastest_verified_one_is_best)
{
    TuneRecord slow = temp_record("tiled mr=1", 300), quick = temp_record("tiled mr=2", 100);
    TuneRecord wrong = temp_record("tiled mr=3", 10), dropped = temp_record("tiled mr=4", 10);
    TuneRecord estimated = temp_record("tiled mr=5", 10);
    wrong.outcome = TUNE_WRONG;
    dropped.outcome = TUNE_DROPPED;
    estimated.outcome = TUNE_ESTIMATED;
    store_put(&slow);
    store_put(&wrong);
    store_put(&dropped);
    store_put(&estimated);
    store_put(&quick);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2");
}

Test(record, a_confirmed_winner_beats_a_faster_reading)
{
    TuneRecord winner = temp_record("tiled mr=1", 100), reading = temp_record("tiled mr=2", 90);
    winner.winner = 1;
    store_put(&winner);
    store_put(&reading);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=1");
}

Test(record, there_is_one_winner)
{
    TuneRecord first = temp_record("tiled mr=1", 100), second = temp_record("tiled mr=2", 110);
    first.winner = second.winner = 1;
    store_put(&first);
    store_put(&second);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2");
    TuneStoreStat stat;
    cr_assert_eq(tune_store_stat(st, &stat, &err), 0);
    cr_expect_eq(stat.winners, 1);
    cr_expect_eq(stat.records, 2);
    cr_expect_eq(stat.keys, 1);
}

Test(record, a_winner_that_is_measured_again_stays_one)
{
    TuneRecord winner = temp_record("tiled mr=1", 100), quick = temp_record("tiled mr=2", 50);
    winner.winner = 1;
    store_put(&winner);
    store_put(&quick);
    winner.winner = 0;
    winner.ns_median = 120;
    store_put(&winner);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=1");
    cr_expect_eq(best(NULL).ns_median, 120);
    winner.outcome = TUNE_CRASHED;
    store_put(&winner);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2");
}

Test(record, each_distribution_of_offsets_has_its_winner)
{
    TuneRecord zero = temp_record("tiled mr=1", 100), normal = temp_record("tiled mr=2", 200);
    snprintf(zero.offsets, sizeof zero.offsets, "zero");
    zero.winner = normal.winner = 1;
    normal.when = zero.when + 5;
    store_put(&normal);
    store_put(&zero);
    cr_expect_str_eq(best("zero").schedule, "tiled mr=1");
    cr_expect_str_eq(best("normal:2").schedule, "tiled mr=2");
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2", "the latest of all");
}

Test(record, stale_revisions_are_not_looked_at)
{
    TuneRecord stale = temp_record("tiled mr=1", 100), gone = temp_record("former x=1", 50);
    TuneRecord now = temp_record("tiled mr=2", 200);
    stale.rev++;
    stale.winner = 1;
    strcpy(gone.lowering, "former");
    store_put(&stale);
    store_put(&gone);
    store_put(&now);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2");
    TuneStoreStat stat;
    cr_assert_eq(tune_store_stat(st, &stat, &err), 0);
    cr_expect_eq(stat.stale, 2);
}

/* That of a module or network joins those of its parts, and is any number. */
Test(record, joined_revisions_are_stored)
{
    const char *text = "stages a={direct} b={direct} c={direct} d={direct} e={direct} f={direct}";
    TuneRecord r = temp_record(text, 100);
    strcpy(r.lowering, "stages");
    r.rev = INT32_MAX;
    cr_expect_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    r.rev = -1;
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
}

Test(record, nonsense_is_not_stored)
{
    TuneRecord r = temp_record("tiled", 0.0 / 0.0);
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
    r = temp_record("", 5);
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
}

/* ---- each -------------------------------------------------------------------------------- */

typedef struct SeenRecords {
    char text[256];
    int stop_after;
} SeenRecords;

static int see(void *self, const TuneKey *k, const TuneRecord *r)
{
    SeenRecords *seen = self;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%d:%s ", k->threads, r->schedule);
    return --seen->stop_after == 0;
}

Test(record, each_goes_from_the_oldest_on)
{
    TuneRecord a = temp_record("a", 1), b = temp_record("b", 2), c = temp_record("c", 3);
    TuneKey other = temp_key(1);
    a.trial = 2;
    b.trial = 1;
    c.run = 1;
    store_put(&a);
    store_put(&b);
    cr_assert_eq(tune_store_put(st, &other, &c, &err), 0);
    SeenRecords all = { "", 0 }, one = { "", 0 }, first = { "", 1 };
    cr_expect_eq(tune_store_each(st, NULL, see, &all, &err), 0);
    cr_expect_str_eq(all.text, "2:c 2:b 2:a ");
    cr_expect_eq(tune_store_each(st, &key, see, &one, &err), 0);
    cr_expect_str_eq(one.text, "2:b 2:a ");
    cr_expect_eq(tune_store_each(st, NULL, see, &first, &err), 0);
    cr_expect_str_eq(first.text, "2:c ");
}

/* ---- neighbours -------------------------------------------------------------------------- */

Test(record, neighbours_are_the_nearest_winners)
{
    static const char *const names[] = { "near", "nearer", "far", "no winner" };
    static const int heights[] = { 4, 1, 40, 2 };
    for (int i = 0; i < 4; i++) {
        TuneKey k = temp_key(heights[i]);
        TuneRecord r = temp_record(names[i], 100);
        r.winner = i < 3;
        cr_assert_eq(tune_store_put(st, &k, &r, &err), 0);
    }
    TuneRecord own = temp_record("own", 100), out[3];
    own.winner = 1;
    store_put(&own);
    cr_assert_eq(tune_store_neighbours(st, &key, out, 3), 3);
    cr_expect_str_eq(out[0].schedule, "nearer");
    cr_expect_str_eq(out[1].schedule, "near");
    cr_expect_str_eq(out[2].schedule, "far");
    cr_expect_eq(tune_store_neighbours(st, &key, out, 2), 2);
}

/* ---- pins -------------------------------------------------------------------------------- */

Test(record, a_pin_beats_the_winner_until_it_is_taken_away)
{
    TuneRecord winner = temp_record("tiled mr=1", 100), slow = temp_record("tiled mr=2", 200);
    winner.winner = 1;
    store_put(&winner);
    store_put(&slow);
    cr_assert_eq(tune_store_pin(st, &key, "tiled mr=2", &err), 0);
    TuneRecord r = best(NULL);
    cr_expect_str_eq(r.schedule, "tiled mr=2");
    cr_expect_eq(r.pinned, 1);
    cr_expect_eq(r.ns_median, 200);
    cr_assert_eq(tune_store_pin(st, &key, "tiled mr=9", &err), 0);
    r = best(NULL);
    cr_expect_str_eq(r.schedule, "tiled mr=9");
    cr_expect_eq(r.pinned, 1);
    cr_expect_eq(r.ns_median, 0);
    cr_assert_eq(tune_store_unpin(st, &key, &err), 1);
    cr_assert_eq(tune_store_unpin(st, &key, &err), 0, "it is gone");
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=1");
}

Test(record, a_pin_outlives_the_build)
{
    TuneKey other = key;
    strcpy(other.build, "dcngen 9.9.9");
    tune_key_id(&other, other.id);
    cr_assert_eq(tune_store_pin(st, &other, "tiled mr=2", &err), 0);
    cr_expect_str_eq(best(NULL).schedule, "tiled mr=2");
}
