/* tune.c: the verb that finds the quickest schedule by measuring.
**
** One signal stops the search where it is: the candidate in hand is given up, all before it is in
** the store.  A second one ends the program at once.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/offsets.h"
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "cli/verb/tune_show.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"
#include "runtime/exec/threads.h"

#include <string.h>

enum { OUT_OF_TIME = 124 };

static void set_options(const Args *a, const KernelOptions *c, TuneShow *show, dcn_tune_options *o)
{
    *o = (dcn_tune_options){ .schedule = a->schedule,
                             .target = &c->target,
                             .threads = show->threads,
                             .effort = a->effort,
                             .trials = a->trials,
                             .seconds = args_has(a, OPT_TIME) ? a->seconds : 0,
                             .seed = a->seed,
                             .offsets = a->offsets,
                             .progress = tune_show_progress,
                             .self = show,
                             .stop = &signal_caught };
}

/* A search that ended before its time goes on where it was, if there is a store. */
static void print_rest(const dcn_spec *s, const dcn_tuned *t)
{
    char text[sizeof t->note];
    const char *how = t->end == DCN_TUNE_STOPPED ? "was stopped" : "ran out of time";
    if (t->note[0])
        return;
    snprintf(text, sizeof text, "tuning '%s' %s; %sthe same command goes on from there", s->name,
             how, t->done > 0 ? "what was found is saved and used, and " : "nothing was tried; ");
    print_note(text);
}

/* The exit code, or -1. */
static int tune_one(const Kernels *k, const dcn_spec *s, TuneShow *show, dcn_error *err)
{
    KernelOptions c;
    dcn_tune_options o;
    dcn_tuned t;
    if (kernel_options(k, s, &c, err))
        return -1;
    set_options(k->args, &c, show, &o);
    tune_show_begin(show, s, &o);
    int failed = dcn_tune(s, &o, &t, err);
    tune_show_end(show, s, failed ? NULL : &t);
    if (failed)
        return kernel_fail(k, s, err);
    if (t.end != DCN_TUNE_COMPLETE)
        print_rest(s, &t);
    return t.end == DCN_TUNE_OUT_OF_TIME && args_has(k->args, OPT_TIME) ? OUT_OF_TIME : 0;
}

int verb_tune(const Args *a, dcn_error *err)
{
    Kernels k;
    TuneShow show = { .json = args_has(a, OPT_JSON), .verbose = args_has(a, OPT_VERBOSE) };
    if (offsets_check(a->offsets, err))
        return -1;
    int status = kernels_load(a, &k, err);
    if (!status) {
        show.threads = rt_threads(a->threads, err);
        status = show.threads < 0 ? -1 : 0;
    }
    signals_catch();
    for (int i = 0; i < k.n && status >= 0 && !signal_caught; i++) {
        int code = tune_one(&k, k.spec[i], &show, err);
        status = code ? code : status;
    }
    kernels_free(&k);
    return status >= 0 && signal_caught ? EXIT_BY_SIGNAL + signal_caught : status;
}
