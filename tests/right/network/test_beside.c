/* test_beside.c: modules of networks in parts, and steps that run beside each other.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "runtime/network/part.h"
#include "tests/right/network/net_call.h"
#include "tests/support/nets.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 5 };

/* A block of InternImage, so small that its projections have fewer tasks than large machines have threads. */
static const char block[] =
    "local x = input { name = 'x', channels = 32, height = 7, width = 7, layout = 'nhwc' }\n"
    "local y = dcnv3_module { x, name = 'm', groups = 2, kernel_size = 3, padding = 1 }\n"
    "local z = add { x, mul { y, name = 'gamma' } }\n"
    "return network { name = 'block', layout = 'nhwc', outputs = { z = z } }\n";

static const char module[] =
    "return dcnv3_module { name = 'm', channels = 32, height = 7, width = 7, groups = 2,\n"
    "  kernel_size = 3, padding = 1 }\n";

/* ---- parts ------------------------------------------------------------------------------------- */

static const net_layer *layer_called(const dcn_network *n, const char *name)
{
    for (int i = 0; i < n->nlayers; i++)
        if (strcmp(n->layer[i].name, name) == 0)
            return &n->layer[i];
    return NULL;
}

Test(network_parts, of_modules_are_layers_and_take_what_follows)
{
    static const char *const names[] = { "m.depthwise", "m.norm",  "m.offset",
                                         "m.mask",      "m.value", "m.core" };
    Net n;
    nets_open(&n, block);
    dcn_network *code = net_for_code(n.net, false);
    cr_assert_eq(code->nlayers, 6);
    for (int i = 0; i < 6; i++)
        cr_expect(layer_called(code, names[i]), "%s", names[i]);
    const net_layer *core = layer_called(code, "m.core");
    cr_assert(core);
    cr_expect(core->spec->scale_shift && core->spec->residual);
    cr_expect_eq(core->spec->projection, 32);
    net_release(code);
    nets_close(&n);
}

Test(network_parts, take_no_epilogue_where_gradients_are_computed)
{
    Net n;
    nets_open(&n, block);
    dcn_network *code = net_for_code(n.net, true);
    cr_expect_eq(code->nlayers, 8);
    net_release(code);
    nets_close(&n);
}

Test(network_parts, read_parameters_where_the_module_has_them)
{
    Net n;
    nets_open(&n, block);
    dcn_network *code = net_for_code(n.net, false);
    cr_expect_eq(code->parameters, n.net->parameters);
    cr_assert_eq(code->nparams, n.net->nparams);
    for (int i = 0; i < code->nparams; i++) {
        const int of = nets_param(&n, code->param[i].name);
        cr_assert(of >= 0, "%s", code->param[i].name);
        cr_expect_eq(code->param[i].at, n.net->param[of].at, "%s", code->param[i].name);
        cr_expect_eq(code->param[i].count, n.net->param[of].count, "%s", code->param[i].name);
    }
    net_release(code);
    nets_close(&n);
}

/* A layer may have the name that a part would have. */
Test(network_parts, are_called_like_nothing_else)
{
    Net n;
    nets_open(&n, "local x = input { name = 'x', channels = 16, height = 7, width = 7 }\n"
                  "local a = conv2d { x, name = 'm.offset', out_channels = 16, kernel_size = 1 }\n"
                  "local y = deform_conv2d_pack { a, name = 'm', out_channels = 8,\n"
                  "  kernel_size = 3, padding = 1 }\n"
                  "return network { name = 'twice', outputs = { y = y } }\n");
    dcn_network *code = net_for_code(n.net, false);
    cr_assert_eq(code->nlayers, 3);
    cr_expect_str_eq(code->layer[0].name, "m.offset");
    cr_expect_str_eq(code->layer[1].name, "m.offset_");
    cr_expect_str_eq(code->layer[2].name, "m.deform");
    net_release(code);
    nets_close(&n);
}

/* ---- side by side ------------------------------------------------------------------------------ */

static dcn_kernel *compiled(const dcn_spec *s)
{
    dcn_kernel *k;
    dcn_error err;
    cr_assert_eq(dcn_compile(s, NULL, &k, &err), 0, "%s", err.text);
    return k;
}

/* Tasks of a phase in an order that no pool would choose, on threads that take turns. */
static void backwards(void *self, int64_t n, int threads,
                      void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    (void)self;
    for (int64_t i = n; i-- > 0;)
        body(arg, i, (int)(i * 3 % threads));
}

static void in_order(void *self, int64_t n, int threads,
                     void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    (void)self;
    (void)threads;
    for (int64_t i = 0; i < n; i++)
        body(arg, i, 0);
}

typedef struct BesideCall {
    const dcn_kernel *k;
    rt_operands o;
    void *at[RT_NUM_OPERANDS];
} BesideCall;

