/* key.h: under which name a tuning result is remembered.
**
** Two keys are the same only if a schedule that is best for one is best for the other, and code made for one
** runs for the other: docs/CACHE.md argues why each part is in it.  The name of the CPU is not: in virtual
** machines it lies.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_KEY_H
#define DCN_TUNER_KEY_H

#include <dcngen.h>

enum { TUNE_ID_MAX = 65 };

typedef struct TuneKey {
    char spec[2048];      /* dcn_spec_print without name, target and schedule */
    char machine[5120];   /* triple, class, registers, sorted features, cache sizes */
    int threads;          /* >= 1 */
    char id[TUNE_ID_MAX]; /* hex of a digest of all of the above and of tune_build() */
} TuneKey;

/* What made the code: version and digest of the code generator, and LLVM's version. */
const char *tune_build(void);

/* spec is checked already; threads 0 means what dcn_execute would take. */
int tune_key(const dcn_spec *s, const dcn_target *t, int threads, TuneKey *out, dcn_error *err);

#endif
