/* test_many.c: several processes on one store, and processes that are killed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/temp.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static TuneKey key;
static dcn_error err;

static void begin(void)
{
    key = temp_key(0);
}

TestSuite(many, .init = begin, .timeout = 600);

static TuneRecord numbered(int writer, int i)
{
    char schedule[64];
    snprintf(schedule, sizeof schedule, "tiled mr=%d nv=%d", writer, i);
    TuneRecord r = temp_record(schedule, 1000 - i);
    r.winner = i % 5 == 0;
    return r;
}

static TuneStore *open_or_exit(void)
{
    const TuneStoreAt at = { temp_dir(), temp_dir(), "/nonexistent", TUNE_STORE_RW, NULL };
    TuneStore *st;
    if (tune_store_open(&at, &st, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    return st;
}

/* ---- two writers and ten readers ------------------------------------------------------------ */

enum { WRITERS = 2, READERS = 10, PUTS = 40 };

static int write_all(int writer)
{
    TuneStore *st = open_or_exit();
    for (int i = 0; i < PUTS; i++) {
        TuneRecord r = numbered(writer, i);
        if (tune_store_put(st, &key, &r, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 2;
        }
    }
    tune_store_close(st);
    return 0;
}

/* Until both writers are done; every record that is seen is whole, and one that was seen stays. */
static int read_all(const int *done)
{
    bool seen = false, last;
    do {
        last = *(const volatile int *)done == WRITERS;
        TuneStore *st = open_or_exit();
        TuneRecord r;
        int writer, i, status = tune_store_best(st, &key, NULL, &r, &err);
        if (status < 0 || (seen && status))
            return 3;
        if (!status &&
            (sscanf(r.schedule, "tiled mr=%d nv=%d", &writer, &i) != 2 || r.ns_median != 1000 - i))
            return 4;
        seen |= !status;
        tune_store_close(st);
    } while (!last);
    return seen ? 0 : 5;
}

static int count(void *self, const TuneKey *k, const TuneRecord *r)
{
    (void)k, (void)r;
    return ++*(int *)self, 0;
}

static int count_records(void)
{
    TuneStore *st = temp_store(temp_dir(), TUNE_STORE_RW);
    int n = 0;
    cr_assert_eq(tune_store_each(st, &key, count, &n, &err), 0, "%s", err.text);
    cr_expect_eq(tune_store_verify(st, NULL, NULL, &err), 0);
    tune_store_close(st);
    return n;
}

Test(many, two_writers_and_ten_readers_at_once)
{
    int *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[WRITERS + READERS];
    cr_assert_neq(done, MAP_FAILED);
    temp_dir();
    for (int i = 0; i < WRITERS + READERS; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            _exit(i < WRITERS ? write_all(i) : read_all(done));
    }
    for (int i = 0; i < WRITERS + READERS; i++) {
        int status;
        waitpid(pid[i], &status, 0);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d: %x", i,
                  (unsigned)status);
        *done += i < WRITERS;
    }
    cr_expect_eq(count_records(), WRITERS * PUTS);
    munmap(done, sizeof *done);
}

/* ---- killed -------------------------------------------------------------------------------- */

