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

enum { NSIGNALS = 3 };
static const int signals[NSIGNALS] = { SIGINT, SIGTERM, SIGHUP };
static struct sigaction before[NSIGNALS];

/* A signal that is ignored stays so: nohup means SIGHUP, and a shell without jobs SIGINT of what it runs with `&`. */
static void catch_signals(int flags)
{
    struct sigaction once = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | flags };
    sigemptyset(&once.sa_mask);
    for (int i = 0; i < NSIGNALS; i++)
        if (sigaction(signals[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &once, NULL);
}

void signals_catch(void)
{
    catch_signals(0);
}

void signals_catch_between_calls(void)
{
    catch_signals(SA_RESTART);
}

void signals_release(void)
{
    for (int i = 0; i < NSIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}
