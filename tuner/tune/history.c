/* history.c: the candidates of a tuning run that are known.
** SPDX-License-Identifier: Apache-2.0
*/
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
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 64;
        TuneTrial *larger = realloc(l->at, (size_t)room * sizeof *larger);
        if (!larger)
            return -1;
        l->at = larger;
        l->room = room;
    }
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
