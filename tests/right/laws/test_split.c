/* test_split.c: tiles that are the work of several tasks.
**
** Parts of the output channels and partial sums over input channels give what the reference gives,
** and the same bits for any number of threads and any order of tasks: partial sums are added up in
** the order of the parts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/kernel.h"
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A layer, and the ways to split it. */
typedef struct SplitCase {
    dcn_op op;
    int kernel, in, out, groups, offset_groups;
    bool residual;
    dcn_activation activation;
    const char *schedule[5];
} SplitCase;

static const SplitCase cases[] = {
    { DCN_OP_DEFORM_CONV2D,
      3,
      100,
      100,
      1,
      1,
      true,
      DCN_ACT_RELU,
      { "tiled nv=1 oc_split=2", "tiled kc_channels=16 ic_split=2 prefetch=4",
        "tiled nv=1 kc_channels=32 ic_split=2 oc_split=2 kc_taps=5 loop_order=1",
        "tiled tile_h=2 tile_w=4 kc_channels=16 ic_split=4 tap_lanes=0" } },
    { DCN_OP_DEFORM_CONV2D,
      3,
      64,
      60,
      1,
      4,
      true,
      DCN_ACT_GELU,
      { "tiled kc_channels=16 ic_split=4", "tiled kc_channels=32 ic_split=2 repack=1",
        "tiled nv=1 kc_channels=32 ic_split=2 oc_split=4" } },
    { DCN_OP_DEFORM_CONV2D,
      3,
      64,
      96,
      2,
      2,
      false,
      DCN_ACT_SILU,
      { "tiled kc_channels=0 oc_split=2", "tiled kc_channels=16 ic_split=2",
        "tiled kc_channels=16 oc_split=2 ic_split=2 prefetch=-1" } },
    { DCN_OP_CONV2D,
      3,
      48,
      150,
      1,
      1,
      true,
      DCN_ACT_NONE,
      { "tiled nv=1 oc_split=4", "tiled kc_channels=32 ic_split=2",
        "tiled kc_channels=16 ic_split=2",
        "tiled nv=1 kc_channels=16 oc_split=2 ic_split=2 implicit_gemm=0" } },
    /* Tiles of whole rows are one row of pixels. */
    { DCN_OP_CONV2D,
      1,
      48,
      70,
      1,
      1,
      true,
      DCN_ACT_GELU,
      { "tiled tile_h=2 tile_w=12 implicit_gemm=1 loop_order=1",
        "tiled tile_h=4 tile_w=12 implicit_gemm=0",
        "tiled tile_h=6 tile_w=12 kc_channels=16 oc_split=2 ic_split=2",
        "tiled tile_h=2 tile_w=8 implicit_gemm=1 loop_order=1" } },
};
enum { NCASES = sizeof cases / sizeof *cases };

static dcn_spec spec_of(const SplitCase *x, const Variant *v)
{
    dcn_spec s = case_spec(x->op, x->in, x->out, 5, 9);
    s.groups = x->groups;
    s.offset_groups = x->offset_groups;
    s.modulation = x->op == DCN_OP_DEFORM_CONV2D ? DCN_MODULATION_MASK : DCN_MODULATION_NONE;
    s.kernel[0] = s.kernel[1] = x->kernel;
    for (int i = 0; i < 4; i++)
        s.padding[i] = x->kernel / 2;
    s.bias = s.scale_shift = true;
    s.residual = x->residual;
    s.activation = x->activation;
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.batch = 2;
    return s;
}

static void each_split(void (*law)(const dcn_spec *s, const char *schedule))
{
    for (int i = 0; i < 4 * NCASES; i++) {
        const SplitCase *x = &cases[i / 4];
        const Variant v = { i % 2 ? DCN_F64 : DCN_F32, i / 2 % 2 ? DCN_NCHW : DCN_NHWC, "" };
        dcn_spec s = spec_of(x, &v);
        for (int j = 0; x->schedule[j]; j++)
            if (thin_takes(THIN_SHAPES))
                law(&s, x->schedule[j]);
    }
}

static void is_right(const dcn_spec *s, const char *schedule)
{
    dcn_kernel *k;
    dcn_report report;
    dcn_error err;
    const dcn_options opt = { .schedule = schedule };
    cr_assert_eq(dcn_compile(s, &opt, &k, &err), 0, "%s: %s", schedule, err.text);
    cr_assert_eq(dcn_verify(k, 5, 2, &report, &err), 0, "%s: %s", schedule, err.text);
    cr_expect_eq(report.failures, 0, "%s %s, %s: %s", dcn_dtype_name(s->dtype),
                 dcn_layout_name(s->layout), schedule, report.what);
    dcn_kernel_free(k);
}

Test(split, every_way_is_right)
{
    each_split(is_right);
}

/* Sizes that are known only when the kernel is called. */
static void is_right_for_any_size(const dcn_spec *s, const char *schedule)
{
    dcn_spec any = *s;
    any.batch = any.height = any.width = DCN_DYNAMIC;
    is_right(&any, schedule);
}

Test(split, every_way_is_right_for_dynamic_sizes)
{
    for (int i = 0; i < NCASES; i++) {
        const Variant v = { DCN_F32, i % 2 ? DCN_NCHW : DCN_NHWC, "" };
        dcn_spec s = spec_of(&cases[i], &v);
        is_right_for_any_size(&s, cases[i].schedule[1]);
    }
}

/* ---- bits ------------------------------------------------------------------------------------ */

/* All tasks, last first, as thread 0, 1, ... in turn. */
static void backwards(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int),
                      void *arg)
{
    (void)self;
    for (int64_t i = n - 1; i >= 0; i--)
        body(arg, i, (int)(i % threads));
}

static void run(Case *c, int threads, dcn_parallel_for loop)
{
    dcn_error err;
    const dcn_call call = {
        .tensor = c->o.typed, .ntensors = c->o.n, .threads = threads, .parallel_for = loop
    };
    tune_poison_outputs(&c->o);
    cr_assert_eq(rt_execute(c->kernel, &call, true, &err), 0, "%s", err.text);
}

static void has_the_same_bits(const dcn_spec *s, const char *schedule)
{
    static const int threads[] = { 2, 3, 7 };
    Case c;
    case_open(&c, s, schedule, NULL);
    case_fill(&c, 7);
    case_run(&c, 1);
    int out = case_index(&c, "output");
    size_t bytes = (size_t)c.o.count[out] * dcn_dtype_bytes(s->dtype);
    void *alone = malloc(bytes);
    memcpy(alone, c.o.typed[out], bytes);
    for (int i = 0; i < 3; i++) {
        run(&c, threads[i], NULL);
        cr_expect_arr_eq(c.o.typed[out], alone, bytes, "%s: %d threads", schedule, threads[i]);
        run(&c, threads[i], backwards);
        cr_expect_arr_eq(c.o.typed[out], alone, bytes, "%s: %d threads backwards", schedule,
                         threads[i]);
    }
    free(alone);
    case_close(&c);
}

Test(split, no_number_of_threads_and_no_order_of_tasks_changes_a_bit)
{
    each_split(has_the_same_bits);
}
