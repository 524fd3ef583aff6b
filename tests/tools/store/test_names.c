/* test_names.c: what is pinned, imported or left half tuned is called what its user calls it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(names, .init = store_begin, .fini = store_end);

static void expect_names(TuneStore *of, const char *expected)
{
    char names[DCN_TEXT_MAX];
    cr_expect_str_eq(tune_store_names(of, &key, names, sizeof names), expected);
}

static void put_name(const char *name)
{
    cr_assert_eq(tune_name_put(st, &key, name, &err), 0, "%s", err.text);
}

static void put_record(void)
{
    const TuneRecord r = temp_record("tiled mr=1", 100);
    store_put(&r);
}

static void pin(const char *name)
{
    TunePin p = { .key = key, .schedule = "direct" };
    snprintf(p.name, sizeof p.name, "%s", name);
    cr_assert_eq(tune_store_pin_all(st, &p, 1, &err), 0, "%s", err.text);
}

Test(names, are_known_without_code)
{
    expect_names(st, "");
    put_record();
    expect_names(st, "");
    put_name("stem");
    put_name("stem");
    expect_names(st, "stem");
    store_sql("UPDATE names SET used = used - 10");
    put_name("head");
    expect_names(st, "head, stem");
}

Test(names, of_pins_are_known_and_may_be_absent)
{
    pin("");
    expect_names(st, "");
    pin("stem");
    expect_names(st, "stem");
    put_record();
    expect_names(st, "stem");
}

Test(names, go_when_nothing_of_theirs_is_left)
{
    put_record();
    put_name("stem");
    cr_assert_geq(tune_store_prune(st, -1, -1, &err), 0, "%s", err.text);
    expect_names(st, "stem");
    pin("stem");
    store_sql("DELETE FROM records");
    cr_assert_geq(tune_store_prune(st, -1, -1, &err), 0, "%s", err.text);
    expect_names(st, "stem");
    cr_assert_eq(tune_store_unpin(st, &key, &err), 1);
    cr_assert_geq(tune_store_prune(st, -1, -1, &err), 0, "%s", err.text);
    expect_names(st, "");
    put_record();
    put_name("stem");
    cr_assert_eq(tune_store_clear(st, &err), 0, "%s", err.text);
    expect_names(st, "");
}

Test(names, that_can_be_none_are_not_believed)
{
    put_record();
    put_name("stem");
    store_sql("UPDATE names SET name = 'a' || char(27) || 'b'");
    expect_names(st, "");
    store_sql("UPDATE names SET name = ''");
    expect_names(st, "");
}

/* ---- in exports --------------------------------------------------------------------------- */

static const char *lines(void)
{
    return temp_path(temp_dir(), "lines");
}

static void export(int64_t expected)
{
    int64_t n = 0;
    cr_assert_eq(tune_store_export(st, lines(), &n, &err), 0, "%s", err.text);
    cr_assert_eq(n, expected);
}

Test(names, travel_with_records_and_pins)
{
    TuneStore *there = temp_store(temp_path(temp_dir(), "there"), TUNE_STORE_RW);
    TuneImported got;
    put_record();
    put_name("stem");
    export(1);
    cr_assert_eq(tune_store_import(there, lines(), &got, &err), 0, "%s", err.text);
    expect_names(there, "stem");
    cr_assert_eq(tune_store_clear(there, &err), 0, "%s", err.text);
    cr_assert_eq(tune_store_clear(st, &err), 0, "%s", err.text);
    pin("head");
    export(1);
    cr_assert_eq(tune_store_import(there, lines(), &got, &err), 0, "%s", err.text);
    expect_names(there, "head");
    tune_store_close(there);
}

/* Imports the only line of the store with its name replaced. */
static int import_with(const char *name)
{
    static const char member[] = "\"name\":\"stem\"";
    void *text;
    char bad[16384];
    size_t size;
    TuneImported got;
    cr_assert_eq(rt_read_file(lines(), sizeof bad, &text, &size, &err), 0, "%s", err.text);
    const char *at = strstr(text, member);
    cr_assert(at, "no name in %s", (const char *)text);
    snprintf(bad, sizeof bad, "%.*s\"name\":%s%s", (int)(at - (const char *)text),
             (const char *)text, name, at + strlen(member));
    free(text);
    return tune_store_merge(st, "lines", bad, strlen(bad), &got, &err);
}

Test(names, that_can_be_none_are_refused)
{
    char long_name[DCN_NAME_MAX + 3];
    put_record();
    put_name("stem");
    export(1);
    snprintf(long_name, sizeof long_name, "\"%0*d\"", DCN_NAME_MAX, 0);
    long_name[1] = 'a';
    const char *const bad[] = { "7",       "\"\"", "\"two words\"", "\"../x\"",
                                "\"1st\"", "null", long_name };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(import_with(bad[i]), -1, "%s", bad[i]);
        cr_expect_eq(err.code, DCN_EUSAGE, "%s", bad[i]);
        cr_expect_str_eq(err.text, "'name' is not what a kernel can be called");
    }
    cr_expect_eq(import_with("\"other\""), 0, "%s", err.text);
}
