/* verify.c: the verb that compares kernels with the reference.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/kernels.h"
#include "cli/out/print.h"
#include "cli/verbs.h"

static json_t *report_json(const dcn_kernel *k, const dcn_report *r)
{
    const dcn_spec *s = dcn_kernel_spec(k);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", s->name, "op", dcn_op_name(s->op),
                  "dtype", dcn_dtype_name(s->dtype), "layout", dcn_layout_name(s->layout), "target",
                  dcn_kernel_target(k)->cpu, "schedule", dcn_kernel_schedule(k));
    json_t *more =
        json_pack("{s:i, s:i, s:I, s:o, s:o, s:b, s:s}", "cases", r->cases, "failures", r->failures,
                  "checked", (json_int_t)r->checked, "worst", number_json(r->worst), "max_abs",
                  number_json(r->max_abs), "ok", r->failures == 0, "what", r->what);
    json_object_update(o, more);
    json_decref(more);
    return o;
}

static void report_text(const dcn_kernel *k, const dcn_report *r)
{
    const dcn_spec *s = dcn_kernel_spec(k);
    const char *plain = print_colour(stdout, COLOUR_NONE);
    printf("%s: %s %s %s, %s: %d cases, ", s->name, dcn_op_name(s->op), dcn_dtype_name(s->dtype),
           dcn_layout_name(s->layout), dcn_kernel_schedule(k), r->cases);
    if (r->failures)
        printf("%d %sFAILED%s: %s\n", r->failures, print_colour(stdout, COLOUR_BAD), plain,
               r->what);
    else
        printf("worst %.3g of the tolerance: %sok%s\n", r->worst, print_colour(stdout, COLOUR_GOOD),
               plain);
    fflush(stdout);
}

/* 0, DCN_EFAILED for a mismatch, or -1. */
static int verify_one(const Kernels *all, const dcn_spec *s, json_t *list, dcn_error *err)
{
    const Args *a = all->args;
    dcn_kernel *k = NULL;
    dcn_report r;
    if (kernel_compile(all, s, &k, err))
        return -1;
    int status = -1;
    if (dcn_verify(k, a->seed, a->threads, &r, err)) {
        kernel_fail(all, s, err);
    } else {
        status = r.failures ? DCN_EFAILED : 0;
        if (args_has(a, OPT_JSON))
            json_array_append_new(list, report_json(k, &r));
        else
            report_text(k, &r);
    }
    dcn_kernel_free(k);
    return status;
}

int verb_verify(const Args *a, dcn_error *err)
{
    Kernels k;
    json_t *list = json_array();
    int status = kernels_load(a, &k, err);
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
