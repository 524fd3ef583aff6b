/* lock.c: names that one process of a machine holds at a time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/lock.h"
#include "runtime/base/base.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Abstract: it begins with NUL. */
static socklen_t address(const char *name, struct sockaddr_un *a)
{
    *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int n = snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "dcngen/%s", name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

int sweep_lock(const char *name, dcn_error *err)
{
    struct sockaddr_un a;
    socklen_t size = address(name, &a);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !bind(fd, (const struct sockaddr *)&a, size))
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && why == EADDRINUSE)
        return -1;
    dcn_fail(err, DCN_EENV, "cannot lock '%s': %s", name, strerror(why));
    return -2;
}

bool sweep_is_locked(const char *name)
{
    struct sockaddr_un a;
    socklen_t size = address(name, &a);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool locked = fd >= 0 && !connect(fd, (const struct sockaddr *)&a, size);
    if (fd >= 0)
        close(fd);
    return locked;
}
