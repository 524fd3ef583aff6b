/* names.c: what kernels of a key are called.
**
** A name is no part of a key: code is kept under it, and of what has no code (a pin, an import, a tuning that was
** stopped early) it is remembered here, for people.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <string.h>
#include <time.h>

int name_put(const Db *db, const TuneKey *key, const char *name, dcn_error *err)
{
    char problem[TUNE_ID_MAX];
    if (!name[0])
        return 0;
    tune_key_problem(key, problem);
    if (db_do(db, err, schema_names, "") < 0)
        return -1;
    return db_do(db, err, "INSERT OR REPLACE INTO names VALUES (?,?,?)", "ssl", problem, name,
                 (int64_t)time(NULL)) < 0
               ? -1
               : 0;
}

int tune_name_put(TuneStore *st, const TuneKey *key, const char *name, dcn_error *err)
{
    const StoreLayer *l = store_writer(st, err);
    return l ? name_put(&l->db, key, name, err) : -1;
}

int names_drop_unused(const Db *db, dcn_error *err)
{
    bool there = false;
    if (db_has_table(db, "names", &there, err))
        return -1;
    return there && db_do(db, err,
                          "DELETE FROM names WHERE problem NOT IN (SELECT problem FROM keys)"
                          " AND problem NOT IN (SELECT problem FROM pins)",
                          "") < 0
               ? -1
               : 0;
}

/* What the statement finds for `of`; what can be no name, as in a file from elsewhere, is left out. */
static void add_names(const StoreLayer *l, const char *sql, const char *of, rt_text *t)
{
    char name[DCN_NAME_MAX];
    DbRows *row = db_ask(&l->db, NULL, sql, "s", of);
    while (db_next(&l->db, row, NULL) > 0)
        if (db_text(row, 0, name, sizeof name) && form_is_word(name))
            rt_text_item(t, ", ", "%s", name);
    db_done(row);
}

static void add_layer(const StoreLayer *l, const TuneKey *key, rt_text *t)
{
    char problem[TUNE_ID_MAX];
    bool there = false;
    add_names(l,
              "SELECT name FROM objects WHERE key = ? GROUP BY name ORDER BY max(used) DESC, name",
              key->id, t);
    if (t->length || db_has_table(&l->db, "names", &there, NULL) || !there)
        return;
    tune_key_problem(key, problem);
    add_names(l, "SELECT name FROM names WHERE problem = ? ORDER BY used DESC, name", problem, t);
}

const char *tune_store_names(TuneStore *st, const TuneKey *key, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < STORE_NLAYERS && !t.length; i++)
        if (st->layer[i].db.h)
            add_layer(&st->layer[i], key, &t);
    return buf;
}
