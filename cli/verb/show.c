/* show.c: the verb that tells what was decided.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/subverb.h"
#include "cli/load/kernels.h"
#include "cli/out/print.h"
#include "cli/out/spec_json.h"
#include "cli/out/tensors.h"
#include "cli/verb/balance.h"
#include "cli/verb/network.h"
#include "cli/verb/space.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"
#include "tuner/api/choose.h"

#include <stdlib.h>
#include <string.h>

typedef struct View {
    const char *name;
    uint64_t refused; /* options of the verb that mean nothing here */
    int (*text)(const Kernels *k, dcn_error *err);
    /* One kernel as an object to be added to the report; NULL: text only. */
    json_t *(*json)(const Kernels *k, const dcn_spec *s, dcn_error *err);
} View;

/* ---- ir, asm -------------------------------------------------------------- */

static int show_emitted(const Kernels *k, dcn_emit_kind kind, dcn_error *err)
{
    for (int i = 0; i < k->n; i++) {
        KernelOptions c;
        void *text;
        size_t size;
        if (kernel_options(k, k->spec[i], &c, err))
            return -1;
        if (dcn_emit(k->spec[i], &c.opt, kind, &text, &size, err))
            return kernel_fail(k, k->spec[i], err);
        fwrite(text, 1, size, stdout);
        free(text);
    }
    return 0;
}

static int show_ir(const Kernels *k, dcn_error *err)
{
    return show_emitted(k, DCN_EMIT_LLVM_IR, err);
}

static int show_asm(const Kernels *k, dcn_error *err)
{
    return show_emitted(k, DCN_EMIT_ASM, err);
}

/* ---- spec ----------------------------------------------------------------- */

/* One kernel is a line that returns it, a network several lines; several kernels are a list of such. */
static int print_network(const dcn_spec *s, bool alone, dcn_error *err)
{
    char *text = net_print(s);
    if (!text)
        return dcn_fail(err, DCN_EENV, "no memory for the network '%s'", s->name);
    printf(alone ? "%s" : "  (function()\n%send)(),\n", text);
    free(text);
    return 0;
}

static int print_spec(const dcn_spec *s, bool alone, dcn_error *err)
{
    static const char start[] = "return ";
    char line[DCN_SPEC_TEXT_MAX];
    if (s->network)
        return print_network(s, alone, err);
    dcn_spec_print(s, line, sizeof line);
    if (alone)
        puts(line);
    else
        printf("  %s,\n", line + strlen(start));
    return 0;
}

static int show_spec(const Kernels *k, dcn_error *err)
{
    if (k->n > 1)
        puts("return {");
    for (int i = 0; i < k->n; i++)
        if (print_spec(k->spec[i], k->n == 1, err))
            return -1;
    if (k->n > 1)
        puts("}");
    return 0;
}

static json_t *spec_object(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    (void)k, (void)err;
    return spec_json(s);
}

/* ---- schedule ------------------------------------------------------------- */

typedef struct Decision {
    KernelOptions choice;
    dcn_choice what;
    char *why;
    int threads;            /* that --threads gives; 0: none */
    bool measured;          /* workspace_bytes is */
    size_t workspace_bytes; /* for them */
    KernelBalance balance;  /* over them */
} Decision;

/* Only compiled code knows how much it needs, and says so where it runs. */
static int measure_workspace(const Kernels *k, const dcn_spec *s, Decision *d, dcn_error *err)
{
    dcn_kernel *kernel = NULL;
    dcn_options opt = d->choice.opt;
    opt.schedule = d->what.schedule;
    if (kernel_check_static(s, "--threads", err))
        return -1;
    d->threads = k->args->threads;
    d->measured = kernel_runs_here(&d->choice.target);
    if (!d->measured)
        return 0;
    if (dcn_compile(s, &opt, &kernel, err))
        return kernel_fail(k, s, err);
    d->workspace_bytes = dcn_kernel_workspace_bytes(kernel, (dcn_sizes){ 0 }, d->threads);
    dcn_kernel_free(kernel);
    return 0;
}

/* Room for the reason: each layer of a network may have a line. */
static size_t why_room(const dcn_spec *s)
{
    enum { LINE_MAX = 512 };
    const size_t layers = s->network ? (size_t)s->network->nlayers : 0;
    return 2 * DCN_SCHEDULE_MAX + LINE_MAX * layers;
}

/* d->why is freed by the caller, after a failure too. */
static int decide(const Kernels *k, const dcn_spec *s, Decision *d, dcn_error *err)
{
    const size_t room = why_room(s);
    d->threads = 0;
    d->why = calloc(room, 1);
    if (!d->why)
        return dcn_fail(err, DCN_EENV, "no memory for the schedule of '%s'", s->name);
    if (kernel_options(k, s, &d->choice, err))
        return -1;
    if (dcn_explain(s, &d->choice.opt, &d->what, d->why, room, err))
        return kernel_fail(k, s, err);
    print_note(d->what.note);
    if (!args_has(k->args, OPT_THREADS))
        return 0;
    if (measure_workspace(k, s, d, err))
        return -1;
    return balance_of(s, &d->choice.target, d->what.schedule, d->threads, &d->balance, err);
}

static void print_workspace(const Decision *d)
{
    if (d->threads)
        printf("  workspace of %d thread%s: ", d->threads, d->threads == 1 ? "" : "s");
    if (d->threads && d->measured)
        printf("%zu bytes\n", d->workspace_bytes);
    else if (d->threads)
        printf("told by the code where it runs; this machine does not run %s\n",
               d->choice.target.cpu);
}

