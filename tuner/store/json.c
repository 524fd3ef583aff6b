/* json.c: one record or one pin as a line of JSON.
**
** One table drives both directions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/json.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "tuner/store/internal.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum { TEXT, INT, LONG, REAL } Type;

typedef struct Field {
    const char *name;
    Type type;
    size_t offset, size; /* in JsonLine */
} Field;

#define KEY(name, type, field)                                                                     \
    {                                                                                              \
        name, type, offsetof(JsonLine, key.field), sizeof((JsonLine *)0)->key.field                \
    }
#define REC(name, type, field)                                                                     \
    {                                                                                              \
        name, type, offsetof(JsonLine, record.field), sizeof((JsonLine *)0)->record.field          \
    }

static const Field of_problem[] = {
    KEY("spec", TEXT, spec),
    KEY("machine", TEXT, machine),
    KEY("threads", INT, threads),
    REC("schedule", TEXT, schedule),
    { .name = NULL },
};

static const Field of_record[] = {
    KEY("build", TEXT, build),
    REC("offsets", TEXT, offsets),
    REC("lowering", TEXT, lowering),
    REC("rev", INT, rev),
    REC("why", TEXT, why),
    REC("ns_median", REAL, ns_median),
    REC("ns_low", REAL, ns_low),
    REC("ns_high", REAL, ns_high),
    REC("gain", REAL, gain),
    REC("peak_gflops", REAL, peak_gflops),
    REC("flops", REAL, flops),
    REC("when", LONG, when),
    REC("where", TEXT, where),
    REC("trial", LONG, trial),
    REC("run", LONG, run),
    REC("winner", INT, winner),
    { .name = NULL },
};

/* ---- writing ----------------------------------------------------------------------------- */

static json_t *value(const Field *f, const JsonLine *line)
{
    const char *at = (const char *)line + f->offset;
    if (f->type == TEXT)
        return json_string(at);
    if (f->type == REAL)
        return json_real(*(const double *)(const void *)at);
    return json_integer(f->type == INT ? *(const int *)(const void *)at
                                       : *(const int64_t *)(const void *)at);
}

static int add_fields(json_t *o, const Field *f, const JsonLine *line)
{
    int failed = 0;
    for (; f->name; f++)
        failed |= json_object_set_new(o, f->name, value(f, line));
    return failed;
}

static json_t *whole(json_t *o, int failed)
{
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

json_t *json_of_record(const TuneKey *key, const TuneRecord *r)
{
    const JsonLine line = { *key, *r };
    json_t *o = json_object(), *samples = json_array();
    int failed = json_object_set_new(o, "dcngen_record", json_integer(1));
    failed |= add_fields(o, of_problem, &line) | add_fields(o, of_record, &line);
    failed |= json_object_set_new(o, "outcome", json_string(tune_outcome_names[r->outcome]));
    for (int i = 0; i < r->nsamples; i++)
        failed |= json_array_append_new(samples, json_real(r->sample[i]));
    failed |= json_object_set_new(o, "samples", samples);
    return whole(o, failed);
}

json_t *json_of_pin(const TuneKey *key, const char *schedule)
{
    JsonLine line = { .key = *key };
    snprintf(line.record.schedule, sizeof line.record.schedule, "%s", schedule);
    json_t *o = json_object();
    int failed = json_object_set_new(o, "dcngen_pin", json_integer(1));
    return whole(o, failed | add_fields(o, of_problem, &line));
}

/* ---- reading ----------------------------------------------------------------------------- */

static int wrong(const char *name, const char *wanted, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "'%s' is not %s", name, wanted);
}

static int read_text(const Field *f, const json_t *v, char *at, dcn_error *err)
{
    if (!json_is_string(v) || json_string_length(v) >= f->size)
        return wrong(f->name, "a text that is short enough", err);
    memcpy(at, json_string_value(v), json_string_length(v) + 1);
    return 0;
}

/* Numbers count or measure something: none is negative. */
static int read_field(const Field *f, const json_t *o, JsonLine *line, dcn_error *err)
{
    const json_t *v = json_object_get(o, f->name);
    char *at = (char *)line + f->offset;
    if (f->type == TEXT)
        return read_text(f, v, at, err);
    double x = json_is_number(v) ? json_number_value(v) : -1;
    if (f->type == REAL) {
        if (!(x >= 0 && x < INFINITY))
            return wrong(f->name, "a number that is not negative", err);
        memcpy(at, &x, sizeof x);
        return 0;
    }
    int64_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (n < 0 || (f->type == INT && n > INT32_MAX))
        return wrong(f->name, "a whole number that is not negative", err);
    int narrow = (int)n;
    memcpy(at, f->type == INT ? (void *)&narrow : (void *)&n, f->size);
    return 0;
}

static int read_fields(const Field *f, const json_t *o, JsonLine *line, dcn_error *err)
{
    for (; f->name; f++)
        if (read_field(f, o, line, err))
            return -1;
    return 0;
}

static int read_samples(const json_t *o, TuneRecord *r, dcn_error *err)
{
    const json_t *list = json_object_get(o, "samples");
    if (!json_is_array(list) || json_array_size(list) > TUNE_MAX_SAMPLES)
        return wrong("samples", "a list of at most 64 numbers", err);
    r->nsamples = (int)json_array_size(list);
    for (int i = 0; i < r->nsamples; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        if (!json_is_number(v))
            return wrong("samples", "a list of at most 64 numbers", err);
        r->sample[i] = json_number_value(v);
    }
    return 0;
}

static int read_outcome(const json_t *o, TuneRecord *r, dcn_error *err)
{
    const char *name = json_string_value(json_object_get(o, "outcome"));
    int outcome = name ? outcome_named(name) : -1;
    if (outcome < 0)
        return wrong("outcome", "one of ok, refused, crashed, timeout, wrong, dropped, estimated",
                     err);
    r->outcome = (TuneOutcome)outcome;
    r->winner = r->winner && (outcome == TUNE_OK || outcome == TUNE_ESTIMATED);
    return 0;
}

int json_to_line(const json_t *o, JsonLine *out, dcn_error *err)
{
    const bool pin = json_object_get(o, "dcngen_pin") != NULL;
    const json_t *kind = json_object_get(o, pin ? "dcngen_pin" : "dcngen_record");
    memset(out, 0, sizeof *out);
    if (!kind)
        return dcn_fail(err, DCN_EUSAGE, "not a line that `dcngen cache export` writes");
    if (json_integer_value(kind) != 1)
        return dcn_fail(err, DCN_EUSAGE, "written by a newer dcngen");
    if (read_fields(of_problem, o, out, err))
        return -1;
    if (!out->record.schedule[0] || out->key.threads < 1 || out->key.threads > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE, "'schedule' is empty, or 'threads' is outside 1..%d",
                        RT_MAX_THREADS);
    out->record.pinned = pin;
    if (pin)
        snprintf(out->key.build, sizeof out->key.build, "%s", tune_build());
    else if (read_fields(of_record, o, out, err) || read_outcome(o, &out->record, err) ||
             read_samples(o, &out->record, err))
        return -1;
    tune_key_id(&out->key, out->key.id);
    return 0;
}
