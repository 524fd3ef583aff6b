/* test_exchange.c: out as JSON lines and in again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Schedules that are legal for the key; an import takes no others. */
static const char faster[] = "tiled mr=1", slower[] = "tiled mr=2", verified_here[] = "tiled mr=4",
                  failed_here[] = "tiled mr=6", right_here[] = "tiled mr=7", quick[] = "tiled mr=8",
                  slow[] = "tiled mr=9", record[] = "tiled mr=12", of_this_build[] = "tiled mr=14";

static TuneStore *here, *there;
static TuneKey key;
static dcn_error err;

static void begin(void)
{
    const char *dir = temp_dir();
    here = temp_store(temp_path(dir, "here"), TUNE_STORE_RW);
    there = temp_store(temp_path(dir, "there"), TUNE_STORE_RW);
    key = temp_key(0);
}

static void end(void)
{
    tune_store_close(here);
    tune_store_close(there);
}

TestSuite(exchange, .init = begin, .fini = end);

static const char *file(void)
{
    return temp_path(temp_dir(), "lines");
}

static void put(TuneStore *st, const char *schedule, double ns, TuneOutcome outcome, int winner)
{
    TuneRecord r = temp_record(schedule, ns);
    r.outcome = outcome;
    r.winner = winner;
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
}

static int64_t export(void)
{
    int64_t n = -1;
    cr_assert_eq(tune_store_export(here, file(), &n, &err), 0, "%s", err.text);
    return n;
}

static void expect_import(int64_t taken, int64_t stale, int64_t older)
{
    TuneImported got;
    cr_assert_eq(tune_store_import(there, file(), &got, &err), 0, "%s", err.text);
    cr_expect_eq(got.taken, taken, "%d taken", (int)got.taken);
    cr_expect_eq(got.stale, stale, "%d stale", (int)got.stale);
    cr_expect_eq(got.older, older, "%d older", (int)got.older);
}

static const char *best(TuneStore *st)
{
    static TuneRecord r;
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    return r.schedule;
}

Test(exchange, everything_travels)
{
    put(here, "tiled mr=1", 100.0 / 3, TUNE_OK, 1);
    put(here, "tiled mr=2", 0, TUNE_CRASHED, 0);
    cr_assert_eq(tune_store_pin(here, &key, "direct", &err), 0);
    cr_expect_eq(export(), 3);
    expect_import(3, 0, 0);
    TuneRecord a, b;
    cr_expect_str_eq(best(there), "direct");
    cr_assert_geq(tune_store_unpin(there, &key, &err), 0);
    cr_assert_eq(tune_store_unpin(here, &key, &err), 1);
    cr_assert_eq(tune_store_best(here, &key, NULL, &a, &err), 0);
    cr_assert_eq(tune_store_best(there, &key, NULL, &b, &err), 0);
    cr_expect_eq(memcmp(&a, &b, sizeof a), 0, "to the last bit");
    expect_import(1, 0, 2);
}

/* ---- what decided about a record ---------------------------------------------------------- */

static const TuneTurns decided = {
    .against = "tiled mr=2", .ratio = 0.75, .low = 2.0 / 3, .high = 0.8
};

/* The best record of a store, with what decided about it; false if nothing did. */
static bool turns_of_best(TuneStore *st, TuneTurns *out)
{
    TuneRecord r;
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    const int none = tune_turns_get(st, &key, &r, out, &err);
    cr_assert_geq(none, 0, "%s", err.text);
    return !none;
}

static void put_with_turns(TuneStore *st, const char *schedule, double ns)
{
    const TuneRecord r = temp_record(schedule, ns);
    put(st, schedule, ns, TUNE_OK, 1);
    cr_assert_eq(tune_turns_put(st, &key, &r, &decided, &err), 0, "%s", err.text);
}

Test(exchange, what_decided_travels_with_a_record)
{
    TuneTurns got;
    put_with_turns(here, faster, 50);
    export();
    expect_import(1, 0, 0);
    cr_assert(turns_of_best(there, &got));
    cr_expect_str_eq(got.against, decided.against);
    cr_expect(got.ratio == decided.ratio && got.low == decided.low && got.high == decided.high);
}

Test(exchange, what_decided_belongs_to_the_record_that_stays)
{
    TuneTurns got;
    put(here, faster, 100, TUNE_OK, 1);
    put_with_turns(there, faster, 50);
    export();
    expect_import(0, 0, 1);
    cr_expect(turns_of_best(there, &got), "ours is faster, and keeps what decided about it");
    put(here, faster, 20, TUNE_OK, 1);
    export();
    expect_import(1, 0, 0);
    cr_expect(!turns_of_best(there, &got), "of the one that came nothing is known");
}

