/* file.c: whole files.
**
** Writing goes to a new file `.dcngen-PID-N.tmp` in the same directory, is flushed to the disk and
** renamed over the target, so no reader ever sees a part.  A symbolic link is followed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_errno(dcn_error *err, dcn_status code, const char *verb, const char *path)
{
    enum { SHOWN = 400 }; /* bytes of a path: its end, so that the reason has room */
    const size_t n = strlen(path), skipped = n > SHOWN ? n - SHOWN : 0;
    return dcn_fail(err, code, "cannot %s %s%s: %s", verb, skipped ? "..." : "", path + skipped,
                    strerror(errno));
}

/* A path that does not lead to a file is the user's slip, not the machine's. */
static dcn_status read_status(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? DCN_EUSAGE : DCN_EENV;
}

/* ---- reading -------------------------------------------------------------- */

enum { CHUNK_BYTES = 4096 };

typedef struct Content {
    char *bytes;
    size_t size, room;
} Content;

static int grow(Content *g)
{
    char *bytes = rt_grow(g->bytes, g->size + CHUNK_BYTES, &g->room, 1);
    if (!bytes)
        return -1;
    g->bytes = bytes;
    return 0;
}

/* Pipes have no size, so the end of the file is found by reading to it; `want` bytes are enough. */
static int read_to(int fd, size_t want, Content *g, const char *path, dcn_error *err)
{
    while (g->size < want) {
        if (g->room - g->size < 2 && grow(g))
            return dcn_fail(err, DCN_EENV, "no memory to read %s", path);
        const size_t room = g->room - g->size - 1, left = want - g->size;
        ssize_t got = read(fd, g->bytes + g->size, room < left ? room : left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, read_status(), "read", path);
        if (got == 0)
            return 0;
        g->size += (size_t)got;
    }
    return 0;
}

static int read_all(int fd, size_t max, Content *g, const char *path, dcn_error *err)
{
    if (read_to(fd, max < SIZE_MAX ? max + 1 : max, g, path, err))
        return -1;
    return g->size > max ? dcn_fail(err, DCN_EUSAGE,
                                    "%s is larger than the %zu bytes expected at most", path, max)
                         : 0;
}

/* The size of a regular file, -1 of anything else. */
static int64_t size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : (int64_t)st.st_size;
}

/* Room for a regular file at once: that saves copying, and a file with a hole of terabytes is refused before it is
** read. */
static int reserve(int fd, size_t max, Content *g)
{
    const int64_t all = size_of(fd);
    if (all < 0 || (size_t)all > max || (size_t)all + 2 <= g->room)
        return 0;
    char *bytes = realloc(g->bytes, (size_t)all + 2);
    if (!bytes)
        return -1;
    g->bytes = bytes;
    g->room = (size_t)all + 2;
    return 0;
}

static int read_whole(int fd, size_t max, Content *g, const char *path, dcn_error *err)
{
    if (reserve(fd, max, g))
        return dcn_fail(err, DCN_EENV, "no memory to read %s", path);
    return read_all(fd, max, g, path, err);
}

static int read_if(int fd, const rt_file_limit *limit, Content *g, const char *path, dcn_error *err)
{
    enum { FIRST_BYTES = 1 << 17 };
    size_t max;
    if (read_to(fd, FIRST_BYTES, g, path, err))
        return -1;
    const int64_t all = g->size < FIRST_BYTES ? (int64_t)g->size : size_of(fd);
    if (limit->ask(limit->self, g->bytes, g->size, all, &max, err))
        return -1;
    if (max == RT_ENOUGH)
        return 0;
    return read_whole(fd, max, g, path, err);
}

/* limit: NULL, then max holds. */
static int read_path(const char *path, const rt_file_limit *limit, size_t max, Content *g,
                     dcn_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, read_status(), "read", path);
    int failed = limit ? read_if(fd, limit, g, path, err) : read_whole(fd, max, g, path, err);
    close(fd);
    if (failed)
        free(g->bytes);
    else
        g->bytes[g->size] = 0;
    return failed ? -1 : 0;
}

int rt_read_file(const char *path, size_t max, void **bytes, size_t *size, dcn_error *err)
{
    Content g = { NULL, 0, 0 };
    if (read_path(path, NULL, max, &g, err))
        return -1;
    *bytes = g.bytes;
    *size = g.size;
    return 0;
}

int rt_read_file_if(const char *path, const rt_file_limit *limit, void **bytes, size_t *size,
                    dcn_error *err)
{
    Content g = { NULL, 0, 0 };
    if (read_path(path, limit, 0, &g, err))
        return -1;
    *bytes = g.bytes;
    *size = g.size;
    return 0;
}

/* ---- writing -------------------------------------------------------------- */

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

/* Closes fd in any case; errno tells the first failure. */
static int write_and_close(int fd, const void *bytes, size_t size, int sync)
{
    int failed = write_all(fd, bytes, size) || (sync && fsync(fd));
    int reason = errno;
    if (close(fd) && !failed)
        return -1;
    errno = reason;
    return failed ? -1 : 0;
}

/* A new file beside `path`, by a name that no other call uses; its name is malloc'ed. */
static int open_beside(const char *path, char **name)
{
    static atomic_uint serial;
    const char *slash = strrchr(path, '/');
    int dir = slash ? (int)(slash - path) + 1 : 0, fd;
    size_t room = (size_t)dir + 64;
    *name = malloc(room);
    if (!*name)
        return -1;
    do {
        snprintf(*name, room, "%.*s.dcngen-%ld-%u.tmp", dir, path, (long)getpid(),
                 atomic_fetch_add(&serial, 1));
        fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

/* Messages name the file as the caller does. */
static int replace(const char *target, const char *path, const void *bytes, size_t size,
                   dcn_error *err)
{
    char *name = NULL;
    int failed = 0, fd = open_beside(target, &name);
    if (fd < 0) {
        failed = fail_errno(err, DCN_EENV, "write", path);
    } else if (write_and_close(fd, bytes, size, 1) || rename(name, target)) {
        failed = fail_errno(err, DCN_EENV, "write", path);
        unlink(name);
    }
    free(name);
    return failed;
}

static int write_directly(const char *path, const void *bytes, size_t size, dcn_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write_and_close(fd, bytes, size, 0))
        return fail_errno(err, DCN_EENV, "write", path);
    return 0;
}

int rt_write_file(const char *path, const void *bytes, size_t size, dcn_error *err)
{
    struct stat st;
    int exists = !stat(path, &st);
    if (exists && !S_ISREG(st.st_mode))
        return write_directly(path, bytes, size, err);
    char *target = exists ? realpath(path, NULL) : NULL;
    int failed = replace(target ? target : path, path, bytes, size, err);
    free(target);
    return failed;
}
