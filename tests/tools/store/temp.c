/* temp.c: stores in a directory of their own, and records to put there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/temp.h"
#include "codegen/cg.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char dir[64];
static pid_t owner; /* children that a test forks end without removing what is still used */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_dir(void)
{
    if (getpid() == owner)
        nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *temp_dir(void)
{
    if (!dir[0]) {
        snprintf(dir, sizeof dir, "/tmp/dcngen-store-XXXXXX");
        cr_assert_not_null(mkdtemp(dir));
        owner = getpid();
        atexit(remove_dir);
    }
    return dir;
}

const char *temp_path(const char *in, const char *name)
{
    static char path[4][4096];
    static unsigned at;
    char *p = path[at++ % 4];
    snprintf(p, sizeof *path, "%s/%s", in, name);
    return p;
}

TuneStore *temp_store(const char *in, TuneStoreMode mode)
{
    const TuneStoreAt at = { in, in, "/nonexistent", mode, NULL };
    TuneStore *st = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(tune_store_open(&at, &st, &err), 0, "%s", err.text);
    return st;
}

dcn_spec temp_spec(const char *name)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    snprintf(s.name, sizeof s.name, "%s", name);
    s.batch = 1;
    s.height = s.width = 5;
    s.in_channels = s.out_channels = 4;
    s.kernel[0] = s.kernel[1] = 3;
    return s;
}

TuneKey temp_key(int i)
{
    dcn_spec s = temp_spec("k");
    dcn_target t;
    TuneKey key;
    dcn_error err = { .text = "" };
    s.height += i;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_assert_eq(tune_key(&s, &t, 2, &key, &err), 0, "%s", err.text);
    return key;
}

TuneRecord temp_record(const char *schedule, double ns)
{
    TuneRecord r = { .rev = cg_lowerings[0]->rev,
                     .outcome = TUNE_OK,
                     .ns_median = ns,
                     .ns_low = 0.9 * ns,
                     .ns_high = ns + 1,
                     .gain = 1.25,
                     .peak_gflops = 100,
                     .flops = 12345,
                     .nsamples = 3,
                     .sample = { 0.9 * ns, ns, ns + 1.0 / 3 },
                     .when = (int64_t)time(NULL),
                     .run = 1000 };
    snprintf(r.schedule, sizeof r.schedule, "%s", schedule);
    snprintf(r.lowering, sizeof r.lowering, "%s", cg_lowerings[0]->name);
    snprintf(r.offsets, sizeof r.offsets, "normal:2");
    snprintf(r.where, sizeof r.where, "here, some CPU");
    return r;
}

void *temp_code(const dcn_spec *s, const char *schedule, size_t *size)
{
    const dcn_options opt = { .schedule = schedule };
    void *bytes = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_emit(s, &opt, DCN_EMIT_OBJ, &bytes, size, &err), 0, "%s", err.text);
    return bytes;
}

bool temp_is_root(void)
{
    return geteuid() == 0;
}
