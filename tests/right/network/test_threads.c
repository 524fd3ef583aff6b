/* test_threads.c: how many threads the phases of a network are handed to.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"
#include "runtime/spec/network.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, MAX_LOOPS = 64 };

/* A large convolution, and a product of a few numbers after it. */
static const char spec[] =
    "local x = input { name = \"image\", channels = 32, height = 96, width = 96, layout = \"nhwc\" "
    "}\n"
    "local a = conv2d { x, name = \"large\", out_channels = 64, kernel_size = 3, padding = 1 }\n"
    "local y = linear { avg_pool2d { a, output_size = 1 }, name = \"small\", out_features = 10 }\n"
    "return network { name = \"tail\", outputs = { scores = y } }\n";

typedef struct Seen {
    int n, threads[MAX_LOOPS];
} Seen;

/* All tasks on the calling thread. */
static void watch(void *self, int64_t n, int threads,
                  void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    Seen *seen = self;
    cr_assert_lt(seen->n, MAX_LOOPS);
    seen->threads[seen->n++] = threads;
    for (int64_t i = 0; i < n; i++)
        body(arg, i, 0);
}

static void run(const dcn_kernel *k, Seen *seen)
{
    void *at[RT_NUM_OPERANDS];
    dcn_error err;
    const rt_operands o = rt_operands_of(dcn_kernel_spec(k));
    for (int i = 0; i < o.n; i++) {
        const size_t packed = dcn_kernel_tensor_bytes(k, i);
        at[i] = calloc(1, packed ? packed : rt_tensor_bytes(&o.tensor[i]));
    }
    const dcn_call call = { .tensor = at,
                            .ntensors = o.n,
                            .threads = THREADS,
                            .parallel_for = watch,
                            .parallel_self = seen };
    cr_assert_eq(dcn_execute(k, &call, &err), 0, "%s", err.text);
    for (int i = 0; i < o.n; i++)
        free(at[i]);
}

Test(threads, are_as_many_as_a_phase_is_worth)
{
    dcn_module *m;
    dcn_kernel *k;
    dcn_error err;
    Seen seen = { .n = 0 };
    cr_assert_eq(dcn_load_text(spec, "spec", NULL, 0, &m, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
    dcn_module_free(m); /* the kernel has a reference of its own */
    run(k, &seen);
    cr_assert_eq(seen.n, k->nphases);
    for (int i = 0; i < seen.n; i++) {
        const char *layer =
            k->phase[i].layer[0] < 0 ? "edge" : k->spec.network->layer[k->phase[i].layer[0]].name;
        if (!strcmp(layer, "large"))
            cr_expect_eq(seen.threads[i], THREADS);
        if (!strcmp(layer, "small"))
            cr_expect_eq(seen.threads[i], 1);
    }
    dcn_kernel_free(k);
}
