/* tune.h: finding the quickest schedule by measuring.
**
**     dcn_tune_options o = { .effort = DCN_TUNE_MEASURE, .threads = 2 };
**     dcn_tuned t;
**     if (dcn_tune(spec, &o, &t, &err)) ...
**     dcn_compile(spec, NULL, &kernel, &err);      uses what was found
**
** Every candidate is built, compared with the double-precision reference and timed in a process of
** its own, and what became of it is put into the store at once.  docs/TUNING.md says what is
** measured and how.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_TUNE_H
#define DCNGEN_TUNE_H

#include <dcngen.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much to try where `trials` and `seconds` do not say. */
typedef enum {
    DCN_TUNE_MEASURE,    /* 100 candidates or 60 s */
    DCN_TUNE_ESTIMATE,   /* nothing is measured: the 16 best by a model of costs */
    DCN_TUNE_PATIENT,    /* 600 candidates or 15 minutes */
    DCN_TUNE_EXHAUSTIVE, /* every legal schedule, however long it takes */
} dcn_effort;

/* What became of a candidate. */
typedef enum {
    DCN_TRIED_OK,        /* right, and timed */
    DCN_TRIED_REFUSED,   /* by the lowering, or by LLVM */
    DCN_TRIED_CRASHED,   /* its process died */
    DCN_TRIED_TIMEOUT,   /* it took too long and was killed */
    DCN_TRIED_WRONG,     /* it computes something else */
    DCN_TRIED_DROPPED,   /* right, but clearly slower than the best: its timing was cut short */
    DCN_TRIED_ESTIMATED, /* not tried: ranked by the model */
    DCN_TRIED_NKINDS,
} dcn_tried;
const char *dcn_tried_name(dcn_tried t); /* "ok", "refused", "crashed", ... */

/* After each candidate.  Pointers are valid during the call. */
typedef struct dcn_tune_progress {
    int64_t done;                    /* candidates so far, with those that were remembered */
    int64_t planned;                 /* how many it will be if no budget ends it before */
    double seconds, planned_seconds; /* since the beginning; 0: no limit */
    const char *schedule;            /* this candidate */
    dcn_tried outcome;
    const char *why;      /* "" if there is nothing to say */
    int remembered;       /* 1: the store knew it, nothing was measured */
    int confirming;       /* 1: the search is over; the best is measured again */
    double ns;            /* of this candidate; an estimate if that is its outcome; 0: unknown */
    const char *best;     /* schedule; "" before the first */
    double best_ns, gain; /* gain: time of the guess / time of the best */
    int64_t count[DCN_TRIED_NKINDS]; /* candidates so far by outcome */
    /* The stage of a module that is being tuned, NULL while the module itself is confirmed.
    ** schedule, ns, best and gain are the stage's, done, planned, seconds and count those of the
    ** module. */
    const char *stage;
    /* NULL, or the stage is done: what was found; there is no candidate. */
    const struct dcn_tuned *stage_end;
} dcn_tune_progress;

typedef struct dcn_tune_options {
    /* A lowering and knobs that stay as they are: "tiled mr=6"; NULL: the spec's, else all is
    ** open.  What is found under such a condition is used by itself only if it is pinned. */
    const char *schedule;
    /* NULL: the spec's, else native.  Must run on this machine unless nothing is measured. */
    const dcn_target *target;
    int threads; /* 0: as dcn_execute counts them */
    dcn_effort effort;
    int64_t trials;      /* candidates; 0: by effort */
    double seconds;      /* 0: by effort; a candidate in hand is finished, and the best confirmed */
    uint64_t seed;       /* of the order of the search and of the random operands */
    const char *offsets; /* zero, normal:STD in pixels, or an npy file; NULL: normal:2 */
    dcn_sizes sizes;     /* for what is dynamic; 0: 1 image of 64 x 64, 100 rois */
    void (*progress)(void *self, const dcn_tune_progress *p); /* may be NULL */
    void *self;
    /* When it becomes non-zero, as in a signal handler, the search ends; may be NULL. */
    const volatile int *stop;
} dcn_tune_options;

typedef enum {
    DCN_TUNE_COMPLETE, /* all that was planned */
    DCN_TUNE_OUT_OF_TIME,
    DCN_TUNE_STOPPED,
} dcn_tune_end;

typedef struct dcn_tuned {
    char schedule[DCN_SCHEDULE_MAX]; /* the best; of an estimate, the one that is estimated to be */
    char guess[DCN_SCHEDULE_MAX];    /* what would be used without tuning */
    double ns;                       /* of one run */
    /* The interval that holds its median with 95 %; 0: this call did not measure one, because it was
    ** stopped or an earlier run had confirmed the schedule. */
    double ns_low, ns_high;
    double guess_ns;
    double gain; /* guess_ns / ns, measured in turns; of a candidate that nobody confirmed, by way
                     ** of those that it was measured against */
    double gain_low; /* 95 % sure that the gain is at least this; 0 as for ns_low */
    int confirmed;   /* 1: verified on every case, and measured against the guess once more */
    int drift;       /* 1: the machine changed its speed while the best was confirmed */
    int dynamic;     /* 1: tuned at the sizes of `sizes` */
    dcn_sizes sizes;
    dcn_tune_end end;
    double seconds, peak_gflops, flops;
    int64_t legal; /* schedules; of a large space a guess */
    int64_t done, remembered, count[DCN_TRIED_NKINDS];
    char note[768]; /* why the store cannot be used; "": it can */
} dcn_tuned;

/* Find the best schedule of one kernel.  What the store remembers of the same spec, machine,
** threads and offsets is not tried again, so that the same call goes on where it was stopped or
** killed.  Only one thread of a process may tune, and no other may compile meanwhile, since
** processes are forked.  -1 if nothing could be tried: a spec or schedule that is refused, a target
** that does not run here, a damaged store, or no candidate that computes the right result. */
int dcn_tune(const dcn_spec *s, const dcn_tune_options *opt, dcn_tuned *out, dcn_error *err);

#ifdef __cplusplus
}
#endif
#endif
