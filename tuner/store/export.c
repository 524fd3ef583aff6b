/* export.c: the store as JSON lines.
**
** Networks are left out: what is known of one is what is known of its layers, which are kernels of their own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "tuner/store/internal.h"
#include "tuner/store/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 17 }; /* a double is read back as it was */

/* With the name that was used last. */
static JsonLine line_of(TuneStore *from, const TuneKey *key, const TuneRecord *r)
{
    JsonLine line = { .key = *key, .record = *r };
    char names[DCN_TEXT_MAX];
    tune_store_names(from, key, names, sizeof names);
    snprintf(line.name, sizeof line.name, "%.*s", (int)strcspn(names, ","), names);
    return line;
}

int tune_record_write(FILE *to, TuneStore *from, const TuneKey *key, const TuneRecord *r)
{
    JsonLine line = line_of(from, key, r);
    return tune_turns_get(from, key, r, &line.turns, NULL) < 0
               ? -1
               : rt_json_write(to, json_of_record(&line), DIGITS);
}

typedef struct Export {
    FILE *to;
    TuneStore *from;
    int64_t count;
    bool failed;
} Export;

static int write_record(void *self, const TuneKey *key, const TuneRecord *r)
{
    Export *out = self;
    if (tune_key_is_network(key))
        return 0;
    out->failed = tune_record_write(out->to, out->from, key, r);
    out->count += !out->failed;
    return out->failed;
}

static int write_pin(void *self, const TuneKey *key, const TuneRecord *r)
{
    Export *out = self;
    if (tune_key_is_network(key))
        return 0;
    const JsonLine line = line_of(out->from, key, r);
    out->failed = rt_json_write(out->to, json_of_pin(&line), DIGITS);
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
               : dcn_fail(err, DCN_EENV, "cannot write the standard output: %s", strerror(errno));
}

/* An export without a line would be taken for one of a store in which nothing is. */
static int fail_empty(TuneStore *st, dcn_error *err)
{
    if (!store_reader(st, err))
        return -1;
    return dcn_fail(err, DCN_EFAILED, "the store %s has nothing to export", tune_store_path(st));
}

int tune_store_export(TuneStore *st, const char *path, int64_t *count, dcn_error *err)
{
    char *text = NULL;
    size_t size = 0;
    *count = 0;
    if (st->layer[LAYER_USER].why[0])
        return fail_empty(st, err);
    Export out = { .to = open_memstream(&text, &size), .from = st };
    int failed = !out.to ? dcn_fail(err, DCN_EENV, "no memory to export the store") : 0;
    if (!failed)
        failed = tune_store_each(st, NULL, write_record, &out, err);
    if (!failed)
        failed = tune_store_each_pin(st, true, write_pin, &out, err);
    if (out.to && (fclose(out.to) || out.failed))
        failed = dcn_fail(err, DCN_EENV, "no memory to export the store");
    if (!failed && !out.count)
        failed = fail_empty(st, err);
    if (!failed)
        failed = write_text(path, text, size, err);
    *count = out.count;
    free(text);
    return failed ? -1 : 0;
}
