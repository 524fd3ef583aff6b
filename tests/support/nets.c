/* nets.c: networks for tests, from text of the spec language.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nets_open(Net *n, const char *text)
{
    dcn_error err;
    if (dcn_load_text(text, "net", NULL, 0, &n->module, &err)) {
        fprintf(stderr, "net:%d: %s\n%s\n", err.line, err.text, text);
        abort();
    }
    n->spec = *dcn_module_spec(n->module, 0);
    n->net = n->spec.network;
}

void nets_close(Net *n)
{
    dcn_module_free(n->module);
}

int nets_layer(const Net *n, const char *name)
{
    int i = n->net->nlayers - 1;
    while (i >= 0 && strcmp(n->net->layer[i].name, name) != 0)
        i--;
    return i;
}

int nets_param(const Net *n, const char *name)
{
    int i = n->net->nparams - 1;
    while (i >= 0 && strcmp(n->net->param[i].name, name) != 0)
        i--;
    return i;
}

static const char *const texts[] = {
    /* A residual block: scale, residual and activation go into the operator. */
    "local x = input { name = 'image', channels = 4, height = 5, width = 6, dtype = 'f64' }\n"
    "local a = conv2d { x, name = 'a', out_channels = 4, kernel_size = 3, padding = 1, bias = "
    "true,\n"
    "                   activation = 'silu' }\n"
    "local b = mul { conv2d { a, name = 'b', out_channels = 4, kernel_size = 1 }, name = 'gamma' "
    "}\n"
    "local y = activation { add { b, x }, 'gelu' }\n"
    "return network { name = 'block', outputs = { y = y } }\n",

    /* Offsets and masks that a convolution makes, two outputs, a pool, a linear layer, channels last. */
    "local x = input { name = 'image', channels = 3, height = 6, width = 7, batch = 2, dtype = "
    "'f64',\n"
    "                  layout = 'nhwc' }\n"
    "local o = conv2d { x, name = 'o', out_channels = 27, kernel_size = 3, padding = 1, bias = "
    "true }\n"
    "local d = deform_conv2d { x, name = 'd', offset_mask = o, modulation = 'sigmoid', "
    "out_channels = 4,\n"
    "                          kernel_size = 3, padding = 1, activation = 'silu' }\n"
    "local n = layer_norm { d, name = 'n' }\n"
    "local p = avg_pool2d { n, output_size = 1 }\n"
    "local l = linear { p, name = 'head', out_features = 5, bias = true }\n"
    "return network { name = 'head', outputs = { scores = l, map = n } }\n",

    /* Two frames, concatenation, limited offsets, a slice, windows, resizing. */
    "local a = input { name = 'a', channels = 2, height = 6, width = 6, dtype = 'f64' }\n"
    "local b = input { name = 'b', channels = 2, height = 6, width = 6, dtype = 'f64' }\n"
    "local c = concat { a, b }\n"
    "local o = conv2d { c, name = 'o', out_channels = 27, kernel_size = 3, padding = 1 }\n"
    "local offset = mul { activation { slice { o, count = 18 }, 'tanh' }, scale = 3 }\n"
    "local mask = slice { o, from = 18, count = 9 }\n"
    "local d = deform_conv2d { b, name = 'd', offset = offset, mask = mask, modulation = "
    "'sigmoid',\n"
    "                          out_channels = 4, kernel_size = 3, padding = 1, bias = true }\n"
    "local m = avg_pool2d { d, kernel_size = 2 }\n"
    "local r = resize { m, size = { 6, 6 }, mode = 'bilinear' }\n"
    "local gate = activation { avg_pool2d { r, output_size = 1 }, 'sigmoid' }\n"
    "return network { name = 'align', outputs = { y = add { mul { r, gate }, d } } }\n",

    /* Regions that are an input, with offsets made per region. */
    "local x = input { name = 'image', channels = 8, height = 7, width = 8, dtype = 'f64' }\n"
    "local r = input { name = 'boxes', rois = 3, dtype = 'f64' }\n"
    "local f = conv2d { x, name = 'f', out_channels = 8, kernel_size = 1, activation = 'silu' }\n"
    "local p = roi_align { f, rois = r, output_size = 2, sampling_ratio = 2 }\n"
    "local o = conv2d { p, name = 'o', out_channels = 2, kernel_size = 1 }\n"
    "local y = deform_roi_pool { f, rois = r, offset = o, output_size = 2, sampling_ratio = 2 }\n"
    "return network { name = 'regions', outputs = { y = add { y, p } } }\n",

    /* Modules and cores of DCNv3 and DCNv4, an input that is read thrice. */
    "local x = input { name = 'image', channels = 8, height = 5, width = 4, dtype = 'f64',\n"
    "                  layout = 'nhwc' }\n"
    "local m = dcnv3_module { x, name = 'dcn', groups = 2 }\n"
    "local s = add { x, mul { m, name = 'gamma1' } }\n"
    "local h = linear { layer_norm { s, name = 'norm' }, name = 'fc1', out_features = 6, bias = "
    "true,\n"
    "                   activation = 'gelu' }\n"
    "local f = linear { h, name = 'fc2', out_features = 8, bias = true }\n"
    "local y = add { s, mul { f, name = 'gamma2' } }\n"
    "local w = conv2d { y, name = 'w', out_channels = 56, kernel_size = 1 }\n"
    "return network { name = 'stage', layout = 'nhwc',\n"
    "                 outputs = { y = dcnv4 { y, offset_mask = w, groups = 2 } } }\n",
};

const char *nets_text(int i)
{
    return texts[i];
}

int nets_count(void)
{
    return sizeof texts / sizeof *texts;
}
