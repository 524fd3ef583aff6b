/* plan.c: the list of a sweep's items, as JSON lines.
**
**     {"dcngen_item": 1, "id": "9f...", "kernel": "c3", "target": "znver4", "threads": 2, "offsets": ...}
**
** Plans of one line an item can be cut, sorted and put together with other programs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/file.h"
#include "runtime/base/grow.h"
#include "tuner/sweep/item.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_MOST = 256 << 20 }; /* bytes */

#define TEXT(field)                                                                                \
    {                                                                                              \
#field, offsetof(SweepItem, field), sizeof((SweepItem *)0)->field                          \
    }

static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
    TEXT(id),      TEXT(kernel), TEXT(target),   TEXT(triple),  TEXT(attrs),        TEXT(isa),
    TEXT(machine), TEXT(spec),   TEXT(schedule), TEXT(offsets), TEXT(offsets_name),
};
enum { NTEXTS = sizeof texts / sizeof *texts };

/* ---- the list ----------------------------------------------------------------------------- */

int sweep_plan_add(SweepPlan *p, const SweepItem *item, dcn_error *err)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->at[i].id, item->id))
            return 0;
    SweepItem *at = rt_grow(p->at, (size_t)p->n + 1, &p->room, sizeof *at);
    if (!at)
        return dcn_fail(err, DCN_EENV, "no memory for a plan of %d items", p->n + 1);
    p->at = at;
    p->at[p->n++] = *item;
    return 1;
}

void sweep_plan_free(SweepPlan *p)
{
    free(p->at);
    *p = (SweepPlan){ 0 };
}

/* ---- writing ------------------------------------------------------------------------------ */

/* NULL without memory. */
static json_t *item_json(const SweepItem *t)
{
    json_t *o = json_pack("{s:i}", "dcngen_item", 1);
    int failed = !o;
    for (int i = 0; i < NTEXTS; i++)
        failed |=
            json_object_set_new(o, texts[i].name, json_string((const char *)t + texts[i].offset));
    json_t *rest = json_pack("{s:i, s:s, s:I, s:f, s:I}", "threads", t->threads, "effort",
                             sweep_efforts[t->effort], "trials", (json_int_t)t->trials, "seconds",
                             t->seconds, "seed", (json_int_t)t->seed);
    failed |= json_object_update(o, rest);
    json_decref(rest);
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static int write_line(FILE *to, const SweepItem *t)
{
    json_t *o = item_json(t);
    int failed =
        !o || json_dumpf(o, to, JSON_COMPACT | JSON_REAL_PRECISION(9)) || putc('\n', to) < 0;
    json_decref(o);
    return failed;
}

int sweep_plan_print(const SweepPlan *p, char **text, size_t *size, dcn_error *err)
{
    *text = NULL;
    FILE *to = open_memstream(text, size);
    int failed = !to;
    for (int i = 0; i < p->n && !failed; i++)
        failed = write_line(to, &p->at[i]);
    if ((to && fclose(to)) || failed) {
        free(*text);
        *text = NULL;
        return dcn_fail(err, DCN_EENV, "no memory for a plan of %d items", p->n);
    }
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int wrong(const char *name, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "not an item of a plan: '%s' makes no sense", name);
}

static int read_texts(const json_t *o, SweepItem *t, dcn_error *err)
{
    for (int i = 0; i < NTEXTS; i++) {
        const json_t *v = json_object_get(o, texts[i].name);
        if (!json_is_string(v) || json_string_length(v) >= texts[i].size)
            return wrong(texts[i].name, err);
        memcpy((char *)t + texts[i].offset, json_string_value(v), json_string_length(v) + 1);
    }
    return 0;
}

static int effort_named(const char *name)
{
    for (int i = 0; name && sweep_efforts[i]; i++)
        if (!strcmp(sweep_efforts[i], name))
            return i;
    return -1;
}

static int read_numbers(const json_t *o, SweepItem *t, dcn_error *err)
{
    const json_t *threads = json_object_get(o, "threads"), *trials = json_object_get(o, "trials");
    const json_t *seconds = json_object_get(o, "seconds"), *seed = json_object_get(o, "seed");
    int effort = effort_named(json_string_value(json_object_get(o, "effort")));
    if (effort < 0)
        return wrong("effort", err);
    if (json_integer_value(threads) < 1 || json_integer_value(threads) > RT_MAX_THREADS)
        return wrong("threads", err);
    if (!json_is_integer(trials) || json_integer_value(trials) < 0)
        return wrong("trials", err);
    if (!json_is_number(seconds) || !(json_number_value(seconds) >= 0))
        return wrong("seconds", err);
    if (!json_is_integer(seed))
        return wrong("seed", err);
    t->effort = (dcn_effort)effort;
    t->threads = (int)json_integer_value(threads);
    t->trials = json_integer_value(trials);
    t->seconds = json_number_value(seconds);
    t->seed = (uint64_t)json_integer_value(seed);
    return 0;
}

static int read_item(const json_t *o, SweepItem *t, dcn_error *err)
{
    char id[SWEEP_ID_MAX];
    const json_t *version = json_object_get(o, "dcngen_item");
    memset(t, 0, sizeof *t);
    if (!version)
        return dcn_fail(err, DCN_EUSAGE, "not a line that `dcngen sweep plan` writes");
    if (json_integer_value(version) != 1)
        return dcn_fail(err, DCN_EUSAGE, "written by a newer dcngen");
    if (read_texts(o, t, err) || read_numbers(o, t, err))
        return -1;
    sweep_item_id(t, id);
    return !strcmp(id, t->id)
               ? 0
               : dcn_fail(err, DCN_EUSAGE, "the item was changed: its id would be %s", id);
}

static int read_line(const char *text, size_t length, SweepPlan *p, dcn_error *err)
{
    SweepItem item;
    json_error_t why;
    json_t *o = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    int failed = o ? read_item(o, &item, err) : dcn_fail(err, DCN_EUSAGE, "not JSON: %s", why.text);
    json_decref(o);
    return failed || sweep_plan_add(p, &item, err) < 0 ? -1 : 0;
}

static int read_lines(const char *path, const char *text, size_t size, SweepPlan *p, dcn_error *err)
{
    const char *end = text + size;
    dcn_error what;
    for (int number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        if (length && read_line(text, length, p, &what))
            return dcn_fail_at(err, what.code, path, number, "%s", what.text);
        text += length + 1;
    }
    return p->n ? 0 : dcn_fail(err, DCN_EUSAGE, "the plan %s has no item", path);
}

int sweep_plan_read(const char *path, SweepPlan *out, dcn_error *err)
{
    void *text;
    size_t size;
    *out = (SweepPlan){ 0 };
    if (rt_read_file(path, PLAN_MOST, &text, &size, err))
        return -1;
    int failed = read_lines(path, text, size, out, err);
    free(text);
    return failed;
}
