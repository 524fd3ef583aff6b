/* test_execute.c: calls of a kernel written in C: operands, phases, threads, every refusal.
**
** The kernel copies: phase 0 has one task per image row and fills the workspace, phase 1 has one
** task per image and writes the output from it.  A row that is read before it was filled shows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/kernel.h"
#include "runtime/exec/operands.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, WIDTH = 3, MAX_BATCH = 4, MAX_HEIGHT = 5, COUNT = 120, RELEASED = 77 };

typedef struct KernelArgs {
    const float *input, *weight;
    float *output;
    int64_t batch, height, width;
} KernelArgs;

static atomic_int runs, highest_thread;

static int64_t image_elements(const KernelArgs *a)
{
    return CHANNELS * a->height * a->width;
}

static void note_thread(int64_t thread)
{
    int seen = atomic_load(&highest_thread);
    while (thread > seen && !atomic_compare_exchange_weak(&highest_thread, &seen, (int)thread))
        continue;
}

static void run(const void *args, int64_t phase, int64_t first, int64_t last, void *workspace,
                int64_t thread)
{
    const KernelArgs *a = args;
    float *copy = workspace;
    note_thread(thread);
    for (int64_t task = first; task < last; task++) {
        int64_t row = CHANNELS * a->width, image = image_elements(a);
        if (phase == 0)
            memcpy(copy + task * row, a->input + task * row, (size_t)row * sizeof *copy);
        else
            for (int64_t i = task * image; i < (task + 1) * image; i++)
                a->output[i] = copy[i] * a->weight[0];
        atomic_fetch_add(&runs, 1);
    }
}

static int64_t tasks(const void *args, int64_t phase)
{
    const KernelArgs *a = args;
    const int64_t n[] = { a->batch * a->height, a->batch, -1 };
    return n[phase];
}

static int64_t workspace_bytes(int64_t batch, int64_t height, int64_t width, int64_t rois,
                               int64_t threads)
{
    return batch * CHANNELS * height * width * (int64_t)sizeof(float) + 0 * (rois + threads);
}

static void pack(int64_t which, const void *weight, void *packed)
{
    cr_expect_eq(which, 1);
    memcpy(packed, weight, sizeof(float));
}

static int64_t packed_bytes(int64_t which)
{
    return which == 1 ? sizeof(float) : 0;
}

static int released;

static void release(void *owner)
{
    released = *(int *)owner;
}

static dcn_kernel copier(void)
{
    dcn_kernel k = { .entry = { run, tasks, workspace_bytes, pack, packed_bytes },
                     .choice.schedule = "by hand",
                     .code_bytes = 123 };
    dcn_spec_init(&k.spec, DCN_OP_CONV2D);
    k.spec.in_channels = k.spec.out_channels = k.spec.groups = CHANNELS;
    k.spec.kernel[0] = k.spec.kernel[1] = 1;
    k.spec.batch = k.spec.height = DCN_DYNAMIC;
    k.spec.width = WIDTH;
    return k;
}

static float input[COUNT], weight[1] = { 2 }, output[COUNT];
static void *operand[3];

static dcn_call call_of(int threads)
{
    for (int i = 0; i < COUNT; i++)
        input[i] = (float)i;
    memset(output, 0xff, sizeof output);
    memcpy(operand, (void *[]){ input, weight, output }, sizeof operand);
    return (dcn_call){ .tensor = operand,
                       .ntensors = 3,
                       .batch = MAX_BATCH,
                       .height = MAX_HEIGHT,
                       .threads = threads };
}

static void expect_copied(void)
{
    for (int i = 0; i < COUNT; i++)
        cr_expect_eq(output[i], 2 * (float)i, "element %d is %g", i, (double)output[i]);
    cr_expect_eq(atomic_load(&runs), MAX_BATCH * (MAX_HEIGHT + 1));
}

static void refuse(const dcn_call *call, const char *message)
{
    dcn_kernel k = copier();
    dcn_error err = { 0 };
    cr_expect_eq(dcn_execute(&k, call, &err), -1, "accepted: %s", message);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect_eq(atomic_load(&runs), 0);
}

/* ---- it runs -------------------------------------------------------------- */

Test(execute, every_task_once_on_any_number_of_threads)
{
    for (int threads = 0; threads <= 9; threads++) {
        dcn_kernel k = copier();
        dcn_call call = call_of(threads);
        dcn_error err;
        atomic_store(&runs, 0);
        atomic_store(&highest_thread, 0);
        cr_assert_eq(dcn_execute(&k, &call, &err), 0, "%s", err.text);
        expect_copied();
        if (threads)
            cr_expect_lt(atomic_load(&highest_thread), threads);
    }
}

