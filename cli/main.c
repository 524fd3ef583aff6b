/* main.c: read the command line, do the verb, say what went wrong.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "cli/verbs.h"

#include <signal.h>

static int perform(const Args *a, dcn_error *err)
{
    return args_has(a, OPT_HELP) ? help_verb(a->verb) : a->verb->run(a, err);
}

int main(int argc, char **argv)
{
    Args args;
    dcn_error err = { .code = DCN_OK };
    print_begin();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not become so large is an error like any other */
    int status = args_parse(all_verbs, argc, argv, &args, &err);
    if (!status)
        status = perform(&args, &err);
    if (status < 0)
        status = print_error(&err);
    if (status && signal_caught)
        status = EXIT_BY_SIGNAL + signal_caught;
    args_free(&args);
    return print_end(status);
}
