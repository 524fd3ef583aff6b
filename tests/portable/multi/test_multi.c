/* test_multi.c: every variant of a library for several CPUs, against the reference.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/portable/multi/fat.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define LEVELS "x86-64-v2,x86-64-v3,x86-64-v4"
#define LEAST  "x86-64-v2"
#else
#define LEVELS "generic,neoverse-n1"
#define LEAST  "generic"
#endif

/* One of each operator, and each way to compute one. */
static const char specs[] =
    "return {\n"
    "  conv2d { name = 'plain', in_channels = 5, out_channels = 19, height = 9, width = 11,\n"
    "    kernel_size = 3, stride = 2, padding = 1, bias = true, activation = 'silu' },\n"
    "  deform_conv2d { name = 'nchw', in_channels = 12, out_channels = 20, height = 9, width = "
    "10,\n"
    "    kernel_size = 3, padding = 1, modulation = 'sigmoid', bias = true, activation = 'gelu' "
    "},\n"
    "  deform_conv2d { name = 'sized', batch = dynamic, height = dynamic, width = dynamic,\n"
    "    in_channels = 16, out_channels = 24, kernel_size = 3, padding = 1, layout = 'nhwc' },\n"
    "  deform_conv2d { name = 'wide', in_channels = 6, out_channels = 8, height = 7, width = 9,\n"
    "    kernel_size = 3, groups = 2, offset_groups = 3, dtype = 'f64' },\n"
    "  dcnv3 { name = 'core', channels = 24, groups = 3, height = 8, width = 9, padding = 1 },\n"
    "  dcnv3 { name = 'projected', channels = 16, groups = 2, height = 6, width = 9, projection = "
    "24 },\n"
    "  dcnv4 { name = 'four', channels = 32, groups = 2, height = 7, width = 8 },\n"
    "  dcnv3_module { name = 'module', channels = 16, groups = 2, height = 6, width = 7 },\n"
    "  roi_align { name = 'align', channels = 9, height = 12, width = 13, rois = 5, output_size = "
    "4 },\n"
    "  deform_ps_roi_pool { name = 'ps', channels = 18, height = 12, width = 13, rois = 4,\n"
    "    output_dim = 2, group_size = 3, pooled_size = 3, sample_per_part = 2,\n"
    "    spatial_scale = 0.5 },\n"
    "}\n";

static const char small[] = "return deform_conv2d { name = 'small', in_channels = 4, out_channels "
                            "= 4, height = 5, width = 6,\n"
                            "  kernel_size = 3, padding = 1, layout = 'nhwc' }\n";

static dcn_module *load(const char *text)
{
    dcn_module *m;
    dcn_error err;
    cr_assert_eq(dcn_load_text(text, "test", NULL, 0, &m, &err), 0, "%s", err.text);
    return m;
}

/* ---- right numbers ----------------------------------------------------------------------- */

static void verify_variant(const Fat *f, const char *cpu)
{
    dcn_report r;
    dcn_error err;
    cr_assert_str_eq(f->variant(), cpu);
    cr_assert_eq(dcn_verify(&f->kernel, 7, 2, &r, &err), 0, "%s", err.text);
    cr_expect_eq(r.failures, 0, "%s for %s: %s", f->kernel.spec.name, cpu, r.what);
    cr_expect_gt(r.cases, 0);
}

/* How many variants this machine could run. */
static int verify_all(const dcn_spec *s)
{
    Fat f;
    dcn_target t[8];
    int ran = 0;
    const int n = fat_targets(LEVELS, t, 8);
    fat_open(&f, s, LEVELS);
    for (int i = 0; i < n; i++) {
        const int rc = f.choose(t[i].cpu);
        cr_assert(rc == 0 || rc == -2, "%s: %d", t[i].cpu, rc);
        if (rc == 0)
            verify_variant(&f, t[i].cpu);
        ran += rc == 0;
    }
    fat_close(&f);
    return ran;
}

Test(variants, all_that_this_machine_runs_are_right)
{
    dcn_module *m = load(specs);
    const int n = dcn_module_count(m);
    cr_assert_eq(n, 10);
    for (int i = 0; i < n; i++)
        cr_expect_geq(verify_all(dcn_module_spec(m, i)), 1);
    dcn_module_free(m);
}

