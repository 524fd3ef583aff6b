/* test_flags.c: finite operands raise no floating-point exception, whatever memory held before.
**
** A program that traps exceptions, or asks for their flags after a computation, sees what kernels
** raise on lanes that nobody reads.  So outputs, packed weights and workspace hold signalling NaNs
** before they are written: every operation on one raises FE_INVALID.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/safe/guard/fence.h"
#include "tests/safe/guard/fenced.h"
#include "tests/support/thin.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Results that are not exact raise FE_INEXACT, and the exponential of -100 FE_UNDERFLOW. */
enum { RAISED = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

static const char *const schedules[] = {
    NULL,
    "direct",
    "direct oc_block=1 lanes=2",
    "tiled",
    "tiled mr=7 nv=1 tile_h=1 tile_w=4 loop_order=1 unroll=4 group_pack=0 repack=0 tap_lanes=0",
    "aggregate",
    "aggregate block=1 tile_h=1 tile_w=0 jam=1 prefetch_rows=0",
    "project",
    "roi bin_rows=1 repack=0",
    "roi nv=1 bin_rows=2 table_samples=1",
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

/* Operands of one kernel, and where it is: for messages. */
typedef struct Watched {
    Operands o;
    const char *what;
} Watched;

static void poison(void *at, size_t bytes, dcn_dtype dtype)
{
    static const uint32_t f32 = 0x7fa00000;
    static const uint64_t f64 = 0x7ff4000000000000;
    const size_t size = dcn_dtype_bytes(dtype);
    for (size_t i = 0; i + size <= bytes; i += size)
        memcpy((char *)at + i, dtype == DCN_F64 ? (const void *)&f64 : &f32, size);
}

static void expect_quiet(const Watched *w, const char *doing)
{
    const int raised = fetestexcept(RAISED);
    cr_expect_eq(raised, 0, "%s, %s:%s%s%s", w->what, doing, raised & FE_INVALID ? " invalid" : "",
                 raised & FE_DIVBYZERO ? " division by zero" : "",
                 raised & FE_OVERFLOW ? " overflow" : "");
}

static void pack_all(Watched *w)
{
    Operands *o = &w->o;
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i].role != DCN_WEIGHT)
            continue;
        void *plain = malloc((size_t)o->count[i] * dcn_dtype_bytes(o->spec.dtype));
        rt_convert(plain, rt_kind_of(o->spec.dtype), o->exact[i], RT_F64, o->count[i]);
        poison(o->typed[i], dcn_kernel_tensor_bytes(o->kernel, i), o->spec.dtype);
        feclearexcept(FE_ALL_EXCEPT);
        dcn_pack_tensor(o->kernel, i, plain, o->typed[i]);
        expect_quiet(w, "packing");
        free(plain);
    }
}

static void run_case(Watched *w, const TuneCase *c, rt_rng *r)
{
    Operands *o = &w->o;
    const dcn_spec *s = &o->spec;
    const dcn_sizes sizes = { s->batch, s->height, s->width, s->rois };
    const size_t bytes = dcn_kernel_workspace_bytes(o->kernel, sizes, 1);
    Fence workspace = fence_open(bytes, 64, 1);
    dcn_error err;
    tune_fill_case(o, c, r);
    poison(workspace.at, bytes, s->dtype);
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role == DCN_OUT)
            poison(o->typed[i], rt_tensor_bytes(&o->tensor[i]), s->dtype);
    const dcn_call call = { .tensor = o->typed,
                            .ntensors = o->n,
                            .threads = 1,
                            .batch = s->batch,
                            .height = s->height,
                            .width = s->width,
                            .rois = s->rois,
                            .workspace = workspace.at };
    feclearexcept(FE_ALL_EXCEPT);
    cr_assert_eq(dcn_execute(o->kernel, &call, &err), 0, "%s: %s", w->what, err.text);
    expect_quiet(w, c->name);
    fence_close(&workspace);
}

/* The cases whose operands and sums are finite. */
static int is_quiet(const TuneCase *c)
{
    static const char *const loud[] = { "infinit", "NaN", "extreme", "not there" };
    for (size_t i = 0; i < sizeof loud / sizeof *loud; i++)
        if (strstr(c->name, loud[i]))
            return 0;
    return 1;
}

static void watch(const dcn_kernel *k, const dcn_spec *bound, const char *what)
{
    Watched w = { .what = what };
    rt_rng r = rt_rng_seed(5);
    dcn_error err;
    int n;
    const TuneCase *cases = tune_cases_of(bound, &n);
    cr_assert_eq(tune_operands_open(&w.o, k, bound, &err), 0, "%s", err.text);
    cr_assert_eq(tune_fill_inputs(&w.o, &r, &err), 0, "%s", err.text);
    pack_all(&w);
    for (int i = 0; i < n; i++)
        if (is_quiet(&cases[i]))
            run_case(&w, &cases[i], &r);
    tune_operands_close(&w.o);
}

/* 0 if the kernel was tried and has no such schedule. */
static int watch_schedule(const dcn_spec *bound, int dynamic, const char *schedule,
                          const dcn_target *t)
{
    dcn_spec s = *bound;
    const dcn_options opt = { .schedule = schedule, .target = t };
    dcn_kernel *k;
    dcn_error err;
    char what[512];
    if (!thin_takes(THIN_FLAGS))
        return 1;
    if (dynamic)
        s.batch = s.height = s.width = DCN_DYNAMIC;
    if (dynamic && s.rois)
        s.rois = DCN_DYNAMIC;
    if (dcn_compile(&s, &opt, &k, &err))
        return 0;
    snprintf(what, sizeof what, "%s %s %s%s, %s", s.name, dcn_dtype_name(s.dtype), t->isa,
             dynamic ? " dynamic" : "", dcn_kernel_schedule(k));
    watch(k, bound, what);
    dcn_kernel_free(k);
    return 1;
}

static void watch_all(const char *dtype)
{
    const dcn_param params[] = { { "dtype", dtype } };
    dcn_module *m;
    dcn_error err;
    dcn_target t;
    cr_assert_eq(dcn_load_file(SOURCE_DIR "/tests/safe/guard/flags.lua", params, 1, &m, &err), 0,
                 "%s", err.text);
    for (int machine = 0; fenced_machine(machine, &t); machine++)
        for (int i = 0; i < dcn_module_count(m); i++) {
            const dcn_spec *s = dcn_module_spec(m, i);
            int used = watch_schedule(s, 1, NULL, &t);
            for (int j = 0; j < NSCHEDULES; j++)
                used += watch_schedule(s, 0, schedules[j], &t);
            cr_expect_geq(used, 2, "%s", s->name);
        }
    dcn_module_free(m);
}

Test(flags, f32_raises_no_exception)
{
    watch_all("f32");
}

Test(flags, f64_raises_no_exception)
{
    watch_all("f64");
}

Test(flags, a_signalling_nan_is_seen)
{
    volatile float x;
    poison((void *)(uintptr_t)&x, sizeof x, DCN_F32);
    feclearexcept(FE_ALL_EXCEPT);
    x = x + 1;
    cr_expect(fetestexcept(FE_INVALID));
}
