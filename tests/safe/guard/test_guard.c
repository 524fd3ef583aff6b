/* test_guard.c: kernels touch nothing but their tensors, whatever the offsets hold.
**
** Every tensor, the packed weights and a workspace of exactly the stated size lie between forbidden
** pages, once at the beginning of the room between them and once at its end; what a kernel only reads
** is frozen.  All cases of dcn_verify run, on odd shapes, for every machine that this one can imitate.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/guard/fence.h"
#include "tests/safe/guard/fenced.h"
#include "tests/support/case.h"
#include "tests/support/thin.h"
#include "tuner/api/choose.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Shape {
    dcn_op op;
    int in, out, groups, offset_groups;
    int height, width;
    int kernel[2], stride[2];
    int padding[4];
    int modulation, border, dynamic;
} Shape;

static const Shape shapes[] = {
    { DCN_OP_DEFORM_CONV2D, 1, 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 0 }, 0, 0, 0 },
    { DCN_OP_DEFORM_CONV2D, 3, 3, 1, 1, 1, 1, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 1, 1, 0 },
    { DCN_OP_DEFORM_CONV2D, 17, 19, 1, 1, 1, 7, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 2, 0, 0 },
    { DCN_OP_DEFORM_CONV2D, 33, 27, 1, 3, 5, 1, { 3, 2 }, { 2, 1 }, { 2, 1, 0, 1 }, 3, 2, 0 },
    { DCN_OP_DEFORM_CONV2D, 3, 27, 3, 1, 2, 2, { 5, 4 }, { 1, 1 }, { 2, 2, 2, 2 }, 1, 1, 0 },
    { DCN_OP_DEFORM_CONV2D, 17, 17, 17, 17, 5, 9, { 3, 3 }, { 1, 2 }, { 1, 1, 1, 1 }, 2, 0, 0 },
    { DCN_OP_DEFORM_CONV2D, 33, 3, 1, 1, 7, 18, { 1, 1 }, { 1, 1 }, { 0 }, 0, 2, 1 },
    { DCN_OP_DEFORM_CONV2D, 16, 32, 1, 2, 4, 16, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 3, 0, 1 },
    { DCN_OP_CONV2D, 17, 19, 1, 1, 3, 11, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 0, 0, 0 },
    { DCN_OP_CONV2D, 1, 3, 1, 1, 2, 41, { 5, 5 }, { 1, 1 }, { 2, 2, 2, 2 }, 0, 0, 0 },
    { DCN_OP_CONV2D, 6, 12, 6, 1, 4, 3, { 2, 3 }, { 2, 2 }, { 3, 3, 3, 3 }, 0, 0, 1 },
    { DCN_OP_DCNV3, 1, 0, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 0 }, 1, 0, 0 },
    { DCN_OP_DCNV3, 34, 0, 1, 2, 5, 7, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 3, 0, 0 },
    { DCN_OP_DCNV3, 96, 0, 1, 6, 4, 9, { 3, 2 }, { 1, 2 }, { 1, 1, 1, 1 }, 1, 0, 1 },
    { DCN_OP_DCNV3, 15, 7, 1, 5, 1, 9, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 3, 0, 0 },
    { DCN_OP_DCNV4, 17, 0, 1, 17, 9, 1, { 3, 3 }, { 1, 1 }, { 1, 1, 1, 1 }, 1, 0, 0 },
    { DCN_OP_DCNV4, 48, 33, 1, 3, 5, 4, { 5, 5 }, { 1, 1 }, { 2, 2, 2, 2 }, 3, 0, 1 },
};
enum { NSHAPES = sizeof shapes / sizeof *shapes };

static const char *const schedules[] = {
    "direct",
    "direct oc_block=1 lanes=2",
    "tiled",
    "tiled mr=7 nv=1 tile_h=1 tile_w=4 loop_order=1 unroll=4",
    "tiled nv=1 mr=4 oc_split=2",
    "tiled mr=4 tile_h=1 tile_w=4 kc_channels=16 ic_split=2",
    "aggregate",
    "aggregate block=1 tile_h=1 tile_w=0 prefetch_rows=10 prefetch_blocks=1 nontemporal=0 "
    "coeff_shuffles=0 jam=1",
    "aggregate block=1 task_groups=1 prefetch_rows=10 prefetch_blocks=2",
    "aggregate block=4 task_groups=1 tile_h=2 tile_w=0 prefetch_rows=10 prefetch_blocks=2 "
    "compact=1",
    "project",
    "project mr=7 nv=1 tile_h=1 tile_w=4 loop_order=1 unroll=4 block=1 prefetch_rows=0 "
    "prefetch_blocks=1 coeff_shuffles=0 jam=4",
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static const char *const machines[] = { "native", "x86-64-v4", "x86-64-v3", "x86-64-v2" };
enum { NMACHINES = sizeof machines / sizeof *machines };

static dcn_spec spec_of(const Shape *f, dcn_dtype dtype, dcn_layout layout)
{
    dcn_spec s = case_spec(f->op, f->in, f->out, f->height, f->width);
    memcpy(s.kernel, f->kernel, sizeof s.kernel);
    memcpy(s.stride, f->stride, sizeof s.stride);
    memcpy(s.padding, f->padding, sizeof s.padding);
    s.groups = f->groups;
    s.offset_groups = f->offset_groups;
    s.modulation = (dcn_modulation)f->modulation;
    s.border = (dcn_border)f->border;
    s.dtype = dtype;
    if (f->op == DCN_OP_DCNV3 || f->op == DCN_OP_DCNV4) { /* f->out: a projection, or 0 */
        s.projection = f->out;
        s.offset_scale = f->in % 2 ? 1.5 : 1;
        dcn_spec_complete(&s);
    } else {
        s.layout = layout;
        s.bias = f->in % 2;
    }
    s.activation = (dcn_activation)(f->out % 7);
    s.batch = 2;
    return s;
}

