/* looked.c: see looked.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/support/looked.h"
#include "runtime/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void looked_load(Looked *l, const char *text)
{
    dcn_error err;
    *l = (Looked){ .module = NULL };
    cr_assert_eq(dcn_load_text(text, "looked.lua", NULL, 0, &l->module, &err), 0, "%d: %s",
                 err.line, err.text);
    const dcn_spec *s = dcn_module_spec(l->module, 0);
    l->net = s->network;
    cr_assert_eq(s->dtype, DCN_F64);
    l->parameters = calloc((size_t)l->net->parameters + 1, sizeof(double));
    for (int i = 0; i < l->net->ninputs; i++)
        l->input[i] = calloc((size_t)net_elements(l->net->value[i].shape) + 1, sizeof(double));
    l->ask = (SupportAsk){ .spec = s,
                           .parameters = l->parameters,
                           .input = (const double *const *)l->input,
                           .threads = 1 };
}

void looked_free(Looked *l)
{
    support_close(l->support);
    for (int i = 0; i < l->net->ninputs; i++)
        free(l->input[i]);
    free(l->parameters);
    dcn_module_free(l->module);
}

double *looked_input(Looked *l, const char *name, int64_t *n)
{
    int i = 0;
    while (i < l->net->ninputs && strcmp(l->net->value[i].name, name) != 0)
        i++;
    cr_assert_lt(i, l->net->ninputs, "no input %s", name);
    *n = net_elements(l->net->value[i].shape);
    return l->input[i];
}

double *looked_parameter(Looked *l, const char *name, int64_t *n)
{
    int i = 0;
    while (i < l->net->nparams && strcmp(l->net->param[i].name, name) != 0)
        i++;
    cr_assert_lt(i, l->net->nparams, "no parameter %s", name);
    *n = l->net->param[i].count;
    return l->parameters + l->net->param[i].at;
}

void looked_randomise(Looked *l, uint64_t seed)
{
    rt_rng r = rt_rng_seed(seed);
    for (int i = 0; i < l->net->nparams; i++) {
        const net_param *p = &l->net->param[i];
        const double fan = p->rank > 1 ? (double)p->count / (double)p->dims[0] : 16;
        for (int64_t k = 0; k < p->count; k++)
            l->parameters[p->at + k] = rt_rng_normal(&r) / sqrt(fan);
    }
    for (int i = 0; i < l->net->ninputs; i++)
        for (int64_t k = 0; k < net_elements(l->net->value[i].shape); k++)
            l->input[i][k] = rt_rng_normal(&r);
}

void looked_open(Looked *l, const char *node)
{
    dcn_error err;
    support_close(l->support);
    cr_assert_eq(support_node_parse(node, &l->ask.node, &err), 0, "%s", err.text);
    cr_assert_eq(support_open(&l->ask, &l->support, &err), 0, "%s: %s", node, err.text);
}
