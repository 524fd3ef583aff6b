/* tune.h: one tuning run, inside.
**
** The search (search.h) proposes, a process tries (candidate.h), the store remembers (store.h).
** Times are kept relative to the guess: each is the product of ratios that were measured in turns,
** so a slow hour of the machine does not enter.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_TUNE_H
#define DCN_TUNER_TUNE_H

#include "tuner/store/store.h"
#include "tuner/tune/candidate.h"
#include "tuner/tune/space.h"
#include <dcngen/tune.h>

/* A candidate that the run knows, tried by it or remembered from before. */
typedef struct TuneTrial {
    const char *schedule; /* a list has a copy of its own */
    TuneOutcome outcome;
    double time; /* relative to the guess; 0: unknown */
    double ns;
    int winner;         /* of an earlier run */
    int64_t run, trial; /* when it was first tried, as in a record */
} TuneTrial;

typedef struct KnownList {
    TuneTrial *at;
    int n;
    size_t room;
} KnownList;

/* Replaces one of the same schedule; -1: no memory. */
int history_add(KnownList *l, const TuneTrial *k);
TuneTrial *history_find(const KnownList *l, const char *schedule);
void history_free(KnownList *l);

typedef struct Tuning {
    const dcn_spec *spec;
    const dcn_tune_options *opt;
    const Lowering *const *lowerings; /* cg_lowerings but in tests */
    const TuneStoreAt *place;         /* where to remember; NULL: where the environment says */
    double patience;                  /* seconds a candidate may take before it hangs */
    double min_seconds;               /* seconds of measuring what matters, at least */
    dcn_tuned *out;

    dcn_target target;
    char host[64]; /* the CPU's own name; "": nothing is measured */
    dcn_spec bound;
    int threads;
    int64_t trials;
    double seconds; /* 0: no limit */
    TuneOffsets offsets;
    TuneSpace space;
    SearchSpace search_space;
    Search *search;
    Fixture fixture;
    TuneStore *store; /* NULL: none */
    bool is_named;    /* the store knows what the kernel is called */
    TuneKey key;
    KnownList before; /* remembered at the beginning, of this key and these offsets */
    KnownList tried;  /* in this run, remembered ones included */

    double started;   /* ns */
    int64_t run;      /* unix ms */
    double peak;      /* GFLOP/s */
    Incumbent best;   /* .lowering == NULL: none yet */
    double best_time; /* relative to the guess */
    int measured;     /* candidates that were not remembered */
} Tuning;

/* ---- setting up: open.c ----------------------------------------------------------------- */

/* Everything from spec, opt, lowerings and patience, which are set.  Close it even after a
** failure. */
int tuning_open(Tuning *t, dcn_error *err);
void tuning_close(Tuning *t);

/* Opens what kernels are measured on; of what has stages only once they are tuned. */
int tuning_open_fixture(Tuning *t, dcn_error *err);

/* Whether nothing was given that stays as it is, so that what is found is the kernel's own. */
bool tuning_is_open(const Tuning *t);

double tuning_seconds(const Tuning *t); /* since the beginning */
int tuning_is_stopped(const Tuning *t);

/* ---- one candidate: try.c --------------------------------------------------------------- */

#define TUNING_NOISE 0.005 /* a smaller difference is none */

/* How carefully it is measured. */
typedef enum {
    LEVEL_SCREEN,    /* soon given up when it is slower than the best */
    LEVEL_CHALLENGE, /* in reverse order, until it is known well or seen not to be better */
    LEVEL_CONFIRM,   /* in reverse order, until it is known well */
    LEVEL_FINAL,     /* the same on every case of dcn_verify */
} MeasureLevel;

/* Try a schedule against another; NULL: against itself.  -1: no process, no memory. */
int tuning_try(Tuning *t, const Schedule *sc, const Incumbent *against, MeasureLevel level,
               CandidateResult *r, dcn_error *err);

/* Put down what became of it, in `tried` and in the store; time relative to the guess, 0:
** unknown. */
int tuning_record(Tuning *t, const Schedule *sc, const CandidateResult *r, double relative,
                  int winner);

/* Remember what decided: how it did in turns with another. */
void tuning_keep_turns(Tuning *t, const Schedule *sc, const Schedule *against, const Measured *m);

/* Keep the code of a result, which is taken from it, as the best or in the store. */
void tuning_lead(Tuning *t, const Schedule *sc, CandidateResult *r, double time);
void tuning_keep_code(Tuning *t, const Schedule *sc, const CandidateResult *r);

/* Tell the user. */
void tuning_tell(Tuning *t, const TuneTrial *k, const char *why, int remembered, int confirming);

/* ---- the run: tune.c, finish.c, composite.c -------------------------------------------------- */

/* Opened already; fills t->out. */
int tuning_run(Tuning *t, dcn_error *err);

/* As tuning_run, for what has stages: t->space.start does. */
int tuning_run_composite(Tuning *t, dcn_error *err);

/* A run of its own, with the store and the patience of another. */
int tuning_like(const Tuning *t, const dcn_spec *s, const dcn_tune_options *opt, dcn_tuned *out,
                dcn_error *err);

/* dcn_tune with a store at that place (NULL: where the environment says). */
int tune_remembering(const dcn_spec *s, const dcn_tune_options *opt, const TuneStoreAt *place,
                     dcn_tuned *out, dcn_error *err);

/* Takes the simpler one of equals and confirms it against the guess. */
int tuning_finish(Tuning *t, dcn_error *err);

/* Fill t->out with what the confirmation of the best measured, or with what is known without
** one. */
void tuning_fill(Tuning *t, const CandidateResult *r);
void tuning_fill_unconfirmed(Tuning *t);

#endif
