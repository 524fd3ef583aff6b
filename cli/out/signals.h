/* signals.h: a signal ends the work where it is; what was found is kept.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_SIGNALS_H
#define DCN_CLI_OUT_SIGNALS_H

enum { EXIT_BY_SIGNAL = 128 }; /* the exit code is this plus the signal */

/* The signal that came; 0: none has. */
extern volatile int signal_caught;

/* From now on SIGINT, SIGTERM and SIGHUP are noted, each once: a second one ends the program.
** Those that are ignored stay ignored. */
void signals_catch(void);

/* As signals_catch, but a read or write that waits when the signal comes goes on: what talks with another program must
** not lose the answer that it waits for. */
void signals_catch_between_calls(void);

/* From now on they do what they did before. */
void signals_release(void);

#endif
