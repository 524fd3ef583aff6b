/* test_report.c: the page and the JSON that `dcngen report` makes of a store.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/report/markup.h"
#include "tests/tools/report/synthetic.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a store and what is made of it ---------------------------------------- */

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/dcngen-report-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
    setenv("DCNGEN_CACHE_DIR", dir, 1);
    setenv("DCNGEN_SYSTEM_DIR", "/nonexistent", 1);
    unsetenv("DCNGEN_CACHE");
}

static void tear_down(void)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(report, .init = set_up, .fini = tear_down);

static TuneStore *open_store(void)
{
    const TuneStoreAt at = { .mode = TUNE_STORE_RW };
    TuneStore *st = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(tune_store_open(&at, &st, &err), 0, "%s", err.text);
    return st;
}

/* Run `dcngen report ARGUMENTS`; its standard output and error are left in files out and err. */
static int report(const char *arguments)
{
    char command[1024];
    cr_assert_not_null(getenv("DCNGEN_BIN"));
    snprintf(command, sizeof command, "'%s' report %s >out 2>err", getenv("DCNGEN_BIN"), arguments);
    return WEXITSTATUS(system(command));
}

static void expect_fails(const char *arguments, int code, const char *message)
{
    cr_expect_eq(report(arguments), code, "report %s", arguments);
    char *out = markup_read("out"), *err = markup_read("err");
    cr_expect_str_eq(out, "", "report %s", arguments);
    cr_expect(strstr(err, message), "report %s: \"%s\" is not in \"%s\"", arguments, message, err);
    cr_expect_eq(strchr(err, '\n'), err + strlen(err) - 1, "report %s: %s", arguments, err);
    free(out);
    free(err);
}

/* The page, checked for what every page must be; to be freed. */
static char *page(const char *arguments)
{
    static const char *const foreign[] = { "http:", "https:",  "src=", "url(",   "@import",
                                           "<link", "<iframe", "<img", "fetch(", "//" };
    cr_assert_eq(report(arguments), 0, "report %s: %s", arguments, markup_read("err"));
    char *text = markup_read("out");
    const char *wrong = markup_wrong(text);
    cr_expect_null(wrong, "report %s: %s", arguments, wrong);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        cr_expect_null(strstr(text, foreign[i]), "report %s has %s", arguments, foreign[i]);
    cr_expect_null(strstr(text, "nan"), "report %s: not a number", arguments);
    cr_expect_null(strstr(text, "inf\""), "report %s: infinity", arguments);
    return text;
}

static dcn_spec layer(const char *name, int64_t channels)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    snprintf(s.name, sizeof s.name, "%s", name);
    s.batch = 1;
    s.in_channels = s.out_channels = channels;
    s.height = s.width = 28;
    s.kernel[0] = s.kernel[1] = 3;
    s.layout = DCN_NHWC;
    return s;
}

static void write_specs(void)
{
    static const char format[] = "  deform_conv2d { name = '%s', in_channels = %d, out_channels = "
                                 "%d, height = 28, width = 28,\n"
                                 "                  kernel_size = 3, layout = 'nhwc' },\n";
    FILE *f = fopen("layers.lua", "w");
    cr_assert_not_null(f);
    fputs("return {\n", f);
    fprintf(f, format, "one", 64, 64);
    fprintf(f, format, "two", 128, 128);
    fprintf(f, format, "three", 32, 32);
    fputs("}\n", f);
    fclose(f);
}

static void put_tuning(int64_t channels, int threads, int candidates)
{
    const dcn_spec s = layer("any", channels);
    const Synthetic how = { .spec = &s,
                            .threads = threads,
                            .candidates = candidates,
                            .seed = (int)channels,
                            .offsets = "normal:2",
                            .gflops = 150,
                            .runs = 2,
                            .failures = true };
    TuneStore *st = open_store();
    synthetic_tuning(st, &how);
    tune_store_close(st);
}

