/* network.c: the layers of a network, each with its shape, its share of the work and its schedule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/network.h"
#include "cli/out/print.h"
#include "runtime/base/base.h"
#include "runtime/base/text.h"
#include "runtime/exec/threads.h"
#include "runtime/network/build.h"
#include "tuner/api/layers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CELL_MAX = 64 };

typedef struct NetworkView {
    const dcn_spec *s;
    const dcn_network *net; /* as it is compiled */
    KernelOptions choice;
    LayerList layers;
    int threads;
    bool measured; /* this machine runs the code, which then tells the workspace */
    size_t workspace_bytes;
} NetworkView;

/* ---- what there is to say ------------------------------------------------------------------------ */

static int64_t parameters_of(const dcn_network *n, const net_layer *layer)
{
    int64_t count = 0;
    for (int i = 0; i < layer->nargs; i++)
        if (layer->arg[i].param >= 0 && layer->arg[i].param < n->nparams)
            count += n->param[layer->arg[i].param].count;
    return count;
}

/* "conv2d 3x3 /2" */
static const char *what_text(const net_layer *layer, char buf[CELL_MAX])
{
    rt_text t = rt_text_in(buf, CELL_MAX);
    const dcn_spec *s = layer->spec;
    rt_text_add(&t, "%s", net_does(layer));
    if (s && s->kernel[0] * s->kernel[1] > 1)
        rt_text_add(&t, " %dx%d", s->kernel[0], s->kernel[1]);
    if (s && s->stride[0] * s->stride[1] > 1)
        rt_text_add(&t, " /%d", s->stride[0]);
    return buf;
}

/* As it lies inside, channels last; of matrices rows and columns. */
static const char *shape_text(const net_value *v, char buf[CELL_MAX])
{
    rt_text t = rt_text_in(buf, CELL_MAX);
    const int64_t map[] = { v->shape.n, v->shape.h, v->shape.w, v->shape.c };
    const int64_t matrix[] = { v->shape.n, v->shape.c };
    rt_text_shape(&t, v->rank, v->rank == 2 ? matrix : map);
    return buf;
}

/* Who chose the schedule of a layer, and its lowering. */
static const char *choice_text(const LayerKernel *k, char buf[CELL_MAX])
{
    rt_text t = rt_text_in(buf, CELL_MAX);
    if (!k || !k->schedule)
        return "-";
    rt_text_add(&t, "%.*s, %s", (int)strcspn(k->schedule, " "), k->schedule,
                dcn_origin_name(k->origin));
    if (k->gain > 0)
        rt_text_add(&t, " %.2fx", k->gain);
    return buf;
}

static const LayerKernel *kernel_of(const NetworkView *v, int layer)
{
    const int of = v->layers.of[layer];
    return of < 0 ? NULL : &v->layers.kernel[of];
}

/* Only compiled code knows how much it needs, and says so where it runs. */
static int measure(const Kernels *k, NetworkView *v, dcn_error *err)
{
    dcn_kernel *kernel = NULL;
    dcn_options opt = v->choice.opt;
    opt.schedule = v->layers.what.schedule;
    v->measured = kernel_runs_here(&v->choice.target);
    if (!v->measured)
        return 0;
    if (dcn_compile(v->s, &opt, &kernel, err))
        return kernel_fail(k, v->s, err);
    v->workspace_bytes = dcn_kernel_workspace_bytes(kernel, (dcn_sizes){ 0 }, v->threads);
    dcn_kernel_free(kernel);
    return 0;
}

static int open_view(const Kernels *k, const dcn_spec *s, NetworkView *v, dcn_error *err)
{
    *v = (NetworkView){ .s = s, .threads = rt_threads(k->args->threads, err) };
    if (v->threads < 0)
        return -1;
    if (!s->network)
        return dcn_fail(err, DCN_EUSAGE, "show network: kernel '%s' is a %s, and no network",
                        s->name, dcn_op_name(s->op));
    if (kernel_options(k, s, &v->choice, err))
        return -1;
    if (layers_open(s, &v->choice.opt, &v->layers, err))
        return kernel_fail(k, s, err);
    v->net = v->layers.net;
    print_note(v->layers.what.note);
    return measure(k, v, err);
}

/* ---- text ---------------------------------------------------------------------------------------- */

static int name_width(const dcn_network *n)
{
    size_t widest = strlen("layer");
    for (int i = 0; i < n->nlayers; i++)
        widest = strlen(n->layer[i].name) > widest ? strlen(n->layer[i].name) : widest;
    return (int)widest;
}

