/* space.h: the schedules of one kernel as a space to search.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SPACE_H
#define DCN_TUNER_SPACE_H

#include "codegen/lowering.h"
#include "tuner/search/search.h"

typedef struct TuneSpace {
    const dcn_spec *spec, *bound;
    const dcn_target *target;
    int threads;
    const Lowering *lowering[SEARCH_MAX_LOWERINGS];
    int nlowerings;
    int guess[SEARCH_MAX_LOWERINGS][MAX_KNOBS];    /* a value for each knob */
    unsigned fixed[SEARCH_MAX_LOWERINGS];          /* bits of knobs that stay as they are */
    int fixed_at[SEARCH_MAX_LOWERINGS][MAX_KNOBS]; /* index of their choice */
    Schedule start; /* where a search begins: the guess; freed by sched_free */
} TuneSpace;

/* What the schedules are for; pointers are borrowed. */
typedef struct TuneFor {
    const dcn_spec *spec;
    const dcn_spec *bound; /* with the sizes that costs are estimated for */
    const dcn_target *target;
    int threads;
    const char *narrow; /* "tiled mr=6": a lowering and knobs that stay; NULL: all is open */
    const Lowering *const *lowerings; /* ended by NULL; cg_lowerings but in tests */
} TuneFor;

/* Lowerings that refuse their own guess are left out.  Of what has stages only start is of use: the
** space is those of the stages.  -1 with err as sched_parse and sched_guess. */
int tune_space_open(TuneSpace *sp, const TuneFor *f, dcn_error *err);

/* For search_open; sp must outlive it. */
SearchSpace tune_space_search(TuneSpace *sp);

void tune_space_schedule(const TuneSpace *sp, const SearchPoint *p, Schedule *out);

/* The point of a schedule, or of its complete text; -1 if it is not in the space. */
int tune_space_point(const TuneSpace *sp, const Schedule *sc, SearchPoint *out);
int tune_space_parse(const TuneSpace *sp, const char *text, SearchPoint *out);

/* What is the least in the schedule that is taken of equally quick ones: knobs that are not as
** guessed, and then those of the lowering that would be guessed. */
int tune_space_complexity(const TuneSpace *sp, const Schedule *sc);

#endif
