/* test_part.c: parts of networks that nobody chose, their modules taken apart, values as inputs: all give what the
** whole gives.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/part.h"
#include "runtime/reference/network.h"
#include "runtime/spec/op.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 60 };

/* A network of double precision that is gone through, with its parameters. */
typedef struct Walked {
    dcn_network *net;
    double *parameters;
    ref_net pass;
} Walked;

static void open_walk(Walked *w, dcn_network *net)
{
    w->net = net;
    w->parameters = calloc((size_t)net->parameters + 1, sizeof *w->parameters);
    cr_assert_eq(ref_net_open(&w->pass, net, w->parameters), 0);
    for (int i = 0; i < net->ninputs; i++)
        w->pass.value[i] = calloc((size_t)net_elements(net->value[i].shape) + 1, sizeof(double));
}

static void close_walk(Walked *w)
{
    ref_net_close(&w->pass);
    free(w->parameters);
    net_release(w->net);
}

static void walk(Walked *w)
{
    for (int i = 0; i < w->net->nlayers; i++)
        cr_assert_eq(ref_net_layer(&w->pass, &w->net->layer[i]), 0);
}

static int input_of(const dcn_network *n, const char *name)
{
    int i = 0;
    while (strcmp(n->value[i].name, name) != 0)
        i++;
    return i;
}

/* Gives `to` the inputs and parameters of `from`; what is an input of `to` only is left as it is. */
static void carry(const Walked *from, Walked *to)
{
    net_carry_parameters(from->net, from->parameters, to->net, to->parameters);
    for (int i = 0; i < to->net->ninputs; i++) {
        const net_value *v = &to->net->value[i];
        if (strncmp(v->name, "held", 4) == 0)
            continue;
        memcpy(to->pass.value[i], from->pass.value[input_of(from->net, v->name)],
               (size_t)net_elements(v->shape) * sizeof(double));
    }
}

static void same(const Walked *a, int va, const Walked *b, int vb, const char *what)
{
    const int64_t n = net_elements(a->net->value[va].shape);
    cr_assert_eq(n, net_elements(b->net->value[vb].shape), "%s", what);
    for (int64_t i = 0; i < n; i++) {
        const double x = a->pass.value[va][i], y = b->pass.value[vb][i];
        cr_assert(fabs(x - y) <= 1e-9 * (1 + fabs(x)), "%s: [%d] %.17g, not %.17g", what, (int)i, y,
                  x);
    }
}

static void check_whole(const Walked *w, dcn_network *other, const char *what)
{
    Walked o;
    cr_assert(other, "%s", what);
    open_walk(&o, other);
    carry(w, &o);
    walk(&o);
    for (int i = 0; i < w->net->noutputs; i++)
        same(w, w->net->output[i], &o, other->output[i], what);
    close_walk(&o);
}

/* What leads to the value of one layer, and all else from there on. */
static void check_cut(const Walked *w, int layer, const char *what)
{
    dcn_error err;
    Walked part, rest;
    dcn_network *net;
    const int value = w->net->layer[layer].out;
    const net_output out = { value, "held", DCN_NHWC };
    cr_assert_eq(net_part(w->net, &out, 1, &net, &err), 0, "%s: %s", what, err.text);
    open_walk(&part, net);
    carry(w, &part);
    walk(&part);
    same(w, value, &part, net->output[0], what);
    cr_assert_eq(net_detach(w->net, &out, 1, &net, &err), 0, "%s: %s", what, err.text);
    open_walk(&rest, net);
    carry(w, &rest);
    for (int i = 0; i < net->ninputs; i++)
        if (strcmp(net->value[i].name, "held") == 0)
            memcpy(rest.pass.value[i], part.pass.value[part.net->output[0]],
                   (size_t)net_elements(net->value[i].shape) * sizeof(double));
    walk(&rest);
    for (int i = 0; i < net->noutputs; i++)
        same(w, w->net->output[i], &rest, net->output[i], what);
    close_walk(&part);
    close_walk(&rest);
}

