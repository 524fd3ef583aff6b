/* verify.c: the verb that compares kernels with the reference.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/load/operands.h"
#include "cli/out/print.h"
#include "cli/verb/brief.h"
#include "cli/verbs.h"
#include "runtime/base/text.h"

static json_t *report_json(const dcn_kernel *k, const OperandFiles *files, const dcn_report *r)
{
    const dcn_spec *s = dcn_kernel_spec(k);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", s->name, "op", dcn_op_name(s->op),
                  "dtype", dcn_dtype_name(s->dtype), "layout", dcn_layout_name(s->layout), "target",
                  dcn_kernel_target(k)->cpu, "schedule", dcn_kernel_schedule(k));
    json_t *more = json_pack("{s:i, s:i, s:I, s:I, s:o, s:o, s:b, s:s}", "cases", r->cases,
                             "failures", r->failures, "checked", (json_int_t)r->checked, "outputs",
                             (json_int_t)r->outputs, "worst", number_json(r->worst), "max_abs",
                             number_json(r->max_abs), "ok", r->failures == 0, "what", r->what);
    json_t *random = json_array();
    for (int i = 0; i < files->n; i++)
        if (files->at[i].tensor.role != DCN_OUT && !files->at[i].path)
            json_array_append_new(random, json_string(files->at[i].tensor.name));
    json_object_update(o, more);
    json_object_set_new(o, "random", random);
    json_decref(more);
    return o;
}

/* "all 50 elements a case": how much of the outputs was compared. */
static void print_share(const dcn_spec *s, const dcn_report *r)
{
    const bool sizes_differ = s->batch == DCN_DYNAMIC || s->height == DCN_DYNAMIC ||
                              s->width == DCN_DYNAMIC || s->rois == DCN_DYNAMIC ||
                              s->network; /* of which some cases may be layers */
    const int64_t each = sizes_differ || !r->cases ? 1 : r->cases;
    const char *per = r->cases == 1 ? "" : sizes_differ ? " in all" : " a case";
    const long long checked = r->checked / each, outputs = r->outputs / each;
    if (checked == outputs)
        printf("all %lld elements%s, ", outputs, per);
    else
        printf("%lld of %lld elements%s (--full: all), ", checked, outputs, per);
}

/* Names of the inputs that no file was given for, where any was; "" if there are none. */
static const char *generated(const OperandFiles *o, char *buf, size_t size)
{
    const char *names[RT_NUM_OPERANDS + 1] = { NULL };
    int n = 0;
    for (int i = 0; i < o->n; i++)
        if (o->at[i].tensor.role != DCN_OUT && !o->at[i].path)
            names[n++] = o->at[i].tensor.name;
    *buf = '\0';
    return n ? rt_join(names, buf, size) : buf;
}

/* "ok", or what of the kernel could not be compared. */
static void print_verdict(const dcn_report *r)
{
    const char *plain = print_colour(stdout, COLOUR_NONE);
    if (r->failures)
        printf("%sFAILED%s, %d of ", print_colour(stdout, COLOUR_BAD), plain, r->failures);
    else if (r->checked || !r->what[0])
        printf("%sok%s, ", print_colour(stdout, COLOUR_GOOD), plain);
    printf("%d case%s, ", r->cases, r->cases == 1 ? "" : "s");
}

static void report_text(const Args *a, const dcn_kernel *k, const OperandFiles *o,
                        const dcn_report *r)
{
    char random[512], schedule[DCN_SCHEDULE_MAX];
    const dcn_spec *s = dcn_kernel_spec(k);
    printf("%s: ", s->name);
    print_verdict(r);
    if (*generated(o, random, sizeof random))
        printf("random %s, ", random);
    if (r->checked)
        print_share(s, r);
    if (r->checked && !r->failures)
        printf("worst %.3g of the tolerance; ", r->worst);
    if (r->what[0])
        printf("%s; ", r->what);
    printf("%s %s %s, %s\n", dcn_op_name(s->op), dcn_dtype_name(s->dtype),
           dcn_layout_name(s->layout),
           brief_schedule(a, s, dcn_kernel_target(k), dcn_kernel_schedule(k), schedule));
    fflush(stdout);
}

/* 0, DCN_EFAILED for a mismatch, or -1. */
static int verify_compiled(const Kernels *all, const dcn_spec *s, const OperandFiles *o,
                           json_t *list, dcn_error *err)
{
    const Args *a = all->args;
    const void *tensor[RT_NUM_OPERANDS] = { NULL };
    dcn_verify_options opt = { .seed = a->seed, .threads = a->threads };
    dcn_kernel *k = NULL;
    dcn_report r;
    if (kernel_compile(all, s, &k, err))
        return -1;
    for (int i = 0; i < o->n; i++)
        tensor[i] = o->at[i].data;
    opt.full = args_has(a, OPT_FULL);
    opt.tensor = o->n ? tensor : NULL;
    opt.sizes = (dcn_sizes){ o->bound.batch, o->bound.height, o->bound.width, o->bound.rois };
    const int failed = dcn_verify_with(k, &opt, &r, err);
    if (failed)
        kernel_fail(all, s, err);
    else if (args_has(a, OPT_JSON))
        json_array_append_new(list, report_json(k, o, &r));
    else
        report_text(a, k, o, &r);
    dcn_kernel_free(k);
    return failed ? -1 : r.failures ? DCN_EFAILED : 0;
}

static int verify_one(const Kernels *all, const dcn_spec *s, json_t *list, dcn_error *err)
{
    OperandFiles o = { .n = 0 };
    const bool given = all->args->input.n || all->args->weights;
    int status = given ? operands_read(all->args, s, false, &o, err) : 0;
    if (!status)
        status = verify_compiled(all, s, &o, list, err);
    operands_free(&o);
    return status;
}

int verb_verify(const Args *a, dcn_error *err)
{
    Kernels k;
    json_t *list = json_array();
    int status = kernels_load(a, &k, err);
    if (!status && (a->input.n || a->weights))
        status = kernels_check_single(&k, a->input.n ? "verify --input" : "verify --weights", err);
    for (int i = 0; i < k.n && status >= 0; i++) {
        int one = verify_one(&k, k.spec[i], list, err);
        status = one ? one : status;
    }
    if (status >= 0 && args_has(a, OPT_JSON) &&
        print_json(list_json("kernels", json_incref(list)), err))
        status = -1;
    json_decref(list);
    kernels_free(&k);
    return status;
}