/* A record of a kernel with 64 channels that `change` makes special; NULL: as it is. */
static void put_record(const char *schedule, void (*change)(TuneRecord *r))
{
    const dcn_spec s = layer("any", 64);
    const Synthetic how = { .spec = &s, .threads = 1 };
    const TuneKey key = synthetic_key(&how);
    TuneRecord r = {
        .lowering = "tiled", .rev = 1, .offsets = "zero", .ns_median = 2e6, .flops = 1e8
    };
    dcn_error err = { .text = "" };
    snprintf(r.schedule, sizeof r.schedule, "%s", schedule);
    if (change)
        change(&r);
    TuneStore *st = open_store();
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    tune_store_close(st);
}

/* ---- the page -------------------------------------------------------------- */

Test(report, every_candidate_is_in_the_table)
{
    enum { MANY = 60 };
    put_tuning(64, 1, MANY);
    char *text = page("");
    for (int i = 1; i <= MANY; i++) {
        char row[32];
        snprintf(row, sizeof row, "<tr id=\"k1-%d\"", i);
        cr_expect(strstr(text, row), "no row %d", i);
    }
    cr_expect(strstr(text, "All 60 candidates"));
    cr_expect(strstr(text, ">in use</span>"));
    cr_expect(strstr(text, ">guess</span>"));
    cr_expect(strstr(text, "normal:2"));
    cr_expect(strstr(text, "builder-7, Some CPU @ 2.60GHz"));
    cr_expect_gt(markup_count(text, "svg"), 6, "curve, readings, roofline, knobs");
    cr_expect_gt(markup_count(text, "circle"), MANY);
    free(text);
}

/* Rows and dots cost so many bytes a candidate, and the rest does not grow. */
Test(report, the_page_stays_small)
{
    put_tuning(64, 1, 30);
    char *small = page("");
    put_tuning(64, 1, 120);
    char *large = page("");
    cr_expect_lt(strlen(small), 120000u);
    cr_expect_lt(strlen(large), strlen(small) + 90 * 2000u);
    free(small);
    free(large);
}

Test(report, an_index_of_several_kernels)
{
    put_tuning(64, 1, 6);
    put_tuning(128, 1, 5);
    put_tuning(64, 2, 4);
    char *text = page("");
    cr_expect_eq(markup_count(text, "section"), 3);
    cr_expect_eq(markup_count(text, "nav"), 1);
    for (int i = 1; i <= 3; i++) {
        char link[32], section[32];
        snprintf(link, sizeof link, "<a href=\"#k%d\">", i);
        snprintf(section, sizeof section, "<section id=\"k%d\">", i);
        cr_expect(strstr(text, link) && strstr(text, section), "section %d", i);
    }
    free(text);
    text = page("--threads 2");
    cr_expect_eq(markup_count(text, "section"), 1);
    cr_expect_eq(markup_count(text, "nav"), 0);
    cr_expect(strstr(text, "All 4 candidates"));
    free(text);
}

Test(report, the_kernels_of_a_spec)
{
    write_specs();
    put_tuning(64, 1, 5);
    put_tuning(128, 1, 7);
    put_tuning(256, 1, 5);
    char *text = page("layers.lua --target x86-64-v4");
    cr_expect_eq(markup_count(text, "section"), 2);
    cr_expect(strstr(text, "<h2>one</h2>") && strstr(text, "<h2>two</h2>"));
    cr_expect(strstr(text, "Without records in the store: <code>three</code>"));
    free(text);
    text = page("--target=x86-64-v4 --kernel two layers.lua");
    cr_expect_eq(markup_count(text, "section"), 1);
    cr_expect(strstr(text, "All 7 candidates"));
    cr_expect_null(strstr(text, "Without records"));
    free(text);
    expect_fails("layers.lua --target x86-64-v2", 1, "'dcngen tune layers.lua' makes them");
    expect_fails("layers.lua --target x86-64-v4 --kernel three", 1, "no records of layers.lua");
    expect_fails("layers.lua --target x86-64-v4 --threads 3", 1, "with 3 threads");
}

