/* run.c: kernels of networks, with memory for their operands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/part.h"
#include "tuner/support/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int support_no_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for what a node looks at");
}

static int64_t count_of(const dcn_tensor *t)
{
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++)
        count *= t->dims[i];
    return count;
}

static int pack_parameters(SupportRun *r, const Support *s, const dcn_network *net, int i,
                           dcn_error *err)
{
    double *plain = calloc((size_t)net->parameters + 1, sizeof *plain);
    r->at[i] = calloc(dcn_kernel_tensor_bytes(r->kernel, i) + 1, 1);
    int failed = plain && r->at[i] ? 0 : support_no_memory(err);
    if (!failed) {
        net_carry_parameters(s->whole, s->parameters, net, plain);
        failed = dcn_pack_tensor(r->kernel, i, plain, r->at[i]);
    }
    free(plain);
    return failed;
}

static int make_operands(SupportRun *r, const Support *s, dcn_error *err)
{
    const dcn_spec *spec = dcn_kernel_spec(r->kernel);
    r->n = dcn_spec_tensors(spec, r->tensor, RT_NUM_OPERANDS);
    for (int i = 0; i < r->n; i++) {
        if (r->tensor[i].role == DCN_WEIGHT) {
            if (pack_parameters(r, s, spec->network, i, err))
                return -1;
            continue;
        }
        r->at[i] = calloc((size_t)count_of(&r->tensor[i]) + 1, sizeof(double));
        if (!r->at[i])
            return support_no_memory(err);
    }
    return 0;
}

int support_run_open(SupportRun *r, const Support *s, dcn_network *net, uint64_t gradient,
                     dcn_error *err)
{
    const dcn_options opt = { .threads = s->ask->threads };
    dcn_spec spec;
    dcn_spec_init(&spec, DCN_OP_NETWORK);
    snprintf(spec.name, sizeof spec.name, "support");
    spec.dtype = DCN_F64;
    spec.network = net;
    spec.gradient = gradient;
    dcn_spec_complete(&spec);
    *r = (SupportRun){ .kernel = NULL };
    const int failed = dcn_compile(&spec, &opt, &r->kernel, err) || make_operands(r, s, err);
    net_release(net);
    if (failed)
        support_run_close(r);
    return failed ? -1 : 0;
}

void support_run_close(SupportRun *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->at[i]);
    dcn_kernel_free(r->kernel);
    *r = (SupportRun){ .kernel = NULL };
}

int support_run_find(const SupportRun *r, const char *name)
{
    int i = r->n - 1;
    while (i >= 0 && strcmp(r->tensor[i].name, name) != 0)
        i--;
    return i;
}

/* Inputs have the names of those of the network that was asked for. */
static void take_inputs(SupportRun *r, const Support *s)
{
    const dcn_network *asked = s->ask->spec->network;
    for (int i = 0; i < asked->ninputs; i++) {
        const int at = support_run_find(r, asked->value[i].name);
        if (at >= 0)
            memcpy(r->at[at], s->input[i], (size_t)count_of(&r->tensor[at]) * sizeof(double));
    }
}

int support_run(SupportRun *r, const Support *s, uint64_t wanted, dcn_error *err)
{
    void *at[RT_NUM_OPERANDS];
    const dcn_call call = { .tensor = at, .ntensors = r->n, .threads = s->ask->threads };
    take_inputs(r, s);
    for (int i = 0; i < r->n; i++)
        at[i] = r->tensor[i].role != DCN_OUT || wanted >> i & 1 ? r->at[i] : NULL;
    return dcn_execute(r->kernel, &call, err);
}
