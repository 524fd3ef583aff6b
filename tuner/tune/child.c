/* child.c: work in a process of its own, whose death costs nothing but the work.
**
** The child's standard error is a pipe to the parent: its end of file says that the child is gone, whatever it
** died of, and its last line often says why.  Signals of the terminal are left to the parent, and when the
** parent is killed the child is, too.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/child.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void *child_share(size_t size, dcn_error *err)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        return memory;
    dcn_fail(err, DCN_EENV, "no memory for %zu bytes to share with a process", size);
    return NULL;
}

void child_unshare(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}

/* ---- in the child -------------------------------------------------------------------------- */

static void prepare(int errors, pid_t parent)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE };
    static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(errors, 2);
}

/* ---- in the parent ------------------------------------------------------------------------- */

typedef struct Watch {
    const ChildWork *work;
    ChildEnd *end;
    pid_t child;
    int errors;
    double deadline; /* ns */
    char text[1024]; /* the end of what it wrote */
    size_t length;
} Watch;

/* 0 at the end of file */
static int read_some(Watch *w)
{
    if (w->length > sizeof w->text / 2) {
        size_t keep = sizeof w->text / 4;
        memmove(w->text, w->text + w->length - keep, keep);
        w->length = keep;
    }
    ssize_t n = read(w->errors, w->text + w->length, sizeof w->text - w->length);
    if (n > 0)
        w->length += (size_t)n;
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void keep_last_line(Watch *w)
{
    size_t end = w->length;
    while (end && w->text[end - 1] == '\n')
        end--;
    size_t from = end;
    while (from && w->text[from - 1] != '\n')
        from--;
    snprintf(w->end->last_words, sizeof w->end->last_words, "%.*s", (int)(end - from),
             w->text + from);
}

static int is_due(const Watch *w)
{
    if (w->work->stop && *w->work->stop)
        w->end->fate = CHILD_STOPPED;
    else if (rt_now_ns() > w->deadline)
        w->end->fate = CHILD_HUNG;
    else
        return 0;
    return 1;
}

/* Until the child has closed its end, or must be killed. */
static void listen(Watch *w)
{
    enum { LOOK_MS = 50 };
    struct pollfd from = { .fd = w->errors, .events = POLLIN };
    while (!is_due(w)) {
        int ready = poll(&from, 1, LOOK_MS);
        if (ready > 0 && !read_some(w))
            return;
    }
    kill(w->child, SIGKILL);
}

static void reap(Watch *w)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(w->child, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (is_due(w))
            kill(w->child, SIGKILL);
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
    if (w->end->fate != CHILD_RETURNED || got < 0)
        return;
    w->end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    w->end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (w->end->signal || w->end->status)
        w->end->fate = CHILD_DIED;
}

int child_run(const ChildWork *work, ChildEnd *end, dcn_error *err)
{
    int ends[2];
    pid_t parent = getpid();
    *end = (ChildEnd){ .fate = CHILD_RETURNED };
    if (pipe2(ends, O_CLOEXEC))
        return dcn_fail(err, DCN_EENV, "cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        prepare(ends[1], parent);
        close(ends[1]);
        work->run(work->self);
        _exit(0);
    }
    int why = errno;
    close(ends[1]);
    if (child > 0) {
        Watch w = { work, end, child, ends[0], rt_now_ns() + work->seconds * 1e9, "", 0 };
        listen(&w);
        reap(&w);
        keep_last_line(&w);
    }
    close(ends[0]);
    return child > 0 ? 0 : dcn_fail(err, DCN_EENV, "cannot make a process: %s", strerror(why));
}
