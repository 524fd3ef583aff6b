/* json.c: one record or one pin as a line of JSON.
**
** The tables of members drive both directions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/json.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <stdio.h>
#include <string.h>

static const rt_member of_problem[] = {
    RT_MEMBER("spec", JsonLine, key.spec),
    RT_MEMBER("machine", JsonLine, key.machine),
    RT_MEMBER("threads", JsonLine, key.threads),
    RT_MEMBER("schedule", JsonLine, record.schedule),
};

static const rt_member of_record[] = {
    RT_MEMBER("build", JsonLine, key.build),
    RT_MEMBER("offsets", JsonLine, record.offsets),
    RT_MEMBER("lowering", JsonLine, record.lowering),
    RT_MEMBER("rev", JsonLine, record.rev),
    RT_MEMBER("why", JsonLine, record.why),
    RT_MEMBER("ns_median", JsonLine, record.ns_median),
    RT_MEMBER("ns_low", JsonLine, record.ns_low),
    RT_MEMBER("ns_high", JsonLine, record.ns_high),
    RT_MEMBER("gain", JsonLine, record.gain),
    RT_MEMBER("peak_gflops", JsonLine, record.peak_gflops),
    RT_MEMBER("flops", JsonLine, record.flops),
    RT_MEMBER("when", JsonLine, record.when),
    RT_MEMBER("where", JsonLine, record.where),
    RT_MEMBER("trial", JsonLine, record.trial),
    RT_MEMBER("run", JsonLine, record.run),
    RT_MEMBER("winner", JsonLine, record.winner),
};

static const rt_member of_turns[] = {
    RT_MEMBER("against", TuneTurns, against),
    RT_MEMBER("ratio", TuneTurns, ratio),
    RT_MEMBER("low", TuneTurns, low),
    RT_MEMBER("high", TuneTurns, high),
};

enum {
    NPROBLEM = sizeof of_problem / sizeof *of_problem,
    NRECORD = sizeof of_record / sizeof *of_record,
    NTURNS = sizeof of_turns / sizeof *of_turns
};

/* ---- writing ----------------------------------------------------------------------------- */

static json_t *whole(json_t *o, int failed)
{
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static int put_turns(json_t *o, const TuneTurns *t)
{
    json_t *turns = json_object();
    const int failed = rt_json_put(turns, of_turns, NTURNS, t);
    return json_object_set_new(o, "turns", turns) | failed;
}

/* A name is told where it is known. */
static int put_name(json_t *o, const char *name)
{
    return name[0] ? json_object_set_new(o, "name", json_string(name)) : 0;
}

json_t *json_of_record(const JsonLine *line)
{
    const TuneRecord *r = &line->record;
    json_t *o = json_object(), *samples = json_array();
    int failed = json_object_set_new(o, "dcngen_record", json_integer(1));
    failed |= rt_json_put(o, of_problem, NPROBLEM, line);
    failed |= rt_json_put(o, of_record, NRECORD, line);
    failed |= json_object_set_new(o, "outcome", json_string(tune_outcome_names[r->outcome]));
    for (int i = 0; i < r->nsamples; i++)
        failed |= json_array_append_new(samples, json_real(r->sample[i]));
    failed |= json_object_set_new(o, "samples", samples);
    if (line->turns.against[0])
        failed |= put_turns(o, &line->turns);
    failed |= put_name(o, line->name);
    return whole(o, failed);
}

json_t *json_of_pin(const JsonLine *line)
{
    json_t *o = json_object();
    int failed = json_object_set_new(o, "dcngen_pin", json_integer(1));
    failed |= rt_json_put(o, of_problem, NPROBLEM, line);
    failed |= put_name(o, line->name);
    return whole(o, failed);
}

/* ---- reading ----------------------------------------------------------------------------- */

_Static_assert(TUNE_MAX_SAMPLES == 64, "as the messages below say");

static const char WRITTEN[] = "what a tuning can have written";

static int read_samples(const json_t *o, TuneRecord *r, dcn_error *err)
{
    const json_t *list = json_object_get(o, "samples");
    if (!json_is_array(list) || json_array_size(list) > TUNE_MAX_SAMPLES)
        return rt_json_wrong("samples", "a list of at most 64 numbers", err);
    r->nsamples = (int)json_array_size(list);
    for (int i = 0; i < r->nsamples; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        if (!json_is_number(v))
            return rt_json_wrong("samples", "a list of at most 64 numbers", err);
        r->sample[i] = json_number_value(v);
    }
    return 0;
}

static int read_outcome(const json_t *o, TuneRecord *r, dcn_error *err)
{
    char expected[128] = "one of ";
    const char *name = json_string_value(json_object_get(o, "outcome"));
    int outcome = name ? tune_outcome_named(name) : -1;
    rt_join(tune_outcome_names, expected + strlen(expected), sizeof expected - strlen(expected));
    if (outcome < 0)
        return rt_json_wrong("outcome", expected, err);
    r->outcome = (TuneOutcome)outcome;
    r->winner = r->winner && (outcome == TUNE_OK || outcome == TUNE_ESTIMATED);
    return 0;
}

/* Lines of a dcngen that did not write them have none. */
static int read_turns(const json_t *o, TuneTurns *t, dcn_error *err)
{
    const json_t *turns = json_object_get(o, "turns");
    if (!turns)
        return 0;
    if (!json_is_object(turns))
        return rt_json_wrong("turns", "an object", err);
    if (rt_json_get(turns, of_turns, NTURNS, t, err))
        return -1;
    return turns_are_sound(t) ? 0 : rt_json_wrong("turns", WRITTEN, err);
}

/* Lines of a dcngen that did not write it have none. */
static int read_name(const json_t *o, char name[DCN_NAME_MAX], dcn_error *err)
{
    const json_t *v = json_object_get(o, "name");
    const char *text = json_string_value(v);
    if (!v)
        return 0;
    if (!text || !form_is_word(text) || strlen(text) >= DCN_NAME_MAX)
        return rt_json_wrong("name", "what a kernel can be called", err);
    snprintf(name, DCN_NAME_MAX, "%s", text);
    return 0;
}

static const char *wrong_pin(const char *schedule)
{
    return form_is_line(schedule) ? NULL : "schedule";
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
    if (rt_json_get(o, of_problem, NPROBLEM, out, err) || read_name(o, out->name, err))
        return -1;
    if (!out->record.schedule[0] || out->key.threads < 1 || out->key.threads > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE, "'schedule' is empty, or 'threads' is outside 1..%d",
                        RT_MAX_THREADS);
    out->record.pinned = pin;
    if (pin)
        snprintf(out->key.build, sizeof out->key.build, "%s", tune_build());
    else if (rt_json_get(o, of_record, NRECORD, out, err) || read_outcome(o, &out->record, err) ||
             read_samples(o, &out->record, err) || read_turns(o, &out->turns, err))
        return -1;
    const char *wrong = tune_key_wrong(&out->key);
    if (!wrong)
        wrong = pin ? wrong_pin(out->record.schedule) : tune_record_wrong(&out->record);
    if (wrong)
        return rt_json_wrong(wrong, WRITTEN, err);
    tune_key_id(&out->key, out->key.id);
    return 0;
}