Test(exchange, the_best_verified_record_wins)
{
    put(here, faster, 50, TUNE_OK, 0);
    put(here, slower, 150, TUNE_OK, 0);
    put(here, verified_here, 10, TUNE_OK, 0);
    put(here, failed_here, 0, TUNE_TIMEOUT, 0);
    put(here, right_here, 10, TUNE_OK, 0);
    put(there, faster, 100, TUNE_OK, 0);
    put(there, slower, 100, TUNE_OK, 0);
    put(there, verified_here, 0, TUNE_CRASHED, 0);
    put(there, failed_here, 200, TUNE_OK, 0);
    put(there, right_here, 0, TUNE_WRONG, 0);
    export();
    expect_import(2, 0, 3);
    cr_expect_str_eq(best(there), verified_here, "what was wrong there stays wrong");
}

Test(exchange, the_faster_winner_wins)
{
    put(here, quick, 50, TUNE_OK, 1);
    put(there, slow, 100, TUNE_OK, 1);
    export();
    expect_import(1, 0, 0);
    cr_expect_str_eq(best(there), quick);
    put(there, record, 10, TUNE_OK, 1);
    put(here, quick, 40, TUNE_OK, 1);
    export();
    expect_import(1, 0, 0);
    cr_expect_str_eq(best(there), record);
    TuneStoreStat s;
    cr_assert_eq(tune_store_stat(there, &s, &err), 0);
    cr_expect_eq(s.winners, 1);
}

Test(exchange, a_pin_that_is_there_stays)
{
    cr_assert_eq(tune_store_pin(here, &key, "tiled", &err), 0);
    cr_assert_eq(tune_store_pin(there, &key, "direct", &err), 0);
    export();
    expect_import(0, 0, 1);
    cr_expect_str_eq(best(there), "direct");
}

Test(exchange, stale_records_are_counted_and_left_out)
{
    TuneRecord r = temp_record("of another revision", 1);
    TuneKey other = key;
    r.rev++;
    cr_assert_eq(tune_store_put(here, &key, &r, &err), 0);
    r = temp_record("of another build", 1);
    strcpy(other.build, "dcngen 0.0.1");
    tune_key_id(&other, other.id);
    cr_assert_eq(tune_store_put(here, &other, &r, &err), 0);
    put(here, of_this_build, 2, TUNE_OK, 0);
    export();
    expect_import(1, 2, 0);
    cr_expect_str_eq(best(there), of_this_build);
}

/* ---- lines that cannot be ---------------------------------------------------------------- */

static char good[16384];

static void write_lines(const char *first, const char *second)
{
    FILE *to = fopen(file(), "w");
    cr_assert(to && fputs(first, to) >= 0 && fputs(second, to) >= 0);
    cr_assert_eq(fclose(to), 0);
}

static void read_line(void)
{
    FILE *from = fopen(file(), "r");
    cr_assert(from && fgets(good, sizeof good, from));
    fclose(from);
}

static void read_good(void)
{
    put(here, "tiled mr=1", 100, TUNE_OK, 1);
    export();
    read_line();
}

/* The good line, with `from` replaced by `to`, is refused as line 2 and nothing of line 1 is
** kept. */
static void refuse(const char *from, const char *to, const char *message)
{
    char bad[16384], want[256];
    TuneImported got;
    TuneRecord r;
    char *at = strstr(good, from);
    cr_assert(at, "no %s", from);
    snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    write_lines(good, bad);
    cr_expect_eq(tune_store_import(there, file(), &got, &err), -1, "%s", to);
    snprintf(want, sizeof want, "%s", message);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(err.line, 2);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect_eq(tune_store_best(there, &key, NULL, &r, &err), 1, "%s: line 1 was taken", to);
}

Test(exchange, a_bad_line_is_named_and_nothing_is_taken)
{
    read_good();
    refuse("\"dcngen_record\":1", "\"dcngen_record\":2", "written by a newer dcngen");
    refuse("\"dcngen_record\":1", "\"record\":1", "not a line that `dcngen cache export` writes");
    refuse("\"threads\":2", "\"threads\":0",
           "'schedule' is empty, or 'threads' is outside 1..1024");
    refuse("\"threads\":2", "\"threads\":2.5",
           "'threads' is not a whole number that is not negative");
    refuse("\"threads\":2", "\"threads\":4294967298",
           "'threads' is not a whole number that is not negative");
    refuse("\"tiled mr=1\"", "7", "'schedule' is not a text that is short enough");
    refuse("\"ns_median\":100", "\"ns_median\":-1",
           "'ns_median' is not a number that is not negative");
    refuse("\"outcome\":\"ok\"", "\"outcome\":\"fine\"",
           "'outcome' is not one of ok, refused, crashed, timeout, wrong, dropped, estimated");
    refuse("\"samples\":[", "\"samples\":[null,", "'samples' is not a list of at most 64 numbers");
    refuse("\"ns_median\":100.0", "\"ns_median\":1e-300",
           "'ns_median' is not what a tuning can have written");
    refuse("\"ns_median\":100", "\"ns_median\":0",
           "'ns_median' is not what a tuning can have written");
    static const char *const offsets[] = { "../x",      "normal:",    "normal:1e9",
                                           "normal:-1", "normal:nan", "npy:0123456789abcdeg" };
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        char to[64];
        snprintf(to, sizeof to, "\"offsets\":\"%s\"", offsets[i]);
        refuse("\"offsets\":\"normal:2\"", to, "'offsets' is not what a tuning can have written");
    }
    refuse("\"why\":\"", "\"why\":\"\\u202e", "'why' is not what a tuning can have written");
    refuse("\"why\":\"", "\"why\":\"\\u200b", "'why' is not what a tuning can have written");
    refuse("\"why\":", "\"whyever\":", "'why' is not a text that is short enough");
}

