/* kernels.c: the kernels that a command is about.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/args/hints.h"
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"
#include "tuner/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which kernels -------------------------------------------------------- */

static bool is_wanted(const Args *a, const char *name)
{
    for (int i = 0; i < a->kernel.n; i++) {
        if (!strcmp(a->kernel.at[i], name))
            return true;
    }
    return a->kernel.n == 0;
}

static int fail_name(const Kernels *k, const char *given, const char *const *names, dcn_error *err)
{
    char all[512], hint[HINT_MAX];
    return dcn_fail(err, DCN_EUSAGE, "%s has no kernel '%.64s'%s; it has %s", k->path, given,
                    hint_nearest(given, names, hint), rt_join(names, all, sizeof all));
}

/* Every name that --kernel gives must be there. */
static int check_names(const Args *a, const Kernels *k, dcn_error *err)
{
    const int n = dcn_module_count(k->module);
    const char **names = calloc((size_t)n + 1, sizeof *names);
    if (!names)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", n);
    for (int i = 0; i < n; i++)
        names[i] = dcn_module_spec(k->module, i)->name;
    int failed = 0;
    for (int i = 0; i < a->kernel.n && !failed; i++) {
        int at = 0;
        while (at < n && strcmp(names[at], a->kernel.at[i]) != 0)
            at++;
        failed = at == n ? fail_name(k, a->kernel.at[i], names, err) : 0;
    }
    free(names);
    return failed;
}

/* --memory is for some kernel. */
static int check_memory(const Args *a, const Kernels *k, dcn_error *err)
{
    int i = 0;
    while (i < k->n && !(k->spec[i]->network && k->spec[i]->gradient))
        i++;
    return !a->memory || i < k->n
               ? 0
               : dcn_fail(err, DCN_EUSAGE, "--memory: %s has no gradients of a network", k->path);
}

int kernels_load(const Args *a, Kernels *k, dcn_error *err)
{
    rt_env env;
    const char *path = a->words.at[a->words.n - 1];
    *k = (Kernels){ .args = a, .path = strcmp(path, "-") != 0 ? path : "<stdin>" };
    if (rt_env_read(&env, err) || dcn_load_file(path, a->define.at, a->define.n, &k->module, err))
        return -1;
    const int n = dcn_module_count(k->module);
    k->spec = calloc((size_t)n + 1, sizeof *k->spec);
    if (!k->spec)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", n);
    for (int i = 0; i < n; i++) {
        const dcn_spec *s = dcn_module_spec(k->module, i);
        if (is_wanted(a, s->name))
            k->spec[k->n++] = s;
    }
    return check_names(a, k, err) || check_memory(a, k, err) ? -1 : 0;
}

void kernels_free(Kernels *k)
{
    free(k->spec);
    dcn_module_free(k->module);
}

/* ---- what went wrong ------------------------------------------------------ */

/* Messages about a key of a spec begin with it, in quotes. */
static int blame_spec(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    char key[32];
    const char *file;
    const int found = sscanf(err->text, "'%31[a-z_0-9]'", key);
    int i = 0;
    while (i < dcn_module_count(k->module) && dcn_module_spec(k->module, i) != s)
        i++;
    const int line = dcn_module_where(k->module, i, found == 1 ? key : NULL, &file);
    return dcn_fail_at(err, err->code, file, line, "%s", err->text);
}

int kernel_fail(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    if (err->code == DCN_ESPEC)
        return blame_spec(k, s, err);
    if (err->code == DCN_ESTORE) /* it would stop any kernel */
        return -1;
    return dcn_fail(err, err->code, "kernel '%s': %s", s->name, err->text);
}

