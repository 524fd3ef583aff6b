/* pin.c: schedules that the user decided on.
**
** They belong to spec, machine and threads, not to a build of dcngen: what the user said outlives
** an upgrade.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/internal.h"

#include <stdio.h>

int pin_get(const Db *db, const TuneKey *key, char *schedule, dcn_error *err)
{
    char problem[TUNE_ID_MAX];
    tune_key_problem(key, problem);
    DbRows *row = db_ask(db, err, "SELECT schedule FROM pins WHERE problem = ?", "s", problem);
    int found = db_next(db, row, err);
    if (found > 0 && !db_text(row, 0, schedule, DCN_SCHEDULE_MAX))
        found = 0;
    db_done(row);
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

int tune_store_pin_all(TuneStore *st, const TunePin *pin, int n, dcn_error *err)
{
    StoreLayer *l = store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    bool failed = false;
    for (int i = 0; i < n && !failed; i++)
        failed = pin_put(&l->db, &pin[i].key, pin[i].schedule, err) != 0 ||
                 name_put(&l->db, &pin[i].key, pin[i].name, err) != 0;
    return db_end(&l->db, failed, err);
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
    return l ? db_do(&l->db, err, "DELETE FROM pins WHERE problem = ?", "s", problem) : -1;
}

/* 1 if `each` wants no more; -1 err. */
static int each_of(const StoreLayer *l, bool all, TuneEach each, void *self, dcn_error *err)
{
    TuneKey key = { .threads = 0 };
    TuneRecord r = { .outcome = TUNE_ESTIMATED, .pinned = true };
    int stop = 0, more = 0;
    DbRows *row =
        db_ask(&l->db, err,
               "SELECT spec, machine, threads, schedule FROM pins p WHERE ? OR NOT EXISTS"
               " (SELECT 1 FROM records r JOIN keys k ON k.id = r.key"
               "  WHERE k.problem = p.problem AND r.schedule = p.schedule) ORDER BY problem",
               "i", all);
    snprintf(key.build, sizeof key.build, "%s", tune_build());
    while (!stop && (more = db_next(&l->db, row, err)) > 0) {
        bool whole = db_text(row, 0, key.spec, sizeof key.spec);
        whole &= db_text(row, 1, key.machine, sizeof key.machine);
        key.threads = db_int(row, 2);
        whole &= db_text(row, 3, r.schedule, sizeof r.schedule);
        tune_key_id(&key, key.id);
        stop = whole && !tune_key_wrong(&key) ? each(self, &key, &r) : 0;
    }
    db_done(row);
    return more < 0 ? -1 : stop != 0;
}

int tune_store_each_pin(TuneStore *st, bool all, TuneEach each, void *self, dcn_error *err)
{
    int status = 0;
    for (int i = 0; i < STORE_NLAYERS && !status; i++)
        if (st->layer[i].db.h)
            status = each_of(&st->layer[i], all, each, self, err);
    return status < 0 ? -1 : 0;
}
