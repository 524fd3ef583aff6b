/* thin.c: lists of kernels of which a sanitized run compiles a part.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/thin.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers that have no factor in common with the lengths of the lists' inner loops (2 types, 2 layouts, 11 schedules),
** so that all of these have their turn. */
static const struct {
    const char *what;
    int each;
} lists[THIN_NLISTS] = {
    [THIN_GUARD] = { "kernels between fences", 7 },
    [THIN_FLAGS] = { "kernels whose exceptions are watched", 7 },
    [THIN_LAWS] = { "ways of computing that a law holds for", 3 },
    [THIN_SHAPES] = { "kernels of degenerate shapes", 5 },
    [THIN_GOLDEN] = { "types and layouts of golden cases", 3 },
    [THIN_GRADIENTS] = { "gradient kernels", 5 },
    [THIN_RANDOM] = { "random kernels", 5 },
    [THIN_LISTINGS] = { "listings of machine code", 5 },
};

static int asked[THIN_NLISTS];

bool thin_is_on(void)
{
    return getenv("SANITIZED") != NULL;
}

static void tell(ThinList list)
{
    static bool told[THIN_NLISTS];
    if (!told[list])
        fprintf(stderr, "note: under sanitizers, of %s one in %d is compiled\n", lists[list].what,
                lists[list].each);
    told[list] = true;
}

bool thin_takes(ThinList list)
{
    if (!thin_is_on())
        return true;
    tell(list);
    return asked[list]++ % lists[list].each == 0;
}

int thin_share(ThinList list, int n)
{
    if (!thin_is_on())
        return n;
    tell(list);
    return (n + lists[list].each - 1) / lists[list].each;
}
