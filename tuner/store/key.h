/* key.h: under which name a tuning result is remembered.
**
** Two keys are the same only if a schedule that is best for one is best for the other, and code
** made for one runs for the other: docs/CACHE.md argues why each part is in it.  The name that the
** machine gives its CPU is not: in virtual machines it lies.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_KEY_H
#define DCN_TUNER_KEY_H

#include <dcngen.h>
#include <stdbool.h>

enum { TUNE_ID_MAX = 65, TUNE_SPEC_MAX = 2048, TUNE_MACHINE_MAX = 5120 };

typedef struct TuneKey {
    char spec[TUNE_SPEC_MAX];       /* dcn_spec_print without name, target and schedule */
    char machine[TUNE_MACHINE_MAX]; /* triple, class, registers, sorted features, cache sizes */
    int threads;                    /* >= 1 */
    char build[TUNE_ID_MAX + 64];   /* tune_build() of who measured; others' results are stale */
    char id[TUNE_ID_MAX];           /* hex of a digest of all of the above */
} TuneKey;

/* What a result depends on beyond its key's other parts and the revision of its lowering: the interface's version
** and LLVM's.  Not the sources: a comment in them makes no result stale. */
const char *tune_build(void);

/* What compiled code depends on: the same, and the digest of the sources that generate it. */
const char *tune_code_build(void);

/* spec is checked already; threads 0 means what dcn_execute would take. */
int tune_key(const dcn_spec *s, const dcn_target *t, int threads, TuneKey *out, dcn_error *err);

/* The key of another spec for the same machine, threads and build. */
int tune_key_like(const TuneKey *key, const dcn_spec *s, TuneKey *out, dcn_error *err);

/* The digest that belongs to the other fields: what `id` must be. */
void tune_key_id(const TuneKey *key, char id[TUNE_ID_MAX]);

/* Whether it is a network's: its text cannot be loaded, so that the key means nothing elsewhere. */
bool tune_key_is_network(const TuneKey *key);

/* Digest of spec, machine and threads: the same whatever build of dcngen measures. */
void tune_key_problem(const TuneKey *key, char id[TUNE_ID_MAX]);

enum { TUNE_NSIZES = 8 };

/* The spec's sizes, in a fixed order, 0 where it has none and -1 where dynamic; id: digest of what
** remains of the spec, with machine and threads.  Keys of one family are neighbours. */
void tune_key_family(const TuneKey *key, char id[TUNE_ID_MAX], int64_t size[TUNE_NSIZES]);

#endif
