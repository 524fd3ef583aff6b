/* compile.c: from a spec to a kernel in memory.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"
#include "tuner/api/choose.h"
#include "tuner/api/embed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_runnable(const dcn_target *t, dcn_error *err)
{
    dcn_target native;
    if (dcn_target_native(&native, err))
        return -1;
    return tune_can_run(t, &native, err);
}

static int build_and_load(const Choice *c, dcn_kernel *k, dcn_error *err)
{
    CgBuilt built;
    if (tune_is_stored(c) && !tune_load_stored(c, k))
        return 0;
    if (cg_build_known(&k->spec, &c->schedule, &c->target, CG_OBJ, &built, err))
        return -1;
    k->phase = built.phase;
    k->nphases = built.nphases;
    const int failed = cg_load(built.bytes, built.size, k, err);
    if (!failed && tune_is_stored(c))
        tune_keep_stored(c, k, built.bytes, built.size);
    free(built.bytes);
    return failed;
}

/* What a multiply-add costs on one thread; sizes that are not known yet are taken to be moderate,
** since it hardly depends on them. */
static double ns_per_flop(const dcn_spec *s, const Choice *c)
{
    enum { SIZE = 64 };
    const dcn_sizes sizes = { s->batch == DCN_DYNAMIC ? 1 : s->batch,
                              s->height == DCN_DYNAMIC ? SIZE : s->height,
                              s->width == DCN_DYNAMIC ? SIZE : s->width,
                              s->rois == DCN_DYNAMIC ? SIZE : s->rois };
    dcn_spec bound;
    if (dcn_spec_bind(s, sizes, &bound, NULL))
        return 0;
    const double flops = dcn_spec_flops(&bound);
    return flops > 0 ? sched_cost(&c->schedule, &bound, &c->target, 1) / flops : 0;
}

static int compile(const dcn_spec *s, const Choice *c, dcn_kernel **out, dcn_error *err)
{
    if (check_runnable(&c->target, err))
        return -1;
    dcn_kernel *k = calloc(1, sizeof *k);
    if (!k)
        return dcn_fail(err, DCN_EENV, "no memory for the kernel '%s'", s->name);
    k->spec = *s;
    k->spec.network = s->network ? net_hold(s->network) : NULL;
    k->target = c->target;
    k->choice = c->what;
    k->ns_per_flop = ns_per_flop(s, c);
    if (build_and_load(c, k, err)) {
        dcn_kernel_free(k);
        return -1;
    }
    *out = k;
    return 0;
}

int dcn_compile(const dcn_spec *s, const dcn_options *opt, dcn_kernel **out, dcn_error *err)
{
    Choice c = { .threads = 0 };
    dcn_spec own;
    int failed = embed_open(s, opt, &own, err) || tune_choose(&own, opt, &c, err) ||
                 compile(&own, &c, out, err);
    tune_choice_free(&c);
    embed_close(s, &own);
    return failed ? -1 : 0;
}

int dcn_explain(const dcn_spec *s, const dcn_options *opt, dcn_choice *what, char *why,
                size_t why_size, dcn_error *err)
{
    Choice c;
    int failed = tune_choose(s, opt, &c, err);
    if (!failed && what)
        *what = c.what;
    if (!failed && why && why_size)
        failed = tune_explain(s, &c, why, why_size, err);
    tune_choice_free(&c);
    return failed;
}