static void hostile(TuneRecord *r)
{
    r->outcome = TUNE_CRASHED;
    snprintf(r->why, sizeof r->why,
             "</td></table><script>alert(1)</script>\"'&\001\xff\xc0\xaf end");
    snprintf(r->where, sizeof r->where, "<img src=x onerror=alert(2)><b>\"bold\"</b>");
}

Test(report, hostile_text_is_text)
{
    put_record("tiled a=<script>alert(3)</script> b=\"x\" onload=alert(4)", hostile);
    cr_assert_eq(report(""), 0);
    char *text = markup_read("out");
    const char *wrong = markup_wrong(text);
    cr_expect_null(wrong, "%s", wrong);
    cr_expect_eq(markup_count(text, "script"), 1);
    cr_expect_eq(markup_count(text, "img"), 0);
    cr_expect_eq(markup_count(text, "b"), 1, "that of the one figure's caption");
    cr_expect(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;????"));
    cr_expect(strstr(text, "a=&lt;script&gt;alert(3)"));
    cr_expect(strstr(text, "&lt;b&gt;&quot;bold&quot;&lt;/b&gt;"));
    free(text);
    cr_assert_eq(report("--json"), 0);
    json_t *root = json_load_file("out", 0, NULL);
    cr_expect_not_null(root);
    json_decref(root);
}

static void estimated(TuneRecord *r)
{
    r->outcome = TUNE_ESTIMATED;
}

static void timeless(TuneRecord *r)
{
    r->ns_median = 0;
}

Test(report, records_without_a_time)
{
    void (*const changes[])(TuneRecord *) = { estimated, timeless };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        put_record("tiled mr=6 nv=4", changes[i]);
        char *text = page("");
        cr_expect(strstr(text, "No candidate was timed"), "change %zu", i);
        cr_expect_eq(markup_count(text, "svg"), 0);
        cr_expect_eq(report("--json"), 0);
        free(text);
    }
}

static void dropped_at_once(TuneRecord *r)
{
    r->outcome = TUNE_DROPPED;
    r->ns_median = 0;
}

Test(report, what_was_dropped_at_once_has_not_failed)
{
    put_record("tiled mr=6 nv=4", NULL);
    put_record("tiled mr=8 nv=4", dropped_at_once);
    char *text = page("");
    cr_expect(strstr(text, "1 measured, 1 stopped early, 0 failed"));
    cr_expect_null(strstr(text, "Refused, crashed, wrong"), "a card without content");
    cr_expect(strstr(text, "<path class=\"over\""), "no triangle in the curve");
    free(text);
}

static void beyond_the_peak(TuneRecord *r)
{
    r->peak_gflops = 45;
}

static void below_the_peak(TuneRecord *r)
{
    r->peak_gflops = 55;
}

/* A kernel of 50 GFLOP/s where other work had a part of the probe of the peak: no share, and no roof. */
Test(report, a_peak_that_was_disturbed_is_none)
{
    put_record("tiled mr=6 nv=4", beyond_the_peak);
    char *text = page("");
    cr_expect(strstr(text, "50.0 GFLOP/s; other work disturbed the probe of the peak"));
    cr_expect(strstr(text, ">busy</td>"));
    cr_expect(!strstr(text, "111%") && !strstr(text, "111.1%"));
    cr_expect_null(strstr(text, "Roofline"));
    free(text);
    put_record("tiled mr=6 nv=4", below_the_peak);
    text = page("");
    cr_expect(strstr(text, "50.0 of 55.0 GFLOP/s") && strstr(text, "Roofline"));
    cr_expect_null(strstr(text, "busy"));
    free(text);
}

/* ---- what decided ------------------------------------------------------------ */

