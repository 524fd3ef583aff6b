/* threads.c: for which other number of threads something is known of a kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/internal.h"

/* 0: none in this layer. */
static int nearest(const StoreLayer *l, const TuneKey *key)
{
    TuneKey other;
    TuneRecord r;
    int found = 0;
    DbRows *row = db_ask(&l->db, NULL,
                         SELECT_RECORDS
                         "WHERE k.spec = ?1 AND k.machine = ?2 AND k.build = ?3 AND k.threads <> ?4"
                         " AND r.outcome = 'ok' ORDER BY abs(k.threads - ?4), k.threads",
                         "sssi", key->spec, key->machine, key->build, key->threads);
    while (!found && db_next(&l->db, row, NULL) > 0) {
        row_key(row, &other);
        if (!row_record(row, other.id, &r) && tune_record_is_current(&other, &r))
            found = other.threads;
    }
    db_done(row);
    return found;
}

int tune_store_other_threads(TuneStore *st, const TuneKey *key)
{
    int found = 0;
    for (int i = 0; i < STORE_NLAYERS && !found; i++)
        if (st->layer[i].db.h)
            found = nearest(&st->layer[i], key);
    return found;
}
