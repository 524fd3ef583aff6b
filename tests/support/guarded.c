/* guarded.c: memory between pages that cannot be touched.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/guarded.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

Guarded guarded_new(size_t bytes, Guard side)
{
    size_t inside = (bytes + page() - 1) / page() * page();
    Guarded g = { .bytes = bytes, .map_bytes = inside + 2 * page() };
    g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(g.map != MAP_FAILED, "no memory for a test");
    char *first = (char *)g.map + page();
    if (inside)
        cr_assert_eq(mprotect(first, inside, PROT_READ | PROT_WRITE), 0);
    g.at = side == GUARD_BEFORE ? first : first + inside - bytes;
    memset(first, 0xff, inside);
    return g;
}

void guarded_read_only(const Guarded *g)
{
    size_t inside = g->map_bytes - 2 * page();
    if (inside)
        cr_assert_eq(mprotect((char *)g->map + page(), inside, PROT_READ), 0);
}

void guarded_free(Guarded *g)
{
    if (g->map)
        munmap(g->map, g->map_bytes);
    *g = (Guarded){ 0 };
}