static void slow_hour(TuneRecord *r)
{
    r->winner = true;
    r->trial = 1;
    r->ns_median = 3e6;
}

static void third(TuneRecord *r)
{
    r->trial = 2;
}

static void put_turns(const char *schedule, const TuneTurns *turns)
{
    const dcn_spec s = layer("any", 64);
    const Synthetic how = { .spec = &s, .threads = 1 };
    const TuneKey key = synthetic_key(&how);
    TuneRecord of = { .offsets = "zero" };
    TuneStore *st = open_store();
    dcn_error err = { .text = "" };
    snprintf(of.schedule, sizeof of.schedule, "%s", schedule);
    cr_assert_eq(tune_turns_put(st, &key, &of, turns, &err), 0, "%s", err.text);
    tune_store_close(st);
}

static double share(const json_t *all, int i, const char *key)
{
    return json_number_value(json_object_get(json_array_get(all, (size_t)i), key));
}

/* The winner was read in an hour in which the machine took half as long again: by the clock it is the slowest, in turns
** it took four fifths of the time of the first, and the third nine tenths. */
Test(report, turns_decide_and_not_the_clock)
{
    put_record("tiled mr=6 nv=4", NULL);
    put_record("tiled mr=8 nv=4", slow_hour);
    put_record("tiled mr=4 nv=4", third);
    put_turns("tiled mr=8 nv=4", &(TuneTurns){ "tiled mr=6 nv=4", 0.8, 0.75, 0.85 });
    put_turns("tiled mr=4 nv=4", &(TuneTurns){ "tiled mr=6 nv=4", 0.9, 0.85, 0.95 });
    cr_assert_eq(report("--json"), 0);
    json_t *root = json_load_file("out", 0, NULL);
    const json_t *k = json_array_get(json_object_get(root, "kernels"), 0);
    const json_t *all = json_object_get(k, "candidates");
    cr_expect_eq(json_integer_value(json_object_get(k, "in_use")), 2);
    cr_expect_float_eq(share(all, 0, "share"), 1 / 0.8, 1e-7);
    cr_expect_float_eq(share(all, 0, "share_low"), 1 / 0.85, 1e-7);
    cr_expect_float_eq(share(all, 0, "share_high"), 1 / 0.75, 1e-7);
    cr_expect_eq(share(all, 1, "share"), 1);
    cr_expect_float_eq(share(all, 2, "share"), 0.9 / 0.8, 1e-7);
    cr_expect_float_eq(share(all, 2, "share_high"), 0.95 / 0.8, 1e-7);
    json_decref(root);
    char *text = page("");
    cr_expect(strstr(text, "1.125 (1.062\u2013"), "the table has the ratio and its interval");
    cr_expect(strstr(text, "guess 3.750 ms"), "the guess in the time of the one in use");
    free(text);
}

/* Incumbents that were measured against each other both ways: the page is made all the same. */
Test(report, turns_in_a_circle)
{
    put_record("tiled mr=6 nv=4", NULL);
    put_record("tiled mr=8 nv=4", slow_hour);
    put_turns("tiled mr=8 nv=4", &(TuneTurns){ "tiled mr=6 nv=4", 0.8, 0.75, 0.85 });
    put_turns("tiled mr=6 nv=4", &(TuneTurns){ "tiled mr=8 nv=4", 1.2, 1.15, 1.25 });
    free(page(""));
}

static void tiny(TuneRecord *r)
{
    r->ns_median = r->ns_low = r->ns_high = 0.1;
    r->gain = 1e12;
    r->nsamples = 3;
}

static void huge(TuneRecord *r)
{
    r->ns_median = 3.2e19;
    r->gain = r->peak_gflops = 1e-300;
    r->nsamples = 3;
    r->sample[0] = 3.2e19;
}

