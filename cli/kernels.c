/* kernels.c: the kernels that a command is about.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernels.h"
#include "names.h"
#include "runtime/base.h"
#include "runtime/env.h"

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
                    names_hint(given, names, hint), names_join(names, all, sizeof all));
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

int kernels_load(const Args *a, Kernels *k, dcn_error *err)
{
    rt_env env;
    *k = (Kernels){ .path = a->words.at[a->words.n - 1] };
    if (rt_env_read(&env, err) ||
        dcn_load_file(k->path, a->define.at, a->define.n, &k->module, err))
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
    return check_names(a, k, err);
}

void kernels_free(Kernels *k)
{
    free(k->spec);
    dcn_module_free(k->module);
}

/* ---- how ------------------------------------------------------------------ */

int kernel_fail(const dcn_spec *s, dcn_error *err)
{
    const dcn_error e = *err;
    return dcn_fail_at(err, e.code, e.file, e.line, "kernel '%s': %s", s->name, e.text);
}

static const char *cpu_name(const Args *a, const dcn_spec *s)
{
    if (a->target || a->cpu)
        return a->target ? a->target : a->cpu;
    return s->target[0] ? s->target : "native";
}

int kernel_choice(const Args *a, const dcn_spec *s, Choice *c, dcn_error *err)
{
    if (a->target && a->cpu && strcmp(a->target, a->cpu) != 0)
        return dcn_fail(err, DCN_EUSAGE, "--target %s and -mcpu=%s contradict each other",
                        a->target, a->cpu);
    c->opt = (dcn_options){ .schedule = a->schedule, .target = &c->target };
    return dcn_target_parse(cpu_name(a, s), a->triple, a->attrs, &c->target, err);
}

int kernel_compile(const Args *a, const dcn_spec *s, dcn_kernel **out, dcn_error *err)
{
    Choice c;
    if (kernel_choice(a, s, &c, err))
        return -1;
    return dcn_compile(s, &c.opt, out, err) ? kernel_fail(s, err) : 0;
}