Test(execute, a_given_workspace_is_used)
{
    _Alignas(64) static float workspace[COUNT];
    dcn_kernel k = copier();
    dcn_call call = call_of(2);
    call.workspace = workspace;
    cr_assert_eq(dcn_execute(&k, &call, NULL), 0);
    expect_copied();
    cr_expect_arr_eq(workspace, input, sizeof workspace);
}

Test(execute, an_empty_batch_is_done_at_once)
{
    dcn_kernel k = copier();
    dcn_call call = { .batch = 0, .height = MAX_HEIGHT };
    cr_expect_eq(dcn_execute(&k, &call, NULL), 0);
    cr_expect_eq(atomic_load(&runs), 0);
}

Test(execute, sizes_that_are_static_are_not_read)
{
    dcn_kernel k = copier();
    dcn_call call = call_of(1);
    call.width = -5;
    cr_expect_eq(dcn_execute(&k, &call, NULL), 0);
    expect_copied();
}

Test(execute, the_variable_sets_the_threads)
{
    dcn_kernel k = copier();
    dcn_call call = call_of(0);
    setenv("DCNGEN_NUM_THREADS", "1", 1);
    cr_expect_eq(dcn_execute(&k, &call, NULL), 0);
    cr_expect_eq(atomic_load(&highest_thread), 0);
    expect_copied();
}

static void *execute_often(void *kernel)
{
    static float in[COUNT] = { 3 };
    float out[COUNT];
    dcn_call call = { DCN_TENSORS(in, weight, out), .batch = MAX_BATCH, .height = MAX_HEIGHT,
                      .threads = 2 };
    for (int i = 0; i < 50; i++) {
        cr_expect_eq(dcn_execute(kernel, &call, NULL), 0);
        cr_expect_eq(out[0], 6);
    }
    return NULL;
}

Test(execute, one_kernel_runs_in_many_calls_at_once)
{
    dcn_kernel k = copier();
    pthread_t caller[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&caller[i], NULL, execute_often, &k), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(caller[i], NULL);
}

/* ---- the caller's parallel loop ------------------------------------------- */

typedef struct CountingLoop {
    int calls, threads, skip;
    int64_t n[4];
} CountingLoop;

/* Backwards, on the last thread; leaves out the first `skip` tasks. */
static void backwards(void *self, int64_t n, int threads,
                      void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    CountingLoop *loop = self;
    loop->n[loop->calls++] = n;
    loop->threads = threads;
    for (int64_t i = n - 1; i >= loop->skip; i--)
        body(arg, i, threads - 1);
}

Test(execute, a_hook_gets_each_phase)
{
    dcn_kernel k = copier();
    dcn_call call = call_of(3);
    CountingLoop loop = { 0 };
    call.parallel_for = backwards;
    call.parallel_self = &loop;
    cr_assert_eq(dcn_execute(&k, &call, NULL), 0);
    expect_copied();
    cr_expect_eq(loop.calls, 2);
    cr_expect_eq(loop.n[0], MAX_BATCH * MAX_HEIGHT);
    cr_expect_eq(loop.n[1], MAX_BATCH);
    cr_expect_eq(loop.threads, 3);
    cr_expect_eq(atomic_load(&highest_thread), 2);
}

Test(execute, a_hook_that_leaves_tasks_out_is_found)
{
    dcn_kernel k = copier();
    dcn_call call = call_of(3);
    dcn_error err;
    CountingLoop loop = { .skip = 2 };
    call.parallel_for = backwards;
    call.parallel_self = &loop;
    cr_expect_eq(dcn_execute(&k, &call, &err), -1);
    cr_expect_str_eq(err.text, "parallel_for ran 18 of 20 tasks on threads 0..2");
    cr_expect_eq(loop.calls, 1);
}

static void wild(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg)
{
    (void)self;
    body(arg, n, 0);
    body(arg, -1, 0);
    body(arg, 0, threads);
    body(arg, 0, -1);
}

Test(execute, a_hook_cannot_run_what_is_not_there)
{
    dcn_call call = call_of(2);
    call.parallel_for = wild;
    refuse(&call, "parallel_for ran 0 of 20 tasks on threads 0..1");
}

/* ---- refusals ------------------------------------------------------------- */

