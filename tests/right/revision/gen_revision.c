/* gen_revision.c: prints a line for each lowering: its name, its revision, and a digest of the code that it emits.
**
**     gen_revision KERNELS.lua OPERATORS.lua WORKLOADS.lua
**
** The digest is over the IR as it is written, before LLVM has touched it, so that it depends on our emitters only;
** names of functions are replaced by numbers, and values have none.  Every kernel of the files is emitted for
** several machines as it would be guessed, those of the first two also with gradients where there is code for them,
** and those of the first with every value of every knob that is legal beside the guess of the others.  Both ways of
** every operator must be among them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"
#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "codegen/target/llvm_init.h"
#include "runtime/base/digest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *cpu, *triple;
    bool knobs; /* walk the knobs there, too */
} machines[] = {
    { "x86-64-v2", "x86_64-linux-gnu", false }, { "x86-64-v3", "x86_64-linux-gnu", false },
    { "x86-64-v4", "x86_64-linux-gnu", true },  { "generic", "aarch64-linux-gnu", false },
    { "a64fx", "aarch64-linux-gnu", false },    { "rv64gcv", "riscv64-linux-gnu", false },
};

static rt_digest digest[MAX_LOWERINGS];
static bool is_seen[DCN_NUM_OPS][2]; /* [1]: its gradients */

static void fail(const char *what)
{
    fprintf(stderr, "gen_revision: %s\n", what);
    exit(1);
}

/* ---- one module ---------------------------------------------------------------------------- */

enum { MAX_NAMES = 512, NAME_SIZE = 160 };

/* The number of a function's name, in the order of first use. */
static int name_number(const char *name, size_t length, char names[MAX_NAMES][NAME_SIZE], int *n)
{
    for (int i = 0; i < *n; i++)
        if (strlen(names[i]) == length && !strncmp(names[i], name, length))
            return i;
    if (*n == MAX_NAMES || length >= NAME_SIZE)
        fail("too many names, or one is too long");
    memcpy(names[*n], name, length);
    names[*n][length] = '\0';
    return (*n)++;
}

/* A comment tells nothing of the code, and the first line of a module its name. */
static bool says_nothing(const char *line)
{
    return *line == ';' || !strncmp(line, "source_filename", 15);
}

static void add_text(rt_digest *d, const char *text)
{
    static char names[MAX_NAMES][NAME_SIZE];
    int n = 0;
    for (const char *line = text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        if (says_nothing(line))
            continue;
        for (const char *at = line; at < end; at++) {
            const bool intrinsic = !strncmp(at, "@llvm.", 6);
            size_t length = 0;
            while (*at == '@' && !intrinsic &&
                   (isalnum((unsigned char)at[1 + length]) || strchr("._", at[1 + length])))
                length++;
            if (length) {
                const int number = name_number(at + 1, length, names, &n);
                rt_digest_bytes(d, &number, sizeof number);
                at += length;
            } else {
                rt_digest_bytes(d, at, 1);
            }
        }
    }
}

static int lowering_number(const Lowering *lowering)
{
    int i = 0;
    while (cg_lowerings[i] != lowering)
        i++;
    return i;
}

static void add_kernel(const dcn_spec *s, const dcn_target *t, const Schedule *sched)
{
    Emit e;
    Kernel kernel = { .s = s };
    e_open(&e, s->name, s->dtype, t);
    e_discard_names(&e);
    is_seen[s->op][s->gradient != 0] = true;
    if (sched_emit(sched, &e, &kernel, t))
        fail("out of memory");
    free(kernel.phase);
    char *text = LLVMPrintModuleToString(e.mod);
    add_text(&digest[lowering_number(sched->lowering)], text);
    LLVMDisposeMessage(text);
    e_close(&e);
    LLVMDisposeModule(e.mod);
    LLVMContextDispose(e.ctx);
}

/* ---- all of them --------------------------------------------------------------------------- */

