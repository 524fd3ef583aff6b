/* turns.c: what decided about candidates: ratios of times that were read in turns.
**
** Medians of candidates are minutes apart, and the machine may have been slower for one of them; a ratio is not
** touched by that.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

bool turns_are_sound(const TuneTurns *t)
{
    return t->against[0] && form_is_line(t->against) && form_is_number(t->high, FORM_MAX_GAIN) &&
           t->low >= 1 / FORM_MAX_GAIN && t->low <= t->ratio && t->ratio <= t->high;
}

int turns_put(const Db *db, const TuneKey *key, const TuneRecord *of, const TuneTurns *t,
              dcn_error *err)
{
    if (!turns_are_sound(t))
        return dcn_fail(err, DCN_EFAILED, "internal: readings in turns cannot be like that");
    if (db_do(db, err, schema_turns, "") < 0)
        return -1;
    return db_do(db, err, "INSERT OR REPLACE INTO turns VALUES (?,?,?,?,?,?,?)", "ssssddd", key->id,
                 of->offsets, of->schedule, t->against, t->ratio, t->low, t->high) < 0
               ? -1
               : 0;
}

int tune_turns_put(TuneStore *st, const TuneKey *key, const TuneRecord *of, const TuneTurns *t,
                   dcn_error *err)
{
    const StoreLayer *l = store_writer(st, err);
    return l ? turns_put(&l->db, key, of, t, err) : -1;
}

static int read_layer(const StoreLayer *l, const TuneKey *key, const TuneRecord *of, TuneTurns *out,
                      dcn_error *err)
{
    bool there = false;
    if (db_has_table(&l->db, "turns", &there, err))
        return -1;
    if (!there)
        return 1;
    DbRows *row = db_ask(&l->db, err,
                         "SELECT against, ratio, low, high FROM turns"
                         " WHERE key = ? AND offsets = ? AND schedule = ?",
                         "sss", key->id, of->offsets, of->schedule);
    const int more = db_next(&l->db, row, err);
    int none = 1;
    if (more > 0 && db_text(row, 0, out->against, sizeof out->against)) {
        out->ratio = db_double(row, 1);
        out->low = db_double(row, 2);
        out->high = db_double(row, 3);
        none = !turns_are_sound(out);
    }
    db_done(row);
    return more < 0 ? -1 : none;
}

int tune_turns_get(TuneStore *st, const TuneKey *key, const TuneRecord *of, TuneTurns *out,
                   dcn_error *err)
{
    int none = 1;
    for (int i = 0; i < STORE_NLAYERS && none > 0; i++)
        if (st->layer[i].db.h)
            none = read_layer(&st->layer[i], key, of, out, err);
    return none;
}
