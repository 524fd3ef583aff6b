/* page.c: the reference page of the spec language, docs/SPEC.md, from the tables it is made of.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/page.h"

#include <stdio.h>

static const char opening[] =
    "# The spec language\n"
    "\n"
    "This page is generated from the tables that read specs (`runtime/spec/fields.c`, `dsl/`); to\n"
    "change it, change them and build the target `spec_doc`.\n"
    "\n"
    "A spec is a Lua 5.4 file that returns one kernel, or a list of kernels (lists may hold "
    "lists).\n"
    "\n"
    "```lua\n"
    "local h, w = param(\"h\", 50), param(\"w\", 84)\n"
    "return deform_conv2d {\n"
    "  name = \"r50_c4\", in_channels = 256, height = h, width = w, out_channels = 256,\n"
    "  kernel_size = 3, padding = 1, modulation = \"mask\", bias = true,\n"
    "}\n"
    "```\n"
    "\n"
    "## Constructors\n"
    "\n"
    "Each takes one table and returns a kernel; one that begins with a value is a layer of a "
    "network, see\n"
    "[Networks](#networks). A key that it does not know is an error.\n";

static const char forms[] =
    "A size is `n` or `{h, w}`; padding is `n`, `{h, w}`, `{top, left, bottom, right}`, `\"same\"` "
    "or `\"valid\"`.\n"
    "Integers may be written `3` or `3.0`. `dynamic` is a name of the language: such a kernel "
    "serves every\n"
    "size. The schedule of a module names its stages: `{ \"stages\", core = { \"project\", jam = 2 "
    "} }`.\n"
    "\n"
    "Rules between keys:\n"
    "\n"
    "- `groups` divides `in_channels` and `out_channels`, in `dcnv3` and `dcnv4` `channels`;\n"
    "  `offset_groups` divides `in_channels`.\n"
    "- `bias`, `scale_shift` and `residual` of `dcnv3` and `dcnv4` need a `projection`.\n"
    "- Position-sensitive pooling needs `output_dim` channels for each bin of `group_size`, or of\n"
    "  `output_size`; `num_classes` divides `output_dim`.\n"
    "- The kernel, `dilation*(kernel_size-1) + 1` pixels, fits into the padded input. The output "
    "has\n"
    "  `floor((size + pads - dilation*(kernel_size-1) - 1) / stride) + 1` rows or columns.\n"
    "- A kernel has at most 4096 taps, kh*kw.\n"
    "- `padding = \"same\"` with a stride above 1 needs sizes that are not `dynamic`, but for "
    "`dcnv3_module` and `dcnv4_module`.\n"
    "- Padding of `dcnv3_module` and `dcnv4_module` is `dilation*(kernel_size-1)` in all along "
    "each axis: with a stride their output has\n"
    "  every `stride`-th pixel of what it has with a stride of 1. `center_feature_scale` with "
    "`without_pointwise` needs a stride of 1.\n"
    "- `activation_slope` belongs to `leaky_relu`; `activation_min` and `activation_max`, which is "
    "not less, to `clip`.\n"
    "- `modulation_scale` is 1 when `modulation` is `\"none\"`, and never nearer to 0 than 1e-30.\n"
    "- No tensor has 2^31 elements per image or more, nor more than 2^47 in all; the regions of\n"
    "  `deform_roi_pool_pack` count as one image between its layers.\n"
    "- `roi_format = \"xyxy\"` needs `batch = 1`. The index of an image is a number of the "
    "`dtype`:\n"
    "  f32 has every index up to 2^24 = 16777216.\n"
    "- The kernels of a file have different names.\n";

static const char tensors[] =
    "## Tensors\n"
    "\n"
    "Each operator's in calling order. N `batch`, C `in_channels` or `channels`, O channels of the "
    "output,\n"
    "H W the input's size, P Q the output's, K = kh*kw, G weight groups, D groups of offsets, R "
    "`rois`,\n"
    "ph pw bins. K' is K, less 1 with `remove_center`; M is C*`depth_multiplier`; E is 2*D*K "
    "channels of\n"
    "offsets, then D*K of masks unless `modulation = \"none\"`; F is 3*D*K' rounded up to a "
    "multiple of 8;\n"
    "Th Tw are `part_size`; dh dw are `dw_kernel_size`; Y is `deform_fc_channels`. In `nhwc` the "
    "channels\n"
    "of tensors of four dimensions come last, but for weights.\n"
    "\n"
    "| operator | tensors, in `nchw` |\n"
    "|---|---|\n"
    "| `conv2d` | `input[N,C,H,W]` `weight[O,C/G,kh,kw]` `bias[O]` `output[N,O,P,Q]` |\n"
    "| `deform_conv2d` | the same, and before the output `offset[N,2*D*K,P,Q]` `mask[N,D*K,P,Q]`, "
    "or `offset_mask[N,3*D*K,P,Q]` |\n"
    "| `deform_conv2d_pack` | as `conv2d`, and before the output `offset_weight[E,C,kh,kw]` "
    "`offset_bias[E]` |\n"
    "| `separable_conv2d` | `input` `dw_weight[M,1,kh,kw]` `dw_bias[M]` `pw_weight[O,M,1,1]` "
    "`pw_bias[O]` `output` |\n"
    "| `dcnv3_module` (`nhwc`) | `input[N,H,W,C]` `dw_conv_0_weight[C,1,dh,dw]` "
    "`dw_conv_0_bias[C]` "
    "`dw_conv_1_1_weight[C]` `dw_conv_1_1_bias[C]` `offset_weight[2*D*K',C]` `offset_bias[2*D*K']` "
    "`mask_weight[D*K',C]` `mask_bias[D*K']` `input_proj_weight[C,C]` `input_proj_bias[C]` "
    "`output_proj_weight[C,C]` `output_proj_bias[C]` `center_feature_scale_proj_weight[D,C]` "
    "`center_feature_scale_proj_bias[D]` `output[N,P,Q,C]` |\n"
    "| `dcnv4_module` (`nhwc`) | `input[N,H,W,C]` `offset_mask_dw_weight[C,1,dh,dw]` "
    "`offset_mask_dw_bias[C]` `offset_mask_weight[F,C]` `offset_mask_bias[F]` "
    "`value_proj_weight[C,C]` `value_proj_bias[C]` `output_proj_weight[C,C]` `output_proj_bias[C]` "
    "`center_feature_scale_proj_weight[D,C]` `center_feature_scale_proj_bias[D]` `output[N,P,Q,C]` "
    "|\n"
    "| `dcnv3` (`nhwc`) | `input[N,H,W,C]` `weight[O,C]` `bias[O]` `offset[N,P,Q,2*D*K']` "
    "`mask[N,P,Q,D*K']` `output[N,P,Q,O]` |\n"
    "| `dcnv4` (`nhwc`) | `input` `weight[O,C]` `bias[O]` `offset_mask[N,P,Q,F]` `output` |\n"
    "| `roi_pool` `ps_roi_pool` `roi_align` `ps_roi_align` | `input` `rois[R,5]` "
    "`output[R,O,ph,pw]` |\n"
    "| `deform_roi_pool` | `input` `rois` `offset[R,2,ph,pw]` `mask[R,1,ph,pw]` `output` |\n"
    "| `deform_roi_pool_pack` | `input` `rois` `offset_fc_0_weight[Y,C*ph*pw]` "
    "`offset_fc_0_bias[Y]` `offset_fc_2_weight[Y,Y]` `offset_fc_2_bias[Y]` "
    "`offset_fc_4_weight[2*ph*pw,Y]` `offset_fc_4_bias[2*ph*pw]` `mask_fc_0_weight[Y,C*ph*pw]` "
    "`mask_fc_0_bias[Y]` `mask_fc_2_weight[ph*pw,Y]` `mask_fc_2_bias[ph*pw]` `output` |\n"
    "| `deform_ps_roi_pool` | `input` `rois` `trans[R,2*num_classes,Th,Tw]` `mask[R,1,ph,pw]` "
    "`output` |\n"
    "\n"
    "`weight` of `dcnv3` and `dcnv4` is there with a `projection`; biases with `bias = true`; "
    "masks unless\n"
    "`modulation = \"none\"`; `offset` unless `no_offset`, `trans` unless `no_trans`. Before the "
    "output stand\n"
    "`scale[O]` `shift[O]` with `scale_shift = true` and `residual`, shaped like the output, with\n"
    "`residual = true`. A row of `rois` is the index of an image, x1, y1, x2, y2, or with\n"
    "`roi_format = \"xyxy\"` the last four of these, `rois[R,4]`; one with a number that is not "
    "finite, or\n"
    "with an image that is not there, gives zeros.\n"
    "\n"
    "Of `dcnv3_module` the `dw_conv_1_1` are there unless `norm_layer = \"none\"`, of "
    "`dcnv4_module` the\n"
    "`offset_mask_dw` with `dw_kernel_size`, the projections unless `without_pointwise`, and\n"
    "`output_proj_bias` unless `output_bias = false`; of both `center_feature_scale_proj` with\n"
    "`center_feature_scale`. All weights are in the layouts of PyTorch's modules. `dcngen show "
    "tensors`\n"
    "prints those of a kernel, with their shapes and the order of their channels.\n"
    "\n"
    "With `gradient` a kernel has those of the tensors above that it needs to read, then "
    "`grad_output`,\n"
    "then a `grad_NAME` for each gradient asked for, shaped and laid out as NAME.\n";

static const char functions[] = "## Functions\n"
                                "\n"
                                "- `param(\"name\", default)` gives the value of `-D name=value`, "
                                "read as a number, a truth value\n"
                                "  or text, as the default is; a number may also be `dynamic`. "
                                "Without a default, `-D` must be\n"
                                "  given. A `-D` that no `param` reads is an error.\n"
                                "- `include \"other.lua\"` runs another file and gives what it "
                                "returns. The path is relative to\n"
                                "  the file that includes.\n"
                                "- `gradient(kernel, { \"input\", ... })` gives the kernel that "
                                "computes gradients of a kernel that\n"
                                "  the file has, called `NAME_grad`; without a list, all of them. "
                                "See [GRADIENTS.md](GRADIENTS.md).\n"
                                "  Of a network it names inputs, parameters, `\"inputs\"`, "
                                "`\"parameters\"`, and layers, and takes a key: "
                                "`gradient(net, nil, { memory = \"64M\" })`.\n"
                                "- `pairs` visits numbers, then strings, in sorted order, so that "
                                "a spec is the same every time.\n";

static const char sandbox[] =
    "Nothing else can be called: a spec reads no other file, no clock and no random number, and\n"
    "cannot catch errors. Reading a name that was never given a value is an error; global names "
    "may\n"
    "be assigned, and included files share them.\n";

static const char messages[] = "## Errors\n"
                               "\n"
                               "Every error is one line, `file:line: message`, at the line of the "
                               "key it is about where that is\n"
                               "written in the constructor's braces, and the exit code is 3; it is "
                               "4 if a file exists but may\n"
                               "not be read, or if there is no memory.\n";

static bool is_common(const rt_field *f)
{
    return (f->ops & RT_ANY_OP) == RT_ANY_OP;
}

/* The keys of an operator that not all have. */
static void print_own(FILE *out, dcn_op op)
{
    fprintf(out, "\n### `%s`\n", dcn_op_name((dcn_op)op));
    page_head(out);
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (!is_common(f) && rt_field_is_of(f, op))
            page_row(out, f);
    }
}

