/* embed.c: a network with its parameters in it, or with another bound of memory.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/embed.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"

static int check(const dcn_spec *s, const dcn_options *opt, dcn_error *err)
{
    if (opt->parameters && (!s->network || !s->network->parameters))
        return dcn_fail(err, DCN_EUSAGE, "kernel '%s' has no parameters that could be constants",
                        s->name);
    if (opt->parameters && s->gradient)
        return dcn_fail(err, DCN_EUSAGE,
                        "kernel '%s' computes gradients: its parameters cannot be constants",
                        s->name);
    if (opt->memory && (!s->network || !s->gradient))
        return dcn_fail(err, DCN_EUSAGE,
                        "kernel '%s' has no bound of memory: it computes no gradients of a network",
                        s->name);
    return 0;
}

int embed_open(const dcn_spec *s, const dcn_options *opt, dcn_spec *out, dcn_error *err)
{
    *out = *s;
    if (!opt || (!opt->parameters && !opt->memory))
        return 0;
    if (check(s, opt, err))
        return -1;
    dcn_network *net = net_copy(s->network);
    if (!net)
        return dcn_fail(err, DCN_EENV, "no memory for the network '%s'", s->name);
    net->constants = opt->parameters ? opt->parameters : net->constants;
    net->memory = opt->memory ? opt->memory : net->memory;
    out->network = net;
    return 0;
}

void embed_close(const dcn_spec *s, dcn_spec *out)
{
    if (out->network != s->network)
        net_release((dcn_network *)(uintptr_t)out->network);
}
