/* row.c: records as rows of the store.
**
** Each row carries a digest of what was written (winner excepted, which changes later), so that a
** flipped bit on disk, which SQLite does not see, makes a row that does not count instead of a
** wrong one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/digest.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int sample_bytes(const TuneRecord *r)
{
    return (int)((size_t)r->nsamples * sizeof *r->sample);
}

/* Numbers count as bits, so that what is read back compares equal. */
static void digest_numbers(rt_digest *d, const TuneRecord *r)
{
    const double x[] = { r->ns_median, r->ns_low, r->ns_high, r->gain, r->peak_gflops, r->flops };
    const int64_t n[] = { r->rev, r->outcome, r->when, r->trial, r->run, r->nsamples };
    rt_digest_bytes(d, x, sizeof x);
    rt_digest_bytes(d, n, sizeof n);
    rt_digest_bytes(d, r->sample, (size_t)sample_bytes(r));
}

static void record_sum(const char *key_id, const TuneRecord *r, char sum[RT_DIGEST_HEX])
{
    const char *const texts[] = { key_id, r->offsets, r->schedule, r->lowering, r->why, r->where };
    rt_digest d;
    rt_digest_open(&d);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        rt_digest_text(&d, texts[i]);
    digest_numbers(&d, r);
    rt_digest_hex(&d, sum);
}

/* ---- reading ----------------------------------------------------------------------------- */

int row_key(DbRows *row, TuneKey *key)
{
    memset(key, 0, sizeof *key);
    bool whole = db_text(row, 0, key->id, sizeof key->id);
    whole &= db_text(row, 1, key->spec, sizeof key->spec);
    whole &= db_text(row, 2, key->machine, sizeof key->machine);
    key->threads = db_int(row, 3);
    whole &= db_text(row, 4, key->build, sizeof key->build);
    return whole && form_is_digest(key->id) && !tune_key_wrong(key) ? 0 : -1;
}

static void read_samples(DbRows *row, int i, TuneRecord *r)
{
    size_t size;
    const void *bytes = db_blob(row, i, &size);
    if (size > sizeof r->sample)
        size = sizeof r->sample;
    r->nsamples = (int)(size / sizeof *r->sample);
    if (bytes)
        memcpy(r->sample, bytes, (size_t)r->nsamples * sizeof *r->sample);
}

enum { FIRST = KEY_NCOLUMNS };

static bool read_texts(DbRows *row, TuneRecord *r)
{
    bool whole = db_text(row, FIRST, r->offsets, sizeof r->offsets);
    whole &= db_text(row, FIRST + 1, r->schedule, sizeof r->schedule);
    whole &= db_text(row, FIRST + 2, r->lowering, sizeof r->lowering);
    whole &= db_text(row, FIRST + 5, r->why, sizeof r->why);
    return whole & db_text(row, FIRST + 14, r->where, sizeof r->where);
}

int row_record(DbRows *row, const char *key_id, TuneRecord *r)
{
    char name[16], sum[RT_DIGEST_HEX], stored[RT_DIGEST_HEX];
    double *const x[] = { &r->ns_median, &r->ns_low,      &r->ns_high,
                          &r->gain,      &r->peak_gflops, &r->flops };
    memset(r, 0, sizeof *r);
    bool whole = read_texts(row, r);
    r->rev = db_int(row, FIRST + 3);
    whole &= db_text(row, FIRST + 4, name, sizeof name);
    for (int i = 0; i < 6; i++)
        *x[i] = db_double(row, FIRST + 6 + i);
    read_samples(row, FIRST + 12, r);
    r->when = db_int64(row, FIRST + 13);
    r->trial = db_int64(row, FIRST + 15);
    r->run = db_int64(row, FIRST + 16);
    r->winner = db_int(row, FIRST + 17) != 0;
    whole &= db_text(row, FIRST + 18, stored, sizeof stored);
    r->pinned = db_int(row, FIRST + 19) != 0;
    int outcome = tune_outcome_named(name);
    if (!whole || outcome < 0)
        return -1;
    r->outcome = (TuneOutcome)outcome;
    record_sum(key_id, r, sum);
    return !strcmp(sum, stored) && !tune_record_wrong(r) ? 0 : -1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int put_key(const Db *db, const TuneKey *key, dcn_error *err)
{
    char problem[TUNE_ID_MAX], family[TUNE_ID_MAX];
    int64_t size[TUNE_NSIZES];
    tune_key_problem(key, problem);
    tune_key_family(key, family, size);
    return db_do(db, err,
                 "INSERT INTO keys VALUES (?,?,?,?,?,?,?,?)"
                 " ON CONFLICT (id) DO UPDATE SET used = max(used, excluded.used)",
                 "sssssisl", key->id, problem, family, key->spec, key->machine, key->threads,
                 key->build, (int64_t)time(NULL));
}

static int put_record(const Db *db, const TuneKey *key, const TuneRecord *r, dcn_error *err)
{
    char sum[RT_DIGEST_HEX];
    record_sum(key->id, r, sum);
    return db_do(db, err,
                 "INSERT OR REPLACE INTO records VALUES"
                 " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,"
                 " ?19 OR (?6 = 'ok' AND EXISTS (SELECT 1 FROM records"
                 "  WHERE key = ?1 AND offsets = ?2 AND schedule = ?3 AND winner"
                 "  AND outcome = 'ok')), ?20)",
                 "ssssissddddddblsllis", key->id, r->offsets, r->schedule, r->lowering, r->rev,
                 tune_outcome_names[r->outcome], r->why, r->ns_median, r->ns_low, r->ns_high,
                 r->gain, r->peak_gflops, r->flops, (const void *)r->sample, sample_bytes(r),
                 r->when, r->where, r->trial, r->run, r->winner, sum);
}

int row_put(const Db *db, const TuneKey *key, const TuneRecord *r, dcn_error *err)
{
    if (put_key(db, key, err) < 0)
        return -1;
    if (r->winner && db_do(db, err, "UPDATE records SET winner = 0 WHERE key = ? AND offsets = ?",
                           "ss", key->id, r->offsets) < 0)
        return -1;
    return put_record(db, key, r, err) < 0 ? -1 : 0;
}
