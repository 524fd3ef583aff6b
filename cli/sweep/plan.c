/* plan.c: `sweep plan`: kernels x targets x threads x offsets as a list of items.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/canonical.h"
#include "cli/load/kernels.h"
#include "cli/load/offsets.h"
#include "cli/sweep/sweep.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/file.h"
#include "runtime/spec/operands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Axes {
    const Args *args;
    SweepRequest request; /* what is the same for all */
    SweepPlan plan;
} Axes;

/* ---- one kernel --------------------------------------------------------------------------- */

static int add(Axes *x, dcn_error *err)
{
    SweepItem item;
    return sweep_item_make(&x->request, &item, err) || sweep_plan_add(&x->plan, &item, err) < 0 ? -1
                                                                                                : 0;
}

/* Whether the kernel reads offsets; to one that does not, all kinds of offsets are the same. */
static bool has_offsets(const dcn_spec *s)
{
    return rt_operand_at(s, RT_OFFSET) >= 0 || rt_operand_at(s, RT_OFFSET_MASK) >= 0 ||
           rt_operand_at(s, RT_TRANS) >= 0;
}

static int for_offsets(Axes *x, dcn_error *err)
{
    char word[4096];
    const bool all = x->args->offsets_list && has_offsets(x->request.spec);
    const char *at = all ? x->args->offsets_list : "normal:2";
    int failed = 0;
    do {
        if (sweep_word(&at, word, sizeof word) >= sizeof word)
            return dcn_fail(err, DCN_EUSAGE, "--offsets '%.100s...' is too long", word);
        x->request.offsets = word;
        failed = offsets_check(word, err) || add(x, err) ? -1 : 0;
    } while (!failed && *at);
    x->request.offsets = NULL;
    return failed;
}

static int for_threads(Axes *x, dcn_error *err)
{
    char word[16], *end;
    const char *at = x->args->counts ? x->args->counts : "1";
    int failed = 0;
    do {
        sweep_word(&at, word, sizeof word);
        long n = strtol(word, &end, 10);
        if (!*word || word[strspn(word, "0123456789")] || n < 1 || n > RT_MAX_THREADS)
            return dcn_fail(err, DCN_EUSAGE, "--threads '%s' is not a number from 1 to %d", word,
                            RT_MAX_THREADS);
        x->request.threads = (int)n;
        failed = for_offsets(x, err);
    } while (!failed && *at);
    return failed;
}

/* For the targets of the command line, else the spec's own. */
static int for_targets(Axes *x, dcn_error *err)
{
    char word[64];
    const char *own = x->request.spec->target, *given = x->args->target, *at = given;
    if (!given)
        at = given = x->args->cpu;
    int failed = 0;
    if (x->request.spec->network)
        return dcn_fail(
            err, DCN_EUSAGE,
            "sweep plan: '%s' is a network, which no plan can name: plan its layers, as "
            "kernels of a spec",
            x->request.spec->name);
    if (!at)
        at = *own ? own : "native";
    do {
        if (!sweep_word(&at, word, sizeof word))
            return dcn_fail(err, DCN_EUSAGE, "--target '%.100s' has an empty name", given);
        x->request.target = word;
        failed = for_threads(x, err);
    } while (!failed && *at);
    x->request.target = NULL;
    return failed;
}

/* ---- all kernels -------------------------------------------------------------------------- */

static int add_file(Axes *x, const char *path, dcn_error *err)
{
    Kernels k;
    Args one = *x->args;
    one.words = (WordList){ 1, &path };
    int failed = kernels_load(&one, &k, err);
    for (int i = 0; i < k.n && !failed; i++) {
        x->request.spec = k.spec[i];
        failed = for_targets(x, err);
    }
    kernels_free(&k);
    return failed;
}

static int add_canonical(Axes *x, dcn_error *err)
{
    dcn_module *m;
    if (dcn_load_text(canonical_spec(), "canonical.lua", x->args->define.at, x->args->define.n, &m,
                      err))
        return -1;
    int failed = 0;
    for (int i = 0; i < dcn_module_count(m) && !failed; i++) {
        x->request.spec = dcn_module_spec(m, i);
        failed = for_targets(x, err);
    }
    dcn_module_free(m);
    return failed;
}

static int check(const Args *a, dcn_error *err)
{
    if (kernels_check_target(a, err))
        return -1;
    if (a->effort == DCN_TUNE_ESTIMATE)
        return dcn_fail(err, DCN_EUSAGE,
                        "--effort estimate measures nothing: `sweep worker "
                        "--estimate` ranks what cannot be measured");
    if (a->words.n < 2 && !args_has(a, OPT_CANONICAL))
        return dcn_fail(err, DCN_EUSAGE, "sweep plan needs SPEC.lua or --canonical");
    int streams = 0;
    for (int i = 1; i < a->words.n; i++)
        streams += !strcmp(a->words.at[i], "-");
    return streams > 1
               ? dcn_fail(err, DCN_EUSAGE,
                          "sweep plan reads the standard input, '-', once, not %d times", streams)
               : 0;
}

static int fill(Axes *x, dcn_error *err)
{
    const Args *a = x->args;
    if (args_has(a, OPT_CANONICAL) && add_canonical(x, err))
        return -1;
    for (int i = 1; i < a->words.n; i++)
        if (add_file(x, a->words.at[i], err))
            return -1;
    return x->plan.n ? 0 : dcn_fail(err, DCN_EUSAGE, "the plan would have no item");
}

/* ---- where it goes ------------------------------------------------------------------------ */

static int write_plan(const Args *a, const SweepPlan *plan, dcn_error *err)
{
    char *text;
    size_t size;
    if (a->slurm && sweep_slurm(plan, a->slurm, err))
        return -1;
    if (a->slurm && !a->out)
        return 0;
    if (sweep_plan_print(plan, &text, &size, err))
        return -1;
    int failed = 0;
    if (a->out)
        failed = rt_write_file(a->out, text, size, err);
    else
        fwrite(text, 1, size, stdout); /* a failure is seen at the end */
    free(text);
    return failed;
}

int sweep_plan(const Args *a, dcn_error *err)
{
    Axes x = { .args = a,
               .request = { .triple = kernels_system(a),
                            .attrs = a->attrs,
                            .schedule = a->schedule,
                            .effort = a->effort,
                            .trials = a->trials,
                            .seconds = args_has(a, OPT_TIME) ? a->seconds : 0,
                            .seed = a->seed } };
    int failed = check(a, err) || fill(&x, err) || write_plan(a, &x.plan, err);
    if (!failed && (a->out || a->slurm))
        printf("%d items\n", x.plan.n);
    sweep_plan_free(&x.plan);
    return failed ? -1 : 0;
}
