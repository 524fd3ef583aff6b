/* pin.c: schedules that the user decided on.
**
** They belong to spec, machine and threads, not to a build of dcngen: what the user said outlives an upgrade.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/internal.h"

#include <stdio.h>

int pin_get(const Db *db, const TuneKey *key, char *schedule, dcn_error *err)
{
    char problem[TUNE_ID_MAX];
    tune_key_problem(key, problem);
    sqlite3_stmt *row =
        db_ask(db, err, "SELECT schedule FROM pins WHERE problem = ?", "s", problem);
    int found = row ? db_next(db, row, err) : -1;
    if (found > 0)
        db_text(row, 0, schedule, DCN_TEXT_MAX);
    sqlite3_finalize(row);
    return found;
}

int pin_put(const Db *db, const TuneKey *key, const char *schedule, dcn_error *err)
{
    char problem[TUNE_ID_MAX];
    tune_key_problem(key, problem);
    return db_do(db, err, "INSERT OR REPLACE INTO pins VALUES (?,?,?,?,?)", "sssis", problem,
                 key->spec, key->machine, key->threads, schedule) < 0
               ? -1
               : 0;
}

int tune_store_pin(TuneStore *st, const TuneKey *key, const char *schedule, dcn_error *err)
{
    StoreLayer *l = store_writer(st, err);
    return l ? pin_put(&l->db, key, schedule, err) : -1;
}

int tune_store_unpin(TuneStore *st, const TuneKey *key, dcn_error *err)
{
    char problem[TUNE_ID_MAX];
    tune_key_problem(key, problem);
    StoreLayer *l = store_writer(st, err);
    return l && db_do(&l->db, err, "DELETE FROM pins WHERE problem = ?", "s", problem) >= 0 ? 0
                                                                                            : -1;
}

int pin_each(const StoreLayer *l, bool all, TuneEach each, void *self, dcn_error *err)
{
    TuneKey key = { .threads = 0 };
    TuneRecord r = { .outcome = TUNE_ESTIMATED, .pinned = 1 };
    int stop = 0;
    sqlite3_stmt *row =
        db_ask(&l->db, err,
               "SELECT spec, machine, threads, schedule FROM pins p WHERE ? OR NOT EXISTS"
               " (SELECT 1 FROM records r JOIN keys k ON k.id = r.key"
               "  WHERE k.problem = p.problem AND r.schedule = p.schedule) ORDER BY problem",
               "i", all);
    int more = row ? 1 : -1;
    snprintf(key.build, sizeof key.build, "%s", tune_build());
    while (more > 0 && !stop && (more = db_next(&l->db, row, err)) > 0) {
        db_text(row, 0, key.spec, sizeof key.spec);
        db_text(row, 1, key.machine, sizeof key.machine);
        key.threads = sqlite3_column_int(row, 2);
        db_text(row, 3, r.schedule, sizeof r.schedule);
        tune_key_id(&key, key.id);
        stop = each(self, &key, &r);
    }
    sqlite3_finalize(row);
    return more < 0 ? -1 : 0;
}