/* Puts for ever, telling after each how many it has done. */
static void put_for_ever(int from, int tell)
{
    TuneStore *st = open_or_exit();
    for (int i = from;; i++) {
        TuneRecord r = numbered(0, i);
        if (tune_store_put(st, &key, &r, &err) || write(tell, &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

Test(many, what_was_put_outlives_kill_9)
{
    int total = 0;
    temp_dir();
    for (int round = 0; round < 15; round++) {
        int fd[2], last = -1, i;
        cr_assert_eq(pipe(fd), 0);
        pid_t pid = fork();
        if (pid == 0)
            put_for_ever(total, fd[1]);
        close(fd[1]);
        for (int k = round % 4; k > 0 && read(fd[0], &i, sizeof i) == sizeof i; k--)
            last = i;
        usleep((useconds_t)(700 * (round % 7)));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(fd[0], &i, sizeof i) == sizeof i)
            last = i;
        close(fd[0]);
        int told = last >= 0 ? last + 1 : total, found = count_records();
        cr_expect(found == told || found == told + 1, "round %d: told of %d, found %d", round, told,
                  found);
        total = found;
    }
    cr_expect_gt(total, 15);
}

enum { LINES = 300 };

static void write_lines(const char *path)
{
    const char *dir = temp_path(temp_dir(), "source");
    TuneStore *st = temp_store(dir, TUNE_STORE_RW);
    TuneRecord r = temp_record("tiled mr=1", 1000);
    int64_t n;
    char line[20000];
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    cr_assert_eq(tune_store_export(st, path, &n, &err), 0, "%s", err.text);
    tune_store_close(st);
    FILE *f = fopen(path, "r+");
    cr_assert(f && fgets(line, sizeof line, f));
    char *at = strstr(line, "normal:2");
    cr_assert(at && !fseek(f, 0, SEEK_SET));
    for (int i = 0; i < LINES; i++)
        fprintf(f, "%.*snormal:%d%s", (int)(at - line), line, i, at + strlen("normal:2"));
    cr_assert_eq(fclose(f), 0);
}

Test(many, an_import_that_is_killed_took_all_or_nothing)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lines", temp_dir());
    write_lines(path);
    int before = 0, interrupted = 0;
    for (int round = 0; round < 20 && !before; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            TuneImported got;
            _exit(tune_store_import(open_or_exit(), path, &got, &err) ? 1 : 0);
        }
        usleep((useconds_t)(1000 << round / 2));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        interrupted += WIFSIGNALED(status);
        before = count_records();
        cr_expect(before == 0 || before == LINES, "round %d: %d", round, before);
    }
    cr_expect_gt(interrupted, 0);
    TuneStore *st = temp_store(temp_dir(), TUNE_STORE_RW);
    TuneImported got;
    cr_expect_eq(tune_store_import(st, path, &got, &err), 0, "%s", err.text);
    tune_store_close(st);
    cr_expect_eq(count_records(), LINES);
}

/* ---- locked -------------------------------------------------------------------------------- */

Test(many, readers_wait_for_nobody)
{
    TuneStore *st = temp_store(temp_dir(), TUNE_STORE_RW);
    TuneRecord r = numbered(0, 0);
    sqlite3 *writer;
    cr_assert_eq(tune_store_put(st, &key, &r, &err), 0, "%s", err.text);
    cr_assert_eq(sqlite3_open(tune_store_path(st), &writer), SQLITE_OK);
    cr_assert_eq(
        sqlite3_exec(writer, "UPDATE keys SET used = 0; BEGIN IMMEDIATE", NULL, NULL, NULL),
        SQLITE_OK);
    alarm(8); /* less than a writer would wait */
    cr_expect_eq(tune_store_best(st, &key, NULL, &r, &err), 0);
    TuneStore *other = temp_store(temp_dir(), TUNE_STORE_RW);
    cr_expect_eq(tune_store_best(other, &key, NULL, &r, &err), 0);
    alarm(0);
    sqlite3_close(writer);
    tune_store_close(other);
    tune_store_close(st);
}

/* ---- made by many at once ------------------------------------------------------------------- */

Test(many, one_store_is_made_whoever_is_first)
{
    enum { N = 8 };
    for (int round = 0; round < 5; round++) {
        pid_t pid[N];
        char dir[4096];
        snprintf(dir, sizeof dir, "%s/%d", temp_dir(), round);
        for (int i = 0; i < N; i++) {
            pid[i] = fork();
            if (pid[i] == 0) {
                TuneStore *st = temp_store(dir, TUNE_STORE_RW);
                TuneRecord r = numbered(i, 1);
                _exit(tune_store_put(st, &key, &r, &err) ? 1 : 0);
            }
        }
        for (int i = 0; i < N; i++) {
            int status;
            waitpid(pid[i], &status, 0);
            cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        TuneStore *st = temp_store(dir, TUNE_STORE_RW);
        int n = 0;
        cr_assert_eq(tune_store_each(st, NULL, count, &n, &err), 0);
        cr_expect_eq(n, N);
        tune_store_close(st);
    }
}