/* ---- one call between fences ------------------------------------------------------------------ */

typedef struct Fenced {
    Fence tensor[RT_NUM_OPERANDS], workspace;
    int n;
} Fenced;

static void fence_all(Fenced *f, const Operands *o, int at_end)
{
    const dcn_spec *s = &o->spec;
    size_t element = dcn_dtype_bytes(s->dtype);
    f->n = o->n;
    for (int i = 0; i < o->n; i++) {
        size_t bytes = o->tensor[i].role == DCN_WEIGHT ? dcn_kernel_tensor_bytes(o->kernel, i)
                                                       : (size_t)o->count[i] * element;
        f->tensor[i] = fence_open(bytes, element, at_end);
        memcpy(f->tensor[i].at, o->typed[i], bytes);
        if (o->tensor[i].role != DCN_OUT)
            fence_freeze(&f->tensor[i]);
    }
    f->workspace =
        fence_open(dcn_kernel_workspace_bytes(
                       o->kernel, (dcn_sizes){ s->batch, s->height, s->width, s->rois }, 2),
                   64, at_end);
}

static int unfence_all(Fenced *f)
{
    int intact = fence_intact(&f->workspace);
    fence_close(&f->workspace);
    for (int i = 0; i < f->n; i++) {
        intact = intact && fence_intact(&f->tensor[i]);
        fence_close(&f->tensor[i]);
    }
    return intact;
}

static void in_turn(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int),
                    void *arg)
{
    (void)self;
    for (int64_t i = 0; i < n; i++)
        body(arg, i, (int)(i % threads));
}

static void call_between_fences(const Operands *o, int at_end, const char *what)
{
    Fenced f;
    dcn_error err;
    fence_all(&f, o, at_end);
    void *tensor[RT_NUM_OPERANDS];
    const dcn_call call = { .tensor = tensor,
                            .ntensors = f.n,
                            .threads = 2,
                            .batch = o->spec.batch,
                            .height = o->spec.height,
                            .width = o->spec.width,
                            .workspace = f.workspace.at,
                            .parallel_for = in_turn };
    for (int i = 0; i < f.n; i++)
        tensor[i] = f.tensor[i].at;
    fence_watch(what);
    cr_assert_eq(dcn_execute(o->kernel, &call, &err), 0, "%s: %s", what, err.text);
    cr_expect(unfence_all(&f), "%s: the memory beside a tensor was written", what);
}

/* ---- packing ------------------------------------------------------------------------------------- */