Test(execute, missing_tensors_are_named)
{
    static const char *const message[] = { "tensor 'input' is NULL", "tensor 'weight' is NULL",
                                           "tensor 'output' is NULL" };
    for (int i = 0; i < 3; i++) {
        dcn_call call = call_of(1);
        operand[i] = NULL;
        refuse(&call, message[i]);
    }
}

Test(execute, misaligned_tensors_are_named)
{
    dcn_call call = call_of(1);
    operand[0] = (char *)input + 1;
    refuse(&call, "tensor 'input' is not aligned to its 4-byte elements");
}

Test(execute, overlap_with_the_output_is_refused)
{
    static float both[2 * COUNT];
    dcn_call call = call_of(1);
    operand[0] = both;
    operand[2] = both + COUNT - 1;
    refuse(&call, "tensor 'input' overlaps 'output', which is written");
    call = call_of(1);
    operand[1] = output + COUNT - 1;
    refuse(&call, "tensor 'weight' overlaps 'output', which is written");
}

Test(execute, operands_may_touch_the_output)
{
    static float both[2 * COUNT];
    dcn_kernel k = copier();
    dcn_call call = call_of(1);
    operand[0] = both;
    operand[2] = both + COUNT;
    cr_expect_eq(dcn_execute(&k, &call, NULL), 0);
}

Test(execute, the_number_of_tensors_must_be_the_kernels)
{
    dcn_call call = call_of(1);
    call.ntensors = 2;
    refuse(&call, "2 tensors for kernel 'conv2d', which takes 3: input, weight, output");
    call.ntensors = 4;
    refuse(&call, "4 tensors for kernel 'conv2d', which takes 3: input, weight, output");
}

/* Several outputs, in the middle of the list: each is kept apart from everything else. */
Test(execute, every_output_is_apart_from_all_other_tensors)
{
    static const dcn_tensor t[] = { { .name = "a", .role = DCN_OUT, .dtype = DCN_F64 },
                                    { .name = "b", .role = DCN_IN, .dtype = DCN_F32 },
                                    { .name = "c", .role = DCN_OUT, .dtype = DCN_F32 },
                                    { .name = "d", .role = DCN_IN, .dtype = DCN_F32 } };
    static const struct {
        int at[4]; /* bytes; each tensor has 16 */
        const char *message;
    } rows[] = { { { 0, 16, 32, 48 }, NULL },
                 { { 0, 16, 32, 28 }, "tensor 'd' overlaps 'c', which is written" },
                 { { 0, 12, 32, 48 }, "tensor 'b' overlaps 'a', which is written" },
                 { { 0, 16, 8, 48 }, "tensor 'c' overlaps 'a', which is written" },
                 { { 0, 48, 16, 48 }, NULL }, /* what is only read may be shared */
                 { { 4, 20, 36, 52 }, "tensor 'a' is not aligned to its 8-byte elements" },
                 { { 0, 20, 36, 52 }, NULL } };
    _Alignas(16) static char memory[128];
    static const size_t bytes[] = { 16, 16, 16, 16 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dcn_error err = { .text = "" };
        void *at[4];
        for (int j = 0; j < 4; j++)
            at[j] = memory + rows[i].at[j];
        const int status = rt_check_pointers(t, 4, at, bytes, &err);
        cr_expect_eq(status, rows[i].message ? -1 : 0, "row %zu: %s", i, err.text);
        cr_expect_str_eq(err.text, rows[i].message ? rows[i].message : "");
    }
}

Test(execute, a_workspace_must_be_aligned)
{
    _Alignas(64) static float workspace[COUNT + 16];
    dcn_call call = call_of(1);
    call.workspace = workspace + 8;
    refuse(&call, "workspace is not aligned to 64 bytes");
}

Test(execute, threads_have_a_range)
{
    dcn_call call = call_of(-1);
    refuse(&call, "threads = -1 is outside 0..1024");
    call.threads = 1025;
    refuse(&call, "threads = 1025 is outside 0..1024");
}

Test(execute, a_bad_variable_is_an_error)
{
    dcn_call call = call_of(0);
    setenv("DCNGEN_NUM_THREADS", "two", 1);
    refuse(&call, "DCNGEN_NUM_THREADS = 'two' is not a number from 1 to 1024");
}

