/* hold.h: which process has an item in hand.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_HOLD_H
#define DCN_TUNER_SWEEP_HOLD_H

#include "tuner/store/store.h"

/* Holds the item, so that it counts as running here: a descriptor as sweep_lock gives. */
int sweep_hold(TuneStore *db, const char *item, dcn_error *err);

/* Whether the item, begun on the machine with that boot, is in somebody's hands; on another machine
** it is, as far as one can see from here. */
bool sweep_is_running(const TuneStore *db, const char *item, const char *item_boot);

/* The boot of this machine: an id that changes when it is started again.  Returns buf. */
const char *sweep_boot(char buf[64]);

#endif
