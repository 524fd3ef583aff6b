/* held.h: the network as far as the node, some values of which stay what they are for one image.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_HELD_H
#define DCN_TUNER_SUPPORT_HELD_H

#include "runtime/network/part.h"
#include "tuner/support/internal.h"

/* Values that are held are inputs of a network of its own. */
typedef struct SupportHeld {
    int n;
    net_output value[NET_MAX_OPERANDS];
    char name[NET_MAX_OPERANDS][SUPPORT_NAME_MAX];
    SupportRun run;
} SupportHeld;

/* Holds all values that gradients take for numbers, and `also`, -1: no further one, as they are for the image that s
** has now.  *fits false: they are too many, and nothing is open.  Closed by support_held_close, also after a
** failure. */
int support_held_open(SupportHeld *h, Support *s, int also, bool *fits, dcn_error *err);
void support_held_close(SupportHeld *h);

/* What a value is held at, in [n][h][w][c]; borrowed.  NULL: it is not held. */
double *support_held_value(const SupportHeld *h, int value);

/* The response, for whatever image s has now. */
int support_held_respond(SupportHeld *h, Support *s, double *response, dcn_error *err);

#endif
