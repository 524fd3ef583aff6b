/* json.c: the data of the page as JSON.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/report/parts.h"

static json_t *record_json(const Section *t, const Share *share, const TuneRecord *r, int number)
{
    json_t *samples = json_array();
    for (int i = 0; i < r->nsamples; i++)
        json_array_append_new(samples, number_json(r->sample[i]));
    json_t *o =
        json_pack("{s:i, s:o, s:o, s:i, s:s, s:o, s:b, s:b, s:o}", "number", number, "schedule",
                  text_json(r->schedule), "lowering", text_json(r->lowering), "revision", r->rev,
                  "outcome", tune_outcome_names[r->outcome], "why", text_json(r->why), "winner",
                  r->winner, "pinned", r->pinned, "ns_samples", samples);
    json_t *numbers =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "ns_median",
                  number_json(r->ns_median), "ns_low", number_json(r->ns_low), "ns_high",
                  number_json(r->ns_high), "gain", number_json(record_gain(t, r)), "gflops",
                  number_json(record_gflops(r)), "peak_gflops", number_json(r->peak_gflops),
                  "peak_fraction", number_json(record_share(r)), "run", (json_int_t)r->run, "trial",
                  (json_int_t)r->trial, "when", (json_int_t)r->when, "where", text_json(r->where));
    json_object_update(o, numbers);
    json_decref(numbers);
    json_object_set_new(o, "peak_disturbed", json_boolean(record_peak_is_disturbed(r)));
    json_object_set_new(o, "share", number_json(share->at));
    json_object_set_new(o, "share_low", number_json(share->low));
    json_object_set_new(o, "share_high", number_json(share->high));
    return o;
}

static json_t *place_json(int i)
{
    return i < 0 ? json_null() : json_integer(i + 1);
}

static json_t *section_json(const Section *t)
{
    json_t *outcomes = json_object(), *candidates = json_array();
    for (int i = 0; i < SECTION_NOUTCOMES; i++)
        json_object_set_new(outcomes, tune_outcome_names[i], json_integer(t->count[i]));
    for (int i = 0; i < t->n; i++)
        json_array_append_new(candidates, record_json(t, &t->share[i], &t->record[i], i + 1));
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "name",
                     t->name, "spec", t->key.spec, "machine", t->key.machine, "build", t->key.build,
                     "threads", t->key.threads, "offsets", t->record[0].offsets, "runs",
                     section_runs(t), "operand_bytes", number_json(section_bytes(t)), "in_use",
                     place_json(t->best), "guess", place_json(t->guess), "outcomes", outcomes,
                     "candidates", candidates);
}

json_t *report_json(const TuningReport *r)
{
    json_t *list = json_array(), *untuned = json_array();
    for (int i = 0; i < r->n; i++)
        json_array_append_new(list, section_json(&r->section[i]));
    for (int i = 0; i < r->untuned.n; i++)
        json_array_append_new(untuned, json_string(r->untuned.at[i]));
    json_t *root = list_json("kernels", list);
    json_object_set_new(root, "store", text_json(r->store));
    json_object_set_new(root, "untuned", untuned);
    return root;
}
