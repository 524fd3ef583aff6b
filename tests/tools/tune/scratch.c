/* scratch.c: a store that no other test sees.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/tune/scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void scratch_open(void)
{
    snprintf(dir, sizeof dir, "/tmp/dcngen-tune-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    setenv("DCNGEN_CACHE_DIR", dir, 1);
    setenv("DCNGEN_SYSTEM_DIR", "/nonexistent", 1);
    unsetenv("DCNGEN_CACHE");
    unsetenv("DCNGEN_TUNE");
}

void scratch_close(void)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
