/* test_jit.c: kernels in memory: many threads, many kernels, and what LLVM must not do to its host.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/fatal.h"
#include "codegen/target/llvm_init.h"
#include "runtime/exec/kernel.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4 };

static dcn_spec spec(int i)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3 + i % 7, 4 + i % 5, 6, 7);
    s.layout = (dcn_layout)(i % 2);
    s.dtype = (dcn_dtype)(i / 2 % 2);
    s.modulation = (dcn_modulation)(i % 4);
    s.activation = (dcn_activation)(i % 7);
    return s;
}

/* ---- one kernel, many calls at once --------------------------------------------------------- */

typedef struct Caller {
    const Case *c;
    const void *want;
    size_t bytes;
    int wrong;
} Caller;

static void *call_often(void *arg)
{
    Caller *me = arg;
    const Operands *o = &me->c->o;
    void *output = malloc(me->bytes), *tensor[RT_NUM_OPERANDS];
    const dcn_call call = { .tensor = tensor, .ntensors = o->n, .threads = 1 };
    memcpy(tensor, o->typed, sizeof tensor);
    tensor[rt_operand_at(&o->spec, RT_OUTPUT)] = output;
    for (int i = 0; i < 50; i++) {
        memset(output, 0xff, me->bytes);
        me->wrong += rt_execute(me->c->kernel, &call, true, NULL) ||
                     memcmp(output, me->want, me->bytes) != 0;
    }
    free(output);
    return NULL;
}

