/* test_object.c: the object and the header of a network in somebody else's C program.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A library of the object and of a function that calls it as the header says. */
static const char caller[] = "#include \"net.h\"\n"
                             "#include <stdlib.h>\n"
                             "#include <string.h>\n"
                             "void call(void *const *operand, int n)\n"
                             "{\n"
                             "    net_args args;\n"
                             "    void *packed = NULL, *workspace = aligned_alloc(64, "
                             "(size_t)(net_workspace_bytes(1, 1, 1, 1, 1) + 64) / 64 * "
                             "64);\n"
                             "    memset(&args, 0, sizeof args);\n"
                             "    memcpy(&args, operand, (size_t)n * sizeof *operand);\n"
                             "#ifdef NET_PARAMETERS_SHAPE\n"
                             "    packed = malloc((size_t)net_packed_bytes(NET_PARAMETERS));\n"
                             "    net_pack(NET_PARAMETERS, args.parameters, packed);\n"
                             "    args.parameters = packed;\n"
                             "#endif\n"
                             "    net(&args, workspace);\n"
                             "    free(packed);\n"
                             "    free(workspace);\n"
                             "}\n";

static void write_artefact(const dcn_spec *s, const char *folder, const char *name,
                           dcn_emit_kind kind)
{
    static const char *const cpus[] = { "x86-64-v2", "x86-64-v3", "x86-64-v4" };
    char path[512];
    void *bytes;
    size_t size;
    dcn_error err;
    dcn_target target[3];
    dcn_options options[3];
    int n = 0;
    for (int i = 0; i < 3 && strstr(folder, "many"); i++) {
        cr_assert_eq(dcn_target_parse(cpus[i], "x86_64-linux-gnu", NULL, &target[n], &err), 0);
        options[n] = (dcn_options){ .target = &target[n] };
        n++;
    }
    cr_assert_eq(n ? dcn_emit_many(s, options, n, kind, &bytes, &size, &err)
                   : dcn_emit(s, NULL, kind, &bytes, &size, &err),
                 0, "%s", err.text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(rt_write_file(path, bytes, size, &err), 0, "%s", err.text);
    free(bytes);
}

static void run(const char *format, const char *folder)
{
    char command[1024];
    const char *cc = getenv("CC");
    snprintf(command, sizeof command, format, cc ? cc : "cc", folder, folder, folder);
    cr_assert_eq(system(command), 0, "%s", command);
}

typedef void (*Caller)(void *const *operand, int n);

static void check_program(const dcn_spec *s, NetCall *c, const char *folder)
{
    char path[512];
    dcn_error err;
    Caller call;
    void *operand[RT_NUM_OPERANDS];
    write_artefact(s, folder, "net.o", DCN_EMIT_OBJ);
    write_artefact(s, folder, "net.h", DCN_EMIT_HEADER);
    snprintf(path, sizeof path, "%s/call.c", folder);
    cr_assert_eq(rt_write_file(path, caller, strlen(caller), &err), 0, "%s", err.text);
    run("%s -std=c11 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -Wl,-z,defs -o %s/call.so "
        "%s/call.c %s/net.o",
        folder);
    snprintf(path, sizeof path, "%s/call.so", folder);
    void *library = dlopen(path, RTLD_NOW);
    cr_assert(library, "%s", dlerror());
    *(void **)&call = dlsym(library, "call");
    memcpy(operand, c->typed, sizeof operand);
    call(operand, c->o.n);
    net_call_check(c, folder);
    dlclose(library);
}

static void check(uint64_t seed, const char *word, bool constants)
{
    char folder[64], remove[128];
    dcn_error err;
    dcn_kernel *k;
    NetCall c;
    rt_rng r = rt_rng_seed(seed);
    dcn_network with;
    void *values = NULL;
    const dcn_spec variable = random_network(&r, 8);
    const dcn_spec s = constants ? net_with_constants(&r, &variable, &with, &values) : variable;
    snprintf(folder, sizeof folder, "/tmp/dcngen_%s_XXXXXX", word);
    cr_assert(mkdtemp(folder));
    cr_assert_eq(dcn_compile(&s, NULL, &k, &err), 0, "%s", err.text);
    net_call_open(&c, k, seed);
    check_program(&s, &c, folder);
    net_call_close(&c);
    dcn_kernel_free(k);
    net_release((dcn_network *)variable.network);
    free(values);
    snprintf(remove, sizeof remove, "rm -r %s", folder);
    cr_expect_eq(system(remove), 0);
}

Test(object, is_called_as_its_header_says, .timeout = 300)
{
    for (uint64_t seed = 100; seed < 104; seed++)
        check(seed, "one", false);
}

Test(object, holds_its_parameters, .timeout = 300)
{
    for (uint64_t seed = 100; seed < 104; seed++)
        check(seed, "one", true);
}

Test(object, holds_several_cpus, .timeout = 300)
{
#if defined(__x86_64__)
    check(104, "many", false);
    check(103, "many", true);
#endif
}
