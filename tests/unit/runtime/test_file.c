/* test_file.c: whole files are there completely or not at all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "file-XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(".");
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

/* Every test leaves files a and b at most. */
static void leave(void)
{
    unlink("a");
    unlink("b");
    cr_expect_eq(entries(), 0, "files are left over");
    cr_assert_eq(chdir(".."), 0);
    rmdir(dir);
}

TestSuite(file, .init = enter, .fini = leave);

static void expect_content(const char *path, const char *want)
{
    void *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(rt_read_file(path, 1 << 20, &bytes, &size, NULL), 0);
    cr_expect_eq(size, strlen(want));
    cr_expect_str_eq(bytes, want);
    free(bytes);
}

Test(file, is_created_and_replaced)
{
    cr_expect_eq(rt_write_file("a", "first", 5, NULL), 0);
    expect_content("a", "first");
    cr_expect_eq(rt_write_file("a", "2", 1, NULL), 0);
    expect_content("a", "2");
    cr_expect_eq(rt_write_file("a", NULL, 0, NULL), 0);
    expect_content("a", "");
}

Test(file, obeys_the_umask)
{
    struct stat st;
    umask(027);
    cr_assert_eq(rt_write_file("a", "x", 1, NULL), 0);
    cr_assert_eq(stat("a", &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0640);
}

Test(file, large_files_come_back_whole)
{
    size_t n = 3 << 20, size;
    unsigned char *w = malloc(n), *r;
    for (size_t i = 0; i < n; i++)
        w[i] = (unsigned char)(i * 2654435761u >> 13);
    cr_assert_eq(rt_write_file("a", w, n, NULL), 0);
    cr_assert_eq(rt_read_file("a", n, (void **)&r, &size, NULL), 0);
    cr_expect_eq(size, n);
    cr_expect_arr_eq(r, w, n);
    free(r);
    free(w);
}

Test(file, replacing_follows_a_symbolic_link)
{
    struct stat st;
    cr_assert_eq(rt_write_file("a", "old", 3, NULL), 0);
    cr_assert_eq(symlink("a", "b"), 0);
    cr_expect_eq(rt_write_file("b", "new", 3, NULL), 0);
    expect_content("a", "new");
    cr_expect(!lstat("b", &st) && S_ISLNK(st.st_mode));
}

Test(file, a_device_is_written_to_and_stays)
{
    struct stat st;
    cr_expect_eq(rt_write_file("/dev/null", "x", 1, NULL), 0);
    cr_expect(!stat("/dev/null", &st) && S_ISCHR(st.st_mode));
}

Test(file, missing_directory_is_one_line)
{
    dcn_error err;
    cr_expect_eq(rt_write_file("none/a", "x", 1, &err), -1);
    cr_expect_str_eq(err.text, "cannot write none/a: No such file or directory");
    cr_expect_eq(err.code, DCN_EENV);
}

Test(file, a_long_path_leaves_room_for_the_reason)
{
    char path[2000], want[600];
    void *bytes;
    size_t size;
    dcn_error err;
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = i % 100 == 99 ? '/' : 'd';
    path[sizeof path - 1] = 0;
    cr_expect_eq(rt_read_file(path, 1 << 20, &bytes, &size, &err), -1);
    snprintf(want, sizeof want, "cannot read ...%s: No such file or directory",
             path + sizeof path - 1 - 400);
    cr_expect_str_eq(err.text, want);
}

Test(file, a_directory_is_no_target)
{
    dcn_error err;
    cr_expect_eq(rt_write_file(".", "x", 1, &err), -1);
    cr_expect_str_eq(err.text, "cannot write .: Is a directory");
    cr_expect_eq(err.code, DCN_EENV);
}

Test(file, full_device_is_one_line)
{
    dcn_error err;
    cr_expect_eq(rt_write_file("/dev/full", "x", 1, &err), -1);
    cr_expect_str_eq(err.text, "cannot write /dev/full: No space left on device");
    cr_expect_eq(err.code, DCN_EENV);
}

/* A limit on the size of files stands for the full disk: the write fails half way. */
Test(file, old_content_survives_a_failed_write)
{
    dcn_error err;
    static char big[100000];
    cr_assert_eq(rt_write_file("a", "old", 3, NULL), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = (struct rlimit){ 50000, limit.rlim_max };
    setrlimit(RLIMIT_FSIZE, &small);
    int failed = rt_write_file("a", big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    cr_expect_eq(failed, -1);
    cr_expect_str_eq(err.text, "cannot write a: File too large");
    cr_expect_eq(entries(), 1, "the temporary file is left over");
    expect_content("a", "old");
}

/* ---- readers and writers at once ------------------------------------------ */

enum { WRITES = 60, CONTENT = 5000 };

static void *write_often(void *arg)
{
    char content[CONTENT];
    memset(content, *(char *)arg, sizeof content);
    for (int i = 0; i < WRITES; i++)
        cr_expect_eq(rt_write_file("a", content, sizeof content, NULL), 0);
    return NULL;
}

Test(file, no_reader_sees_a_part)
{
    pthread_t writer[2];
    char fill[2] = { 'x', 'y' };
    write_often(&fill[0]);
    for (int i = 0; i < 2; i++)
        pthread_create(&writer[i], NULL, write_often, &fill[i]);
    for (int i = 0; i < 2 * WRITES; i++) {
        char *bytes;
        size_t size;
        cr_assert_eq(rt_read_file("a", CONTENT, (void **)&bytes, &size, NULL), 0);
        cr_expect_eq(size, CONTENT);
        cr_expect_eq(bytes[0], bytes[CONTENT - 1]);
        free(bytes);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(writer[i], NULL);
}

/* ---- reading -------------------------------------------------------------- */

Test(file, reading_too_much_is_refused)
{
    void *bytes;
    size_t size;
    dcn_error err;
    cr_assert_eq(rt_write_file("a", "12345", 5, NULL), 0);
    cr_expect_eq(rt_read_file("a", 4, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text, "a is larger than the 4 bytes expected at most");
    cr_expect_eq(err.code, DCN_EUSAGE);
}

Test(file, reading_a_directory_is_one_line)
{
    void *bytes;
    size_t size;
    dcn_error err;
    cr_expect_eq(rt_read_file(".", 4, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text, "cannot read .: Is a directory");
    cr_expect_eq(err.code, DCN_EUSAGE);
}

Test(file, a_pipe_is_read_to_its_end)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    char content[6000], path[32], *bytes;
    size_t size;
    memset(content, 'p', sizeof content);
    cr_assert_eq(write(ends[1], content, sizeof content), (ssize_t)sizeof content);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    cr_assert_eq(rt_read_file(path, 1 << 20, (void **)&bytes, &size, NULL), 0);
    cr_expect_eq(size, sizeof content);
    cr_expect_eq(bytes[size - 1], 'p');
    cr_expect_eq(bytes[size], 0);
    free(bytes);
    close(ends[0]);
}