static void call_from_threads(const char *schedule)
{
    dcn_spec s = spec(6);
    Case c;
    case_open(&c, &s, schedule, NULL);
    case_fill(&c, 1);
    case_run(&c, 1);
    pthread_t thread[THREADS];
    Caller caller[THREADS];
    for (int i = 0; i < THREADS; i++) {
        caller[i] = (Caller){ &c, c.o.typed[rt_operand_at(&c.o.spec, RT_OUTPUT)],
                              (size_t)case_count(&c, "output") * dcn_dtype_bytes(s.dtype), 0 };
        cr_assert_eq(pthread_create(&thread[i], NULL, call_often, &caller[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        cr_expect_eq(caller[i].wrong, 0, "%s: %d wrong calls", schedule, caller[i].wrong);
    }
    case_close(&c);
}

Test(jit, one_kernel_runs_in_many_threads_at_once)
{
    call_from_threads("direct");
    call_from_threads("tiled");
}

/* ---- many kernels at once ----------------------------------------------------------------------- */

typedef struct Builder {
    int first, failures;
    char what[512];
} Builder;

/* Compile, check and free different kernels, all of the same name. */
static void *build_many(void *arg)
{
    Builder *me = arg;
    for (int i = me->first; i < me->first + 8; i++) {
        dcn_spec s = spec(i);
        dcn_kernel *k = NULL;
        dcn_report report = { .failures = 0 };
        dcn_error err = { .text = "" };
        int failed = dcn_compile(&s, NULL, &k, &err) || dcn_verify(k, 1, 1, &report, &err);
        if (failed || report.failures)
            snprintf(me->what, sizeof me->what, "%.200s %.200s", err.text, report.what);
        me->failures += failed || report.failures;
        dcn_kernel_free(k);
    }
    return NULL;
}

Test(jit, many_kernels_are_compiled_at_once)
{
    pthread_t thread[THREADS];
    Builder builder[THREADS];
    for (int i = 0; i < THREADS; i++) {
        builder[i] = (Builder){ .first = i * 5 };
        cr_assert_eq(pthread_create(&thread[i], NULL, build_many, &builder[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        cr_expect_eq(builder[i].failures, 0, "%s", builder[i].what);
    }
}

/* ---- growth ------------------------------------------------------------------------------------- */

static long resident_pages(void)
{
    long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    cr_assert(f);
    cr_assert_eq(fscanf(f, "%ld %ld", &size, &resident), 2);
    fclose(f);
    return resident;
}

static void compile_and_free(int n)
{
    dcn_error err;
    dcn_spec s = case_spec(DCN_OP_CONV2D, 2, 2, 4, 4);
    dcn_options opt = { .schedule = "direct" };
    for (int i = 0; i < n; i++) {
        dcn_kernel *k;
        cr_assert_eq(dcn_compile(&s, &opt, &k, &err), 0, "%s", err.text);
        dcn_kernel_free(k);
    }
}

Test(jit, kernels_that_are_freed_leave_nothing)
{
    if (getenv("SANITIZED"))
        cr_skip("sanitizers keep freed memory");
    compile_and_free(20);
    long before = resident_pages();
    compile_and_free(200);
    long grown = (resident_pages() - before) * sysconf(_SC_PAGESIZE) / 1024;
    cr_expect_lt(grown, 8 * 1024, "%ld KiB more after 200 kernels", grown);
}

/* ---- the same bytes --------------------------------------------------------------------------------- */

Test(jit, the_same_input_gives_the_same_bytes)
{
    for (int kind = DCN_EMIT_OBJ; kind <= DCN_EMIT_STATIC_LIB; kind++)
        for (int i = 0; i < 4; i++) {
            dcn_spec s = spec(i), other = spec(i + 1);
            void *a, *b, *between;
            size_t na, nb, n;
            dcn_error err;
            cr_assert_eq(dcn_emit(&s, NULL, (dcn_emit_kind)kind, &a, &na, &err), 0, "%s", err.text);
            cr_assert_eq(dcn_emit(&other, NULL, (dcn_emit_kind)kind, &between, &n, &err), 0);
            cr_assert_eq(dcn_emit(&s, NULL, (dcn_emit_kind)kind, &b, &nb, &err), 0);
            cr_assert_eq(na, nb);
            cr_expect_arr_eq(a, b, na, "artefact %d of spec %d", kind, i);
            cr_expect(n != na || memcmp(a, between, n), "artefact %d says nothing", kind);
            free(a);
            free(b);
            free(between);
        }
}

/* ---- a spec filled in C, and errors --------------------------------------------------------------------- */

Test(jit, a_spec_filled_in_c_is_the_one_from_lua)
{
    static const char lua[] =
        "return deform_conv2d { name = 'k', in_channels = 4, out_channels = 6, height = 5,"
        " width = 8, kernel_size = { 3, 2 }, stride = { 1, 2 }, padding = { 1, 0, 2, 1 },"
        " modulation = 'sigmoid', border = 'clamp', offset_groups = 2, bias = true }";
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    strcpy(s.name, "k");
    s.in_channels = 4, s.out_channels = 6, s.height = 5, s.width = 8;
    s.kernel[0] = 3, s.kernel[1] = 2;
    s.stride[1] = 2;
    s.padding[0] = 1, s.padding[2] = 2, s.padding[3] = 1;
    s.modulation = DCN_MODULATION_SIGMOID;
    s.border = DCN_BORDER_CLAMP;
    s.offset_groups = 2;
    s.bias = true;
    dcn_module *m;
    dcn_error err;
    cr_assert_eq(dcn_load_text(lua, "text", NULL, 0, &m, &err), 0, "%s", err.text);
    void *a, *b;
    size_t na, nb;
    cr_assert_eq(dcn_emit(&s, NULL, DCN_EMIT_OBJ, &a, &na, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_emit(dcn_module_spec(m, 0), NULL, DCN_EMIT_OBJ, &b, &nb, &err), 0);
    cr_assert_eq(na, nb);
    cr_expect_arr_eq(a, b, na);
    free(a);
    free(b);
    dcn_module_free(m);
}

static void expect_error(const dcn_spec *s, const dcn_options *opt, dcn_status code,
                         const char *message)
{
    dcn_kernel *k = NULL;
    dcn_error err = { .text = "compiled" };
    cr_expect_eq(dcn_compile(s, opt, &k, &err), -1);
    cr_expect_eq(err.code, code);
    cr_expect_str_eq(err.text, message);
    cr_expect_null(k);
    cr_expect_eq(dcn_compile(s, opt, &k, NULL), -1);
}

Test(jit, what_cannot_be_compiled_is_said)
{
    dcn_spec s = spec(0);
    s.in_channels = 0;
    expect_error(&s, NULL, DCN_ESPEC, "'in_channels' = 0 is outside 1..65536");
    s = spec(0);
    strcpy(s.target, "pentium");
    expect_error(
        &s, NULL, DCN_ESPEC,
        "'target' = \"pentium\": unknown CPU \"pentium\": `dcngen targets` lists the known ones");
    s = spec(0);
    strcpy(s.schedule, "tiled loop_order=2");
    expect_error(
        &s, NULL, DCN_ESPEC,
        "'schedule' = \"tiled loop_order=2\": schedule knob loop_order = 2 is not one of 0, 1");
    dcn_options opt = { .schedule = "blocked" };
    expect_error(&s, &opt, DCN_EUSAGE,
                 "unknown lowering \"blocked\": expected one of tiled, direct");
}

Test(jit, code_for_another_machine_is_not_run)
{
    dcn_spec s = spec(0);
    dcn_target native, t;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&native, &err), 0);
    int x86 = !strncmp(native.triple, "x86_64", 6);
    cr_assert_eq(dcn_target_parse(x86 ? "generic" : "skylake", NULL, NULL, &t, &err), 0);
    dcn_options opt = { .target = &t };
    char message[300];
    snprintf(message, sizeof message, "code for %s does not run on this machine (%s)", t.triple,
             native.triple);
    expect_error(&s, &opt, DCN_EENV, message);
}

/* ---- fatal errors of LLVM ----------------------------------------------------------------------------- */

static void make_machine(const char *triple, const char *cpu)
{
    LLVMTargetRef target;
    char *why;
    cr_assert_eq(LLVMGetTargetFromTriple(triple, &target, &why), 0);
    LLVMTargetMachineRef tm = LLVMCreateTargetMachine(
        target, triple, cpu, "", LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("m", context);
    LLVMTypeRef none = LLVMVoidTypeInContext(context);
    LLVMValueRef f = LLVMAddFunction(module, "f", LLVMFunctionType(none, NULL, 0, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, f, "entry"));
    LLVMBuildRetVoid(b);
    LLVMMemoryBufferRef out;
    LLVMTargetMachineEmitToMemoryBuffer(tm, module, LLVMObjectFile, &why, &out);
}

/* A CPU without 64-bit support is what LLVM cannot compile 64-bit code for. */
static int provoke(CgRecovery *g)
{
    CgRecovery *former = cg_recovery_set(g);
    int volatile fatal = 0;
    if (setjmp(g->back) == 0)
        make_machine("x86_64-pc-linux-gnu", "i386");
    else
        fatal = 1;
    cg_recovery_set(former);
    return fatal;
}

Test(fatal, a_fatal_error_comes_back_and_the_next_kernel_compiles)
{
    CgRecovery g = { .reason = "" };
    cg_llvm_init();
    if (getenv("SANITIZED"))
        cr_skip("what LLVM held is leaked, as it must be");
    cr_assert_eq(provoke(&g), 1, "LLVM took it");
    cr_expect(strstr(g.reason, "64-bit"), "%s", g.reason);
    compile_and_free(3);
    cr_expect_eq(provoke(&g), 1);
    compile_and_free(3);
}

/* Triples that begin well: an object or a message, never the end of the process. */
Test(fatal, odd_triples)
{
    static const char *const triples[] = { "x86_64-pc-windows-msvc",  "x86_64-apple-macosx",
                                           "x86_64zzz-foo",           "x86_64---",
                                           "x86_64-pc-linux-gnux32",  "x86_64-unknown-uefi",
                                           "aarch64_be-linux-gnu",    "aarch64-pc-windows-msvc",
                                           "aarch64_32-apple-watchos" };
    dcn_spec s = spec(1);
    for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
        dcn_target t;
        dcn_error err = { .text = "" };
        void *object = NULL;
        size_t size;
        const char *cpu = triples[i][0] == 'x' ? "x86-64-v3" : "generic";
        dcn_options opt = { .target = &t };
        if (dcn_target_parse(cpu, triples[i], NULL, &t, &err) ||
            dcn_emit(&s, &opt, DCN_EMIT_OBJ, &object, &size, &err))
            cr_expect(err.text[0] && !strstr(err.text, "internal"), "%s: %s", triples[i], err.text);
        free(object);
    }
}
