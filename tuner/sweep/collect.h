/* collect.h: what several databases say of a plan, as one.
**
** Times of different machines cannot be compared, so for every key and distribution of offsets all
** records come from one database: that whose winner counts most.  Measured counts more than
** estimated, measured on a CPU of the target's name more than on another that can run it, and then
** the faster.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_COLLECT_H
#define DCN_TUNER_SWEEP_COLLECT_H

#include "tuner/sweep/database.h"
#include "tuner/sweep/plan.h"

/* Databases that are open for reading. */
typedef struct SweepDbs {
    int n;
    TuneStore **at;
    const char *const *path; /* borrowed */
} SweepDbs;
int sweep_dbs_open(const char *const *path, int n, SweepDbs *out, dcn_error *err);
void sweep_dbs_close(SweepDbs *dbs);

/* What is known of one item. */
typedef struct SweepFound {
    SweepRow row;   /* the one that counts */
    int db;         /* which database says so; -1: none */
    bool duplicate; /* another item has the same key and offsets, and its row counts more */
    bool conflict;  /* `other` has another winner, and their times differ beyond the noise */
    SweepRow other;
    int other_db;
} SweepFound;

/* One for each item, malloc'ed. */
int sweep_find(const SweepPlan *plan, const SweepDbs *dbs, SweepFound **out, dcn_error *err);

/* The records of the items found as JSON lines, malloc'ed; count: how many. */
int sweep_records(const SweepPlan *plan, const SweepDbs *dbs, const SweepFound *found, char **text,
                  size_t *size, int64_t *count, dcn_error *err);

/* A new database, complete or not at all, in place of what was there. */
int sweep_write_db(const SweepPlan *plan, const SweepFound *found, const char *text, size_t size,
                   const char *path, dcn_error *err);

#endif
