/* test_cores.c: every reason for which the lowerings of DCNv3 and DCNv4 refuse a schedule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    int channels, groups, height, width, kernel, projection;
    const char *schedule, *reason;
} reasons[] = {
    { 64, 4, 28, 28, 3, 0,
      "aggregate block=64 coeff_shuffles=0 nontemporal=0 tile_w=0 tile_h=1 prefetch_rows=0", NULL },
    { 64, 4, 28, 28, 3, 32, "aggregate", "it has no product, and there is a projection" },
    { 64, 4, 28, 28, 3, 0, "project", "there is no projection" },
    { 64, 4, 28, 28, 3, 0, "aggregate block=2 tile_w=0", NULL },
    { 63, 3, 28, 28, 3, 0, "aggregate block=2",
      "no block of that many: a smaller one is the same" },
    { 63, 63, 28, 28, 9, 0, "aggregate block=128", "the block has more than 4096 points" },
    { 64, 4, 28, 2, 3, 0, "aggregate block=64", "the block is wider than the map" },
    { 64, 4, 28, 28, 3, 0, "aggregate tile_h=32 block=1", NULL },
    { 64, 4, 28, 28, 3, 0, "aggregate tile_w=32 block=1", "the tile is wider than the map" },
    { 64, 4, 16, 28, 3, 0, "aggregate tile_h=32 block=1", "the tile is higher than the map" },
    { 64, 4, 28, 28, 3, 0, "aggregate tile_w=16 block=128 prefetch_blocks=1",
      "the block is wider than the tile" },
    { 60, 4, 28, 28, 3, 0, "aggregate nontemporal=1",
      "groups are not whole vectors: use nontemporal=0" },
    { 64, 4, 28, 28, 3, 0, "aggregate tile_w=16 prefetch_blocks=2",
      "the block below is what comes next in a narrow tile: use prefetch_blocks=1" },
    { 64, 4, 28, 28, 3, 0, "aggregate block=2 task_groups=2", NULL },
    { 64, 4, 28, 28, 3, 0, "aggregate task_groups=4 block=2",
      "there are no more groups than that: use task_groups=0" },
    { 96, 6, 28, 28, 3, 0, "aggregate task_groups=4 block=2",
      "the groups are no multiple of that" },
    { 64, 4, 28, 28, 3, 0, "aggregate block=8 task_groups=1 tile_w=0 compact=1", NULL },
    { 64, 4, 28, 28, 3, 0, "aggregate block=1 tile_w=16 prefetch_blocks=1 compact=1",
      "copies have whole rows: use compact=0 or tile_w=0" },
    { 64, 4, DCN_DYNAMIC, 28, 3, 0, "aggregate block=1 tile_w=0 compact=1",
      "sizes are known only when it is called: use compact=0" },
    { 64, 2, 128, 128, 3, 0, "aggregate block=1 tile_w=0 compact=1",
      "a task's copies exceed 1 MiB: use compact=0 or a smaller task_groups" },
    { 8, 4, 28, 28, 3, 0, "aggregate coeff_shuffles=1",
      "vectors of fewer channels than a sample has corners: use coeff_shuffles=0" },
};
enum { NREASONS = sizeof reasons / sizeof *reasons };

Test(refuse, cores_say_why)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), 0);
    for (int i = 0; i < NREASONS; i++) {
        dcn_spec s = case_spec(DCN_OP_DCNV3, reasons[i].channels, reasons[i].channels,
                               reasons[i].height, reasons[i].width);
        s.offset_groups = reasons[i].groups;
        s.kernel[0] = s.kernel[1] = reasons[i].kernel;
        s.projection = reasons[i].projection;
        dcn_spec_complete(&s);
        Schedule sc;
        dcn_error err = { .text = "" };
        int refused = sched_parse(reasons[i].schedule, &(SchedFor){ &s, &t, 0, NULL }, &sc, &err);
        cr_expect_eq(refused, reasons[i].reason ? -1 : 0, "%s: %s", reasons[i].schedule, err.text);
        const char *at = strstr(err.text, " is refused: ");
        if (reasons[i].reason)
            cr_expect_str_eq(at ? at + strlen(" is refused: ") : err.text, reasons[i].reason);
    }
}

static bool is_tried(const char *reason)
{
    for (int i = 0; i < NREASONS; i++)
        if (reasons[i].reason && !strcmp(reasons[i].reason, reason))
            return true;
    return false;
}

Test(refuse, every_reason_of_cores_has_a_test)
{
    for (const AggregateRefusal *r = aggregate_refusals; r->reason; r++) {
        const char *advice = strstr(r->reason, ": use ");
        cr_expect(is_tried(r->reason), "no test of \"%s\"", r->reason);
        cr_expect(!advice || strstr(advice, aggregate_knobs[r->knob].name), "%s", r->reason);
    }
}
