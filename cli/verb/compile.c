/* compile.c: the verb that writes kernels as files.
**
** Everything is made in memory first, several artefacts at the same time, so that a spec or a
** schedule that cannot be leaves the directory untouched.  The schedule of a kernel is chosen once,
** so all its artefacts agree even while another process tunes it, and told with where it came from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/load/weights.h"
#include "cli/out/print.h"
#include "cli/verb/artefact.h"
#include "cli/verb/brief.h"
#include "cli/verb/clash.h"
#include "cli/verb/depfile.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"
#include "runtime/exec/pool.h"
#include "runtime/exec/threads.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TARGETS = 16 };

/* What is told of a choice. */
typedef struct CompileTold {
    char why[DCN_TEXT_MAX]; /* where the schedule came from */
    char brief[DCN_SCHEDULE_MAX];
} CompileTold;

typedef struct CompileWork {
    const Args *args;
    Kernels kernels;
    char *names; /* of the targets, each ended by NUL */
    const char *cpu[MAX_TARGETS];
    int targets;
    dcn_choice *choice; /* kernel by kernel, in each by target */
    CompileTold *told;  /* likewise */
    ArtefactFile *all;  /* kernel by kernel, in each by kind */
    int n;
    void *parameters; /* of --weights; NULL: of none */
} CompileWork;

/* ---- what to make --------------------------------------------------------- */

/* Split --target A,B,C; without it there is one target, the CPU that -mcpu or the spec names. */
static int split_targets(CompileWork *w, dcn_error *err)
{
    const char *list = w->args->target;
    w->targets = 1;
    w->cpu[0] = w->args->cpu;
    if (!list)
        return 0;
    if (!(w->names = strdup(list)))
        return dcn_fail(err, DCN_EENV, "no memory for the targets");
    w->targets = 0;
    for (char *at = w->names, *next; at; at = next) {
        if ((next = strchr(at, ',')))
            *next++ = 0;
        if (!*at)
            return dcn_fail(err, DCN_EUSAGE, "--target '%.100s' has an empty name", list);
        if (w->targets == MAX_TARGETS)
            return dcn_fail(err, DCN_EUSAGE, "--target has more than %d CPUs", MAX_TARGETS);
        w->cpu[w->targets++] = at;
    }
    return 0;
}

static int choose(CompileWork *w, int i, dcn_error *err)
{
    const dcn_spec *s = w->kernels.spec[i];
    for (int t = 0; t < w->targets; t++) {
        KernelOptions c;
        dcn_choice *to = &w->choice[i * w->targets + t];
        CompileTold *told = &w->told[i * w->targets + t];
        if (kernel_options_for(&w->kernels, s, w->cpu[t], &c, err))
            return -1;
        if (dcn_explain(s, &c.opt, to, told->why, sizeof told->why, err))
            return kernel_fail(&w->kernels, s, err);
        told->why[strcspn(told->why, "\n")] = '\0'; /* what the knobs mean is for `show` */
        brief_schedule(w->args, s, &c.target, to->schedule, told->brief);
        print_note(to->note);
    }
    return 0;
}

static int add(CompileWork *w, int i, const ArtefactKind *kind, dcn_error *err)
{
    ArtefactFile *a = &w->all[w->n++];
    a->spec = w->kernels.spec[i];
    a->choice = &w->choice[i * w->targets];
    a->kind = kind;
    return artefact_name(a, w->args->out, err);
}

static int plan(CompileWork *w, unsigned kinds, dcn_error *err)
{
    w->all = calloc((size_t)w->kernels.n * (NKINDS + 1) + 2, sizeof *w->all);
    w->choice = calloc((size_t)(w->kernels.n * w->targets) + 1, sizeof *w->choice);
    w->told = calloc((size_t)(w->kernels.n * w->targets) + 1, sizeof *w->told);
    if (!w->all || !w->choice || !w->told)
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
    if (!w->args->depfile)
        return 0;
    ArtefactFile *rule = &w->all[w->n++];
    rule->kind = &artefact_depfile;
    return artefact_name_path(rule, w->args->depfile, err);
}

/* ---- making it ------------------------------------------------------------ */

static int emit(const CompileWork *w, ArtefactFile *a, KernelOptions *c)
{
    dcn_options opt[MAX_TARGETS];
    for (int t = 0; t < w->targets; t++) {
        if (kernel_options_for(&w->kernels, a->spec, w->cpu[t], &c[t], &a->err))
            return -1;
        opt[t] = c[t].opt;
        opt[t].schedule = a->choice[t].schedule;
        opt[t].parameters = w->parameters;
    }
    if (dcn_emit_many(a->spec, opt, w->targets, a->kind->emit, &a->bytes, &a->size, &a->err))
        return kernel_fail(&w->kernels, a->spec, &a->err);
    return 0;
}