Test(execute, impossible_sizes_are_refused)
{
    static const int64_t bad[][2] = { { -1, 5 },
                                      { -7, 5 },
                                      { 1, 0 },
                                      { 1, -1 },
                                      { 1, INT64_MAX },
                                      { INT64_MAX, 5 },
                                      { INT64_MAX, INT64_MAX } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dcn_kernel k = copier();
        dcn_call call = call_of(1);
        dcn_error err = { 0 };
        call.batch = bad[i][0];
        call.height = bad[i][1];
        cr_expect_eq(dcn_execute(&k, &call, &err), -1, "row %zu", i);
        cr_expect(err.text[0] && err.code, "row %zu", i);
        cr_expect_eq(atomic_load(&runs), 0);
    }
}

/* AddressSanitizer would otherwise end the process where malloc returns NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static int64_t endless_bytes(int64_t batch, int64_t height, int64_t width, int64_t rois,
                             int64_t threads)
{
    return INT64_MAX - batch - height - width - rois - threads;
}

Test(execute, a_workspace_that_does_not_fit_is_an_error)
{
    dcn_kernel k = copier();
    dcn_call call = call_of(1);
    dcn_error err;
    k.entry.workspace_bytes = endless_bytes;
    cr_expect_eq(dcn_execute(&k, &call, &err), -1);
    cr_expect_str_eq(err.text, "no memory for 9223372036854775808 bytes of workspace");
    cr_expect_eq(err.code, DCN_EENV);
}

/* ---- the handle ----------------------------------------------------------- */

Test(kernel, tells_what_it_is)
{
    dcn_kernel k = copier();
    float packed = 0;
    cr_expect_eq(dcn_kernel_spec(&k), &k.spec);
    cr_expect_eq(dcn_kernel_target(&k), &k.target);
    cr_expect_str_eq(dcn_kernel_schedule(&k), "by hand");
    cr_expect_eq(dcn_kernel_code_bytes(&k), 123);
    cr_expect_eq(dcn_kernel_packed_bytes(&k), 4);
    cr_expect_eq(dcn_kernel_workspace_bytes(&k, (dcn_sizes){ 2, 5, 999, 0 }, 1),
                 2 * CHANNELS * 5 * WIDTH * 4);
    cr_expect_eq(dcn_kernel_workspace_bytes(&k, (dcn_sizes){ 2, 5, 999, 0 }, -1), 0);
    cr_expect_eq(dcn_pack_weights(&k, weight, &packed), 0);
    cr_expect_eq(packed, 2);
    cr_expect_eq(dcn_pack_weights(&k, NULL, &packed), -1);
    cr_expect_eq(dcn_pack_weights(&k, weight, NULL), -1);
    cr_expect_eq(dcn_kernel_tensor_bytes(&k, 1), 4);
    packed = 0;
    cr_expect_eq(dcn_pack_tensor(&k, 1, weight, &packed), 0);
    cr_expect_eq(packed, 2);
    for (int i = -1; i < 4; i++) {
        if (i == 1)
            continue;
        cr_expect_eq(dcn_kernel_tensor_bytes(&k, i), 0);
        cr_expect_eq(dcn_pack_tensor(&k, i, weight, &packed), -1);
    }
}

Test(kernel, tells_the_shapes_of_a_call)
{
    dcn_kernel k = copier();
    dcn_tensor t[3];
    dcn_error err;
    const dcn_sizes sizes = { .batch = 4, .height = 5, .width = 999 };
    cr_assert_eq(dcn_kernel_tensors(&k, sizes, t, 3, &err), 3);
    cr_expect(t[0].dims[0] == 4 && t[0].dims[1] == CHANNELS && t[0].dims[2] == 5 &&
              t[0].dims[3] == WIDTH);
    cr_expect(t[2].dims[0] == 4 && t[2].dims[2] == 5);
    cr_expect_eq(dcn_kernel_tensors(&k, sizes, NULL, 0, &err), 3);
    cr_expect_eq(dcn_kernel_tensors(&k, (dcn_sizes){ .batch = 1 }, t, 3, &err), -1);
    cr_expect_eq(err.code, DCN_ESPEC, "%s", err.text);
}

Test(kernel, free_releases_the_code)
{
    int owner = RELEASED;
    dcn_kernel *k = malloc(sizeof *k);
    *k = copier();
    k->owner = &owner;
    k->release = release;
    dcn_kernel_free(k);
    cr_expect_eq(released, RELEASED);
    dcn_kernel_free(NULL);
}

Test(kernel, version_is_the_header_s)
{
    char want[32];
    snprintf(want, sizeof want, "%d.%d.%d", DCN_VERSION_MAJOR, DCN_VERSION_MINOR,
             DCN_VERSION_PATCH);
    cr_expect_str_eq(dcn_version(), want);
}
