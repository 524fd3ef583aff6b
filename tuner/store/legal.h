/* legal.h: whether a schedule from elsewhere can be that of a key.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_LEGAL_H
#define DCN_TUNER_STORE_LEGAL_H

#include "tuner/store/record.h"

/* What a key says, understood; kept because records of one key follow one another. */
typedef struct LegalKey {
    char id[TUNE_ID_MAX]; /* "": of none */
    dcn_spec spec;
    dcn_target target;
} LegalKey;

/* 0 if the key's spec is one kernel, its machine a target that this dcngen knows, and the schedule
** legal for both and of the record's lowering (that of a pin: of any).  -1 with DCN_EUSAGE, saying
** what is not.  *last starts as { .id = "" }. */
int legal_check(LegalKey *last, const TuneKey *key, const TuneRecord *r, dcn_error *err);

#endif
