/* choose.h: the target and the schedule that a call means.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHOOSE_H
#define DCN_TUNER_CHOOSE_H

#include "codegen/cg.h"
#include "tuner/store/record.h"
#include "tuner/target.h"

typedef struct Choice {
    dcn_target target;
    Schedule schedule;
    dcn_choice what;
    int threads;       /* that will run it: of the options, else as dcn_execute counts them */
    TuneKey key;       /* threads == 0: the store was not asked */
    TuneRecord record; /* for DCN_ORIGIN_PINNED, _TUNED and _ESTIMATED */
    char why_not[96];  /* DCN_ORIGIN_STAGES, _GUESS: why not from the store */
} Choice;

/* Checks the spec.  Target: of the options, else of the spec, else native.  Schedule: of the
** options, else of the spec, else the best record of the store, else the best guess; stages of
** modules that these leave open are as the store knows them.  opt may be NULL.  Freed by
** tune_choice_free, after a failure too.  What is wrong with a target or a schedule of the spec is
** DCN_ESPEC. */
int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err);
void tune_choice_free(Choice *c); /* of what tune_choose filled, or of zeros */

/* One line: where the schedule came from and what it beat. */
void tune_origin(const Choice *c, char *buf, size_t size);

/* One stage of a module. */
typedef struct StageChoice {
    const char *name, *schedule;
    /* Where the schedule comes from: the store's or a guess's for the stage's own spec, else the module's. */
    dcn_origin origin;
    double gain; /* 0: unknown */
} StageChoice;

/* Every stage in order; none if the kernel has no stages.  Text is borrowed for the time of the
** call. */
int tune_each_stage(const dcn_spec *s, const Choice *c,
                    void (*each)(void *self, const StageChoice *stage), void *self, dcn_error *err);

/* Lines: where it came from, then what it means; of a module a line for each stage. */
int tune_explain(const dcn_spec *s, const Choice *c, char *buf, size_t size, dcn_error *err);

/* ---- code of a choice from the store ------------------------------------------------------- */

bool tune_is_stored(const Choice *c);

/* 0 if the store had the code and k runs it; 1 if it must be compiled. */
int tune_load_stored(const Choice *c, dcn_kernel *k);

/* Keeps the code for the next process, if the store can be written. */
void tune_keep_stored(const Choice *c, const dcn_kernel *k, const void *object, size_t size);

#endif
