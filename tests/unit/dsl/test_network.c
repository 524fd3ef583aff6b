/* test_network.c: networks as the language writes them: layers, sizes that follow, names, gradients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/glue.h"
#include "runtime/spec/network.h"
#include "runtime/spec/op.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dcn_module *load(const char *text)
{
    dcn_module *m;
    dcn_error err;
    cr_assert(dcn_load_text(text, "net.lua", NULL, 0, &m, &err) == 0, "line %d: %s", err.line,
              err.text);
    return m;
}

static const dcn_network *network_of(const dcn_module *m, int i)
{
    const dcn_spec *s = dcn_module_spec(m, i);
    cr_assert(s && s->op == DCN_OP_NETWORK && s->network);
    return s->network;
}

static const net_layer *layer_of(const dcn_network *n, const char *name)
{
    for (int i = 0; i < n->nlayers; i++)
        if (strcmp(n->layer[i].name, name) == 0)
            return &n->layer[i];
    cr_assert_fail("no layer is called %s", name);
    return NULL;
}

/* "1x8x20x24" of the value that a layer makes. */
static void expect_shape(const dcn_network *n, const char *layer, const char *want)
{
    const net_shape s = n->value[layer_of(n, layer)->out].shape;
    char got[96];
    snprintf(got, sizeof got, "%dx%dx%dx%d", (int)s.n, (int)s.c, (int)s.h, (int)s.w);
    cr_expect_str_eq(got, want, "%s is %s, not %s", layer, got, want);
}

/* "weight[32,3,3,3]" and so on, of one layer. */
static void expect_params(const dcn_network *n, const char *layer, const char *want)
{
    char got[1024] = "";
    size_t used = 0;
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        const size_t length = strlen(layer);
        if (strncmp(p->name, layer, length) != 0 || p->name[length] != '.')
            continue;
        used += (size_t)sprintf(got + used, "%s%s[", used ? " " : "", p->name + length + 1);
        for (int d = 0; d < p->rank; d++)
            used += (size_t)sprintf(got + used, "%s%d", d ? "," : "", (int)p->dims[d]);
        used += (size_t)sprintf(got + used, "]");
    }
    cr_expect_str_eq(got, want, "%s has %s", layer, got);
}

