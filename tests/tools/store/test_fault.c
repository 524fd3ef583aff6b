/* test_fault.c: a store that is damaged, foreign, newer, not ours, or cannot be written.
**
** Each ends with a message or with work that goes on; none with a wrong record, and no file that is
** not a store of this dcngen is changed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/temp.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static TuneKey key;
static dcn_error err;
static char file[4096]; /* the store's */

static void begin(void)
{
    key = temp_key(0);
    snprintf(file, sizeof file, "%s/store.db", temp_dir());
}

TestSuite(fault, .init = begin);

static void fill(int records)
{
    TuneStore *st = temp_store(temp_dir(), TUNE_STORE_RW);
    for (int i = 0; i < records; i++) {
        char schedule[32];
        snprintf(schedule, sizeof schedule, "tiled mr=%d", i);
        TuneRecord r = temp_record(schedule, 100 + i);
        r.winner = i == 3;
        cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    }
    tune_store_close(st);
}

static int open_it(TuneStore **st)
{
    const TuneStoreAt at = { temp_dir(), temp_dir(), "/nonexistent", TUNE_STORE_RW, NULL };
    *st = NULL;
    return tune_store_open(&at, st, &err);
}

static char *read_file(size_t *size)
{
    FILE *f = fopen(file, "r");
    cr_assert_not_null(f);
    char *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(file, "w");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* ---- files that are no store of ours ------------------------------------------------------- */

static void expect_refused(const char *why)
{
    TuneStore *st;
    char want[5000];
    size_t before_size, after_size;
    char *before = read_file(&before_size);
    snprintf(want, sizeof want, why, file);
    cr_expect_eq(open_it(&st), -1);
    cr_expect_eq(err.code, DCN_ESTORE);
    cr_expect(!strncmp(err.text, want, strlen(want)), "%s", err.text);
    char *after = read_file(&after_size);
    cr_expect(before_size == after_size && !memcmp(before, after, before_size), "it was changed");
    free(before);
    free(after);
}

static const char not_ours[] = "%s is not a store of dcngen; move it away, or set DCNGEN_CACHE=off";

Test(fault, a_text_file_in_its_place)
{
    char text[4096];
    memset(text, 'x', sizeof text);
    write_file(text, sizeof text);
    expect_refused(not_ours);
}

Test(fault, an_empty_file_in_its_place)
{
    write_file("", 0);
    expect_refused(not_ours);
}

static void sql(const char *text)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

Test(fault, a_database_of_somebody_else)
{
    sql("CREATE TABLE t (x)");
    expect_refused(not_ours);
}

Test(fault, a_store_of_a_newer_dcngen)
{
    fill(1);
    sql("PRAGMA user_version = 9");
    expect_refused("the store %s is of a newer dcngen (schema 9, this one knows 1); move it away");
}

Test(fault, a_directory_in_its_place)
{
    TuneStore *st;
    TuneRecord r = temp_record("tiled", 1);
    cr_assert_eq(mkdir(file, 0700), 0);
    cr_expect_eq(open_it(&st), 0);
    cr_expect(strstr(tune_store_why(st), "cannot open the store"), "%s", tune_store_why(st));
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1);
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
    cr_expect_str_eq(err.text, tune_store_why(st));
    tune_store_close(st);
}

/* ---- damage -------------------------------------------------------------------------------- */

/* Whatever is damaged: an error of its own kind, or nothing found, or a record as it was put. */
static void expect_never_wrong(const char *how)
{
    TuneStore *st;
    TuneRecord r;
    if (open_it(&st)) {
        cr_expect_eq(err.code, DCN_ESTORE, "%s: %s", how, err.text);
        return;
    }
    int status = tune_store_best(st, &key, NULL, &r, &err);
    int mr = -1;
    if (status < 0)
        cr_expect(err.code == DCN_ESTORE || err.code == DCN_EENV, "%s: %s", how, err.text);
    if (status == 0) {
        cr_expect_eq(sscanf(r.schedule, "tiled mr=%d", &mr), 1, "%s: %s", how, r.schedule);
        cr_expect_eq(r.ns_median, 100 + mr, "%s", how);
    }
    tune_store_close(st);
}

Test(fault, a_truncated_store)
{
    fill(40);
    size_t size;
    char how[64], *bytes = read_file(&size);
    for (size_t n = 1; n < size; n += 2011) {
        write_file(bytes, n);
        snprintf(how, sizeof how, "cut to %zu of %zu", n, size);
        expect_never_wrong(how);
    }
    free(bytes);
}

Test(fault, flipped_bits_in_the_store)
{
    fill(40);
    size_t size;
    char how[64], *bytes = read_file(&size);
    for (size_t at = 0; at < size; at += at < 200 ? 3 : 97) {
        bytes[at] ^= 1 << at % 8;
        write_file(bytes, size);
        snprintf(how, sizeof how, "bit %zu of byte %zu", at % 8, at);
        expect_never_wrong(how);
        bytes[at] ^= 1 << at % 8;
    }
    write_file(bytes, size);
    TuneStore *st;
    TuneRecord r;
    cr_assert_eq(open_it(&st), 0);
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    cr_expect_str_eq(r.schedule, "tiled mr=3");
    tune_store_close(st);
    free(bytes);
}

