/* tune_show.h: the progress of tuning, for a terminal, a log, or a program.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_TUNE_SHOW_H
#define DCN_CLI_VERB_TUNE_SHOW_H

#include "cli/load/kernels.h"
#include <dcngen/tune.h>

typedef struct TuneShow {
    bool json, verbose; /* verbose: every knob of a schedule */
    int threads;
    /* The kernel in hand. */
    bool network; /* one text of a schedule stands for many */
    const char *name, *offsets;
    bool live;    /* one line that is written again and again */
    double shown; /* seconds when the line was written last */
    char best[DCN_SCHEDULE_MAX];
    char start[DCN_SCHEDULE_MAX]; /* the first candidate of the stage in hand: the guess */
    const char *stage;
    int64_t remembered;
} TuneShow;

void tune_show_begin(TuneShow *show, const dcn_spec *s, const dcn_tune_options *o);

/* For dcn_tune_options; self is the TuneShow. */
void tune_show_progress(void *self, const dcn_tune_progress *p);

/* t: what was found; NULL if it failed. */
void tune_show_end(TuneShow *show, const dcn_spec *s, const dcn_tuned *t);

#endif
