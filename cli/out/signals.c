/* signals.c: a signal ends the work where it is; what was found is kept.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/signals.h"

#include <signal.h>

volatile int signal_caught;

static void on_signal(int number)
{
    signal_caught = number;
}

void signals_catch(void)
{
    struct sigaction once = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGHUP, &once, NULL);
}