/* ---- who may write ------------------------------------------------------------------------- */

static void expect_unused(const char *why)
{
    TuneStore *st;
    TuneRecord r = temp_record("tiled", 1);
    char want[5000];
    snprintf(want, sizeof want, why, temp_dir());
    cr_assert_eq(open_it(&st), 0, "%s", err.text);
    cr_expect_str_eq(tune_store_why(st), want);
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1);
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(err.code, DCN_EENV);
    tune_store_close(st);
}

Test(fault, a_directory_that_others_may_write)
{
    static const char why[] = "the store in %s is not used: others may write it (chmod go-w)";
    fill(1);
    cr_assert_eq(chmod(temp_dir(), 0770), 0);
    expect_unused(why);
    cr_assert_eq(chmod(temp_dir(), 01777), 0);
    expect_unused(why);
    cr_assert_eq(chmod(temp_dir(), 0755), 0);
    TuneStore *st;
    cr_assert_eq(open_it(&st), 0);
    cr_expect_str_empty(tune_store_why(st));
    tune_store_close(st);
}

Test(fault, a_directory_of_another_user)
{
    if (!temp_is_root())
        cr_skip("only root can give a directory away");
    fill(1);
    cr_assert_eq(chown(temp_dir(), 65534, 65534), 0);
    expect_unused("the store in %s is not used: it belongs to user 65534");
    cr_assert_eq(chown(temp_dir(), 0, 0), 0);
}

Test(fault, code_that_others_may_write)
{
    TuneStore *st = temp_store(temp_dir(), TUNE_STORE_RW);
    dcn_spec s = temp_spec("k");
    TuneCode code = { &key, "k", "direct" };
    size_t size, n;
    void *bytes = temp_code(&s, "direct", &size), *got;
    cr_assert_eq(tune_code_put(st, &code, bytes, size, &err), 0, "%s", err.text);
    cr_assert_eq(chmod(temp_path(temp_dir(), "objects"), 0777), 0);
    cr_expect_eq(tune_code_get(st, &code, &got, &n, &err), 1);
    cr_expect_eq(tune_code_put(st, &code, bytes, size, &err), -1);
    tune_store_close(st);
    free(bytes);
}

Test(fault, created_directories_are_private)
{
    char deep[4096];
    struct stat s;
    snprintf(deep, sizeof deep, "%s/a/b", temp_dir());
    umask(0);
    TuneStore *st = temp_store(deep, TUNE_STORE_RW);
    TuneRecord r = temp_record("tiled", 1);
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    tune_store_close(st);
    cr_assert_eq(stat(deep, &s), 0);
    cr_expect_eq(s.st_mode & 0777, 0700);
    cr_assert_eq(stat(temp_path(temp_dir(), "a"), &s), 0);
    cr_expect_eq(s.st_mode & 0777, 0700);
}

/* ---- where nothing can be written ---------------------------------------------------------- */

