/* lock.h: names that one process of a machine holds at a time.
**
** Names of the kernel (abstract sockets), not files: no directory must be writable, all users and
** all jobs of a machine see the same ones, and a process that is killed lets go of its own.  A
** process that is forked holds what its parent held, until both are gone.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_LOCK_H
#define DCN_TUNER_SWEEP_LOCK_H

#include <dcngen/error.h>
#include <stdbool.h>

/* A descriptor that holds the name until it is closed; -1: somebody has it; -2 with err. */
int sweep_lock(const char *name, dcn_error *err);

/* Whether somebody has it, now. */
bool sweep_is_locked(const char *name);

#endif
