/* test_crossing.c: weight groups and offset groups that are not aligned with one another.
**
** The channels of a weight group, or of a block of one, then begin inside an offset group.  Random
** specs seldom have enough channels for several blocks; these have.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dcngen.h>
#include <string.h>

typedef struct Crossing {
    int in_channels, out_channels, groups, offset_groups;
    char schedule[32]; /* "": the guess */
} Crossing;

ParameterizedTestParameters(crossing, agrees_with_the_reference)
{
    static Crossing all[] = {
        { 272, 64, 2, 17, "" },        { 272, 64, 2, 17, "tiled kc_channels=16" },
        { 34, 48, 2, 17, "tiled" },    { 34, 48, 2, 17, "tiled kc_channels=16" },
        { 72, 16, 2, 9, "tiled" },     { 72, 16, 2, 9, "tiled kc_channels=32" },
        { 66, 4, 2, 33, "tiled" },     { 66, 4, 2, 33, "tiled kc_channels=16" },
        { 24, 15, 3, 2, "tiled" },     { 24, 15, 3, 2, "tiled kc_channels=32" },
        { 216, 6, 6, 27, "tiled" },    { 216, 6, 6, 27, "tiled kc_channels=256" },
        { 120, 6, 6, 8, "tiled" },     { 120, 6, 6, 8, "tiled kc_channels=128" },
        { 152, 16, 8, 4, "tiled" },    { 912, 96, 48, 19, "" },
        { 912, 96, 48, 19, "direct" }, { 144, 10, 2, 3, "tiled kc_channels=16" },
    };
    return cr_make_param_array(Crossing, all, sizeof all / sizeof *all);
}

static void check(const Crossing *c, dcn_layout layout)
{
    dcn_spec s;
    dcn_error err;
    dcn_report report;
    dcn_kernel *k = NULL;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    strcpy(s.name, "crossing");
    s.in_channels = c->in_channels;
    s.out_channels = c->out_channels;
    s.groups = c->groups;
    s.offset_groups = c->offset_groups;
    s.height = s.width = 5;
    s.kernel[0] = s.kernel[1] = 3;
    s.layout = layout;
    dcn_options options = { .schedule = c->schedule[0] ? c->schedule : NULL };
    if (dcn_compile(&s, &options, &k, &err)) {
        cr_assert(strchr(c->schedule, '=') && strstr(err.text, "is refused: "), "%d, %d, %d: %s",
                  c->in_channels, c->groups, c->offset_groups, err.text);
        return;
    }
    cr_assert_eq(dcn_verify(k, 1, 1, &report, &err), 0, "%s", err.text);
    cr_expect_gt(report.cases, 1);
    cr_expect_eq(report.failures, 0,
                 "in_channels = %d, groups = %d, offset_groups = %d, %s, %s: %s", c->in_channels,
                 c->groups, c->offset_groups, dcn_layout_name(layout), dcn_kernel_schedule(k),
                 report.what);
    dcn_kernel_free(k);
}

ParameterizedTest(const Crossing *c, crossing, agrees_with_the_reference)
{
    check(c, DCN_NCHW);
    check(c, DCN_NHWC);
}