static void check_network(uint64_t seed)
{
    char what[64];
    rt_rng r = rt_rng_seed(seed);
    const dcn_spec s = random_network(&r, 3 + (int)(rt_rng_next(&r) % 10));
    Walked w;
    snprintf(what, sizeof what, "seed %d", (int)seed);
    open_walk(&w, net_in_f64(s.network));
    net_fill_parameters(&r, w.net, w.parameters);
    for (int i = 0; i < w.net->ninputs; i++)
        for (int64_t k = 0; k < net_elements(w.net->value[i].shape); k++)
            w.pass.value[i][k] = rt_rng_normal(&r);
    walk(&w);
    check_whole(&w, net_unfold(w.net), what);
    check_cut(&w, (int)(rt_rng_next(&r) % (uint64_t)w.net->nlayers), what);
    close_walk(&w);
    net_release((dcn_network *)s.network);
}

Test(network_part, gives_what_the_whole_gives, .timeout = 300)
{
    for (int i = 0; i < NETWORKS; i++)
        check_network((uint64_t)i);
}

/* Every module whose offsets are made inside. */
static const char modules[] =
    "local x = input { name = 'x', channels = 16, height = 7, width = 6, dtype = 'f64' }\n"
    "local a = deform_conv2d_pack { x, name = 'a', out_channels = 16, kernel_size = 3, padding = "
    "1,\n"
    "  modulation = 'sigmoid', residual = x, activation = 'relu' }\n"
    "local b = dcnv3_module { a, name = 'b', groups = 4, kernel_size = 3, padding = 1,\n"
    "  center_feature_scale = true }\n"
    "local c = dcnv4_module { b, name = 'c', groups = 2, kernel_size = 3, padding = 1,\n"
    "  center_feature_scale = true }\n"
    "local d = dcnv3_module { c, name = 'd', groups = 1, kernel_size = 3, padding = 1,\n"
    "  center_feature_scale = true, remove_center = true, schedule = 'stages' }\n"
    "local e = dcnv4_module { d, name = 'e', groups = 4, center_feature_scale = true,\n"
    "  without_pointwise = true, dw_kernel_size = 3 }\n"
    "local r = input { name = 'rois', rois = 3, dtype = 'f64' }\n"
    "local p = deform_roi_pool_pack { e, rois = r, name = 'p', output_size = { 3, 2 },\n"
    "  spatial_scale = 0.5, modulation = 'mask', deform_fc_channels = 7 }\n"
    "local q = deform_roi_pool_pack { e, rois = r, name = 'q', output_size = { 3, 2 },\n"
    "  deform_fc_channels = 5, activation = 'relu' }\n"
    "return network { name = 'modules', outputs = { y = add { e, c }, z = add { p, q } } }\n";

Test(network_part, modules_come_apart)
{
    dcn_module *m;
    dcn_error err;
    rt_rng r = rt_rng_seed(6);
    cr_assert_eq(dcn_load_text(modules, "modules.lua", NULL, 0, &m, &err), 0, "%s", err.text);
    Walked w;
    open_walk(&w, net_in_f64(dcn_module_spec(m, 0)->network));
    net_fill_parameters(&r, w.net, w.parameters);
    for (int64_t k = 0; k < net_elements(w.net->value[0].shape); k++)
        w.pass.value[0][k] = rt_rng_normal(&r);
    for (int k = 0; k < 3; k++)
        memcpy(&w.pass.value[1][5 * k], (const double[]){ 0, k, 2, 9, 4 + k }, 5 * sizeof(double));
    walk(&w);
    dcn_network *apart = net_unfold(w.net);
    for (int i = 0; i < apart->nlayers; i++)
        cr_assert(!apart->layer[i].spec || !rt_op_has(apart->layer[i].spec->op, RT_COMPOSITE), "%s",
                  apart->layer[i].name);
    check_whole(&w, apart, "modules");
    close_walk(&w);
    dcn_module_free(m);
}
