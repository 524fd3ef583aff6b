/* names.c: what kernels of a key are called.
**
** A name is no part of a key, but code is kept under it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "tuner/store/internal.h"

static void add_names(const StoreLayer *l, const char *id, rt_text *t)
{
    char name[DCN_NAME_MAX];
    DbRows *row =
        db_ask(&l->db, NULL,
               "SELECT name FROM objects WHERE key = ? GROUP BY name ORDER BY max(used) DESC,"
               " name",
               "s", id);
    while (db_next(&l->db, row, NULL) > 0) {
        db_text(row, 0, name, sizeof name);
        rt_text_item(t, ", ", "%s", name);
    }
    db_done(row);
}

const char *tune_store_names(TuneStore *st, const char *id, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; i < STORE_NLAYERS && !t.length; i++)
        if (st->layer[i].db.h)
            add_names(&st->layer[i], id, &t);
    return buf;
}
