/* test_oom.c: whichever allocation fails, the answer is an error and nothing is lost.
**
** Each function is called with its first allocation refused, then its second, and so on until none
** was.  LLVM ends the process when it has no memory, so only functions that do without
** them are tried.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/weights.h"
#include "tests/safe/oom/refusing.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000 };

/* Does one thing, 0 or -1, and frees all that it made. */
typedef int Work(void *self, dcn_error *err);

static void expect_no_memory(const dcn_error *err, const char *what, long n)
{
    cr_expect(strstr(err->text, "memory"), "%s, allocation %ld: \"%s\"", what, n, err->text);
    cr_expect_eq(err->code, DCN_EENV, "%s, allocation %ld: code %d", what, n, err->code);
    cr_expect_null(strchr(err->text, '\n'));
}

static void refuse_each(const char *what, Work *work, void *self)
{
    if (!refusing_works())
        cr_skip("the sanitizer's allocator stands before this one");
    dcn_error err = { .text = "" };
    cr_assert_eq(work(self, &err), 0, "%s: %s", what, err.text);
    long n = 0;
    for (;; n++) {
        err = (dcn_error){ .text = "" };
        refusing_watch();
        refusing_arm(n);
        int failed = work(self, &err);
        int refused = refusing_disarm();
        long alive = refusing_alive();
        if (!refused) {
            cr_expect_eq(failed, 0, "%s: %s", what, err.text);
            break;
        }
        if (failed)
            expect_no_memory(&err, what, n);
        cr_expect_eq(alive, 0, "%s, allocation %ld: %ld lost", what, n, alive);
        cr_assert_lt(n, MOST);
    }
    cr_expect_gt(n, 0, "%s allocates nothing", what);
}

/* ---- loading specs ---------------------------------------------------------------------------- */

static int load(void *text, dcn_error *err)
{
    dcn_module *m = NULL;
    int failed = dcn_load_text(text, "text", NULL, 0, &m, err);
    dcn_module_free(m);
    return failed;
}

Test(oom, load_text)
{
    char text[] = "local list = {}\n"
                  "for i = 1, 3 do\n"
                  "  list[i] = deform_conv2d { name = 'k' .. i, in_channels = 4 * i,\n"
                  "    out_channels = 6, height = 5, width = 8, kernel_size = { 3, 2 } }\n"
                  "end\n"
                  "return list\n";
    refuse_each("dcn_load_text", load, text);
}

static int load_with_params(void *text, dcn_error *err)
{
    const dcn_param params[] = { { "h", "9" }, { "unused", "1" } };
    dcn_module *m = NULL;
    int failed = dcn_load_text(text, "text", params, 1, &m, err);
    dcn_module_free(m);
    return failed;
}

Test(oom, load_text_with_parameters)
{
    char text[] = "return conv2d { name = 'k', in_channels = 4, out_channels = 6,\n"
                  "  height = param('h', 5), width = dynamic, kernel_size = 3 }\n";
    refuse_each("dcn_load_text", load_with_params, text);
}

/* ---- running ------------------------------------------------------------------------------------ */

static void in_turn(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int),
                    void *arg)
{
    (void)self, (void)threads;
    for (int64_t i = 0; i < n; i++)
        body(arg, i, 0);
}

static int execute(void *self, dcn_error *err)
{
    const Case *c = self;
    const dcn_call call = {
        .tensor = c->o.typed, .ntensors = c->o.n, .threads = 1, .parallel_for = in_turn
    };
    return dcn_execute(c->kernel, &call, err);
}

Test(oom, execute)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 4, 4, 6, 7);
    Case c;
    case_open(&c, &s, "tiled", NULL);
    case_fill(&c, 1);
    refuse_each("dcn_execute", execute, &c);
    case_close(&c);
}

/* ---- the header ----------------------------------------------------------------------------------- */

static int emit_header(void *self, dcn_error *err)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 4, 4, 6, DCN_DYNAMIC);
    dcn_options opt = { .target = self };
    void *text = NULL;
    size_t size;
    int failed = dcn_emit(&s, &opt, DCN_EMIT_HEADER, &text, &size, err);
    if (failed)
        return -1;
    free(text);
    return 0;
}

Test(oom, header)
{
    dcn_target t;
    cr_assert_eq(dcn_target_native(&t, NULL), 0);
    refuse_each("dcn_emit of a header", emit_header, &t);
}

/* ---- weights files -------------------------------------------------------------------------------- */

#define SEEDS SOURCE_DIR "/tests/safe/fuzz/seeds_weights/"

/* A network, and a file that is open already or its path. */
typedef struct WeightsCase {
    const char *path;
    rt_tensor_file *file;
} WeightsCase;

static int read_weights(void *self, dcn_error *err)
{
    net_layer layers[] = { { .name = "a" }, { .name = "a.b" } };
    net_param params[] = {
        { .name = "a.weight", .layer = 0, .rank = 2, .dims = { 2, 3 }, .at = 0, .count = 6 },
        { .name = "a.bias", .layer = 0, .rank = 1, .dims = { 2 }, .at = 6, .count = 2 },
        { .name = "a.b.c_0_weight", .layer = 1, .rank = 2, .dims = { 1, 2 }, .at = 8, .count = 2 },
    };
    const dcn_network net = {
        .nlayers = 2, .nparams = 3, .layer = layers, .param = params, .parameters = 10
    };
    const WeightsCase *c = self;
    void *parameters = NULL;
    if (c->file ? net_weights_from(&net, "file", c->file, &parameters, err)
                : net_weights_read(&net, c->path, &parameters, err))
        return -1;
    free(parameters);
    return 0;
}

/* A safetensors file is open already: jansson, which reads its header, writes beyond its own memory where it gets
** no more (2.14). */
Test(oom, weights)
{
    WeightsCase stored = { SEEDS "stored.npz", NULL }, deflated = { SEEDS "deflated.npz", NULL };
    WeightsCase plain = { NULL, NULL };
    cr_assert_eq(rt_tensor_file_open(SEEDS "good.safetensors", 1 << 20, &plain.file, NULL), 0);
    refuse_each("net_weights_read of an npz file", read_weights, &stored);
    refuse_each("net_weights_read of a compressed one", read_weights, &deflated);
    refuse_each("net_weights_from a safetensors file", read_weights, &plain);
    rt_tensor_file_close(plain.file);
}

/* ---- the allocator refuses ---------------------------------------------------------------------------- */

Test(oom, refusing_refuses)
{
    if (!refusing_works())
        cr_skip("the sanitizer's allocator stands before this one");
    refusing_watch();
    refusing_arm(1);
    char *volatile a = malloc(1), *volatile b = calloc(1, 1), *volatile c = aligned_alloc(64, 64);
    cr_expect_eq(refusing_disarm(), 1);
    cr_expect(a && !b && c);
    cr_expect_eq(refusing_alive(), 2);
    free(a);
    free(c);
    cr_expect_eq(refusing_alive(), 0);
}
