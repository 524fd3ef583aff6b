/* history.c: the candidates of a tuning run that are known.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/grow.h"
#include "tuner/tune/tune.h"

#include <stdlib.h>
#include <string.h>

TuneTrial *history_find(const KnownList *l, const char *schedule)
{
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->at[i].schedule, schedule))
            return &l->at[i];
    return NULL;
}

int history_add(KnownList *l, const TuneTrial *k)
{
    TuneTrial *same = history_find(l, k->schedule);
    if (same) {
        const char *text = same->schedule;
        *same = *k;
        same->schedule = text;
        return 0;
    }
    TuneTrial *at = rt_grow(l->at, (size_t)l->n + 1, &l->room, sizeof *at);
    if (!at)
        return -1;
    l->at = at;
    l->at[l->n] = *k;
    l->at[l->n].schedule = strdup(k->schedule);
    return l->at[l->n++].schedule ? 0 : -1;
}

void history_free(KnownList *l)
{
    for (int i = 0; i < l->n; i++)
        free((char *)l->at[i].schedule);
    free(l->at);
    *l = (KnownList){ 0 };
}