static void pack_between_fences(const Operands *o, int w, int at_end, const char *what)
{
    size_t element = dcn_dtype_bytes(o->spec.dtype);
    Fence from = fence_open((size_t)o->count[w] * element, element, at_end);
    Fence to = fence_open(dcn_kernel_tensor_bytes(o->kernel, w), element, at_end);
    rt_convert(from.at, rt_kind_of(o->spec.dtype), o->exact[w], RT_F64, o->count[w]);
    fence_freeze(&from);
    fence_watch(what);
    dcn_pack_tensor(o->kernel, w, from.at, to.at);
    cr_expect(fence_intact(&from) && fence_intact(&to), "%s: packing wrote outside", what);
    fence_close(&from);
    fence_close(&to);
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static void all_cases(const dcn_kernel *k, const dcn_spec *bound, const char *what)
{
    Operands o;
    dcn_error err;
    rt_rng rng = rt_rng_seed(11);
    cr_assert_eq(tune_operands_open(&o, k, bound, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(&o, &rng, &err), 0, "%s", err.text);
    int ncases;
    const TuneCase *cases = tune_cases_of(bound, &ncases);
    for (int at_end = 0; at_end < 2; at_end++) {
        for (int i = 0; i < o.n; i++)
            if (o.tensor[i].role == DCN_WEIGHT)
                pack_between_fences(&o, i, at_end, what);
        for (int i = 0; i < ncases; i++) {
            char text[400];
            snprintf(text, sizeof text, "%s, %s, at the %s of its room", what, cases[i].name,
                     at_end ? "end" : "beginning");
            tune_fill_case(&o, &cases[i], &rng);
            call_between_fences(&o, at_end, text);
        }
    }
    tune_operands_close(&o);
}

static void expect_right(const dcn_kernel *k, const char *what)
{
    dcn_report report;
    dcn_error err;
    cr_assert_eq(dcn_verify(k, 1, 1, &report, &err), 0, "%s", err.text);
    cr_expect_eq(report.failures, 0, "%s: %s", what, report.what);
}

/* A schedule that this shape has no use for is not an error; returns whether it has, as far as it was tried. */
int fenced_kernel(const dcn_spec *bound, int dynamic, const char *schedule, const dcn_target *t)
{
    dcn_spec s = *bound;
    dcn_options opt = { .schedule = schedule, .target = t };
    dcn_kernel *k;
    dcn_error err;
    char what[256];
    if (!thin_takes(THIN_GUARD))
        return 1;
    if (dynamic)
        s.batch = s.height = s.width = DCN_DYNAMIC;
    if (dynamic && s.rois)
        s.rois = DCN_DYNAMIC;
    if (dcn_compile(&s, &opt, &k, &err)) {
        cr_expect_eq(err.code, DCN_EFAILED, "%s: %s", schedule, err.text);
        cr_expect(strstr(err.text, "is refused: "), "%s", err.text);
        return 0;
    }
    snprintf(what, sizeof what, "%s %s %s C=%d O=%d %dx%d%s, %s", t->isa, dcn_dtype_name(s.dtype),
             dcn_layout_name(s.layout), (int)s.in_channels, (int)s.out_channels, (int)bound->height,
             (int)bound->width, dynamic ? " dynamic" : "", dcn_kernel_schedule(k));
    all_cases(k, bound, what);
    expect_right(k, what);
    dcn_kernel_free(k);
    return 1;
}

static int runs_here(const char *machine, dcn_target *t)
{
    dcn_target native;
    return !dcn_target_native(&native, NULL) && !dcn_target_parse(machine, NULL, NULL, t, NULL) &&
           !tune_can_run(t, &native, NULL);
}

/* "native" is one of the others: it stands in where none of them runs. */
static int is_repeated(const char *machine)
{
    dcn_target t;
    return !strcmp(machine, "native") && runs_here("x86-64-v2", &t);
}

int fenced_machine(int i, dcn_target *t)
{
    for (int m = 0; m < NMACHINES; m++)
        if (!is_repeated(machines[m]) && runs_here(machines[m], t) && i-- == 0)
            return 1;
    return 0;
}

ParameterizedTestParameters(guard, nothing_outside_is_touched)
{
    return cr_make_param_array(Shape, (Shape *)shapes, NSHAPES);
}

ParameterizedTest(Shape *shape, guard, nothing_outside_is_touched)
{
    for (int m = 0; m < NMACHINES; m++) {
        dcn_target t;
        if (is_repeated(machines[m]) || !runs_here(machines[m], &t))
            continue;
        for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
            for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
                dcn_spec s = spec_of(shape, (dcn_dtype)dtype, (dcn_layout)layout);
                int used = s.layout != (dcn_layout)layout; /* dcnv3, dcnv4: only nhwc */
                for (int i = 0; i < NSCHEDULES && s.layout == (dcn_layout)layout; i++)
                    used += fenced_kernel(&s, shape->dynamic, schedules[i], &t);
                cr_expect_gt(used, 0);
            }
    }
}

/* ---- the fence itself bites ---------------------------------------------------------------------------- */

Test(guard, a_read_past_the_end_is_caught, .exit_code = 3)
{
    Fence f = fence_open(100, 4, 1);
    fence_watch("on purpose");
    cr_assert_eq(((volatile unsigned char *)f.at)[100], 0);
}

Test(guard, a_read_before_the_beginning_is_caught, .exit_code = 3)
{
    Fence f = fence_open(100, 4, 0);
    fence_watch("on purpose");
    cr_assert_eq(((volatile unsigned char *)f.at)[-1], 0);
}

Test(guard, a_write_to_an_operand_is_caught, .exit_code = 3)
{
    Fence f = fence_open(100, 4, 0);
    fence_freeze(&f);
    fence_watch("on purpose");
    ((volatile unsigned char *)f.at)[5] = 1;
}

Test(guard, a_write_beside_the_buffer_is_seen)
{
    Fence f = fence_open(100, 64, 1);
    cr_expect(fence_intact(&f));
    f.at[100] = 1;
    cr_expect_not(fence_intact(&f));
    fence_close(&f);
}
