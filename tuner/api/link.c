/* link.c: run a linker on one object, in a private directory that is gone afterwards.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/link.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH_BYTES = 1024, MAX_LIBRARY_BYTES = 1 << 30 };

/* The last one knows only the machine it was built for. */
static const char *const linkers[] = { "ld.lld-19", "ld.lld", "ld" };
enum { NLINKERS = sizeof linkers / sizeof *linkers };

typedef struct Scratch {
    char dir[PATH_BYTES - 16];
    char object[PATH_BYTES], library[PATH_BYTES], messages[PATH_BYTES];
} Scratch;

static int open_scratch(Scratch *s, dcn_error *err)
{
    int length = snprintf(s->dir, sizeof s->dir, "%s/dcngen-XXXXXX", rt_temp_dir());
    bool fits = (size_t)length < sizeof s->dir;
    if (!fits || !mkdtemp(s->dir)) {
        int failed = dcn_fail(err, DCN_EENV, "cannot make a directory %s: %s", s->dir,
                              strerror(fits ? errno : ENAMETOOLONG));
        s->dir[0] = 0;
        return failed;
    }
    snprintf(s->object, sizeof s->object, "%s/in.o", s->dir);
    snprintf(s->library, sizeof s->library, "%s/out.so", s->dir);
    snprintf(s->messages, sizeof s->messages, "%s/messages", s->dir);
    return 0;
}

static void close_scratch(const Scratch *s)
{
    if (!s->dir[0])
        return;
    unlink(s->object);
    unlink(s->library);
    unlink(s->messages);
    rmdir(s->dir);
}

/* Start a program with its talk going to a file.  0, or the reason as errno tells it. */
static int start(const char *const *argv, const char *messages, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, messages, O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    int reason = posix_spawnp(pid, argv[0], &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return reason;
}

/* The linker's first line, or "" */
static void first_line(const char *path, char *buf, size_t size)
{
    FILE *f = fopen(path, "r");
    buf[0] = 0;
    if (!f)
        return;
    if (!fgets(buf, (int)size, f))
        buf[0] = 0;
    buf[strcspn(buf, "\n")] = 0;
    fclose(f);
}

static int finish(const char *linker, pid_t pid, const char *messages, dcn_error *err)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return dcn_fail(err, DCN_EENV, "cannot wait for %s: %s", linker, strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    char line[200];
    first_line(messages, line, sizeof line);
    return dcn_fail(err, DCN_EENV, "%s failed: %s", linker, line[0] ? line : "it said nothing");
}

static int run_linker(const Scratch *s, const TuneLink *l, dcn_error *err)
{
    char soname[128];
    snprintf(soname, sizeof soname, "lib%s.so", l->name);
    for (int i = 0; i < NLINKERS - (l->foreign ? 1 : 0); i++) {
        const char *argv[] = { linkers[i], "-shared", "-soname", soname,        "--build-id=none",
                               "-z",       "now",     "-z",      "noexecstack", "-o",
                               s->library, s->object, NULL };
        pid_t pid;
        if (!start(argv, s->messages, &pid))
            return finish(linkers[i], pid, s->messages, err);
    }
    return dcn_fail(err, DCN_EENV, "no linker found: a shared library needs ld.lld%s",
                    l->foreign ? "" : " or ld");
}

int tune_link(const TuneLink *l, void **bytes, size_t *size, dcn_error *err)
{
    Scratch s = { "", "", "", "" };
    int failed = open_scratch(&s, err) || rt_write_file(s.object, l->object, l->size, err) ||
                 run_linker(&s, l, err) ||
                 rt_read_file(s.library, MAX_LIBRARY_BYTES, bytes, size, err);
    close_scratch(&s);
    return failed ? -1 : 0;
}