/* Each packs for itself, so one's packed weights are of no use to another; sizes show that they differ. */
Test(variants, sizes_are_those_of_the_variant_in_use)
{
    dcn_module *m = load(specs);
    const dcn_spec *s = dcn_module_spec(m, 1);
    Fat f;
    dcn_target t[8];
    const int n = fat_targets(LEVELS, t, 8);
    fat_open(&f, s, LEVELS);
    for (int i = 0; i < n; i++) {
        dcn_kernel *alone;
        dcn_error err;
        const dcn_options opt = { .target = &t[i] };
        if (f.choose(t[i].cpu))
            continue;
        cr_assert_eq(dcn_compile(s, &opt, &alone, &err), 0, "%s", err.text);
        cr_expect_eq(f.kernel.entry.packed_bytes(1), (int64_t)dcn_kernel_packed_bytes(alone));
        cr_expect_eq(f.kernel.entry.workspace_bytes(0, 0, 0, 0, 3),
                     (int64_t)dcn_kernel_workspace_bytes(alone, (dcn_sizes){ 0, 0, 0, 0 }, 3));
        dcn_kernel_free(alone);
    }
    fat_close(&f);
    dcn_module_free(m);
}

/* ---- which ------------------------------------------------------------------------------- */

/* The best that this machine has, whatever the order in which they were given. */
Test(choice, the_best_class_comes_first)
{
    static const char *const orders[] = { "x86-64-v2,x86-64-v3,x86-64-v4",
                                          "x86-64-v4,x86-64-v2,x86-64-v3" };
    dcn_target native;
    cr_assert_eq(dcn_target_native(&native, NULL), 0);
    if (strncmp(native.triple, "x86_64", 6) != 0)
        cr_skip_test("not an x86-64 machine");
    dcn_module *m = load(small);
    for (int i = 0; i < 2; i++) {
        Fat f;
        char why[256];
        fat_open(&f, dcn_module_spec(m, 0), orders[i]);
        cr_expect_str_eq(f.variant(), native.vector_bytes == 64   ? "x86-64-v4"
                                      : native.vector_bytes == 32 ? "x86-64-v3"
                                                                  : "x86-64-v2");
        const int64_t length = f.why(why, sizeof why);
        cr_expect_eq(length, (int64_t)strlen(why));
        cr_expect_eq(strncmp(why, f.variant(), strlen(f.variant())), 0, "%s", why);
        fat_close(&f);
    }
    dcn_module_free(m);
}

Test(choice, can_be_overruled_and_taken_back)
{
    dcn_module *m = load(small);
    Fat f;
    char why[256];
    fat_open(&f, dcn_module_spec(m, 0), LEVELS);
    const char *usual = f.variant();
    cr_expect_eq(f.choose("pdp-11"), -1);
    cr_expect_eq(f.choose(""), -1);
    cr_expect_eq(f.choose("none"), -1);
    cr_expect_eq(f.choose(LEVELS), -1);
    cr_expect_str_eq(f.variant(), usual, "what fails changes nothing");
    cr_expect_eq(f.choose(LEAST), 0);
    cr_expect_str_eq(f.variant(), LEAST);
    f.why(why, sizeof why);
    cr_expect_eq(strstr(why, "chosen by the program") != NULL, strcmp(usual, LEAST) != 0, "%s",
                 why);
    cr_expect_eq(f.choose(NULL), 0);
    cr_expect_str_eq(f.variant(), usual);
    fat_close(&f);
    dcn_module_free(m);
}

Test(choice, text_fits_the_memory_that_it_is_given)
{
    dcn_module *m = load(small);
    Fat f;
    fat_open(&f, dcn_module_spec(m, 0), LEVELS);
    char whole[256];
    const int64_t length = f.why(whole, sizeof whole);
    cr_expect_eq(f.why(NULL, 0), length);
    for (int64_t size = 1; size <= length + 2; size++) {
        char part[258];
        memset(part, '#', sizeof part);
        cr_expect_eq(f.why(part, size), length);
        const size_t want = (size_t)(size <= length ? size - 1 : length);
        cr_expect_eq(strlen(part), want);
        cr_expect_eq(memcmp(part, whole, want), 0);
        cr_expect_eq(part[want + 1], '#');
    }
    fat_close(&f);
    dcn_module_free(m);
}

