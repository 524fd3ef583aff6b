/* operands.c: random tensors for a kernel.
**
** Every number is rounded to the kernel's dtype before either side sees it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/operands.h"
#include "runtime/base/base.h"
#include "runtime/exec/kernel.h"
#include "runtime/spec/op.h"
#include "tuner/check/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_weight(const Operands *o, int i)
{
    return o->tensor[i].role == DCN_WEIGHT;
}

static size_t typed_bytes(const Operands *o, int i)
{
    if (is_weight(o, i))
        return o->kernel ? dcn_kernel_tensor_bytes(o->kernel, i) : 0;
    return rt_tensor_bytes(&o->tensor[i]);
}

/* As frameworks align tensors, and the same for every kernel, so that none is timed on luckier
** memory. */
static void *aligned(size_t bytes)
{
    enum { LINE = 64 };
    return aligned_alloc(LINE, (bytes / LINE + 1) * LINE);
}

int tune_operands_open(Operands *o, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err)
{
    *o = (Operands){ .kernel = k, .spec = *bound, .target = k ? &k->target : NULL };
    const rt_operands all = rt_operands_of(bound);
    o->n = all.n;
    memcpy(o->which, all.which, sizeof o->which);
    memcpy(o->tensor, all.tensor, sizeof o->tensor);
    for (int i = 0; i < o->n; i++) {
        o->count[i] = rt_tensor_count(&o->tensor[i]);
        o->exact[i] = calloc((size_t)o->count[i] + 1, sizeof(double));
        o->typed[i] = aligned(typed_bytes(o, i));
        if (!o->exact[i] || !o->typed[i])
            return dcn_fail(err, DCN_EENV, "no memory for tensor '%s' of '%s'", o->tensor[i].name,
                            bound->name);
    }
    return 0;
}

void tune_operands_close(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        free(o->exact[i]);
        free(o->typed[i]);
    }
    o->n = 0;
}

static void fill_normal(Operands *o, int i, double deviation, rt_rng *r)
{
    const rt_kind kind = rt_kind_of(o->tensor[i].dtype);
    for (int64_t at = 0; at < o->count[i]; at++)
        o->exact[i][at] = rt_round_to(kind, deviation * rt_rng_normal(r));
}

static int pack_weight(Operands *o, int i, dcn_error *err)
{
    const rt_kind kind = rt_kind_of(o->tensor[i].dtype);
    void *plain = malloc((size_t)o->count[i] * rt_kind_bytes(kind));
    if (!plain)
        return dcn_fail(err, DCN_EENV, "no memory for tensor '%s' of '%s'", o->tensor[i].name,
                        o->spec.name);
    rt_convert(plain, kind, o->exact[i], RT_F64, o->count[i]);
    dcn_pack_tensor(o->kernel, i, plain, o->typed[i]);
    free(plain);
    return 0;
}

int tune_type_inputs(Operands *o, dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i].role == DCN_OUT)
            continue;
        if (!is_weight(o, i))
            rt_convert(o->typed[i], rt_kind_of(o->tensor[i].dtype), o->exact[i], RT_F64,
                       o->count[i]);
        else if (o->kernel && pack_weight(o, i, err))
            return -1;
    }
    return 0;
}

int tune_fill_inputs(Operands *o, rt_rng *r, dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        const dcn_tensor *t = &o->tensor[i];
        bool weight = is_weight(o, i);
        if (t->role == DCN_OUT)
            continue;
        if (weight && rt_op_has(o->spec.op, RT_IS_NETWORK))
            tune_net_parameters(o->spec.network, r, o->exact[i]);
        else
            fill_normal(o, i, weight ? sqrt((double)t->dims[0] / (double)o->count[i]) : 1, r);
    }
    return tune_type_inputs(o, err);
}

void tune_take_inputs(Operands *o, const void *const *tensor)
{
    for (int i = 0; i < o->n; i++) {
        const dcn_tensor *t = &o->tensor[i];
        if (t->role == DCN_OUT || !tensor[i])
            continue;
        rt_convert(o->exact[i], RT_F64, tensor[i], rt_kind_of(t->dtype), o->count[i]);
        if (is_weight(o, i))
            dcn_pack_tensor(o->kernel, i, tensor[i], o->typed[i]);
        else
            memcpy(o->typed[i], tensor[i], typed_bytes(o, i));
    }
}

int tune_operands_share(Operands *o, const Operands *from, const dcn_kernel *k, dcn_error *err)
{
    *o = *from;
    o->kernel = k;
    for (int i = 0; i < o->n; i++) {
        if (is_weight(o, i))
            o->typed[i] = NULL;
    }
    for (int i = 0; i < o->n; i++) {
        if (!is_weight(o, i))
            continue;
        o->typed[i] = aligned(typed_bytes(o, i));
        if (!o->typed[i])
            return dcn_fail(err, DCN_EENV, "no memory for the weight of '%s'", o->spec.name);
        if (pack_weight(o, i, err))
            return -1;
    }
    return 0;
}

void tune_operands_drop(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        if (is_weight(o, i))
            free(o->typed[i]);
    }
    o->n = 0;
}

void tune_poison_outputs(Operands *o)
{
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role == DCN_OUT)
            memset(o->typed[i], 0xff, typed_bytes(o, i));
}

int tune_run(const Operands *o, int threads, void *workspace, dcn_error *err)
{
    const dcn_spec *s = &o->spec;
    const dcn_call call = { .tensor = o->typed,
                            .ntensors = o->n,
                            .batch = s->batch,
                            .height = s->height,
                            .width = s->width,
                            .rois = s->rois,
                            .threads = threads,
                            .workspace = workspace,
                            .parallel_for = o->parallel_for,
                            .parallel_self = o->parallel_self };
    return rt_execute(o->kernel, &call, o->all_threads, err);
}