/* "image rois parameters scores", in calling order. */
static void expect_operands(const dcn_spec *s, const char *want)
{
    dcn_tensor t[64];
    char got[512] = "";
    const int n = dcn_spec_tensors(s, t, 64);
    for (int i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", t[i].name);
    cr_expect_str_eq(got, want, "operands are %s", got);
}

/* ---- the example of docs/NETWORKS.md ----------------------------------------------------------- */

static const char tiny[] =
    "local x = input { name = 'image', channels = 3, height = param('h', 224),\n"
    "  width = param('w', 224) }\n"
    "local a = conv2d { x, name = 'stem', out_channels = 32, kernel_size = 3, stride = 2,\n"
    "  padding = 1, bias = true, activation = 'relu' }\n"
    "local o = conv2d { a, name = 'c2_offset', out_channels = 27, kernel_size = 3, padding = 1,\n"
    "  bias = true }\n"
    "local b = deform_conv2d { a, name = 'c2', offset_mask = o, modulation = 'sigmoid',\n"
    "  out_channels = 32, kernel_size = 3, padding = 1, residual = a, activation = 'relu' }\n"
    "local y = linear { avg_pool2d { b, output_size = 1 }, name = 'head', out_features = 10,\n"
    "  bias = true }\n"
    "net = network { name = 'tiny', outputs = { scores = y } }\n";

static dcn_module *load_after(const char *text, const char *rest)
{
    char *all = malloc(strlen(text) + strlen(rest) + 1);
    cr_assert(all);
    sprintf(all, "%s%s", text, rest);
    dcn_module *m = load(all);
    free(all);
    return m;
}

Test(network, the_first_example)
{
    dcn_module *m = load_after(tiny, "return net");
    const dcn_network *n = network_of(m, 0);
    expect_operands(dcn_module_spec(m, 0), "image parameters scores");
    cr_expect_str_eq(dcn_module_spec(m, 0)->name, "tiny");
    cr_expect(n->nlayers == 5 && n->ninputs == 1 && n->noutputs == 1);
    expect_shape(n, "stem", "1x32x112x112");
    expect_shape(n, "c2_offset", "1x27x112x112");
    expect_shape(n, "c2", "1x32x112x112");
    expect_shape(n, "avg_pool2d_1", "1x32x1x1");
    expect_shape(n, "head", "1x10x1x1");
    expect_params(n, "stem", "weight[32,3,3,3] bias[32]");
    expect_params(n, "c2", "weight[32,32,3,3]");
    expect_params(n, "head", "weight[10,32] bias[10]");
    const dcn_spec *c2 = layer_of(n, "c2")->spec;
    cr_expect(c2->offset_mask && c2->residual && c2->modulation == DCN_MODULATION_SIGMOID);
    cr_expect(c2->height == 112 && c2->in_channels == 32 && c2->layout == DCN_NHWC);
    dcn_module_free(m);
}

Test(network, params_choose_its_sizes)
{
    dcn_module *m;
    dcn_error err;
    char text[2048];
    snprintf(text, sizeof text, "%sreturn net", tiny);
    const dcn_param h = { "h", "64" };
    cr_assert(dcn_load_text(text, "net.lua", &h, 1, &m, &err) == 0, "%s", err.text);
    expect_shape(network_of(m, 0), "stem", "1x32x32x112");
    dcn_module_free(m);
}

Test(network, a_file_may_have_several_beside_kernels)
{
    dcn_module *m = load_after(
        tiny,
        "local k = conv2d { in_channels = 3, height = 8, width = 8, out_channels = 1,\n"
        "  kernel_size = 1 }\n"
        "local x = input { name = 'image', channels = 1, height = 4, width = 4, dtype = 'f64' }\n"
        "return { net, k, network { outputs = activation { x, 'tanh' }, layout = 'nhwc' },\n"
        "  network { outputs = { features = b } } }");
    cr_assert(dcn_module_count(m) == 4);
    cr_expect_str_eq(dcn_module_spec(m, 2)->name, "network");
    cr_expect_str_eq(dcn_module_spec(m, 3)->name, "network_2");
    expect_operands(dcn_module_spec(m, 2), "image output");
    expect_operands(dcn_module_spec(m, 3), "image parameters features");
    cr_expect(network_of(m, 2)->dtype == DCN_F64 && dcn_module_spec(m, 2)->dtype == DCN_F64);
    cr_expect(network_of(m, 3)->nlayers == 3, "what leads to no output is no part of it");
    dcn_tensor t[4];
    dcn_spec_tensors(dcn_module_spec(m, 2), t, 4);
    cr_expect(t[0].dims[1] == 1 && t[1].dims[3] == 1, "an input is nchw, the output was asked for");
    dcn_module_free(m);
}

/* ---- layers ------------------------------------------------------------------------------------ */

static const char maps[] =
    "local x = input { name = 'x', channels = 16, height = 20, width = 24, batch = 2 }\n"
    "local r = input { name = 'r', rois = 7 }\n";

Test(network, every_operator_is_a_layer)
{
    dcn_module *m = load_after(
        maps,
        "local offset = conv2d { x, name = 'conv', out_channels = 18, kernel_size = 3, padding = 1 "
        "}\n"
        "local d = deform_conv2d { x, name = 'dcn', offset = offset, mask = slice { offset,\n"
        "  count = 9 }, modulation = 'mask', out_channels = 16, kernel_size = 3, padding = 1 }\n"
        "d = dcnv3 { d, name = 'v3', groups = 4, offset = linear { d, out_features = 72 },\n"
        "  mask = linear { d, out_features = 36 } }\n"
        "d = dcnv4 { d, name = 'v4', groups = 4, offset_mask = linear { d, out_features = 112 } }\n"
        "d = deform_conv2d_pack { d, name = 'pack', out_channels = 18, kernel_size = 3,\n"
        "  padding = 1 }\n"
        "d = separable_conv2d { d, name = 'separable', out_channels = 18, kernel_size = 3 }\n"
        "d = dcnv3_module { d, name = 'm3', groups = 3 }\n"
        "d = dcnv4_module { d, name = 'm4', groups = 3 }\n"
        "local shift = roi_align { d, name = 'align', rois = r, output_size = 3 }\n"
        "shift = linear { shift, out_features = 2 }\n"
        "return network { outputs = {\n"
        "  a = roi_pool { d, name = 'pool', rois = r, output_size = 3 },\n"
        "  b = ps_roi_pool { d, name = 'ps_pool', rois = r, output_size = 3 },\n"
        "  c = ps_roi_align { d, name = 'ps_align', rois = r, output_size = 3 },\n"
        "  d = deform_roi_pool { d, name = 'deform', rois = r, output_size = 3, offset = shift },\n"
        "  e = deform_ps_roi_pool { d, name = 'deform_ps', rois = r, pooled_size = 3,\n"
        "    trans = shift },\n"
        "  f = deform_roi_pool_pack { d, name = 'roi_pack', rois = r, output_size = 3,\n"
        "    deform_fc_channels = 8 } } }");
    const dcn_network *n = network_of(m, 0);
    rt_op_set seen = 0;
    for (int i = 0; i < n->nlayers; i++)
        seen |= n->layer[i].spec ? (rt_op_set)1 << n->layer[i].spec->op : 0;
    cr_expect(seen == RT_ANY_OP, "%#lx of %#lx", (long)seen, (long)RT_ANY_OP);
    static const char *const shapes[][2] = {
        { "conv", "2x18x20x24" }, { "dcn", "2x16x20x24" },    { "v3", "2x16x20x24" },
        { "v4", "2x16x20x24" },   { "pack", "2x18x20x24" },   { "separable", "2x18x18x22" },
        { "m3", "2x18x18x22" },   { "m4", "2x18x18x22" },     { "align", "7x18x3x3" },
        { "pool", "7x18x3x3" },   { "ps_pool", "7x2x3x3" },   { "ps_align", "7x2x3x3" },
        { "deform", "7x18x3x3" }, { "deform_ps", "7x2x3x3" }, { "roi_pack", "7x18x3x3" },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        expect_shape(n, shapes[i][0], shapes[i][1]);
    expect_params(n, "dcn", "weight[16,16,3,3]");
    expect_params(n, "v3", "");
    expect_operands(dcn_module_spec(m, 0), "x r parameters a b c d e f");
    dcn_module_free(m);
}

Test(network, glue)
{
    dcn_module *m = load_after(
        maps,
        "local pool = max_pool2d { x, name = 'max', kernel_size = 3, stride = 2, padding = 1 }\n"
        "local same = max_pool2d { x, name = 'same', kernel_size = 3, stride = 2,\n"
        "  padding = 'same' }\n"
        "local mean = avg_pool2d { x, name = 'mean', kernel_size = {2, 3} }\n"
        "local all = avg_pool2d { x, name = 'all', output_size = {1, 2} }\n"
        "local up = resize { pool, name = 'up', scale = 2, mode = 'bilinear',\n"
        "  align_corners = true }\n"
        "local sum = add { up, x, avg_pool2d { x, output_size = 1 }, name = 'sum',\n"
        "  activation = 'relu' }\n"
        "local wide = concat { sum, x, name = 'wide', times = 2 }\n"
        "local a, b, c, d = split { wide, parts = 4, name = 'part' }\n"
        "local p = mul { a, b, name = 'half', scale = 0.5 }\n"
        "p = mul { p, name = 'gamma' }\n"
        "p = mul { p, linear { p, out_features = 1 }, name = 'weighed' }\n"
        "p = layer_norm { p, name = 'norm' }\n"
        "p = activation { p, 'leaky_relu', activation_slope = 0.2, name = 'leaky' }\n"
        "p = slice { p, from = 4, count = 8, name = 'some' }\n"
        "p = activation { p, kind = 'gelu', name = 'gelu' }\n"
        "p = blend { p, p, slice { p, count = 2 }, name = 'blend' }\n"
        "p = unflatten { flatten { p, name = 'row' }, name = 'map', size = { 15, 16 } }\n"
        "return network { outputs = { a = p, b = same, c = mean, d = all, e = c, f = d } }");
    const dcn_network *n = network_of(m, 0);
    static const char *const shapes[][2] = {
        { "max", "2x16x10x12" },   { "same", "2x16x10x12" },    { "mean", "2x16x10x8" },
        { "all", "2x16x1x2" },     { "up", "2x16x20x24" },      { "sum", "2x16x20x24" },
        { "wide", "2x64x20x24" },  { "part_1", "2x16x20x24" },  { "part_4", "2x16x20x24" },
        { "gamma", "2x16x20x24" }, { "weighed", "2x16x20x24" }, { "norm", "2x16x20x24" },
        { "some", "2x8x20x24" },   { "gelu", "2x8x20x24" },     { "blend", "2x8x20x24" },
        { "row", "2x3840x1x1" },   { "map", "2x16x15x16" },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        expect_shape(n, shapes[i][0], shapes[i][1]);
    expect_params(n, "gamma", "weight[16]");
    expect_params(n, "norm", "weight[16] bias[16]");
    const net_pool *same = &layer_of(n, "same")->pool;
    cr_expect(same->padding[0] == 0 && same->padding[2] == 1, "as a convolution's");
    cr_expect(layer_of(n, "mean")->pool.stride[1] == 3, "as the window");
    cr_expect(layer_of(n, "up")->resize.mode == NET_BILINEAR);
    cr_expect(layer_of(n, "half")->scale == 0.5 && layer_of(n, "norm")->eps == 1e-5);
    cr_expect(layer_of(n, "sum")->activation.kind == DCN_ACT_RELU);
    cr_expect(layer_of(n, "norm")->activation.slope == 0.2, "what follows goes into it");
    cr_expect(layer_of(n, "add_1")->activation.kind == DCN_ACT_NONE, "only the last of a chain");
    dcn_module_free(m);
}

Test(network, loops_follow_sizes_and_names_have_dots)
{
    dcn_module *m = load_after(
        maps,
        "for i = 0, 2 do\n"
        "  for j = 0, i do\n"
        "    x = conv2d { x, name = ('stages.%d.blocks.%d.dw-conv'):format(i, j),\n"
        "      out_channels = x.channels, groups = x.channels, kernel_size = 3, padding = 1,\n"
        "      residual = j > 0 and x }\n"
        "  end\n"
        "  x = conv2d { x, name = i .. '.down', out_channels = 2 * x.channels,\n"
        "    kernel_size = 2, stride = 2, height = x.height, batch = 2 }\n"
        "end\n"
        "assert(x.channels == 128 and x.height == 2 and x.width == 3 and x.batch == 2)\n"
        "assert(tostring(x) == 'value \"2.down\" 2x128x2x3' and tostring(r) == 'value \"r\" 7x5')\n"
        "return network { outputs = x }");
    const dcn_network *n = network_of(m, 0);
    cr_expect(n->nlayers == 9);
    expect_params(n, "stages.2.blocks.1.dw-conv", "weight[64,1,3,3]");
    cr_expect(layer_of(n, "stages.2.blocks.1.dw-conv")->spec->residual);
    cr_expect(!layer_of(n, "stages.2.blocks.0.dw-conv")->spec->residual, "false is none");
    dcn_module_free(m);
}

Test(network, rois_of_four_columns_are_boxes)
{
    dcn_module *m =
        load("local x = input { name = 'x', channels = 4, height = 9, width = 9 }\n"
             "local r = input { name = 'r', rois = 3, roi_format = 'xyxy' }\n"
             "local o = input { name = 'o', channels = 2, height = 5, width = 5, rois = 3 }\n"
             "return network { outputs = deform_roi_pool { x, name = 'p', rois = r, offset = o,\n"
             "  output_size = 5 } }");
    const dcn_network *n = network_of(m, 0);
    cr_expect(layer_of(n, "p")->spec->roi_format == DCN_ROI_XYXY);
    cr_expect(n->value[1].rank == 2 && n->value[1].shape.c == 4 && n->value[2].shape.n == 3);
    dcn_module_free(m);
}

Test(network, a_layer_keeps_its_schedule)
{
    dcn_module *m =
        load_after(maps, "x = conv2d { x, name = 'a', out_channels = 4, kernel_size = 1,\n"
                         "  schedule = { 'tiled', mr = 6 } }\n"
                         "return network { outputs = x, name = 'k', target = 'haswell' }");
    cr_expect_str_eq(layer_of(network_of(m, 0), "a")->spec->schedule, "tiled mr=6");
    cr_expect_str_eq(dcn_module_spec(m, 0)->target, "haswell");
    dcn_module_free(m);
}

/* ---- text ------------------------------------------------------------------------------------- */

static void expect_printed(const dcn_spec *s)
{
    char *text = net_print(s);
    cr_assert(text);
    dcn_module *again = load(text);
    const dcn_spec *t = dcn_module_spec(again, 0);
    char *twice = net_print(t);
    cr_assert(twice);
    cr_expect_str_eq(text, twice);
    cr_expect(t->gradient == s->gradient && strcmp(t->name, s->name) == 0);
    cr_expect(t->network->memory == s->network->memory);
    cr_expect(t->network->grad_parameters == s->network->grad_parameters);
    cr_expect(strcmp(t->target, s->target) == 0 && strcmp(t->schedule, s->schedule) == 0);
    free(text);
    free(twice);
    dcn_module_free(again);
}

Test(network, printed_is_the_same_network)
{
    dcn_module *m =
        load_after(tiny, "return { net, network { name = 'n', outputs = b, target = 'haswell' },\n"
                         "  gradient(net), gradient(network { outputs = b }, { 'c2.weight' }),\n"
                         "  network { name = 'i', outputs = y, gradient = { 'image' } },\n"
                         "  network { name = 'p', outputs = y, gradient = { 'parameters' } },\n"
                         "  network { name = 'm', outputs = y, gradient = true, memory = '3K' },\n"
                         "  gradient(network { outputs = b }, nil, { memory = 5000 }) }");
    cr_assert(dcn_module_count(m) == 8);
    cr_expect(dcn_module_spec(m, 5)->network->memory == 0);
    cr_expect(dcn_module_spec(m, 6)->network->memory == 3072);
    cr_expect(dcn_module_spec(m, 7)->network->memory == 5000);
    for (int i = 0; i < dcn_module_count(m); i++)
        expect_printed(dcn_module_spec(m, i));
    dcn_module_free(m);
}

/* ---- gradients -------------------------------------------------------------------------------- */

Test(network, gradients_are_asked_for_by_name)
{
    dcn_module *m = load_after(
        tiny, "return { net, gradient(net, { 'image', 'c2.weight' }),\n"
              "  network { name = 'p', outputs = y, gradient = { 'parameters' } },\n"
              "  network { name = 'i', outputs = y, gradient = { 'inputs' } },\n"
              "  gradient(network { outputs = y }),\n"
              "  network { outputs = y, gradient = true },\n"
              "  gradient(network { name = 'q', outputs = y }, { 'c2_offset', 'image' }) }");
    cr_assert(dcn_module_count(m) == 7);
    cr_expect_str_eq(dcn_module_spec(m, 1)->name, "tiny_grad");
    cr_expect_str_eq(dcn_module_spec(m, 4)->name, "network_grad");
    cr_expect_str_eq(dcn_module_spec(m, 5)->name, "network_grad_2");
    expect_operands(dcn_module_spec(m, 0), "image parameters scores");
    expect_operands(dcn_module_spec(m, 1),
                    "image parameters grad_scores grad_image grad_parameters");
    cr_expect(network_of(m, 1)->grad_parameters == 32 * 32 * 9);
    expect_operands(dcn_module_spec(m, 2), "image parameters grad_output grad_parameters");
    expect_operands(dcn_module_spec(m, 3), "image parameters grad_output grad_image");
    expect_operands(dcn_module_spec(m, 4),
                    "image parameters grad_output grad_image grad_parameters");
    cr_expect(dcn_module_spec(m, 4)->gradient == dcn_module_spec(m, 5)->gradient);
    expect_operands(dcn_module_spec(m, 6),
                    "image parameters grad_output grad_image grad_c2_offset");
    dcn_module_free(m);
}

/* ---- places ------------------------------------------------------------------------------------ */

static void expect_place(const dcn_module *m, const char *key, int want)
{
    const char *file;
    const int line = dcn_module_where(m, 0, key, &file);
    cr_expect(line == want && file && strcmp(file, "net.lua") == 0, "%s: line %d of %s", key, line,
              file);
}

Test(network, where_its_keys_and_those_of_layers_are_written)
{
    dcn_module *m = load("local x = input { name = 'x', channels = 4, height = 9, width = 9 }\n"
                         "x = conv2d { x, name = 'a.b',\n"
                         "  out_channels = 4, kernel_size = 1,\n"
                         "  schedule = 'direct' }\n"
                         "x = linear { x, name = 'fc',\n"
                         "  out_features = 3 }\n"
                         "return network {\n"
                         "  outputs = add { x, x, name = 'twice' },\n"
                         "  target = 'haswell' }\n");
    expect_place(m, NULL, 7);
    expect_place(m, "target", 9);
    expect_place(m, "a.b", 2);
    expect_place(m, "a.b.schedule", 4);
    expect_place(m, "fc.out_features", 6);
    expect_place(m, "twice", 8);
    expect_place(m, "nobody", 7);
    dcn_module_free(m);
}

/* ---- limits ------------------------------------------------------------------------------------ */

Test(network, has_thousands_of_layers)
{
    dcn_module *m = load("local x = input { name = 'x', channels = 4, height = 9, width = 9 }\n"
                         "for i = 1, 4096 do x = activation { x, 'relu' } end\n"
                         "return network { outputs = x }");
    cr_expect(network_of(m, 0)->nlayers >= 1);
    dcn_module_free(m);
}

Test(network, that_nobody_returns_is_forgotten)
{
    dcn_module *m = load("local x = input { name = 'x', channels = 4, height = 9, width = 9 }\n"
                         "for i = 1, 300 do x = linear { x, out_features = 4 } end\n"
                         "for i = 1, 300 do network { outputs = x } end\n"
                         "return network { outputs = x }");
    cr_expect(network_of(m, 0)->nlayers == 300);
    dcn_module_free(m);
}

/* ---- the page ---------------------------------------------------------------------------------- */

static char *read_page(void)
{
    enum { MOST = 1 << 16 };
    char *text = calloc(MOST, 1);
    FILE *file = fopen(SOURCE_DIR "/docs/NETWORKS.md", "r");
    cr_assert(text && file && fread(text, 1, MOST - 1, file) > 0);
    fclose(file);
    return text;
}

/* The first row of the table that begins so, or NULL; malloc'ed. */
static char *line_of(const char *page, const char *begin)
{
    const char *line = strstr(page, begin);
    return line ? strndup(line + 1, strcspn(line + 1, "\n")) : NULL;
}

Test(network, the_page_has_every_layer_with_its_keys)
{
    char *page = read_page();
    for (int i = 0; glue_makers[i].name; i++) {
        char begin[64];
        snprintf(begin, sizeof begin, "\n| `%s {", glue_makers[i].name);
        char *line = line_of(page, begin);
        cr_assert(line, "%s is not in the table", glue_makers[i].name);
        for (const rt_field *f = glue_fields; f->key; f++)
            cr_expect(!(f->ops >> i & 1) || strstr(line, f->key), "%s of %s", f->key,
                      glue_makers[i].name);
        free(line);
    }
    free(page);
}

Test(network, the_first_example_of_the_page_loads)
{
    char *page = read_page();
    char *begin = strstr(page, "```lua\n"), *end = begin ? strstr(begin, "\n```\n") : NULL;
    cr_assert(begin && end);
    *end = 0;
    dcn_module *m = load(begin + strlen("```lua\n"));
    cr_expect_str_eq(dcn_module_spec(m, 0)->name, "tiny");
    dcn_module_free(m);
    free(page);
}
