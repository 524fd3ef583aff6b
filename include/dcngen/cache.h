/* cache.h: the store of tuning results and compiled code.
**
**     dcn_cache *c;
**     dcn_cache_open(&c, &err);
**     dcn_cache_pin(c, &spec, &(dcn_options){ .schedule = "tiled mr=6", .threads = 2 }, &err);
**     dcn_cache_close(c);
**
** dcn_compile and its like use the store by themselves; this is for looking after it.  It lies
** where the environment says (docs/CACHE.md): DCNGEN_CACHE_DIR, else below the homes of XDG.  A
** system-wide store is read after the user's and never written.  Nothing is created before
** something is written.  Any number of processes may use one store; one handle is for one thread at
** a time.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_CACHE_H
#define DCNGEN_CACHE_H

#include <dcngen.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dcn_cache dcn_cache;

/* Succeeds also where there is no store or it may not be used: dcn_cache_why then says why, else it
** is "". A file that is damaged, not of dcngen or of a newer one is DCN_ESTORE, and is left as it
** is. */
int dcn_cache_open(dcn_cache **out, dcn_error *err);
void dcn_cache_close(dcn_cache *c);
const char *dcn_cache_why(const dcn_cache *c);  /* borrowed */
const char *dcn_cache_path(const dcn_cache *c); /* of the user's file, there or not; borrowed */

typedef struct dcn_cache_stats {
    char state[4096], cache[4096], system[4096]; /* directories; "": none */
    int64_t keys, records, winners, pinned; /* keys: kernels on machines with numbers of threads */
    int64_t stale;                          /* records of other builds or revisions */
    int64_t objects, state_bytes, object_bytes;
    int64_t seconds; /* of tuning: all runs together, each from its beginning to its last record */
} dcn_cache_stats;
/* -1 with the reason if the user's own store cannot be used; the directories are told even then. */
int dcn_cache_stat(dcn_cache *c, dcn_cache_stats *out, dcn_error *err);

/* One candidate that was tried; all text is borrowed for the time of the call. */
typedef struct dcn_cache_entry {
    const char *id, *spec, *machine, *build; /* the key; id is its digest */
    const char *names; /* of the kernels whose code is kept for it, "a, b"; "": none is */
    int threads;
    const char *schedule, *offsets, *where;
    /* outcome: "ok", "refused", "crashed", "timeout", "wrong", "dropped" or "estimated" */
    const char *outcome, *why;
    double ns_median, gain; /* gain: time of the guess / its own; 0: unknown */
    int64_t when;           /* seconds since 1970 */
    int winner, pinned, stale;
} dcn_cache_entry;

/* Every candidate, oldest first, the user's before the system's, then pins of what was never tried;
** until `each` returns non-zero.  -1 with the reason if the user's own store cannot be used. */
int dcn_cache_each(dcn_cache *c, int (*each)(void *self, const dcn_cache_entry *e), void *self,
                   dcn_error *err);

/* Drop what is stale or belongs to nothing, what was not used for `days`, and code beyond `bytes`,
** longest unused first; -1: no limit.  Pins stay.  Returns how many records and code files went, or
** -1. */
int64_t dcn_cache_prune(dcn_cache *c, int64_t bytes, int64_t days, dcn_error *err);

/* Everything goes, pins too. */
int dcn_cache_clear(dcn_cache *c, dcn_error *err);

/* Check the file and all code; one call of print for each damage (NULL: none).  Returns how many,
** or -1. */
int dcn_cache_verify(dcn_cache *c, void (*print)(void *self, const char *line), void *self,
                     dcn_error *err);

/* JSON lines, one for each record and pin; "-" is the standard output. */
int dcn_cache_export(dcn_cache *c, const char *path, int64_t *count, dcn_error *err);

typedef struct dcn_cache_imported {
    int64_t taken;
    int64_t stale;   /* of another build or revision: left out */
    int64_t older;   /* what is here is as good */
    int64_t illegal; /* pins of schedules that this build cannot compile: left out */
} dcn_cache_imported;

/* All lines of such a file ("-": the standard input), or none if one is wrong: the best verified
** record wins, pins that are here stay. */
int dcn_cache_import(dcn_cache *c, const char *path, dcn_cache_imported *out, dcn_error *err);

/* Use opt->schedule for this spec on opt->target with opt->threads, whatever was measured. */
int dcn_cache_pin(dcn_cache *c, const dcn_spec *s, const dcn_options *opt, dcn_error *err);

/* dcn_cache_pin for n specs, all of them or none: s[i] with opt[i].  Where one cannot be pinned,
** *failed (may be NULL) is its number, or -1 if the store is to blame. */
int dcn_cache_pin_all(dcn_cache *c, const dcn_spec *const *s, const dcn_options *opt, int n,
                      int *failed, dcn_error *err);

/* Take the pin away.  Returns how many there were, 0 or 1, or -1. */
int dcn_cache_unpin(dcn_cache *c, const dcn_spec *s, const dcn_options *opt, dcn_error *err);

#ifdef __cplusplus
}
#endif
#endif
