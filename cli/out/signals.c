/* signals.c: a signal ends the work where it is; what was found is kept.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/signals.h"

#include <signal.h>

volatile int stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

void stop_on_signals(void)
{
    struct sigaction once = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGHUP, &once, NULL);
}
