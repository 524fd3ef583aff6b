/* cache_pin.c: schedules that the user decides on.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/out/print.h"
#include "cli/verb/brief.h"
#include "cli/verb/cache.h"
#include "runtime/base/base.h"
#include "runtime/exec/threads.h"

#include <stdlib.h>

/* The kernels of the spec with their options. */
typedef struct PinWork {
    Kernels kernels;
    KernelOptions *c;
    dcn_options *opt;
    int threads;
} PinWork;

static int open_work(const Args *a, PinWork *w, dcn_error *err)
{
    *w = (PinWork){ .c = NULL };
    if (kernels_load(a, &w->kernels, err))
        return -1;
    const int n = w->kernels.n;
    w->threads = rt_threads(a->threads, err);
    if (w->threads < 0)
        return -1;
    w->c = calloc((size_t)n + 1, sizeof *w->c);
    w->opt = calloc((size_t)n + 1, sizeof *w->opt);
    if (!w->c || !w->opt)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", n);
    for (int i = 0; i < n; i++) {
        if (kernel_options(&w->kernels, w->kernels.spec[i], &w->c[i], err))
            return -1;
        w->opt[i] = w->c[i].opt;
    }
    return 0;
}

static void close_work(PinWork *w)
{
    free(w->c);
    free(w->opt);
    kernels_free(&w->kernels);
}

static json_t *pin_json(const PinWork *w, int i)
{
    return json_pack("{s:s, s:s, s:i}", "kernel", w->kernels.spec[i]->name, "target",
                     w->c[i].target.cpu, "threads", w->threads);
}

/* ---- pin ---------------------------------------------------------------------------------- */

/* Knobs that the user left open are now fixed, too, so what is told is the schedule in whole. */
static int print_pin(const Args *a, const PinWork *w, int i, json_t *list, dcn_error *err)
{
    const dcn_spec *s = w->kernels.spec[i];
    char brief[DCN_SCHEDULE_MAX];
    dcn_choice what;
    if (dcn_explain(s, &w->opt[i], &what, NULL, 0, err))
        return kernel_fail(&w->kernels, s, err);
    if (args_has(a, OPT_JSON)) {
        json_t *o = pin_json(w, i);
        json_object_set_new(o, "schedule", json_string(what.schedule));
        json_array_append_new(list, o);
    } else {
        printf("%s: pinned for %d thread%s\n  %s\n", s->name, w->threads,
               w->threads == 1 ? "" : "s",
               brief_schedule(a, s, &w->c[i].target, what.schedule, brief));
    }
    return 0;
}

static int pin_all(const Args *a, dcn_cache *c, PinWork *w, json_t *list, dcn_error *err)
{
    const int n = w->kernels.n;
    int at;
    if (dcn_cache_pin_all(c, w->kernels.spec, w->opt, n, &at, err))
        return at < 0 ? -1 : kernel_fail(&w->kernels, w->kernels.spec[at], err);
    for (int i = 0; i < n; i++) {
        if (print_pin(a, w, i, list, err))
            return -1;
    }
    return 0;
}

/* ---- unpin -------------------------------------------------------------------------------- */

static int unpin_all(const Args *a, dcn_cache *c, PinWork *w, json_t *list, dcn_error *err)
{
    for (int i = 0; i < w->kernels.n; i++) {
        const dcn_spec *s = w->kernels.spec[i];
        const int went = dcn_cache_unpin(c, s, &w->opt[i], err);
        if (went < 0)
            return kernel_fail(&w->kernels, s, err);
        if (args_has(a, OPT_JSON)) {
            json_t *o = pin_json(w, i);
            json_object_set_new(o, "was_pinned", json_boolean(went));
            json_array_append_new(list, o);
        } else {
            printf("%s: %s for %d thread%s\n", s->name,
                   went ? "no longer pinned" : "nothing was pinned", w->threads,
                   w->threads == 1 ? "" : "s");
        }
    }
    return 0;
}

/* ---- both --------------------------------------------------------------------------------- */

static int for_kernels(const Args *a, dcn_cache *c,
                       int (*what)(const Args *a, dcn_cache *c, PinWork *w, json_t *list,
                                   dcn_error *err),
                       dcn_error *err)
{
    PinWork w;
    json_t *list = json_array();
    int status = open_work(a, &w, err) || what(a, c, &w, list, err) ? -1 : 0;
    if (!status && args_has(a, OPT_JSON))
        status = print_json(list_json("kernels", json_incref(list)), err);
    json_decref(list);
    close_work(&w);
    return status;
}

int cache_pin(const Args *a, dcn_cache *c, dcn_error *err)
{
    if (!a->schedule)
        return dcn_fail(err, DCN_EUSAGE, "cache pin needs --schedule TEXT");
    return for_kernels(a, c, pin_all, err);
}

int cache_unpin(const Args *a, dcn_cache *c, dcn_error *err)
{
    return for_kernels(a, c, unpin_all, err);
}
