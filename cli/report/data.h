/* data.h: what the store remembers of the tuning of kernels, put in order.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_REPORT_DATA_H
#define DCN_CLI_REPORT_DATA_H

#include "cli/load/kernels.h"
#include "tuner/store/store.h"

#include <stdbool.h>

enum { SECTION_NOUTCOMES = TUNE_ESTIMATED + 1 };

/* Time of a candidate as a share of that of the one in use, from readings in turns: of the two, or of each with others
** that lead from one to the other. */
typedef struct Share {
    double at;        /* 0: unknown */
    double low, high; /* its interval, of the last step; 0: none */
} Share;

/* All candidates of one key under one distribution of offsets. */
typedef struct Section {
    /* The name of the kernel; without a spec as the store remembers it, else the name of its operator. */
    char name[2 * DCN_NAME_MAX];
    TuneKey key;
    dcn_spec spec;      /* what key.spec says */
    bool known;         /* spec could be read */
    TuneRecord *record; /* in the order in which they were tried: run by run, trial by trial */
    Share *share;       /* of each record */
    int n;
    size_t room;
    int best;        /* the one in use: pinned, else confirmed, else fastest; -1: none works */
    int guess;       /* -1: it is not among them */
    double guess_ns; /* 0: unknown */
    double low_ns, high_ns;     /* section_time of all timed ones; 0: none is timed */
    double peak_low, peak_high; /* GFLOP/s that the probe found; 0: unknown */
    int timed, count[SECTION_NOUTCOMES];
} Section;

typedef struct TuningReport {
    char store[4096];
    Section *section;
    int n;
    size_t room;
    WordList untuned; /* kernels of the spec without a record; borrowed names */
} TuningReport;

/* Read the store.  Without records at all, DCN_EFAILED.  Freed by report_free, also after a
** failure.  The kernels must outlive the report; NULL: every record of the store. */
int report_read(const Args *a, const Kernels *k, TuningReport *r, dcn_error *err);
void report_free(TuningReport *r);

/* Verified and timed, if only until it was dropped as too slow. */
bool record_is_timed(const TuneRecord *r);

/* Refused, crashed, wrong, out of time.  What was dropped without a time is right, and slow. */
bool record_is_failure(const TuneRecord *r);

/* Time of the guess / time of this one; 0 if unknown. */
double record_gain(const Section *t, const TuneRecord *r);

/* In GFLOP/s, and as a share of the peak of the same minute; 0 if unknown. */
double record_gflops(const TuneRecord *r);
double record_share(const TuneRecord *r);

/* No kernel does more than the peak: beyond 1 and the noise, other work disturbed its probe, and the share is none. */
bool record_peak_is_disturbed(const TuneRecord *r);

/* Time of a call of a candidate that is timed, in ns: that of the one in use times the share.  So an hour in which the
** machine was slower does not enter.  As it was read where no turns lead to the one in use. */
double section_time(const Section *t, int i);

/* Fill in the shares; -1 without memory, or if the store fails. */
int section_find_shares(Section *t, TuneStore *st, dcn_error *err);

/* "256 to 256 channels, 50 x 76, 3x3, mask"; "" if the spec is unknown. */
void section_shape(const Section *t, char *buf, size_t size);

/* Bytes of all operands, each counted once; NAN if the sizes are not known. */
double section_bytes(const Section *t);

int section_failures(const Section *t);

/* Runs that the records come from. */
int section_runs(const Section *t);

#endif