/* ---- threads ------------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 200 };

typedef struct Race {
    Fat fat;
    pthread_barrier_t start;
    int64_t packed;
    const char *variant;
    atomic_int wrong;
} Race;

/* All of them call first. */
static void *race(void *arg)
{
    Race *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (pthread_barrier_wait(&r->start) == PTHREAD_BARRIER_SERIAL_THREAD)
            r->fat.choose(NULL);
        pthread_barrier_wait(&r->start);
        r->wrong += r->fat.kernel.entry.packed_bytes(1) != r->packed;
        r->wrong += strcmp(r->fat.variant(), r->variant) != 0;
    }
    return NULL;
}

Test(choice, threads_that_call_at_once_agree)
{
    dcn_module *m = load(small);
    Race r;
    pthread_t thread[THREADS];
    fat_open(&r.fat, dcn_module_spec(m, 0), LEVELS);
    atomic_init(&r.wrong, 0);
    r.variant = r.fat.variant();
    r.packed = r.fat.kernel.entry.packed_bytes(1);
    pthread_barrier_init(&r.start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, race, &r), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cr_expect_eq(r.wrong, 0);
    pthread_barrier_destroy(&r.start);
    fat_close(&r.fat);
    dcn_module_free(m);
}

/* ---- what does not go together -------------------------------------------------------------- */

static void refused(const char *cpus, const char *message)
{
    static const dcn_emit_kind kinds[] = { DCN_EMIT_OBJ, DCN_EMIT_HEADER, DCN_EMIT_STATIC_LIB };
    dcn_module *m = load(small);
    for (int i = 0; i < 3; i++) {
        void *bytes = NULL;
        size_t size;
        dcn_error err = { .text = "taken" };
        cr_expect_eq(fat_emit(dcn_module_spec(m, 0), cpus, kinds[i], &bytes, &size, &err), -1);
        cr_expect_eq(err.code, DCN_EUSAGE);
        cr_expect_str_eq(err.text, message);
        cr_expect_null(bytes);
    }
    dcn_module_free(m);
}

Test(refused, targets_that_do_not_go_together)
{
    refused("x86-64-v3,generic",
            "targets of one library must have one triple: 'x86-64-v3' has x86_64-pc-linux-gnu, "
            "'generic' has aarch64-unknown-linux-gnu");
    refused("x86-64-v3,znver5,x86-64-v3", "target 'x86-64-v3' is given twice");
}

Test(refused, too_many_or_none)
{
    dcn_module *m = load(small);
    void *bytes;
    size_t size;
    dcn_error err;
    const dcn_spec *s = dcn_module_spec(m, 0);
    static const dcn_options opt[17];
    cr_expect_eq(dcn_emit_many(s, opt, 17, DCN_EMIT_OBJ, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text, "17 targets: expected 1 to 16");
    cr_expect_eq(dcn_emit_many(s, opt, 0, DCN_EMIT_OBJ, &bytes, &size, &err), -1);
    cr_expect_eq(err.code, DCN_EUSAGE);
    dcn_module_free(m);
}

/* One target is what dcn_emit makes; no target of several is lost. */
Test(emit, one_target_is_no_choice)
{
    dcn_module *m = load(small);
    const dcn_spec *s = dcn_module_spec(m, 0);
    void *one, *alone;
    size_t n, n_alone;
    dcn_error err;
    dcn_target t;
    cr_assert_eq(dcn_target_parse(LEAST, NULL, NULL, &t, &err), 0);
    const dcn_options opt = { .target = &t };
    cr_assert_eq(fat_emit(s, LEAST, DCN_EMIT_OBJ, &one, &n, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_emit(s, &opt, DCN_EMIT_OBJ, &alone, &n_alone, &err), 0, "%s", err.text);
    cr_assert_eq(n, n_alone);
    cr_expect_eq(memcmp(one, alone, n), 0);
    free(one);
    free(alone);
    dcn_module_free(m);
}