/* Each would be the best of all, and hide the good record of line 1. */
Test(exchange, a_record_that_cannot_be_is_no_winner)
{
    read_good();
    refuse(
        "\"tiled mr=1\"", "\"tiled mr=99\"",
        "'schedule' is not legal for its kernel: schedule knob mr = 99 is not one of 1, 2, 4, 6, "
        "7, 8, 9, 12, 14, 28");
    refuse("\"tiled mr=1\"", "\"aggregate\"",
           "'schedule' is not legal for its kernel: schedule \"aggregate\" is refused: it does not "
           "compile conv2d");
    refuse("\"tiled mr=1\"", "\"direct\"", "'lowering' is not that of the schedule, 'direct'");
    refuse("return ", "return {}, ", "'spec' is not what a tuning can have written");
    refuse("in_channels = 4", "in_channels = 0",
           "'spec' is none: 'in_channels' = 0 is outside 1..65536");
    refuse(" vector=", " vector=1", "'machine' is none that this dcngen knows");
    refuse("\"gain\":1.25", "\"gain\":1e308", "'gain' is not what a tuning can have written");
    refuse("\"here, some CPU\"", "\"\\u001b[2J\"", "'where' is not what a tuning can have written");
    refuse("\"samples\":[", "\"samples\":[-1,", "'samples' is not what a tuning can have written");
}

Test(exchange, turns_that_cannot_be_are_refused)
{
    put_with_turns(here, faster, 100);
    export();
    read_line();
    refuse("\"turns\":{\"against\":\"tiled mr=2\"", "\"turns\":7,\"more\":{\"against\":1",
           "'turns' is not an object");
    refuse("\"against\":\"tiled mr=2\"", "\"against\":\"\"",
           "'turns' is not what a tuning can have written");
    refuse("\"ratio\":0.75", "\"ratio\":0.9", "'turns' is not what a tuning can have written");
    refuse("\"ratio\":0.75", "\"ratio\":null", "'ratio' is not a number that is not negative");
    refuse("\"low\":0.", "\"low\":0.0e-300,\"was\":0.",
           "'turns' is not what a tuning can have written");
    refuse("\"high\":0.8", "\"high\":1e13,\"was\":0.8",
           "'turns' is not what a tuning can have written");
}

Test(exchange, a_pin_that_cannot_be_is_left_out)
{
    TuneImported got;
    cr_assert_eq(tune_store_pin(here, &key, "tiled mr=99", &err), 0);
    export();
    cr_assert_eq(tune_store_import(there, file(), &got, &err), 0, "%s", err.text);
    cr_expect(got.taken == 0 && got.stale == 0 && got.older == 0 && got.illegal == 1);
}

Test(exchange, an_empty_export_is_an_error)
{
    int64_t n;
    cr_expect_eq(tune_store_export(here, file(), &n, &err), -1);
    cr_expect(strstr(err.text, "there is no store yet"), "%s", err.text);
    put(here, "tiled mr=1", 100, TUNE_OK, 1);
    cr_assert_eq(tune_store_clear(here, &err), 0);
    cr_expect_eq(tune_store_export(here, file(), &n, &err), -1);
    cr_expect_eq(err.code, DCN_EFAILED);
    cr_expect(strstr(err.text, "has nothing to export"), "%s", err.text);
}

Test(exchange, half_a_line_is_no_line)
{
    TuneImported got;
    read_good();
    char half[16384];
    snprintf(half, sizeof half, "%.*s", (int)strlen(good) / 2, good);
    write_lines(good, half);
    cr_expect_eq(tune_store_import(there, file(), &got, &err), -1);
    cr_expect(!strncmp(err.text, "not JSON: ", 10), "%s", err.text);
    cr_expect_eq(err.line, 2);
    write_lines("\n\n", good);
    expect_import(1, 0, 0);
    write_lines("", "");
    cr_expect_eq(tune_store_import(there, file(), &got, &err), -1, "nothing is no success");
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect(strstr(err.text, ": no record in it; "), "%s", err.text);
}

Test(exchange, a_missing_file_is_an_error)
{
    TuneImported got;
    int64_t n;
    cr_expect_eq(tune_store_import(there, "/nonexistent/lines", &got, &err), -1);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect_eq(tune_store_export(here, "/nonexistent/lines", &n, &err), -1);
    cr_expect_eq(err.code, DCN_EENV);
}
