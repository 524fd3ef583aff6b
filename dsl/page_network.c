/* page_network.c: the part of the reference page about networks.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/glue.h"
#include "dsl/page.h"

#include <string.h>

static const char opening[] =
    "## Networks\n"
    "\n"
    "A network is written as data flow, of values: `input` makes one, and so does every "
    "constructor\n"
    "whose table begins with one; `network` makes a kernel of all layers that lead to its "
    "outputs.\n"
    "[NETWORKS.md](NETWORKS.md) begins at the beginning.\n"
    "\n"
    "```lua\n"
    "local x = input { name = \"image\", channels = 3, height = 224, width = 224 }\n"
    "x = conv2d { x, name = \"stem\", out_channels = 32, kernel_size = 3, stride = 2, padding = 1 "
    "}\n"
    "return network { name = \"tiny\", outputs = { features = max_pool2d { x, kernel_size = 2 } } "
    "}\n"
    "```\n"
    "\n"
    "`x.batch`, `x.channels`, `x.height` and `x.width` are numbers, also of the layer's result; a "
    "map "
    "for\n"
    "each region has a `batch` of regions. All sizes are numbers when the file is loaded. A value "
    "may "
    "be\n"
    "read by any number of layers, and belong to several networks of a file.\n"
    "\n"
    "### Operators as layers\n"
    "\n"
    "Every constructor above makes a layer when its table begins with a value. Then\n"
    "\n"
    "- `batch`, `height`, `width`, `in_channels` or `channels`, and `dtype` follow from that "
    "value, "
    "and may be\n"
    "  left out;\n"
    "- `offset`, `mask`, `offset_mask`, `rois`, `trans` and `residual` are values, as in `offset = "
    "o`; a\n"
    "  `residual` or `offset_mask` needs no other key to be switched on, and `false` stands for "
    "none;\n"
    "- every other tensor of the operator is a parameter of the network, called `LAYER.TENSOR`;\n"
    "- `name` is the layer's: words of letters, digits, `_` and `-` with dots between them, at "
    "most "
    "127\n"
    "  letters; a layer without one is called after its constructor, `conv2d_1`, `conv2d_2`, ...;\n"
    "- `schedule` is that of the layer; `layout`, `target` and `gradient` are no keys of layers.\n"
    "\n"
    "### Other layers\n"
    "\n"
    "They take a table that begins with their values, and may have a `name`. Those marked * also "
    "have "
    "the\n"
    "`activation` keys of every operator; `activation` itself has them for what it is, which is "
    "`kind` or a\n"
    "word behind the value: `activation { x, \"leaky_relu\", activation_slope = 0.1 }`.\n"
    "\n"
    "| layer | values | result |\n"
    "|---|---|---|\n"
    "| `linear` * | 1 | nn.Linear over the channels of each pixel: `conv2d` with one tap, "
    "`out_features` in the place of `out_channels`, and no keys of a window. |\n";

static void print_layers(FILE *out)
{
    for (const GlueMaker *m = glue_makers; m->name; m++) {
        fprintf(out, "| `%s`%s | %d", m->name, m->activates ? " *" : "", m->least);
        if (m->most > m->least)
            fprintf(out, " to %d", m->most);
        fprintf(out, " | %s |\n", m->doc);
    }
}

/* The keys of one layer; of linear they are said above. */
static void print_layer(FILE *out, const GlueMaker *m)
{
    const rt_op_set maker = (rt_op_set)1 << (m - glue_makers);
    bool any = false;
    for (const rt_field *f = glue_fields; f->key; f++) {
        if (!(f->ops & maker))
            continue;
        if (!any) {
            fprintf(out, "\n#### `%s`\n", m->name);
            page_head(out);
        }
        page_row(out, f);
        any = true;
    }
}

/* ---- input and network ------------------------------------------------------------------------- */

/* What a key means here, where that is not what it means in an operator. */
typedef struct Meaning {
    const char *key, *doc;
} Meaning;

static const Meaning of_input[] = {
    { "name", "What the operand is called: a C identifier." },
    { "channels", "Channels of a map (C), which also needs `height` and `width`." },
    { "height", "Rows of a map (H)." },
    { "width", "Columns of a map (W)." },
    { "rois",
      "Regions: alone, they are the value, a matrix `rois[R,5]`; beside sizes it is a map for "
      "each of them." },
    { "layout", "Order of the dimensions outside." },
    { NULL, NULL },
};

static const Meaning of_network[] = {
    { "layout", "Order of the dimensions of its outputs." },
    { NULL, NULL },
};

static void print_row(FILE *out, const rt_field *f, const Meaning *meaning)
{
    rt_field row = *f;
    const bool is_input = meaning == of_input;
    for (; meaning->key; meaning++) {
        if (strcmp(meaning->key, f->key) == 0)
            row.doc = meaning->doc;
    }
    row.type = f->type == RT_FIELD_EXTENT ? RT_FIELD_INT : f->type;
    row.required = is_input && f->type == RT_FIELD_NAME;
    page_row(out, &row);
}

void page_networks(FILE *out)
{
    fputs(opening, out);
    print_layers(out);
    for (const GlueMaker *m = glue_makers; m->name; m++)
        print_layer(out, m);
    fprintf(out, "\n### `input`\n");
    page_head(out);
    for (int i = 0; dsl_input_row(i); i++)
        print_row(out, dsl_input_row(i), of_input);
    fprintf(out, "\n### `network`\n");
    page_head(out);
    fprintf(out, "| `outputs` | values with names | required | `{ scores = y }`; a single value is "
                 "called `output`. Operands are the inputs, then `parameters`, all of them in one "
                 "vector, then the outputs in the order of their names. |\n");
    for (int i = 0; dsl_network_row(i); i++)
        print_row(out, dsl_network_row(i), of_network);
    fprintf(out, "| `gradient` | `true`, `false` or list of names | `false` | Of inputs and "
                 "parameters: `{ \"image\", \"stem.weight\" }`, or the words `\"inputs\"` and "
                 "`\"parameters\"`; and of what layers make, `\"c2_offset\"`. |\n");
    fprintf(out,
            "| `memory` | bytes, or text such as `\"64M\"` | no bound | The most workspace that "
            "gradients may take on one thread; values that do not fit are computed again. "
            "|\n");
    fprintf(out,
            "\nThe networks of a file have at most %d layers together, and each at most %d inputs "
            "and as many outputs.\n",
            NET_MAX_LAYERS, NET_MAX_OPERANDS);
}