static void print_decision(const dcn_spec *s, const Decision *d)
{
    printf("%s: %s\n", s->name, d->what.schedule);
    for (char *save, *line = strtok_r(d->why, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        printf("  %s\n", line);
    print_workspace(d);
    if (d->threads)
        balance_print(&d->balance);
}

static int show_schedule(const Kernels *k, dcn_error *err)
{
    for (int i = 0; i < k->n; i++) {
        Decision d;
        const int failed = decide(k, k->spec[i], &d, err);
        if (!failed)
            print_decision(k->spec[i], &d);
        free(d.why);
        if (failed)
            return -1;
    }
    return 0;
}

static json_t *positive(double x)
{
    return x > 0 ? json_real(x) : json_null();
}

static void add_stage(void *self, const StageChoice *stage)
{
    json_array_append_new(self, json_pack("{s:s, s:s, s:s, s:o}", "name", stage->name, "schedule",
                                          stage->schedule, "origin", dcn_origin_name(stage->origin),
                                          "gain", positive(stage->gain)));
}

/* The stages of a module; NULL with err if they cannot be told. */
static json_t *stages_array(const dcn_spec *s, const dcn_options *opt, dcn_error *err)
{
    Choice c;
    json_t *list = json_array();
    int failed = tune_choose(s, opt, &c, err) || tune_each_stage(s, &c, add_stage, list, err);
    tune_choice_free(&c);
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *decision_json(const dcn_spec *s, const Decision *d, dcn_error *err)
{
    json_t *stages = stages_array(s, &d->choice.opt, err);
    if (!stages)
        return NULL;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", s->name, "target",
                          d->choice.target.cpu, "isa", d->choice.target.isa, "schedule",
                          d->what.schedule, "origin", dcn_origin_name(d->what.origin), "why",
                          d->why, "gain", positive(d->what.gain), "stages", stages);
    if (d->threads) {
        json_object_set_new(o, "threads", json_integer(d->threads));
        json_object_set_new(o, "workspace_bytes",
                            d->measured ? json_integer((json_int_t)d->workspace_bytes)
                                        : json_null());
        balance_add_json(&d->balance, o);
    }
    return o;
}

static json_t *schedule_object(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    Decision d;
    json_t *o = decide(k, s, &d, err) ? NULL : decision_json(s, &d, err);
    free(d.why);
    return o;
}

/* ---- space ---------------------------------------------------------------- */

static int show_space(const Kernels *k, dcn_error *err)
{
    for (int i = 0; i < k->n; i++) {
        KernelOptions c;
        if (kernel_options(k, k->spec[i], &c, err))
            return -1;
        space_print(k->spec[i], &c.target);
    }
    return 0;
}

static json_t *space_object(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    KernelOptions c;
    return kernel_options(k, s, &c, err) ? NULL : space_json(s, &c.target);
}

/* ---- network -------------------------------------------------------------- */

static int show_network(const Kernels *k, dcn_error *err)
{
    for (int i = 0; i < k->n; i++)
        if (network_print(k, k->spec[i], err))
            return -1;
    return 0;
}

/* ---- tensors -------------------------------------------------------------- */

static int show_tensors(const Kernels *k, dcn_error *err)
{
    (void)err;
    for (int i = 0; i < k->n; i++)
        tensors_print(k->spec[i]);
    return 0;
}

static json_t *tensors_object(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    (void)k, (void)err;
    return tensors_json(s);
}

/* ---- the verb ------------------------------------------------------------- */

#define AIMED (BIT(OPT_TARGET) | BIT(OPT_CPU) | BIT(OPT_ATTRS) | BIT(OPT_OS) | BIT(OPT_TRIPLE))

static const View views[] = {
    { "ir", BIT(OPT_JSON) | BIT(OPT_THREADS), show_ir, NULL },
    { "asm", BIT(OPT_JSON) | BIT(OPT_THREADS), show_asm, NULL },
    { "schedule", 0, show_schedule, schedule_object },
    { "space", BIT(OPT_SCHEDULE) | BIT(OPT_THREADS), show_space, space_object },
    { "spec", AIMED | BIT(OPT_SCHEDULE) | BIT(OPT_THREADS), show_spec, spec_object },
    { "network", 0, show_network, network_json },
    { "tensors", AIMED | BIT(OPT_SCHEDULE) | BIT(OPT_THREADS), show_tensors, tensors_object },
    { .name = NULL },
};

const char *show_subverb(int i)
{
    return views[i].name;
}

static const View *find_view(const Args *a, dcn_error *err)
{
    const char *names[sizeof views / sizeof *views] = { NULL };
    for (const View *v = views; v->name; v++)
        names[v - views] = v->name;
    int i = subverb_find(a, names, err);
    return i < 0 || subverb_check(a, views[i].name, ~views[i].refused, err) ? NULL : &views[i];
}

static int print_all_json(const Kernels *k, const View *v, dcn_error *err)
{
    json_t *list = json_array();
    for (int i = 0; i < k->n; i++) {
        json_t *one = v->json(k, k->spec[i], err);
        if (!one) {
            json_decref(list);
            return -1;
        }
        json_array_append_new(list, one);
    }
    return print_json(list_json("kernels", list), err);
}

int verb_show(const Args *a, dcn_error *err)
{
    const View *v = find_view(a, err);
    if (!v)
        return -1;
    Kernels k;
    int status = kernels_load(a, &k, err);
    if (!status)
        status = args_has(a, OPT_JSON) ? print_all_json(&k, v, err) : v->text(&k, err);
    kernels_free(&k);
    return status;
}
