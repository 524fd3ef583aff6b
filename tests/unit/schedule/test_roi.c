/* test_roi.c: every reason for which the lowering of regions refuses a schedule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi/roi.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    dcn_layout layout;
    int channels, pooled, sampling_ratio;
    const char *schedule, *reason; /* NULL: it is legal */
} reasons[] = {
    { DCN_NHWC, 256, 7, 2, "roi nv=8 bin_rows=0 table_samples=2 repack=0", NULL },
    { DCN_NHWC, 256, 7, 2, "roi nv=16", "the sums do not fit the registers" },
    { DCN_NHWC, 32, 7, 2, "roi nv=8", "a pass is wider than the channels of a task" },
    { DCN_NHWC, 256, 7, 2, "roi nv=8 task_channels=64", NULL },
    { DCN_NHWC, 256, 7, 2, "roi nv=8 task_channels=32",
      "a pass is wider than the channels of a task" },
    { DCN_NHWC, 256, 7, 2, "roi nv=8 task_channels=256",
      "there are no more channels than that: use task_channels=0" },
    { DCN_NHWC, 256, 3, 2, "roi bin_rows=4",
      "a region has no more rows of bins than that: use bin_rows=0" },
    { DCN_NHWC, 256, 7, 2, "roi table_samples=4",
      "a bin has fewer samples than a table would hold" },
    { DCN_NHWC, 256, 7, 2, "roi repack=1",
      "the channels lie side by side as they are: use repack=0" },
    { DCN_NCHW, 256, 7, 2, "roi repack=1", NULL },
    { DCN_NHWC, 256, 160, 0, "roi bin_rows=0 table_samples=8",
      "the workspace of a task would exceed 32 MiB" },
};
enum { NREASONS = sizeof reasons / sizeof *reasons };

Test(refuse, roi_says_why)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v3", NULL, NULL, &t, NULL), 0);
    for (int i = 0; i < NREASONS; i++) {
        dcn_spec s = case_spec(DCN_OP_ROI_ALIGN, reasons[i].channels, reasons[i].channels, 20, 30);
        s.rois = 5;
        s.layout = reasons[i].layout;
        s.pooled[0] = s.pooled[1] = reasons[i].pooled;
        s.sampling_ratio = reasons[i].sampling_ratio;
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

Test(refuse, every_reason_of_roi_has_a_test)
{
    for (const RoiRefusal *r = roi_refusals; r->reason; r++) {
        const char *advice = strstr(r->reason, ": use ");
        cr_expect(is_tried(r->reason), "no test of \"%s\"", r->reason);
        cr_expect(!advice || strstr(advice, roi_knobs[r->knob]->name), "%s", r->reason);
    }
}