/* The keys of all operators. */
static void print_common(FILE *out)
{
    fprintf(out, "\n### All of them\n");
    page_head(out);
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (is_common(f))
            page_row(out, f);
    }
}

static void print_names(FILE *out, const char *library, const char *const *names)
{
    fprintf(out, "- ");
    for (int i = 0; names[i]; i++)
        fprintf(out, "%s`%s%s`", i ? " " : "", library, names[i]);
    fprintf(out, "\n");
}

static void print_limits(FILE *out)
{
    const dsl_limits *limits = &dsl_default_limits;
    fprintf(
        out,
        "## Limits\n\nA spec that needs more is stopped: %ld steps of Lua, %g seconds, %zu MiB of "
        "memory, %d bytes\nper file, %d kernels, includes %d deep.\n\n",
        limits->steps, limits->seconds, limits->memory_bytes >> 20, DSL_TEXT_BYTES, DSL_KERNELS,
        DSL_INCLUDE_DEPTH);
}

int dsl_page(FILE *out)
{
    fputs(opening, out);
    print_common(out);
    for (int op = 0; op < DCN_NUM_OPS; op++) {
        if (rt_op_in((dcn_op)op, RT_ANY_OP))
            print_own(out, (dcn_op)op);
    }
    fprintf(out, "\n%s\n%s\n", forms, tensors);
    page_networks(out);
    fprintf(out, "\n%s\nOf Lua's own functions there are:\n\n", functions);
    print_names(out, "", dsl_base_names);
    print_names(out, "string.", dsl_string_names);
    print_names(out, "table.", dsl_table_names);
    print_names(out, "math.", dsl_math_names);
    fprintf(out, "\n%s\n", sandbox);
    print_limits(out);
    fputs(messages, out);
    return ferror(out) ? -1 : 0;
}
