/* json.h: one record or one pin as a line of JSON.
**
**     {"dcngen_record": 1, "spec": ..., "machine": ..., "threads": ..., "build": ..., ...,
**      "turns": {"against": ..., "ratio": ..., "low": ..., "high": ...}, "name": ...}
**     {"dcngen_pin": 1, "spec": ..., "machine": ..., "threads": ..., "schedule": ..., "name": ...}
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_JSON_H
#define DCN_TUNER_STORE_JSON_H

#include "runtime/base/json.h"
#include "tuner/store/store.h"

typedef struct JsonLine {
    TuneKey key;             /* with its id; a pin has this build's */
    TuneRecord record;       /* a pin has only the schedule and `pinned` */
    TuneTurns turns;         /* against nothing: the line has none */
    char name[DCN_NAME_MAX]; /* of the kernel; "": the line has none */
} JsonLine;

/* NULL without memory.  The line of a pin has no more of its record than the schedule. */
json_t *json_of_record(const JsonLine *line);
json_t *json_of_pin(const JsonLine *line);

/* -1 with a message that names the key that is missing or makes no sense. */
int json_to_line(const json_t *o, JsonLine *out, dcn_error *err);

#endif