/* The ends of what a record may say: no measurement gives these, and the page must be a page. */
Test(report, absurd_times)
{
    put_record("tiled mr=6 nv=4", tiny);
    free(page(""));
    put_record("tiled mr=8 nv=4", huge);
    free(page(""));
}

Test(report, one_candidate_is_enough)
{
    put_record("tiled mr=6 nv=4", NULL);
    char *text = page("");
    cr_expect(strstr(text, "All 1 candidates"));
    cr_expect_eq(markup_count(text, "svg"), 1, "the curve; knobs need two values, readings three");
    free(text);
}

/* ---- where it goes, and what goes wrong ------------------------------------- */

Test(report, to_a_file)
{
    put_tuning(64, 1, 5);
    char *direct = page("");
    cr_expect_eq(report("-o page.html"), 0);
    char *text = markup_read("page.html"), *out = markup_read("out");
    cr_expect_str_eq(text, direct);
    cr_expect_str_eq(out, "page.html: 1 tuned kernel, 5 candidates\n");
    free(direct);
    free(text);
    free(out);
    expect_fails("-o nowhere/page.html", 4, "nowhere/page.html");
}

Test(report, nothing_to_report)
{
    write_specs();
    expect_fails("", 1, "has no records: 'dcngen tune SPEC.lua' makes them");
    expect_fails("layers.lua", 1,
                 "has no records of layers.lua: 'dcngen tune layers.lua' makes them");
    expect_fails("-o page.html", 1, "dcngen tune");
    cr_expect_neq(access("page.html", F_OK), 0);
    expect_fails("--kernel one", 2, "report with --kernel needs SPEC.lua");
    expect_fails("-D a=b", 2, "report with -D needs SPEC.lua");
    expect_fails("layers.lua --kernel none", 2, "has no kernel 'none'");
    expect_fails("none.lua", 3, "none.lua");
    setenv("DCNGEN_CACHE", "off", 1);
    expect_fails("", 4, "there is no store: DCNGEN_CACHE=off");
    setenv("DCNGEN_CACHE", "rw", 1);
}

Test(report, a_store_that_is_not_used)
{
    write_specs();
    put_tuning(64, 1, 5);
    cr_assert_eq(chmod(getenv("DCNGEN_CACHE_DIR"), 0777), 0);
    expect_fails("", 4, "is not used: others may write it");
    expect_fails("layers.lua", 4, "is not used: others may write it");
    cr_assert_eq(chmod(getenv("DCNGEN_CACHE_DIR"), 0700), 0);
}

/* ---- JSON ------------------------------------------------------------------- */

static int64_t whole(const json_t *o, const char *key)
{
    cr_assert(json_is_integer(json_object_get(o, key)), "%s is no whole number", key);
    return json_integer_value(json_object_get(o, key));
}

Test(report, the_same_as_json)
{
    enum { MANY = 40 };
    put_tuning(64, 1, MANY);
    cr_assert_eq(report("--json"), 0);
    json_t *root = json_load_file("out", JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(root);
    cr_expect_eq(whole(root, "schema"), 1);
    json_t *k = json_array_get(json_object_get(root, "kernels"), 0), *o;
    json_t *all = json_object_get(k, "candidates");
    cr_assert_eq(json_array_size(all), (size_t)MANY);
    const int64_t in_use = whole(k, "in_use");
    int64_t sum = 0;
    const char *name;
    json_t *count;
    json_object_foreach(json_object_get(k, "outcomes"), name, count) sum +=
        json_integer_value(count);
    cr_expect_eq(sum, MANY);
    cr_expect_eq(whole(k, "guess"), 1);
    size_t i;
    json_array_foreach(all, i, o)
    {
        cr_expect_eq(whole(o, "number"), (int64_t)i + 1);
        cr_expect_eq(json_is_true(json_object_get(o, "winner")), (int64_t)i + 1 == in_use);
        cr_expect(json_is_string(json_object_get(o, "schedule")));
    }
    json_decref(root);
}
