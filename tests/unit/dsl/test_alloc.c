/* test_alloc.c: loading with an allocator that fails at the n-th request, for every n.
**
** It fails once, which Lua may survive by collecting garbage, or from then on, which it cannot.
** A failure must be the error DCN_EENV with nothing left behind; the blocks that are alive are
** counted, and every block must be given back with the size it had.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    long requests, fail_at;
    bool for_ever;
    long blocks;
    size_t bytes;
} meter;

static void *metered(void *self, void *block, size_t old_size, size_t new_size)
{
    meter *m = self;
    const bool counts = new_size > old_size;
    m->requests += counts;
    if (counts && (m->for_ever ? m->requests >= m->fail_at : m->requests == m->fail_at))
        return NULL;
    m->bytes += new_size - old_size;
    m->blocks += (new_size > 0) - (block != NULL);
    if (new_size)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static const char text[] =
    "local all = {}\n"
    "for name, size in pairs { c4 = param('h', 25), c5 = 13 } do\n"
    "  all[#all + 1] = deform_conv2d { name = ('k_%s'):format(name), in_channels = 8,\n"
    "    height = size, width = size, out_channels = 8, kernel_size = 3,\n"
    "    schedule = { 'tiled', mr = 6 } }\n"
    "  all[#all + 1] = conv2d { in_channels = 8, height = 9, width = 9, out_channels = 8,\n"
    "    kernel_size = {3, 3} }\n"
    "end\n"
    "local x = input { name = 'x', channels = 8, height = 9, width = 9 }\n"
    "x = conv2d { x, name = 'a.0', out_channels = 8, kernel_size = 3, padding = 1, residual = x }\n"
    "all[#all + 1] = network { outputs = { y = add { x, x } }, gradient = { 'x', 'a.0.weight' } }\n"
    "return all\n";

/* Load with an allocator that fails at request number fail_at; whether it came so far. */
static bool reaches(const dsl_request *plan, long fail_at, bool for_ever)
{
    meter m = { .fail_at = fail_at, .for_ever = for_ever };
    dsl_request r = *plan;
    r.alloc = metered;
    r.alloc_self = &m;
    dcn_module *module;
    dcn_error err;
    const bool failed = dsl_load(&r, &module, &err) != 0;
    if (failed)
        cr_expect(err.code == DCN_EENV && err.file[0] && !module, "request %ld: code %d: %s",
                  fail_at, (int)err.code, err.text);
    cr_expect(failed || !for_ever || m.requests < fail_at, "request %ld", fail_at);
    dcn_module_free(module);
    cr_expect(m.blocks == 0 && m.bytes == 0, "request %ld: %ld blocks, %zu bytes left", fail_at,
              m.blocks, m.bytes);
    return m.requests >= fail_at;
}

static void fail_everywhere(const dsl_request *plan)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        long n = 1;
        while (n < 100000 && reaches(plan, n, for_ever))
            n++;
        cr_expect(n > 100 && n < 100000, "%ld requests", n);
    }
}

Test(alloc, loading_a_text_survives_every_failure)
{
    const dcn_param h = { "h", "30" };
    fail_everywhere(&(dsl_request){ .path = "spec.lua", .text = text, .params = &h, .nparams = 1 });
}

Test(alloc, loading_files_survives_every_failure)
{
    char folder[] = "/tmp/dcngen_alloc_XXXXXX";
    cr_assert(mkdtemp(folder) && chdir(folder) == 0);
    FILE *file = fopen("other.lua", "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
    file = fopen("main.lua", "w");
    cr_assert(file && fputs("return { include 'other.lua' }\n", file) >= 0 && fclose(file) == 0);
    fail_everywhere(&(dsl_request){ .path = "main.lua" });
    cr_expect(remove("main.lua") == 0 && remove("other.lua") == 0 && rmdir(folder) == 0);
}

Test(alloc, a_load_that_fails_leaves_nothing)
{
    static const char *const texts[] = { "return 1", "return {", "error {}", "while true do end",
                                         "local s = 'x' while true do s = s .. s end" };
    const dsl_limits limits = { .memory_bytes = 1 << 20, .steps = 10000, .seconds = 10 };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        meter m = { .fail_at = -1 };
        dcn_module *module;
        dcn_error err;
        const dsl_request r = { .path = "spec.lua",
                                .text = texts[i],
                                .limits = &limits,
                                .alloc = metered,
                                .alloc_self = &m };
        cr_expect(dsl_load(&r, &module, &err) == -1 && err.code == DCN_ESPEC, "%s", texts[i]);
        cr_expect(m.blocks == 0 && m.bytes == 0, "%s", texts[i]);
    }
}
