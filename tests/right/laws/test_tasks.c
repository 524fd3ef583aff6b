/* test_tasks.c: the tasks that a schedule's account counts are those of its kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The tasks of the phases of a call, which are run one after another. */
typedef struct Counted {
    int64_t tasks[BALANCE_MAX_PHASES];
    int n;
} Counted;

static void count(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int), void *arg)
{
    Counted *c = self;
    (void)threads;
    cr_assert_lt(c->n, BALANCE_MAX_PHASES);
    c->tasks[c->n++] = n;
    for (int64_t i = 0; i < n; i++)
        body(arg, i, 0);
}

/* Counts the tasks of the guess for so many threads. */
static void expect_counted(const dcn_spec *s, int threads)
{
    char text[DCN_SCHEDULE_MAX];
    dcn_error err;
    dcn_target t;
    Schedule sc;
    Balance b;
    Case c;
    if (!thin_takes(THIN_SHAPES))
        return;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_assert_eq(sched_guess(&(SchedFor){ s, &t, threads, NULL }, &sc, &err), 0, "%s", err.text);
    cr_assert_eq(sched_balance(&sc, s, &t, threads, &b), 0);
    sched_print(&sc, text, sizeof text);
    sched_free(&sc);
    case_open(&c, s, text, NULL);
    case_fill(&c, 1);
    Counted is = { .n = 0 };
    c.o.parallel_for = count;
    c.o.parallel_self = &is;
    case_run(&c, threads);
    cr_expect_eq(is.n, b.n, "%s: %d phases, the account has %d", text, is.n, b.n);
    for (int i = 0; i < b.n && i < is.n; i++)
        cr_expect_eq((double)is.tasks[i], b.phase[i].cost.tasks, "%s, phase %d: %d tasks, not %g",
                     text, i, (int)is.tasks[i], b.phase[i].cost.tasks);
    case_close(&c);
}

static dcn_spec region_spec(dcn_op op)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    strcpy(s.name, "k");
    s.batch = 1;
    s.in_channels = s.out_channels = 96;
    s.rois = 3;
    s.pooled[0] = s.pooled[1] = 5;
    if (op == DCN_OP_DEFORM_PS_ROI_POOL || op == DCN_OP_PS_ROI_POOL || op == DCN_OP_PS_ROI_ALIGN) {
        s.pooled[0] = s.pooled[1] = s.group_size[0] = s.group_size[1] = 2;
        s.out_channels = 24;
    }
    return s;
}

static dcn_spec spec_of(dcn_op op, dcn_layout layout, int size)
{
    dcn_spec s =
        rt_op_has(op, RT_HAS_ROIS) ? region_spec(op) : case_spec(op, 96, 96, size, size + 3);
    s.layout = layout;
    s.height = size;
    s.width = size + 3;
    if (op == DCN_OP_DCNV3 || op == DCN_OP_DCNV4)
        s.offset_groups = 6;
    dcn_spec_complete(&s);
    return s;
}

static void each_size(dcn_op op, dcn_layout layout)
{
    static const int threads[] = { 1, 16, 64 };
    for (int size = 5; size < 40; size *= 3)
        for (int i = 0; i < 3; i++) {
            dcn_spec s = spec_of(op, layout, size);
            expect_counted(&s, threads[i]);
        }
}

Test(tasks, of_convolutions_are_counted)
{
    for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
        each_size(DCN_OP_CONV2D, (dcn_layout)layout);
        each_size(DCN_OP_DEFORM_CONV2D, (dcn_layout)layout);
    }
}

Test(tasks, of_cores_are_counted)
{
    each_size(DCN_OP_DCNV3, DCN_NHWC);
    each_size(DCN_OP_DCNV4, DCN_NHWC);
}

Test(tasks, of_regions_are_counted)
{
    static const dcn_op ops[] = { DCN_OP_ROI_POOL,        DCN_OP_PS_ROI_POOL,
                                  DCN_OP_ROI_ALIGN,       DCN_OP_PS_ROI_ALIGN,
                                  DCN_OP_DEFORM_ROI_POOL, DCN_OP_DEFORM_PS_ROI_POOL };
    for (int i = 0; i < 6; i++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++)
            each_size(ops[i], (dcn_layout)layout);
}
