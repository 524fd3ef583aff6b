/* trace.c: stages of a compilation on stderr and in files.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/trace.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/file.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <string.h>

int trace_open(Trace *t, const char *name, dcn_error *err)
{
    t->name = name;
    t->since_ns = rt_now_ns();
    return rt_env_read(&t->env, err);
}

bool trace_wants(const Trace *t, unsigned bit)
{
    return (t->env.verbose & bit) != 0;
}

void trace_spec(const Trace *t, const char *spec, const char *schedule)
{
    if (trace_wants(t, RT_VERBOSE_SPEC))
        fprintf(stderr, "dcngen: spec: %s\ndcngen: schedule: %s\n", spec, schedule);
}

bool trace_wants_choices(void)
{
    rt_env env;
    return !rt_env_read(&env, NULL) && (env.verbose & RT_VERBOSE_DISPATCH);
}

void trace_choice(const char *kernel, const char *schedule, const char *reason)
{
    fprintf(stderr, "dcngen: dispatch: %s: %s: %s%s\n", kernel, schedule,
            reason ? "refused, " : "taken", reason ? reason : "");
}

static int tell(const Trace *t, unsigned bit, const char *suffix, const char *text, size_t size,
                dcn_error *err)
{
    char path[4096];
    if (t->env.verbose & bit)
        fprintf(stderr, "dcngen: %s.%s:\n%s", t->name, suffix, text);
    if (!t->env.dump)
        return 0;
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", t->env.dump, t->name, suffix) >=
        sizeof path)
        return dcn_fail(err, DCN_EENV, "DCNGEN_DUMP: the path is too long");
    return rt_write_file(path, text, size, err);
}

int trace_module(const Trace *t, unsigned bit, const char *suffix, LLVMModuleRef m, dcn_error *err)
{
    if (!(t->env.verbose & bit) && !t->env.dump)
        return 0;
    char *text = LLVMPrintModuleToString(m);
    int rc = tell(t, bit, suffix, text, strlen(text), err);
    LLVMDisposeMessage(text);
    return rc;
}

static void replay_line(const Trace *t, LLVMTargetMachineRef tm, const char *passes)
{
    char *cpu = LLVMGetTargetMachineCPU(tm), *features = LLVMGetTargetMachineFeatureString(tm);
    fprintf(stderr,
            "dcngen: replay: opt-19 -passes='%s' -mcpu=%s %s/%s.ll | "
            "llc-19 -relocation-model=pic -mcpu=%s -mattr='%s' -o %s.s\n",
            passes, cpu, t->env.dump, t->name, cpu, features, t->name);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
}

int trace_asm(const Trace *t, LLVMModuleRef m, LLVMTargetMachineRef tm, const char *passes,
              dcn_error *err)
{
    LLVMMemoryBufferRef text = NULL;
    char *why = NULL;
    if (!(t->env.verbose & RT_VERBOSE_ASM) && !t->env.dump)
        return 0;
    LLVMModuleRef copy = LLVMCloneModule(m); /* generating code changes the module */
    int rc = -1;
    if (LLVMTargetMachineEmitToMemoryBuffer(tm, copy, LLVMAssemblyFile, &why, &text)) {
        dcn_fail(err, DCN_EFAILED, "internal: code generation failed: %s", why);
        LLVMDisposeMessage(why);
    } else {
        rc = tell(t, RT_VERBOSE_ASM, "s", LLVMGetBufferStart(text), LLVMGetBufferSize(text), err);
        LLVMDisposeMemoryBuffer(text);
    }
    LLVMDisposeModule(copy);
    if (t->env.dump)
        replay_line(t, tm, passes);
    return rc;
}

void trace_time(Trace *t, const char *stage)
{
    const double now = rt_now_ns(), ms = (now - t->since_ns) * 1e-6;
    t->since_ns = now;
    if (t->env.verbose & RT_VERBOSE_TIME)
        fprintf(stderr, "dcngen: time: %s: %s %.2f ms\n", t->name, stage, ms);
}