static void make(void *arg, int64_t i, int thread)
{
    CompileWork *w = arg;
    ArtefactFile *a = &w->all[i];
    (void)thread;
    if (a->kind == &artefact_depfile) {
        a->bytes = depfile_text(w->kernels.module, w->all, w->n, a, &a->size, &a->err);
        return;
    }
    KernelOptions *c = calloc((size_t)w->targets, sizeof *c);
    if (c)
        emit(w, a, c);
    else
        dcn_fail(&a->err, DCN_EENV, "no memory for %d targets", w->targets);
    free(c);
}

/* The first failure in the order of the artefacts, whichever came first in time. */
static int make_all(CompileWork *w, dcn_error *err)
{
    int jobs = rt_threads(args_has(w->args, OPT_MAKERS) ? w->args->jobs : 0, err);
    if (jobs < 0)
        return -1;
    rt_shared_for(NULL, w->n, jobs, make, w);
    for (int i = 0; i < w->n; i++) {
        if (w->all[i].err.code) {
            *err = w->all[i].err;
            return -1;
        }
    }
    return 0;
}

/* ---- telling -------------------------------------------------------------- */

static json_t *files_json(const CompileWork *w)
{
    json_t *files = json_array();
    for (int i = 0; i < w->n; i++) {
        const ArtefactFile *a = &w->all[i];
        const char *name = a->spec ? a->spec->name : NULL;
        json_array_append_new(files, json_pack("{s:s?, s:s, s:s, s:I}", "kernel", name, "kind",
                                               a->kind->name, "path", a->path, "bytes",
                                               (json_int_t)a->size));
    }
    return files;
}

static const char *target_name(const CompileWork *w, int i)
{
    const char *cpu = w->cpu[i % w->targets], *own = w->kernels.spec[i / w->targets]->target;
    return cpu ? cpu : *own ? own : "native";
}

static json_t *schedules_json(const CompileWork *w)
{
    json_t *all = json_array();
    for (int i = 0; i < w->kernels.n * w->targets; i++) {
        const dcn_choice *c = &w->choice[i];
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "kernel",
                           w->kernels.spec[i / w->targets]->name, "target", target_name(w, i),
                           "schedule", c->schedule, "origin", dcn_origin_name(c->origin), "gain",
                           c->gain > 0 ? json_real(c->gain) : json_null(), "why", w->told[i].why));
    }
    return all;
}

static void print_schedules(const CompileWork *w)
{
    for (int i = 0; i < w->kernels.n * w->targets; i++) {
        const char *name = w->kernels.spec[i / w->targets]->name;
        if (w->targets > 1)
            printf("%s for %s: ", name, target_name(w, i));
        else
            printf("%s: ", name);
        printf("%s\n  %s\n", w->told[i].why, w->told[i].brief);
    }
}

static int report(const CompileWork *w, dcn_error *err)
{
    if (args_has(w->args, OPT_JSON)) {
        json_t *root = list_json("files", files_json(w));
        json_object_set_new(root, "schedules", schedules_json(w));
        return print_json(root, err);
    }
    for (int i = 0; i < w->n; i++)
        puts(w->all[i].path);
    print_schedules(w);
    return 0;
}

/* What --weights names, for the one kernel that there is. */
static int read_weights(CompileWork *w, dcn_error *err)
{
    if (!w->args->weights)
        return 0;
    if (kernels_check_single(&w->kernels, "compile --weights", err))
        return -1;
    return weights_read(w->args, w->kernels.spec[0], &w->parameters, err);
}

int verb_compile(const Args *a, dcn_error *err)
{
    CompileWork w = { .args = a };
    unsigned kinds = artefact_parse(a->emit ? a->emit : "obj,header", err);
    if (!kinds)
        return -1;
    if (!a->out)
        return dcn_fail(err, DCN_EUSAGE, "compile needs -o DIR");
    int status = -1;
    if (!split_targets(&w, err) && !kernels_load(a, &w.kernels, err) &&
        !clash_check(&w.kernels, w.targets, err) && !read_weights(&w, err) &&
        !plan(&w, kinds, err) && !make_all(&w, err) && !artefacts_write(a->out, w.all, w.n, err))
        status = report(&w, err);
    artefacts_free(w.all, w.n);
    free(w.choice);
    free(w.told);
    free(w.names);
    free(w.parameters);
    kernels_free(&w.kernels);
    return status;
}
