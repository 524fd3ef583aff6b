/* held.c: values that stay what they are while the image changes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/held.h"

#include <stdio.h>
#include <string.h>

/* Which values are held; false: too many. */
static bool list(SupportHeld *h, const Support *s, int also)
{
    const dcn_network *n = s->part;
    for (int v = n->ninputs; v < n->nvalues; v++) {
        if (v != also && !n->value[v].still)
            continue;
        if (h->n + n->ninputs >= NET_MAX_OPERANDS)
            return false;
        snprintf(h->name[h->n], SUPPORT_NAME_MAX, "support_held_%02d", h->n);
        h->value[h->n] = (net_output){ v, h->name[h->n], DCN_NHWC };
        h->n++;
    }
    return true;
}

/* What held values are, from a network that makes them. */
static int take(SupportHeld *h, const Support *s, dcn_error *err)
{
    SupportRun made;
    dcn_network *net;
    if (h->n == 0)
        return 0;
    if (net_part(s->part, h->value, h->n, &net, err) || support_run_open(&made, s, net, 0, err))
        return -1;
    const int failed = support_run(&made, s, ~(uint64_t)0, err);
    for (int i = 0; i < h->n && !failed; i++) {
        double *to = support_held_value(h, h->value[i].value);
        if (to)
            memcpy(to, made.at[support_run_find(&made, h->name[i])],
                   (size_t)net_elements(s->part->value[h->value[i].value].shape) * sizeof *to);
    }
    support_run_close(&made);
    return failed;
}

int support_held_open(SupportHeld *h, Support *s, int also, bool *fits, dcn_error *err)
{
    dcn_network *net;
    *h = (SupportHeld){ .n = 0 };
    *fits = s->ask->model || list(h, s, also);
    if (!*fits)
        return 0;
    if (s->ask->model) /* who keeps the image holds what belongs to it */
        return support_locate(s, err);
    return net_detach(s->part, h->value, h->n, &net, err) ||
                   support_run_open(&h->run, s, net, 0, err) || take(h, s, err)
               ? -1
               : 0;
}

void support_held_close(SupportHeld *h)
{
    support_run_close(&h->run);
}

double *support_held_value(const SupportHeld *h, int value)
{
    int i = 0;
    while (i < h->n && h->value[i].value != value)
        i++;
    const int at = i < h->n ? support_run_find(&h->run, h->name[i]) : -1;
    return at < 0 ? NULL : h->run.at[at];
}

int support_held_respond(SupportHeld *h, Support *s, double *response, dcn_error *err)
{
    if (s->ask->model)
        return support_model_held(s, response, err);
    if (support_run(&h->run, s, ~(uint64_t)0, err))
        return -1;
    *response = support_response_of(s, h->run.at[support_run_find(&h->run, SUPPORT_NODE)]);
    return 0;
}
