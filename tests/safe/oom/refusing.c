/* refusing.c: the allocator of this program, told to fail.
**
** The program's own malloc stands before the C library's for all libraries that are loaded.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/oom/refusing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static _Thread_local long left = -1, alive;
static _Thread_local int refused;

void refusing_arm(long n)
{
    refused = 0;
    left = n;
}

int refusing_disarm(void)
{
    left = -1;
    return refused;
}

void refusing_watch(void)
{
    alive = 0;
}

long refusing_alive(void)
{
    return alive;
}

#ifdef __SANITIZE_ADDRESS__

int refusing_works(void)
{
    return 0;
}

#else

int refusing_works(void)
{
    return 1;
}

static int refuse(void)
{
    if (left < 0 || left-- > 0)
        return 0;
    refused = 1;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *p)
{
    alive += p != NULL;
    return p;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
    return refuse() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return refuse() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    if (refuse())
        return NULL;
    void *now = __libc_realloc(p, size);
    alive += !p && now;
    return now;
}

void *aligned_alloc(size_t align, size_t size)
{
    return refuse() ? NULL : counted(__libc_memalign(align, size));
}

void free(void *p)
{
    alive -= p != NULL;
    __libc_free(p);
}

#endif
