/* neighbours.c: winners of other sizes of a spec, as seeds for tuning it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/internal.h"

#include <math.h>

/* The sum of |log of the ratio| of sizes; a static size and a dynamic one differ like a factor of
** 16. */
static double distance(const int64_t *a, const int64_t *b)
{
    double sum = 0;
    for (int i = 0; i < TUNE_NSIZES; i++)
        sum += a[i] > 0 && b[i] > 0 ? fabs(log((double)a[i] / (double)b[i]))
                                    : log(16) * (a[i] != b[i]);
    return sum;
}

enum { MAX_NEIGHBOURS = 64 };

typedef struct Nearest {
    TuneRecord *record;
    double far[MAX_NEIGHBOURS]; /* ascending */
    int n, max;
} Nearest;

static void insert(Nearest *list, const TuneRecord *r, double far)
{
    int at = list->n;
    while (at > 0 && list->far[at - 1] > far)
        at--;
    if (at == list->max)
        return;
    int last = list->n < list->max ? list->n++ : list->max - 1;
    for (int i = last; i > at; i--) {
        list->record[i] = list->record[i - 1];
        list->far[i] = list->far[i - 1];
    }
    list->record[at] = *r;
    list->far[at] = far;
}

static void collect(const StoreLayer *l, const TuneKey *key, Nearest *list)
{
    char family[TUNE_ID_MAX], same[TUNE_ID_MAX];
    int64_t mine[TUNE_NSIZES], its[TUNE_NSIZES];
    TuneKey other;
    TuneRecord r;
    tune_key_family(key, family, mine);
    DbRows *row = db_ask(&l->db, NULL,
                         SELECT_RECORDS "WHERE k.family = ? AND k.id <> ? AND r.winner"
                                        " AND r.outcome = 'ok' ORDER BY r.at DESC",
                         "ss", family, key->id);
    while (db_next(&l->db, row, NULL) > 0) {
        if (row_key(row, &other) || row_record(row, other.id, &r))
            continue;
        tune_key_family(&other, same, its);
        insert(list, &r, distance(mine, its));
    }
    db_done(row);
}

int tune_store_neighbours(TuneStore *st, const TuneKey *key, TuneRecord *out, int max)
{
    Nearest list = { .record = out, .max = max < MAX_NEIGHBOURS ? max : MAX_NEIGHBOURS };
    for (int i = 0; i < STORE_NLAYERS; i++)
        if (st->layer[i].db.h)
            collect(&st->layer[i], key, &list);
    return list.n;
}
