/* fence.c: memory between two pages that may not be touched.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/guard/fence.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xa5 };

static char watched[512];

static void on_fault(int number)
{
    static const char text[] = "an access outside the tensors: ";
    ssize_t ignored = write(2, text, sizeof text - 1);
    ignored = write(2, watched, strlen(watched));
    ignored = write(2, "\n", 1);
    (void)ignored, (void)number;
    _exit(3);
}

void fence_watch(const char *what)
{
    struct sigaction a = { .sa_handler = on_fault };
    snprintf(watched, sizeof watched, "%s", what);
    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGBUS, &a, NULL);
}

Fence fence_open(size_t size, size_t align, int at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    Fence f = { .size = size, .room_size = (size + page) / page * page };
    unsigned char *all =
        mmap(NULL, f.room_size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page, f.room_size, PROT_READ | PROT_WRITE)) {
        perror("mmap");
        abort();
    }
    f.room = all + page;
    f.at = at_end ? f.room + (f.room_size - size) / align * align : f.room;
    memset(f.room, PATTERN, f.room_size);
    return f;
}

void fence_close(Fence *f)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(f->room - page, f->room_size + 2 * page);
}

void fence_freeze(Fence *f)
{
    if (mprotect(f->room, f->room_size, PROT_READ)) {
        perror("mprotect");
        abort();
    }
}

int fence_intact(const Fence *f)
{
    for (const unsigned char *p = f->room; p < f->room + f->room_size; p++)
        if ((p < f->at || p >= f->at + f->size) && *p != PATTERN)
            return 0;
    return 1;
}
