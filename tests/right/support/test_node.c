/* test_node.c: how nodes and responses are written, and what is said of those that are not there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/support/looked.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

typedef struct NodeCase {
    const char *text, *layer;
    int64_t image, y, x;
} NodeCase;

static const NodeCase right[] = {
    { "c5", "c5", 0, -1, -1 },
    { "stages.0.dcn:12,7", "stages.0.dcn", 0, 12, 7 },
    { "head:roi=3", "head", 3, -1, -1 },
    { "head:roi=3,1,2", "head", 3, 1, 2 },
};

Test(support, nodes_are_read)
{
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        SupportNode n;
        cr_assert_eq(support_node_parse(right[i].text, &n, NULL), 0, "%s", right[i].text);
        cr_expect_str_eq(n.layer, right[i].layer);
        cr_expect(n.image == right[i].image && n.y == right[i].y && n.x == right[i].x, "%s",
                  right[i].text);
    }
}

Test(support, other_words_are_no_nodes)
{
    static const char *const wrong[] = { "",       ":1,2",    "a:",        "a:1",
                                         "a:1,",   "a:1,2,",  "a:-1,2",    "a:1, 2",
                                         "a:roi=", "a:roi=x", "a:roi=1,2", "a:1,99999999999",
                                         "a:+1,2", "a:1e3,2" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        SupportNode n;
        dcn_error err;
        cr_expect_eq(support_node_parse(wrong[i], &n, &err), -1, "'%s'", wrong[i]);
        cr_expect_eq(err.code, DCN_EUSAGE);
    }
}

Test(support, responses_are_read)
{
    support_response r;
    int64_t channel;
    cr_expect(!support_response_parse("norm", &r, &channel, NULL) && r == SUPPORT_NORM);
    cr_expect(!support_response_parse("sum", &r, &channel, NULL) && r == SUPPORT_SUM);
    cr_expect(!support_response_parse("channel=17", &r, &channel, NULL) && r == SUPPORT_CHANNEL &&
              channel == 17);
    cr_expect(support_response_parse("channel=", &r, &channel, NULL));
    cr_expect(support_response_parse("channel=-1", &r, &channel, NULL));
    cr_expect(support_response_parse("max", &r, &channel, NULL));
}

static const char net[] =
    "local x = input { name = 'image', channels = 2, height = 8, width = 6, dtype = 'f64' }\n"
    "local a = conv2d { x, name = 'first', out_channels = 3, kernel_size = 3, padding = 1, stride "
    "= 2 }\n"
    "local r = input { name = 'rois', rois = 2, dtype = 'f64' }\n"
    "local p = deform_roi_pool_pack { a, name = 'pack', rois = r, output_size = 2, "
    "deform_fc_channels = 4 "
    "}\n"
    "return network { name = 'net', outputs = { y = p } }\n";

static void expect_refused(Looked *l, const char *node, const char *words)
{
    dcn_error err;
    Support *s = NULL;
    cr_assert_eq(support_node_parse(node, &l->ask.node, &err), 0);
    cr_expect_eq(support_open(&l->ask, &s, &err), -1, "%s", node);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect(strstr(err.text, words), "%s: %s", node, err.text);
    cr_expect(!s);
}

Test(support, nodes_that_are_not_there_are_refused)
{
    Looked l;
    looked_load(&l, net);
    expect_refused(&l, "frist:1,1", "did you mean 'first'?");
    expect_refused(&l, "first:4,0", "'first' makes a map of 4x3, which has no 4,0");
    expect_refused(&l, "pack:roi=2", "of number 2");
    l.ask.response = SUPPORT_CHANNEL;
    l.ask.channel = 3;
    expect_refused(&l, "first:0,0", "'first' has 3 channels, and no channel 3");
    looked_free(&l);
}

/* A pack of pooling makes its offsets inside it, by fully connected layers: they move its bins, and the response
** depends on where these are. */
Test(support, offsets_made_inside_a_pack_are_seen)
{
    Looked l;
    dcn_error err;
    SupportLayers layers;
    int64_t n;
    looked_load(&l, net);
    looked_randomise(&l, 5);
    memcpy(looked_input(&l, "rois", &n), (double[]){ 0, 0.5, 0.4, 2, 2.5, 0, 0.3, 0.6, 2.1, 2.4 },
           10 * sizeof(double));
    for (int fixed = 0; fixed < 2; fixed++) {
        l.ask.fixed = fixed;
        looked_open(&l, "pack:roi=1");
        cr_assert_eq(support_sampling(l.support, &layers, &err), 0, "%s", err.text);
        cr_assert_gt(layers.n, 0);
        const SupportLayer *of = &layers.layer[layers.n - 1];
        const int64_t places = of->n * of->p * of->q * of->groups * of->taps;
        double moved = 0, strength = 0;
        for (int64_t i = 0; i < places; i++) {
            moved += fabs(of->offset[2 * i]) + fabs(of->offset[2 * i + 1]);
            strength += of->strength[i];
        }
        cr_expect(of->regions);
        cr_expect_gt(moved, 0);
        cr_expect_gt(strength, 0);
        support_layers_free(&layers);
        support_close(l.support);
        l.support = NULL;
    }
    looked_free(&l);
}

/* ---- many modules ------------------------------------------------------------------------------ */

#define MODULES(n)                                                                                 \
    "local y = input { name = 'image', channels = 2, height = 4, width = 4, dtype = 'f64' }\n"     \
    "for i = 1, " n " do y = separable_conv2d { y, name = 'm' .. i, out_channels = 2, "            \
    "kernel_size = 1 } end\n"                                                                      \
    "return network { name = 'many', outputs = { y = y } }\n"

/* Each counts as the layers that it is made of. */
Test(support, modules_are_as_many_layers_as_they_have_parts)
{
    Looked l;
    dcn_error err;
    looked_load(&l, MODULES("300"));
    looked_open(&l, "m3:1,1");
    looked_free(&l);
    looked_load(&l, MODULES("2050"));
    cr_assert_eq(support_node_parse("m3:1,1", &l.ask.node, &err), 0);
    cr_assert_eq(support_open(&l.ask, &l.support, &err), -1);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect_str_eq(err.text,
                     "'many' has 4100 layers with its modules taken apart; there can be 4096");
    looked_free(&l);
}