static void walk_knobs(const dcn_spec *s, const dcn_target *t, const Lowering *lowering)
{
    Schedule guess = { .lowering = lowering };
    if (!sched_takes(lowering, s) || lowering->parts)
        return;
    lowering->guess(s, t, 0, guess.k);
    for (int i = 0; i < lowering->nknobs; i++)
        for (int c = 0; c < lowering->knobs[i]->nchoices; c++) {
            Schedule one = guess;
            one.k[i] = lowering->knobs[i]->choice[c];
            if (!lowering->refuse(s, t, one.k))
                add_kernel(s, t, &one);
        }
}

static void add_spec(const dcn_spec *s, const dcn_target *t, bool knobs)
{
    Schedule sched;
    dcn_error err;
    if (sched_guess(&(SchedFor){ s, t, 0, NULL }, &sched, &err))
        fail(err.text);
    add_kernel(s, t, &sched);
    sched_free(&sched);
    for (int i = 0; knobs && cg_lowerings[i]; i++)
        walk_knobs(s, t, cg_lowerings[i]);
}

/* The gradients of what some lowering can differentiate. */
static void add_gradients(const dcn_spec *s, const dcn_target *t, bool knobs)
{
    dcn_spec g = *s;
    Schedule sched;
    g.gradient = DCN_GRADIENT_ALL;
    if (sched_guess(&(SchedFor){ &g, t, 0, NULL }, &sched, NULL))
        return;
    sched_free(&sched);
    add_spec(&g, t, knobs);
}

/* What is emitted of a file beside the guess. */
enum { GRADIENTS = 1, KNOBS = 2 };

static void add_file(const char *path, const dcn_param *param, int nparams, int more)
{
    dcn_module *m;
    dcn_error err;
    if (dcn_load_file(path, param, nparams, &m, &err))
        fail(err.text);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        dcn_target t;
        if (dcn_target_parse(machines[i].cpu, machines[i].triple, NULL, &t, &err))
            fail(err.text);
        for (int j = 0; j < dcn_module_count(m); j++) {
            const bool walk = more & KNOBS && machines[i].knobs;
            add_spec(dcn_module_spec(m, j), &t, walk);
            if (more & GRADIENTS)
                add_gradients(dcn_module_spec(m, j), &t, walk);
        }
    }
    dcn_module_free(m);
}

static void add_workloads(const char *path)
{
    static const char *const ops[] = { "deform_conv2d", "conv2d", "deform_roi_pool", "roi_align" };
    static const char *const layouts[] = { "nchw", "nhwc" }, *const rows[] = { "dcnv3", "dcnv4" };
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++) {
            const dcn_param param[] = { { "op", ops[i] }, { "layout", layouts[j] } };
            add_file(path, param, 2, 0);
        }
    for (int i = 0; i < 2; i++) {
        const dcn_param param[] = { { "op", rows[i] } };
        add_file(path, param, 1, 0);
    }
}

static void check_seen(void)
{
    for (int op = 0; op < DCN_NUM_OPS; op++)
        for (int way = 0; way < 2; way++)
            if (!is_seen[op][way]) {
                fprintf(stderr, "gen_revision: no kernel of the files is of %s%s\n",
                        way ? "gradients of " : "", dcn_op_name((dcn_op)op));
                exit(1);
            }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage: gen_revision KERNELS.lua OPERATORS.lua WORKLOADS.lua");
    for (int i = 0; cg_lowerings[i]; i++)
        rt_digest_open(&digest[i]);
    cg_llvm_init();
    add_file(argv[1], NULL, 0, GRADIENTS | KNOBS);
    add_file(argv[2], NULL, 0, GRADIENTS);
    add_workloads(argv[3]);
    check_seen();
    for (int i = 0; cg_lowerings[i]; i++) {
        char hex[RT_DIGEST_HEX];
        rt_digest_hex(&digest[i], hex);
        printf("%s %d %.32s\n", cg_lowerings[i]->name, cg_lowerings[i]->rev, hex);
    }
    return fflush(stdout) ? 1 : 0;
}
