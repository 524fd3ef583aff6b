/* export.c: the store as JSON lines.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "tuner/store/internal.h"
#include "tuner/store/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes the object. */
static int write_line(FILE *to, json_t *o)
{
    int failed =
        !o || json_dumpf(o, to, JSON_COMPACT | JSON_REAL_PRECISION(17)) || fputc('\n', to) == EOF;
    json_decref(o);
    return failed ? -1 : 0;
}

typedef struct Out {
    FILE *to;
    int64_t count;
    int failed;
} Out;

static int write_record(void *self, const TuneKey *key, const TuneRecord *r)
{
    Out *out = self;
    out->failed = write_line(out->to, json_of_record(key, r));
    out->count += !out->failed;
    return out->failed;
}

static int write_pin(void *self, const TuneKey *key, const TuneRecord *r)
{
    Out *out = self;
    out->failed = write_line(out->to, json_of_pin(key, r->schedule));
    out->count += !out->failed;
    return out->failed;
}

/* Opening /dev/stdout anew would write from the beginning of a file that it was redirected to. */
static int write_text(const char *path, const char *text, size_t size, dcn_error *err)
{
    if (strcmp(path, "-") != 0)
        return rt_write_file(path, text, size, err);
    return fwrite(text, 1, size, stdout) == size && !fflush(stdout)
               ? 0
               : dcn_fail(err, DCN_EENV, "cannot write the standard output");
}

int tune_store_export(TuneStore *st, const char *path, int64_t *count, dcn_error *err)
{
    char *text = NULL;
    size_t size = 0;
    Out out = { open_memstream(&text, &size), 0, 0 };
    int failed = !out.to ? dcn_fail(err, DCN_EENV, "no memory to export the store") : 0;
    if (!failed)
        failed = tune_store_each(st, NULL, write_record, &out, err);
    for (int i = 0; i < STORE_NLAYERS && !failed; i++)
        if (st->layer[i].db.h)
            failed = pin_each(&st->layer[i], true, write_pin, &out, err);
    if (out.to && (fclose(out.to) || out.failed))
        failed = dcn_fail(err, DCN_EENV, "no memory to export the store");
    if (!failed)
        failed = write_text(path, text, size, err);
    *count = out.count;
    free(text);
    return failed ? -1 : 0;
}