static void open_call(BesideCall *c, const dcn_kernel *k)
{
    rt_rng r = rt_rng_seed(7);
    *c = (BesideCall){ .k = k, .o = rt_operands_of(dcn_kernel_spec(k)) };
    for (int i = 0; i < c->o.n; i++) {
        const int64_t count = rt_tensor_count(&c->o.tensor[i]);
        float *plain = calloc((size_t)count + 1, sizeof *plain);
        for (int64_t j = 0; j < count; j++)
            plain[j] = (float)(0.1 * rt_rng_normal(&r));
        c->at[i] = plain;
        if (c->o.tensor[i].role != DCN_WEIGHT)
            continue;
        c->at[i] = calloc(1, dcn_kernel_tensor_bytes(k, i) + 64);
        int which = i;
        k->entry.pack(which, plain, c->at[i]);
        free(plain);
    }
}

static void close_call(BesideCall *c)
{
    for (int i = 0; i < c->o.n; i++)
        free(c->at[i]);
}

/* The output of a call, a copy. */
static float *output(const BesideCall *c, int64_t *count, int threads, dcn_parallel_for loop)
{
    dcn_error err;
    const dcn_call call = {
        .tensor = c->at, .ntensors = c->o.n, .threads = threads, .parallel_for = loop
    };
    const int last = c->o.n - 1;
    *count = rt_tensor_count(&c->o.tensor[last]);
    memset(c->at[last], 0xff, (size_t)*count * sizeof(float));
    cr_assert_eq(rt_execute(c->k, &call, true, &err), 0, "%s", err.text);
    float *copy = malloc((size_t)*count * sizeof *copy);
    memcpy(copy, c->at[last], (size_t)*count * sizeof *copy);
    return copy;
}

static void check_orders(const dcn_kernel *k, const char *what)
{
    BesideCall c;
    int64_t n;
    open_call(&c, k);
    float *one = output(&c, &n, 1, in_order), *many = output(&c, &n, THREADS, backwards);
    cr_expect(!memcmp(one, many, (size_t)n * sizeof *one), "%s", what);
    for (int64_t i = 0; i < n; i++)
        cr_assert(one[i] == one[i], "%s: element %d is not a number", what, (int)i);
    free(one);
    free(many);
    close_call(&c);
}

Test(network_beside, projections_of_a_module_share_a_phase)
{
    Net n;
    int most = 0;
    nets_open(&n, block);
    dcn_kernel *k = compiled(&n.spec);
    for (int i = 0; i < k->nphases; i++) {
        double all = 0;
        for (int j = 0; j < k->phase[i].n; j++)
            all += k->phase[i].share[j];
        cr_expect_float_eq(all, 1, 1e-9);
        most = k->phase[i].n > most ? k->phase[i].n : most;
    }
    cr_expect_gt(most, 1, "each of %d phases is one layer's", k->nphases);
    check_orders(k, "network");
    dcn_kernel_free(k);
    nets_close(&n);
}

Test(network_beside, in_a_module_by_itself)
{
    dcn_module *m;
    dcn_error err;
    int phases = 0;
    cr_assert_eq(dcn_load_text(module, "m", NULL, 0, &m, &err), 0, "%s", err.text);
    dcn_kernel *k = compiled(dcn_module_spec(m, 0));
    BesideCall c;
    open_call(&c, k);
    while (k->entry.tasks(c.at, phases) >= 0)
        phases++;
    close_call(&c);
    cr_expect_lt(phases, 6, "each stage has phases of its own: %d", phases);
    check_orders(k, "module");
    dcn_kernel_free(k);
    dcn_module_free(m);
}

/* ---- order ------------------------------------------------------------------------------------- */

static int64_t bytes_of(const char *text)
{
    Net n;
    nets_open(&n, text);
    dcn_kernel *k = compiled(&n.spec);
    const int64_t bytes = (int64_t)dcn_kernel_workspace_bytes(k, (dcn_sizes){ 0 }, 1);
    dcn_kernel_free(k);
    nets_close(&n);
    return bytes;
}

/* A map that is made long before it is read takes no memory meanwhile. */
Test(network_order, is_one_in_which_less_is_live)
{
    static const char early[] =
        "local x = input { name = 'x', channels = 8, height = 40, width = 40, layout = 'nhwc' }\n"
        "local late = conv2d { x, name = 'late', out_channels = 64, kernel_size = 1 }\n"
        "local a = conv2d { x, name = 'a', out_channels = 64, kernel_size = 1 }\n"
        "local b = conv2d { a, name = 'b', out_channels = 4, kernel_size = 1 }\n"
        "local c = conv2d { late, name = 'c', out_channels = 4, kernel_size = 1 }\n"
        "return network { name = 'early', outputs = { y = concat { b, c } } }\n";
    static const char right[] =
        "local x = input { name = 'x', channels = 8, height = 40, width = 40, layout = 'nhwc' }\n"
        "local a = conv2d { x, name = 'a', out_channels = 64, kernel_size = 1 }\n"
        "local b = conv2d { a, name = 'b', out_channels = 4, kernel_size = 1 }\n"
        "local late = conv2d { x, name = 'late', out_channels = 64, kernel_size = 1 }\n"
        "local c = conv2d { late, name = 'c', out_channels = 4, kernel_size = 1 }\n"
        "return network { name = 'right', outputs = { y = concat { b, c } } }\n";
    cr_expect_leq(bytes_of(early), bytes_of(right) * 105 / 100);
}
