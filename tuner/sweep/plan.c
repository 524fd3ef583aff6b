/* plan.c: the list of a sweep's items, as JSON lines.
**
**     {"dcngen_item": 1, "id": "9f...", "kernel": "c3", "target": "znver4", "threads": 2, ...}
**
** Plans of one line an item can be cut, sorted and put together with other programs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/plan.h"
#include "runtime/base/env.h"
#include "runtime/base/file.h"
#include "runtime/base/grow.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "tuner/store/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_MAX_BYTES = 256 << 20 };

static const rt_member members[] = {
    RT_MEMBER("id", SweepItem, id),
    RT_MEMBER("kernel", SweepItem, kernel),
    RT_MEMBER("target", SweepItem, target),
    RT_MEMBER("triple", SweepItem, triple),
    RT_MEMBER("attrs", SweepItem, attrs),
    RT_MEMBER("isa", SweepItem, isa),
    RT_MEMBER("machine", SweepItem, machine),
    RT_MEMBER("spec", SweepItem, spec),
    RT_MEMBER("schedule", SweepItem, schedule),
    RT_MEMBER("offsets", SweepItem, offsets),
    RT_MEMBER("offsets_name", SweepItem, offsets_name),
    RT_MEMBER("threads", SweepItem, threads),
    RT_MEMBER("trials", SweepItem, trials),
    RT_MEMBER("seconds", SweepItem, seconds),
    RT_MEMBER("seed", SweepItem, seed),
};
enum { NMEMBERS = sizeof members / sizeof *members };

/* ---- the list ----------------------------------------------------------------------------- */

int sweep_plan_add(SweepPlan *p, const SweepItem *item, dcn_error *err)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->at[i].id, item->id))
            return 0;
    if (p->n == SWEEP_PLAN_MAX)
        return dcn_fail(err, DCN_EUSAGE, "a plan has at most %d items: cut it into several",
                        SWEEP_PLAN_MAX);
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

/* As many digits of the seconds as the id has. */
static int write_item(FILE *to, const SweepItem *t)
{
    enum { DIGITS = 9 };
    json_t *o = json_pack("{s:i, s:s}", "dcngen_item", 1, "effort", sweep_efforts[t->effort]);
    if (!o || rt_json_put(o, members, NMEMBERS, t)) {
        json_decref(o);
        return -1;
    }
    return rt_json_write(to, o, DIGITS);
}

int sweep_plan_print(const SweepPlan *p, char **text, size_t *size, dcn_error *err)
{
    *text = NULL;
    FILE *to = open_memstream(text, size);
    int failed = !to;
    for (int i = 0; i < p->n && !failed; i++)
        failed = write_item(to, &p->at[i]);
    if ((to && fclose(to)) || failed) {
        free(*text);
        *text = NULL;
        return dcn_fail(err, DCN_EENV, "no memory for a plan of %d items", p->n);
    }
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int effort_named(const char *name)
{
    for (int i = 0; name && sweep_efforts[i]; i++)
        if (!strcmp(sweep_efforts[i], name))
            return i;
    return -1;
}

static int read_effort(const json_t *o, SweepItem *t, dcn_error *err)
{
    char expected[128] = "one of ";
    const size_t n = strlen(expected);
    int effort = effort_named(json_string_value(json_object_get(o, "effort")));
    if (effort < 0)
        return rt_json_wrong(
            "effort", (rt_join(sweep_efforts, expected + n, sizeof expected - n), expected), err);
    t->effort = (dcn_effort)effort;
    return 0;
}

/* The first member that no plan of ours has.  Not all of them are in the id. */
static const char *wrong_member(const SweepItem *t)
{
    for (int i = 0; i < NMEMBERS; i++)
        if (members[i].type == RT_TEXT && !form_is_line((const char *)t + members[i].offset))
            return members[i].name;
    if (!form_is_spec(t->spec))
        return "spec";
    if (!form_is_word(t->kernel))
        return "kernel";
    if (!form_is_number((double)t->trials, (double)FORM_MAX_COUNT))
        return "trials";
    return form_is_number(t->seconds, 1e-9 * FORM_MAX_NS) ? NULL : "seconds";
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
    if (rt_json_get(o, members, NMEMBERS, t, err) || read_effort(o, t, err))
        return -1;
    if (t->threads < 1 || t->threads > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE, "'threads' = %d is outside 1..%d", t->threads,
                        RT_MAX_THREADS);
    const char *wrong = wrong_member(t);
    if (wrong)
        return rt_json_wrong(wrong, "what `dcngen sweep plan` writes", err);
    sweep_item_id(t, id);
    return !strcmp(id, t->id)
               ? 0
               : dcn_fail(err, DCN_EUSAGE, "the item was changed: its id would be %s", id);
}

static int read_line(void *plan, const json_t *o, dcn_error *err)
{
    SweepItem item;
    return read_item(o, &item, err) || sweep_plan_add(plan, &item, err) < 0 ? -1 : 0;
}

int sweep_plan_read(const char *path, SweepPlan *out, dcn_error *err)
{
    void *text;
    size_t size;
    *out = (SweepPlan){ 0 };
    if (rt_read_file(path, PLAN_MAX_BYTES, &text, &size, err))
        return -1;
    int failed = rt_json_lines(path, text, size, read_line, out, err);
    if (!failed && !out->n)
        failed = dcn_fail(err, DCN_EUSAGE, "the plan %s has no item", path);
    free(text);
    return failed;
}
