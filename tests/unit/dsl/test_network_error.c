/* test_network_error.c: what is wrong with a network is said on its line, with the layer's name and both shapes.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <dcngen.h>
#include <stdio.h>
#include <string.h>

/* Two lines before each text. */
static const char before[] =
    "local x = input { name = 'x', channels = 8, height = 20, width = 24 }\n"
    "local r = input { name = 'r', rois = 7 }\n";

static const struct {
    const char *text;
    int line;
    const char *want;
} cases[] = {
    { "return x", 3,
      "a spec returns kernels, not the value \"x\" 1x8x20x24; write network { outputs = y }" },
    { "return { network { outputs = x }, x }", 3,
      "a spec returns kernels, not the value \"x\" 1x8x20x24; write network { outputs = y }" },
    { "return conv2d { x }", 3, "conv2d needs 'out_channels'" },
    { "return conv2d { x, name = 'c' }", 3, "c: conv2d needs 'out_channels'" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 3,\n  stride = 0 }", 4,
      "c: 'stride' = 0 is outside 1..64" },
    { "return conv2d { x, name = 'c', out_channels = 4,\n  kernel_size = 30 }", 4,
      "c: 'kernel_size' = 30 with dilation = 1 covers 30 rows, but height = 20 and the padding "
      "make only 20" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 1,\n  in_channels = 4 }", 4,
      "c: 'in_channels' = 4, but the value \"x\" 1x8x20x24 has 8" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 1, dtype = 'f64' }", 3,
      "c: 'dtype' = \"f64\", but the value \"x\" 1x8x20x24 has \"f32\"" },
    { "return dcnv3 { x, groups = 4, channels = 4 }", 3,
      "dcnv3: 'channels' = 4, but the value \"x\" 1x8x20x24 has 8" },
    { "return conv2d { x, layout = 'nhwc' }", 3,
      "conv2d: 'layout' is no key of a layer: a network chooses the layout of its layers; input "
      "and network have this key" },
    { "return conv2d { x, target = 'native' }", 3,
      "conv2d: 'target' is no key of a layer: it is a key of network" },
    { "return add { x, x, gradient = true }", 3,
      "add: 'gradient' is no key of a layer: it is a key of network" },
    { "return conv2d { x, kernel_siz = 3 }", 3,
      "conv2d: unknown key 'kernel_siz' (did you mean 'kernel_size'?)" },
    { "return deform_conv2d { x, offst = x }", 3,
      "deform_conv2d: unknown key 'offst' (did you mean 'offset'?)" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, offset = x }", 3,
      "c: conv2d reads no 'offset'" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, residual = true }", 3,
      "c: 'residual' = true is not a value; in a layer it is one, as in residual = x" },
    { "return conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, residual = x }", 3,
      "c: 'residual' is 1x8x20x24, but 1x4x18x22 is needed" },
    { "return conv2d { x, x, name = 'c' }", 3,
      "c: conv2d has the value \"x\" 1x8x20x24 without a key; write key = value" },
    { "return conv2d { x, 3 }", 3, "conv2d has the value 3 without a key; write key = value" },
    { "return conv2d { x, name = 'c..2' }", 3,
      "conv2d: 'name' = \"c..2\" is not the name of a layer (letters, digits, _ and -, with dots "
      "between words, as in stages.0.dcn)" },
    { "return conv2d { x, name = '' }", 3,
      "conv2d: 'name' = \"\" is not the name of a layer (letters, digits, _ and -, with dots "
      "between words, as in stages.0.dcn)" },
    { "return conv2d { x, name = 'c\\0' }", 3,
      "conv2d: 'name' = \"c\" is not the name of a layer (letters, digits, _ and -, with dots "
      "between words, as in stages.0.dcn)" },
    { "return conv2d { x, name = 3 }", 3, "conv2d: 'name' = 3 is not a string" },
    { "return conv2d { x, name = ('c'):rep(128) }", 3,
      "conv2d: 'name' = \"cccccccccccccccccccc...\" is longer than 127 letters" },
    { "return conv2d { in_channels = 3, residual = x }", 3,
      "'residual' is a value, which only a layer of a network reads: it begins with one, as in "
      "conv2d { x, residual = ... }" },
    { "return deform_conv2d { in_channels = 3, offset = x }", 3,
      "'offset' is a value, which only a layer of a network reads: it begins with one, as in "
      "deform_conv2d { x, offset = ... }" },
    { "return deform_conv2d { x, name = 'c', out_channels = 4, kernel_size = 3 }", 3,
      "c: deform_conv2d needs 'offset', a value of 1x18x18x22" },
    { "return deform_conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, offset = x }", 3,
      "c: 'offset' is 1x8x20x24, but 1x18x18x22 is needed" },
    { "return deform_conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, offset = x,\n  "
      "mask = x }",
      4, "c: deform_conv2d reads no 'mask': modulation is \"none\"" },
    { "return deform_conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, offset_mask = x,\n "
      " modulation = 'mask', mask = x }",
      4, "c: deform_conv2d reads no 'mask' beside 'offset_mask'" },
    { "return deform_conv2d { x, name = 'c', out_channels = 4, kernel_size = 3, offset_mask = x }",
      3, "c: 'offset_mask' = true has no mask: modulation is \"none\"" },
    { "return roi_pool { x, name = 'p', output_size = 3 }", 3,
      "p: roi_pool needs 'rois', a value with a row for each region" },
    { "return roi_pool { x, name = 'p', output_size = 3, rois = 7 }", 3,
      "p: 'rois' = 7 is not a value; in a layer it is one, as in rois = x" },
    { "return roi_pool { x, name = 'p', output_size = 3, rois = x }", 3,
      "p: 'rois' is a map; a matrix of a row for each region is needed" },
    { "return roi_pool { x, name = 'p', output_size = 3, rois = r, roi_format = 'xyxy' }", 3,
      "p: 'rois' is 7x5x1x1, but 7x4x1x1 is needed" },
    { "return linear { out_features = 3 }", 3,
      "linear takes one value, as in linear { x, out_features = 64 }, not nil" },
    { "return linear(3)", 3,
      "linear takes one table, as in linear { x, out_features = 64 }, not 3" },
    { "return linear { x, name = 'fc' }", 3, "fc: linear needs 'out_features'" },
    { "return linear { x, out_channels = 3 }", 3,
      "linear: unknown key 'out_channels' (did you mean 'out_features'?)" },
    { "return linear { x, out_features = 3, kernel_size = 3 }", 3,
      "linear: 'kernel_size' is a key of conv2d, not of linear" },
    { "return add(x)", 3, "add takes one table, as in add { x, ... }, not value \"x\" 1x8x20x24" },
    { "return add { x }", 3, "add takes 2 to 64 values, as in add { x, ... }, not 1" },
    { "local t = {} for i = 1, 70 do t[i] = x end return add(t)", 3,
      "add takes 2 to 64 values, as in add { x, ... }, not 70" },
    { "return add { x, 3, name = 's' }", 3, "s: argument 2 of add is 3, not a value" },
    { "return add { x, nil, x }", 3, "add: argument 2 of add is nil, not a value" },
    { "return add { x, r, name = 's' }", 3,
      "s: add of 1x8x20x24 and 7x5x1x1: the shapes do not fit" },
    { "return add { x, x, activation = 'relu', activation_slope = 3 }", 3,
      "add: 'activation_slope' = 3 has no meaning: activation is \"relu\", not \"leaky_relu\"" },
    { "return mul { x, x, scal = 3 }", 3, "mul: unknown key 'scal' (did you mean 'scale'?)" },
    { "return mul { x, scale = 'a' }", 3, "mul: 'scale' = \"a\" is not a number" },
    { "return concat { x }", 3, "concat takes 2 to 64 values, not 1" },
    { "return concat { x, x, times = 60 }", 3, "concat takes 2 to 64 values, not 120" },
    { "return concat { x, r }", 3,
      "concat: value 2 is 7x5x1x1, but value 1 is 1x8x20x24: they may differ in channels only" },
    { "return slice { x }", 3, "slice needs 'count'" },
    { "return slice { x, from = 4, count = 5 }", 3,
      "slice: 5 channels from 4 on are not among the 8 that there are" },
    { "return split { x, parts = 3 }", 3,
      "split: 'parts' = 3 does not divide the channels of the value \"x\" 1x8x20x24" },
    { "return split { x, parts = 2, name = ('c'):rep(127) }", 3,
      "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
      "ccccccccccccccccccccccccccccccccccc: the name is too long for numbers behind it" },
    { "return split { x, x, parts = 2 }", 3,
      "split takes one value, as in split { x, ... }, not 2" },
    { "return resize { x }", 3, "resize needs 'size' or 'scale'" },
    { "return resize { x, scale = 2, size = 3 }", 3, "resize needs 'size' or 'scale', not both" },
    { "return resize { x, scale = 0.3 }", 3,
      "resize: 'scale' = 0.3 makes 7.2 of 24 columns; write size = {h, w}" },
    { "return resize { x, scale_factor = 2 }", 3,
      "resize: unknown key 'scale_factor' (did you mean 'scale'?)" },
    { "return resize { x, size = 3, align_corners = true }", 3,
      "resize: 'align_corners' = true needs mode = \"bilinear\"" },
    { "return resize { x, size = 3, mode = 'bicubic' }", 3,
      "resize: 'mode' = \"bicubic\" is not one of \"nearest\", \"bilinear\"" },
    { "return max_pool2d { x, name = 'p' }", 3, "p: max_pool2d needs 'kernel_size'" },
    { "return max_pool2d { x, name = 'p', kernel_size = 3, padding = 3 }", 3,
      "p: 'padding' = 3 leaves a window of 'kernel_size' = 3 no rows" },
    { "return max_pool2d { x, name = 'p', kernel_size = 30 }", 3,
      "p: 'kernel_size' = 30 does not fit into 20 rows with their padding" },
    { "return avg_pool2d { x }", 3, "avg_pool2d needs 'kernel_size' or 'output_size'" },
    { "return avg_pool2d { x, output_size = 2, stride = 3 }", 3,
      "avg_pool2d: 'stride' has no meaning beside output_size" },
    { "return avg_pool2d { x, kernel_size = 2, dilation = 3 }", 3,
      "avg_pool2d: 'dilation' is a key of conv2d, not of avg_pool2d" },
    { "return layer_norm { x, eps = -1 }", 3, "layer_norm: 'eps' = -1 is outside 0..1" },
    { "return activation { x, name = 'a' }", 3,
      "a: activation needs one word for what it is, as in activation { x, \"relu\" }" },
    { "return activation { x, 'relu', kind = 'relu' }", 3,
      "activation needs one word for what it is, as in activation { x, \"relu\" }" },
    { "return activation { x, 3 }", 3, "activation: 'kind' = 3 is not a string" },
    { "return activation { x, 'relu', slope = 3 }", 3,
      "activation: unknown key 'slope' (did you mean 'activation_slope'?)" },
    { "return activation { 'relu' }", 3,
      "activation: argument 1 of activation is \"relu\", not a value" },
    { "return x.chanels", 3, "a value has no 'chanels' (did you mean 'channels'?)" },
    { "return x.size", 3, "a value has batch, channels, height and width, and no \"size\"" },
    { "x.channels = 3", 3, "a value cannot be changed: its sizes follow from what made it" },
    { "return x + 1", 3, "attempt to perform arithmetic on a network value (local 'x')" },
    { "return input 'y'", 3,
      "input takes one table, as in input { name = \"image\", channels = 3, ... }, not \"y\"" },
    { "return input { channels = 3, height = 3, width = 3 }", 3, "input needs 'name'" },
    { "return input { name = 'y', height = 3, width = 3 }", 3, "y: input needs 'channels'" },
    { "return input { name = 'y', channels = 3, rois = 4 }", 3, "y: input needs 'height'" },
    { "return input { name = 'y', channels = 3, width = 3,\n  height = dynamic }", 4,
      "'height' = dynamic: the sizes of a network are numbers; with param(\"height\", 64) they are "
      "chosen by -D height=N" },
    { "return input { name = 'y', rois = dynamic }", 3,
      "'rois' = dynamic: the sizes of a network are numbers; with param(\"rois\", 64) they are "
      "chosen by -D rois=N" },
    { "return input { name = 'y', channels = 3, height = 0, width = 3 }", 3,
      "'height' = 0 is outside 1..1048576" },
    { "return input { name = 'y', btch = 3 }", 3, "unknown key 'btch' (did you mean 'batch'?)" },
    { "return input { name = 'y.z', channels = 3, height = 2, width = 3 }", 3,
      "'name' = \"y.z\" is not a C identifier (letters, digits and _)" },
    { "return input { name = 'inputs', channels = 3, height = 2, width = 3 }", 3,
      "an input cannot be called 'inputs', which means all of them" },
    { "return input { name = 'y', rois = 3, batch = 4 }", 3,
      "y: 'batch' has no meaning for regions, which are rows of numbers" },
    { "return input { name = 'y', channels = 3, height = 3, width = 3, rois = 3, batch = 4 }", 3,
      "y: 'batch' has no meaning for a map of regions: rois counts them" },
    { "return input { name = 'y', channels = 3, height = 3, width = 3, roi_format = 'xyxy' }", 3,
      "y: 'roi_format' has no meaning for a map" },
    { "return input { name = 'y', channels = 60000, height = 60000, width = 60000 }", 3,
      "y: a value of 1x60000x60000x60000 is too large" },
    { "return network { }", 3, "network needs 'outputs', as in outputs = { scores = y }" },
    { "return network { x }", 3,
      "network has the value \"x\" 1x8x20x24 without a key; write key = value" },
    { "return network { outputs = { } }", 3, "'outputs' is empty; a network has at least one" },
    { "return network { outputs = { x } }", 3,
      "outputs have names, as in outputs = { scores = y }" },
    { "return network { outputs = 3 }", 3, "'outputs' = 3 is not a value or values with names" },
    { "return network { outputs = { y = 3 } }", 3, "output 'y' is 3, not a value" },
    { "return network { outputs = { ['y z'] = x } }", 3,
      "'outputs' = \"y z\" is not a C identifier (letters, digits and _)" },
    { "return network { outputs = { x = x } }", 3, "an input and an output are called 'x'" },
    { "return network { output = x }", 3, "unknown key 'output' (did you mean 'outputs'?)" },
    { "return network { outputs = x, layout = 'nhcw' }", 3,
      "'layout' = \"nhcw\" is not one of \"nchw\", \"nhwc\" (did you mean \"nchw\"?)" },
    { "return network { outputs = x, dtype = 'f64' }", 3,
      "'dtype' is a key of conv2d, not of network" },
    { "return { network { outputs = x, name = 'k' },\n  network { outputs = x, name = 'k' } }", 4,
      "two kernels are called 'k' (the first was made on line 3)" },
    { "local z = input { name = 'z', channels = 8, height = 20, width = 24, dtype = 'f64' }\n"
      "x = add { x, z, name = 's' }",
      4, "s: one of its values is of dtype \"f32\", another of \"f64\"" },
    { "local z = input { name = 'z', channels = 8, height = 20, width = 24, dtype = 'f64' }\n"
      "return network { outputs = { a = mul { x }, b = mul { z } } }",
      4, "'dtype' of input 'z' is \"f64\", but that of 'x' is \"f32\"" },
    { "local z = input { name = 'x', channels = 8, height = 20, width = 24 }\n"
      "return network { outputs = add { x, z } }",
      4, "two inputs are called 'x'" },
    { "local y = mul { x, name = 'm' }\nx = mul { y, name = 'm' }\nreturn network { outputs = x }",
      4, "two layers are called 'm'" },
    { "return network { outputs = mul { x }, gradient = { 'y' } }", 3,
      "'gradient': the network has no 'y'; an input, a layer, LAYER.TENSOR, \"inputs\" or "
      "\"parameters\" "
      "can be asked for" },
    { "return network { outputs = mul { x, name = 'm' },\n  gradient = { 'm.weigth' } }", 4,
      "'gradient': the network has no 'm.weigth' (did you mean 'm.weight'?)" },
    { "return network { outputs = x, gradient = 3 }", 3,
      "'gradient' = 3 is not true, false or a list of inputs and parameters such as { \"image\", "
      "\"stem.weight\" }" },
    { "return network { outputs = x, gradient = { 3 } }", 3,
      "'gradient' names 3, which is neither input nor parameter" },
    { "return network { outputs = x, gradient = { 'parameters' } }", 3,
      "'gradient': this network has no parameters" },
    { "return gradient(x)", 3,
      "gradient takes a kernel and a list of operands, not value \"x\" 1x8x20x24" },
    { "return gradient(gradient(network { outputs = x }))", 3,
      "'network' computes gradients: there is no gradient of a gradient" },
    { "return gradient(network { outputs = x }, false)", 3,
      "gradient takes a list of operands, or true for all, not false" },
};

Test(network_error, every_message)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        dcn_module *m;
        dcn_error err;
        snprintf(text, sizeof text, "%s%s", before, cases[i].text);
        cr_expect(dcn_load_text(text, "net.lua", NULL, 0, &m, &err) == -1, "accepted: %s",
                  cases[i].text);
        cr_expect(!m && err.code == DCN_ESPEC && strcmp(err.file, "net.lua") == 0, "%s",
                  cases[i].text);
        cr_expect(strcmp(err.text, cases[i].want) == 0 && err.line == cases[i].line,
                  "\n of  %s\n got %d: %s\nwant %d: %s", cases[i].text, err.line, err.text,
                  cases[i].line, cases[i].want);
        dcn_module_free(m);
    }
}
