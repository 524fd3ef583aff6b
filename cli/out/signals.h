/* signals.h: a signal ends the work where it is; what was found is kept.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_STOP_H
#define DCN_CLI_STOP_H

enum { STOPPED = 128 }; /* the exit code is this plus the signal */

/* The signal that came; 0: none has. */
extern volatile int stop_signal;

/* From now on SIGINT, SIGTERM and SIGHUP are noted, each once: a second one ends the program. */
void stop_on_signals(void);

#endif