static void print_layer(const NetworkView *v, int i, int width)
{
    const net_layer *layer = &v->net->layer[i];
    char what[CELL_MAX], shape[CELL_MAX], choice[CELL_MAX];
    printf("  %-*s  %-20s  %-18s  %10" PRId64 "  %10.2f  %s\n", width, layer->name,
           what_text(layer, what), shape_text(&v->net->value[layer->out], shape),
           parameters_of(v->net, layer), net_layer_flops(v->net, layer) / 2e6,
           choice_text(kernel_of(v, i), choice));
}

static void print_totals(const NetworkView *v)
{
    const double bytes = (double)v->net->parameters * (double)dcn_dtype_bytes(v->net->dtype);
    int operators = 0;
    for (int i = 0; i < v->net->nlayers; i++)
        operators += v->net->layer[i].kind == NET_OPERATOR;
    printf("  %d layers, %d of them operators; %" PRId64
           " parameters (%.1f MB); %.2f million multiply-adds\n",
           v->net->nlayers, operators, v->net->parameters, bytes / 1e6, dcn_spec_flops(v->s) / 2e6);
    printf("  workspace of %d thread%s: ", v->threads, v->threads == 1 ? "" : "s");
    if (v->measured)
        printf("%zu bytes\n", v->workspace_bytes);
    else
        printf("told by the code where it runs; this machine does not run %s\n",
               v->choice.target.cpu);
}

int network_print(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    NetworkView v;
    const int failed = open_view(k, s, &v, err);
    if (!failed) {
        const int width = name_width(v.net);
        printf("%s: network %s, %s for %s\n", s->name, dcn_dtype_name(v.net->dtype),
               s->gradient ? "gradients" : "outputs", v.choice.target.cpu);
        printf("  %-*s  %-20s  %-18s  %10s  %10s  %s\n", width, "layer", "what", "makes",
               "parameters", "M mul-adds", "schedule");
        for (int i = 0; i < v.net->nlayers; i++)
            print_layer(&v, i, width);
        print_totals(&v);
    }
    layers_close(&v.layers);
    return failed;
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static json_t *shape_json(const net_value *v)
{
    const net_shape s = v->shape;
    return v->rank == 2 ? json_pack("[I,I]", (json_int_t)s.n, (json_int_t)s.c)
                        : json_pack("[I,I,I,I]", (json_int_t)s.n, (json_int_t)s.h, (json_int_t)s.w,
                                    (json_int_t)s.c);
}

static json_t *layer_json(const NetworkView *v, int i)
{
    const net_layer *layer = &v->net->layer[i];
    const LayerKernel *k = kernel_of(v, i);
    json_t *o = json_pack("{s:s, s:s, s:o, s:I, s:o}", "name", layer->name, "op", net_does(layer),
                          "shape", shape_json(&v->net->value[layer->out]), "parameters",
                          (json_int_t)parameters_of(v->net, layer), "flops",
                          number_json(net_layer_flops(v->net, layer)));
    const bool chosen = k && k->schedule;
    json_object_set_new(o, "kernel", k ? json_string(k->name) : json_null());
    json_object_set_new(o, "schedule", chosen ? json_string(k->schedule) : json_null());
    json_object_set_new(o, "origin",
                        chosen ? json_string(dcn_origin_name(k->origin)) : json_null());
    json_object_set_new(o, "gain", chosen && k->gain > 0 ? json_real(k->gain) : json_null());
    return o;
}

static json_t *view_json(const NetworkView *v)
{
    json_t *layers = json_array();
    for (int i = 0; i < v->net->nlayers; i++)
        json_array_append_new(layers, layer_json(v, i));
    json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:i}", "name", v->s->name, "dtype",
                          dcn_dtype_name(v->net->dtype), "target", v->choice.target.cpu, "layers",
                          layers, "parameters", (json_int_t)v->net->parameters, "flops",
                          number_json(dcn_spec_flops(v->s)), "threads", v->threads);
    json_object_set_new(o, "workspace_bytes",
                        v->measured ? json_integer((json_int_t)v->workspace_bytes) : json_null());
    return o;
}

json_t *network_json(const Kernels *k, const dcn_spec *s, dcn_error *err)
{
    NetworkView v;
    json_t *o = open_view(k, s, &v, err) ? NULL : view_json(&v);
    layers_close(&v.layers);
    return o;
}
