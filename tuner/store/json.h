/* json.h: one record or one pin as a line of JSON.
**
**     {"dcngen_record": 1, "spec": ..., "machine": ..., "threads": ..., "build": ..., ...,
**      "turns": {"against": ..., "ratio": ..., "low": ..., "high": ...}}
**     {"dcngen_pin": 1, "spec": ..., "machine": ..., "threads": ..., "schedule": ...}
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_JSON_H
#define DCN_TUNER_STORE_JSON_H

#include "runtime/base/json.h"
#include "tuner/store/store.h"

/* NULL without memory.  t: what decided about it, NULL: nothing did, and there is no such member. */
json_t *json_of_record(const TuneKey *key, const TuneRecord *r, const TuneTurns *t);
json_t *json_of_pin(const TuneKey *key, const char *schedule);

typedef struct JsonLine {
    TuneKey key;       /* with its id; a pin has this build's */
    TuneRecord record; /* a pin has only the schedule and `pinned` */
    TuneTurns turns;   /* against nothing: the line has none */
} JsonLine;

/* -1 with a message that names the key that is missing or makes no sense. */
int json_to_line(const json_t *o, JsonLine *out, dcn_error *err);

#endif
