/* apart.h: what the reference says, computed where it can be stopped.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_APART_H
#define DCN_TUNER_APART_H

#include "tuner/check/expected.h"

/* expected_open in a process of its own, since the reference may take minutes and asks nobody whether it shall go on.
** 1 if *stop, which may be NULL, became non-zero before it was done; then nothing is expected.  -1 with err. */
int apart_expect(Expected *x, const Operands *o, rt_rng *r, const volatile int *stop,
                 dcn_error *err);

#endif