int kernels_check_single(const Kernels *k, const char *what, dcn_error *err)
{
    char all[512];
    if (k->n == 1)
        return 0;
    const char **names = calloc((size_t)k->n + 1, sizeof *names);
    if (!names)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", k->n);
    for (int i = 0; i < k->n; i++)
        names[i] = k->spec[i]->name;
    dcn_fail(err, DCN_EUSAGE, "%s needs one kernel, chosen by --kernel: %.128s has %s", what,
             k->path, rt_join(names, all, sizeof all));
    free(names);
    return -1;
}

int kernel_check_static(const dcn_spec *s, const char *what, dcn_error *err)
{
    const int64_t size[] = { s->batch, s->height, s->width };
    static const char *const key[] = { "batch", "height", "width" };
    for (int d = 0; d < 3; d++) {
        if (size[d] == DCN_DYNAMIC)
            return dcn_fail(err, DCN_EUSAGE,
                            "%s needs static sizes: '%s' of kernel '%s' is dynamic", what, key[d],
                            s->name);
    }
    return 0;
}

bool kernel_runs_here(const dcn_target *t)
{
    dcn_target native;
    dcn_error why;
    return !dcn_target_native(&native, &why) && !tune_can_run(t, &native, &why);
}

/* ---- how ------------------------------------------------------------------ */

const char *kernels_system(const Args *a)
{
    return a->triple ? a->triple : a->os;
}

/* The target is `cpu`, or else the spec's; --os or --triple and -mattr alter either. */
static int choose_target(const Args *a, const dcn_spec *s, const char *cpu, dcn_target *t,
                         dcn_error *err)
{
    if (!cpu && tune_spec_target(s, t, err))
        return -1;
    if (!cpu)
        cpu = s->target[0] ? s->target : "native";
    return dcn_target_parse(cpu, kernels_system(a), a->attrs, t, err);
}

int kernels_check_target(const Args *a, dcn_error *err)
{
    if (a->target && a->cpu && strcmp(a->target, a->cpu) != 0)
        return dcn_fail(err, DCN_EUSAGE, "--target %s and -mcpu=%s contradict each other",
                        a->target, a->cpu);
    if (a->os && a->triple)
        return dcn_fail(err, DCN_EUSAGE, "--os %s and --triple %s: one of them is enough", a->os,
                        a->triple);
    return 0;
}

static void before_tuning(void *self, const dcn_spec *s, int threads, double seconds)
{
    char text[256];
    (void)self;
    snprintf(text, sizeof text,
             "DCNGEN_TUNE=on: tuning '%s' for %d thread%s first, for %.0f s at most", s->name,
             threads, threads == 1 ? "" : "s", seconds);
    signals_catch();
    print_note(text);
}

static void after_tuning(void *self, const dcn_spec *s)
{
    (void)self;
    (void)s;
    signals_release();
}

int kernel_options_for(const Kernels *k, const dcn_spec *s, const char *cpu, KernelOptions *c,
                       dcn_error *err)
{
    const Args *a = k->args;
    if (kernels_check_target(a, err))
        return -1;
    c->opt = (dcn_options){ .schedule = a->schedule,
                            .target = &c->target,
                            .threads = a->threads,
                            .memory = s->network && s->gradient ? a->memory : 0,
                            .before_tuning = before_tuning,
                            .after_tuning = after_tuning,
                            .stop = &signal_caught };
    if (!choose_target(a, s, cpu, &c->target, err))
        return 0;
    return err->code == DCN_ESPEC ? kernel_fail(k, s, err) : -1;
}

int kernel_options(const Kernels *k, const dcn_spec *s, KernelOptions *c, dcn_error *err)
{
    return kernel_options_for(k, s, k->args->target ? k->args->target : k->args->cpu, c, err);
}

int kernel_compile(const Kernels *k, const dcn_spec *s, dcn_kernel **out, dcn_error *err)
{
    KernelOptions c;
    if (kernel_options(k, s, &c, err))
        return -1;
    if (dcn_compile(s, &c.opt, out, err))
        return kernel_fail(k, s, err);
    print_note(dcn_kernel_choice(*out)->note);
    return 0;
}
