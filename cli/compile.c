/* compile.c: the verb that writes kernels as files.
**
** Everything is made in memory first, several artefacts at the same time, so that a spec or a
** schedule that cannot be leaves the directory untouched.  The schedule of a kernel is chosen once, so
** all its artefacts agree even while another process tunes it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "artefact.h"
#include "depfile.h"
#include "kernels.h"
#include "runtime/base.h"
#include "runtime/threads.h"
#include "say.h"
#include "verbs.h"

#include <stdlib.h>

typedef struct Work {
    const Args *args;
    Kernels kernels;
    dcn_choice *choice; /* of each kernel */
    Artefact *all;      /* kernel by kernel, in each by kind */
    int n;
} Work;

/* ---- what to make --------------------------------------------------------- */

static int choose(Work *w, int i, dcn_error *err)
{
    const dcn_spec *s = w->kernels.spec[i];
    Choice c;
    if (kernel_choice(&w->kernels, s, &c, err))
        return -1;
    if (dcn_explain(s, &c.opt, &w->choice[i], NULL, 0, err))
        return kernel_fail(&w->kernels, s, err);
    say_note(w->choice[i].note);
    return 0;
}

static int add(Work *w, int i, const Kind *kind, dcn_error *err)
{
    Artefact *a = &w->all[w->n++];
    a->spec = w->kernels.spec[i];
    a->schedule = w->choice[i].schedule;
    a->kind = kind;
    return artefact_name(a, w->args->out, err);
}

static int plan(Work *w, unsigned kinds, dcn_error *err)
{
    w->all = calloc((size_t)w->kernels.n * (NKINDS + 1) + 1, sizeof *w->all);
    w->choice = calloc((size_t)w->kernels.n + 1, sizeof *w->choice);
    if (!w->all || !w->choice)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", w->kernels.n);
    for (int i = 0; i < w->kernels.n; i++) {
        if (choose(w, i, err))
            return -1;
        for (int k = 0; k < NKINDS; k++) {
            if ((kinds & 1u << k) && add(w, i, &artefact_kinds[k], err))
                return -1;
        }
        if (args_has(w->args, OPT_DEPFILE) && add(w, i, &artefact_depfile, err))
            return -1;
    }
    return 0;
}

/* ---- making it ------------------------------------------------------------ */

static void make(void *arg, int64_t i, int thread)
{
    Work *w = arg;
    Artefact *a = &w->all[i];
    Choice c;
    (void)thread;
    if (a->kind == &artefact_depfile) {
        a->bytes = depfile_text(w->kernels.module, w->all, w->n, a, &a->size, &a->err);
        return;
    }
    if (kernel_choice(&w->kernels, a->spec, &c, &a->err))
        return;
    c.opt.schedule = a->schedule;
    if (dcn_emit(a->spec, &c.opt, a->kind->emit, &a->bytes, &a->size, &a->err))
        kernel_fail(&w->kernels, a->spec, &a->err);
}

/* The first failure in the order of the artefacts, whichever came first in time. */
static int make_all(Work *w, dcn_error *err)
{
    int threads = rt_threads(w->args->threads, err);
    if (threads < 0)
        return -1;
    rt_parallel_for(NULL, w->n, threads, make, w);
    for (int i = 0; i < w->n; i++) {
        if (w->all[i].err.code) {
            *err = w->all[i].err;
            return -1;
        }
    }
    return 0;
}

/* ---- telling -------------------------------------------------------------- */

static int report(const Work *w, dcn_error *err)
{
    json_t *files = json_array();
    for (int i = 0; i < w->n; i++) {
        const Artefact *a = &w->all[i];
        if (args_has(w->args, OPT_JSON))
            json_array_append_new(files, json_pack("{s:s, s:s, s:s, s:I}", "kernel", a->spec->name,
                                                   "kind", a->kind->name, "path", a->path, "bytes",
                                                   (json_int_t)a->size));
        else
            puts(a->path);
    }
    if (args_has(w->args, OPT_JSON))
        return say_json(say_report("files", files), err);
    json_decref(files);
    return 0;
}

int verb_compile(const Args *a, dcn_error *err)
{
    Work w = { .args = a };
    unsigned kinds = artefact_parse(a->emit ? a->emit : "obj,header", err);
    if (!kinds)
        return -1;
    if (!a->out)
        return dcn_fail(err, DCN_EUSAGE, "compile needs -o DIR");
    int status = -1;
    if (!kernels_load(a, &w.kernels, err) && !plan(&w, kinds, err) && !make_all(&w, err) &&
        !artefacts_write(a->out, w.all, w.n, err))
        status = report(&w, err);
    artefacts_free(w.all, w.n);
    free(w.choice);
    kernels_free(&w.kernels);
    return status;
}