/* Runs the check in a process whom permissions stop; its exit code. */
static int as_nobody(int (*check)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (temp_is_root() && (setgid(65534) || setuid(65534)))
            _exit(99);
        _exit(check());
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int read_only_use(void)
{
    TuneStore *st;
    TuneRecord r;
    if (open_it(&st) || tune_store_why(st)[0])
        return 1;
    if (tune_store_best(st, &key, NULL, &r, &err) || strcmp(r.schedule, "tiled mr=3") != 0)
        return 2;
    if (tune_store_put(st, &key, &r, &err) != -1 || err.code != DCN_EENV)
        return 3;
    tune_store_close(st);
    return 0;
}

Test(fault, a_read_only_directory_is_still_read)
{
    fill(5);
    if (temp_is_root())
        cr_assert_eq(chown(temp_dir(), 65534, 65534) | chown(file, 65534, 65534), 0);
    cr_assert_eq(chmod(file, 0400) | chmod(temp_dir(), 0500), 0);
    cr_expect_eq(as_nobody(read_only_use), 0);
    cr_assert_eq(chmod(temp_dir(), 0700), 0);
}

static int nowhere_to_create(void)
{
    char below[4096];
    snprintf(below, sizeof below, "%s/sub", temp_dir());
    const TuneStoreAt at = { below, below, "/nonexistent", TUNE_STORE_RW, NULL };
    TuneStore *st;
    TuneRecord r = temp_record("tiled", 1);
    if (tune_store_open(&at, &st, &err) || tune_store_best(st, &key, NULL, &r, &err) != 1)
        return 1;
    r = temp_record("tiled", 1);
    int wrong = tune_store_put(st, &key, &r, &err) != -1 || err.code != DCN_EENV ||
                !strstr(err.text, "cannot create ");
    tune_store_close(st);
    return wrong ? 2 : 0;
}

Test(fault, a_home_that_cannot_be_written)
{
    cr_assert_eq(chmod(temp_dir(), 0555), 0);
    cr_expect_eq(as_nobody(nowhere_to_create), 0);
    cr_assert_eq(chmod(temp_dir(), 0700), 0);
}

/* A limit on the size of files stands in for a full disk; a real one has a test in cli.sh. */
static int full_disk(void)
{
    struct rlimit limit = { 0, 0 };
    struct stat s;
    TuneStore *st;
    TuneRecord r;
    signal(SIGXFSZ, SIG_IGN);
    if (stat(file, &s) || open_it(&st))
        return 1;
    limit.rlim_cur = limit.rlim_max = (rlim_t)s.st_size;
    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 2;
    int failed = 0;
    for (int i = 0; i < 400 && !failed; i++) {
        char schedule[32];
        snprintf(schedule, sizeof schedule, "tiled mr=%d", 1000 + i);
        r = temp_record(schedule, 100);
        failed = tune_store_put(st, &key, &r, &err);
    }
    if (!failed || err.code != DCN_EENV)
        return 3;
    if (tune_store_best(st, &key, NULL, &r, &err) || strcmp(r.schedule, "tiled mr=3") != 0)
        return 4;
    tune_store_close(st);
    return 0;
}

Test(fault, a_full_disk_loses_nothing_that_was_there)
{
    fill(5);
    pid_t pid = fork();
    if (pid == 0)
        _exit(full_disk());
    int status = -1;
    waitpid(pid, &status, 0);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    TuneStore *st;
    TuneRecord r;
    cr_assert_eq(open_it(&st), 0);
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    cr_expect_str_eq(r.schedule, "tiled mr=3");
    cr_expect_eq(tune_store_verify(st, NULL, NULL, &err), 0);
    tune_store_close(st);
}

/* ---- the environment ----------------------------------------------------------------------- */

Test(fault, no_home_at_all)
{
    TuneStore *st;
    TuneRecord r = temp_record("tiled", 1);
    unsetenv("DCNGEN_CACHE");
    unsetenv("DCNGEN_CACHE_DIR");
    unsetenv("XDG_CACHE_HOME");
    setenv("XDG_STATE_HOME", "relative/does/not/count", 1);
    setenv("DCNGEN_SYSTEM_DIR", "/nonexistent", 1);
    unsetenv("HOME");
    cr_assert_eq(tune_store_open(NULL, &st, &err), 0);
    cr_expect(strstr(tune_store_why(st), "no place for the store: neither DCNGEN_CACHE_DIR, "),
              "%s", tune_store_why(st));
    cr_expect_str_empty(tune_store_path(st));
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 1);
    cr_expect_eq(tune_store_put(st, &key, &r, &err), -1);
    cr_expect_str_eq(err.text, tune_store_why(st));
    tune_store_close(st);
}

static void expect_at(const char *variable, const char *value, const char *path)
{
    TuneStore *st;
    setenv(variable, value, 1);
    cr_assert_eq(tune_store_open(NULL, &st, &err), 0);
    cr_expect_str_eq(tune_store_path(st), path);
    tune_store_close(st);
}

Test(fault, homes_of_xdg)
{
    unsetenv("DCNGEN_CACHE");
    unsetenv("DCNGEN_CACHE_DIR");
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CACHE_HOME");
    expect_at("HOME", "/nonexistent/home", "/nonexistent/home/.local/state/dcngen/store.db");
    expect_at("XDG_STATE_HOME", "/nonexistent/state", "/nonexistent/state/dcngen/store.db");
    expect_at("DCNGEN_CACHE_DIR", "/nonexistent/all", "/nonexistent/all/store.db");
    expect_at("DCNGEN_CACHE", "off", "");
}

/* ---- the system-wide store ----------------------------------------------------------------- */

static TuneStore *two_levels(const char *mine, const char *system)
{
    const TuneStoreAt at = { mine, mine, system, TUNE_STORE_RW, NULL };
    TuneStore *st = NULL;
    cr_assert_eq(tune_store_open(&at, &st, &err), 0, "%s", err.text);
    return st;
}

Test(fault, a_system_wide_store_is_read_after_the_users)
{
    fill(5);
    const char *mine = temp_path(temp_dir(), "mine");
    TuneStore *st = two_levels(mine, temp_dir());
    TuneRecord r;
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    cr_expect_str_eq(r.schedule, "tiled mr=3");
    r = temp_record("my own", 5000);
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    cr_assert_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    cr_expect_str_eq(r.schedule, "my own");
    tune_store_close(st);
    st = temp_store(temp_dir(), TUNE_STORE_RO);
    TuneStoreStat s;
    cr_assert_eq(tune_store_stat(st, &s, &err), 0);
    cr_expect_eq(s.records, 5, "nothing was written there");
    tune_store_close(st);
}

Test(fault, a_damaged_system_wide_store_stops_nobody)
{
    write_file("not a store, whatever its name", 30);
    TuneStore *st = two_levels(temp_path(temp_dir(), "mine"), temp_dir());
    TuneRecord r = temp_record("my own", 50);
    cr_expect(strstr(tune_store_why(st), "is not a store of dcngen"), "%s", tune_store_why(st));
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    tune_store_close(st);
}
