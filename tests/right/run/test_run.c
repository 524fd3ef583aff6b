/* test_run.c: `dcngen run` gives the numbers of other implementations.
**
** Every golden case in both types and both layouts: a spec file is written in the words of the
** spec language, the operands as .npy files, and the program does the rest.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"
#include "tests/support/golden.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_CASES = 512, MOST_WORDS = 64 };
extern char **environ;

/* How one case is run. */
typedef struct Variant {
    const Golden *g;
    const char *name;
    dcn_spec spec;
    bool dynamic;     /* all sizes are left to the tensors */
    dcn_dtype stored; /* type of the input files */
    bool flat;        /* maps as [N,H*W,C], where that is an operator's custom */
    const char *threads;
} Variant;

/* ---- spec files --------------------------------------------------------------------------- */

/* All keys are written; tests/unit/spec checks that what is printed is read as the same spec. */
static void write_spec(const char *path, const Variant *v)
{
    dcn_spec s = v->spec;
    char text[4096];
    FILE *f = fopen(path, "w");
    cr_assert(f, "cannot write %s", path);
    if (v->dynamic)
        s.batch = s.height = s.width = DCN_DYNAMIC;
    if (v->dynamic && rt_op_has(s.op, RT_HAS_ROIS))
        s.rois = DCN_DYNAMIC;
    cr_assert_lt(dcn_spec_print(&s, text, sizeof text), (int)sizeof text);
    fprintf(f, "%s\n", text);
    cr_assert_eq(fclose(f), 0);
}

/* ---- the program -------------------------------------------------------------------------- */

typedef struct Words {
    char text[MOST_WORDS][600];
    char *at[MOST_WORDS + 1];
    int n;
} Words;

static void add_word(Words *w, const char *a, const char *b, const char *c)
{
    cr_assert_lt(w->n, MOST_WORDS);
    snprintf(w->text[w->n], sizeof w->text[0], "%s%s%s", a, b, c);
    w->at[w->n] = w->text[w->n];
    w->at[++w->n] = NULL;
}

/* Its exit code; what it says goes into `said`. */
static int spawn(const Words *w, const char *said)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, said, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    pid_t pid;
    int status = -1;
    cr_assert_eq(posix_spawn(&pid, w->at[0], &files, NULL, w->at, environ), 0, "cannot run %s",
                 w->at[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    posix_spawn_file_actions_destroy(&files);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_text(const char *path, char *to, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(to, 1, size - 1, f) : 0;
    to[n] = 0;
    if (f)
        fclose(f);
}

/* ---- one run ------------------------------------------------------------------------------ */

/* The shape of a file of a tensor. */
static int shape_of(const Variant *v, const dcn_tensor *t, int rank, int64_t *dims)
{
    const bool dcnv4 = v->spec.op == DCN_OP_DCNV4 || v->spec.op == DCN_OP_DCNV4_MODULE;
    if (!v->flat || !dcnv4 || t->role == DCN_WEIGHT || rank != 4)
        return rank;
    dims[1] *= dims[2];
    dims[2] = dims[3];
    return 3;
}

static void write_operand(const char *path, const Variant *v, const dcn_tensor *t, int i)
{
    dcn_error err;
    const rt_array *from = &v->g->tensor[i];
    rt_array a = { .kind = rt_kind_of(v->stored), .rank = from->rank, .count = from->count };
    a.data = golden_tensor(v->g, i, v->stored, v->spec.layout, a.dims);
    a.rank = shape_of(v, t, a.rank, a.dims);
    cr_assert_eq(rt_npy_write(path, &a, &err), 0, "%s", err.text);
    rt_array_free(&a);
}

static void check_output(const char *path, const Variant *v, const dcn_tensor *t)
{
    dcn_error err;
    rt_array got;
    int64_t dims[DCN_MAX_RANK];
    char what[256] = "";
    cr_assert_eq(rt_npy_read(path, INT64_MAX, &got, &err), 0, "%s: %s", v->name, err.text);
    free(golden_tensor(v->g, v->g->output, v->spec.dtype, v->spec.layout, dims));
    const int rank = shape_of(v, t, DCN_MAX_RANK, dims);
    cr_assert(got.kind == rt_kind_of(v->spec.dtype) && got.rank == rank &&
                  !memcmp(got.dims, dims, (size_t)rank * sizeof *dims),
              "%s: type or shape of the output", v->name);
    int64_t wrong = golden_compare(v->g, got.data, v->spec.dtype, v->spec.layout, what);
    cr_expect_eq(wrong, 0, "%s, %s, %s: %lld elements are wrong: %s", v->name,
                 dcn_dtype_name(v->spec.dtype), dcn_layout_name(v->spec.layout), (long long)wrong,
                 what);
    rt_array_free(&got);
}

static void run(const Variant *v, const char *dir)
{
    static Words w;
    dcn_tensor t[RT_NUM_OPERANDS];
    char path[512], talk[1024];
    const int n = dcn_spec_tensors(&v->spec, t, RT_NUM_OPERANDS);
    w.n = 0;
    add_word(&w, getenv("DCNGEN_BIN"), "", "");
    add_word(&w, "run", "", "");
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s.npy", dir, t[i].name);
        add_word(&w, t[i].role == DCN_OUT ? "--output" : "--input", "", "");
        add_word(&w, t[i].name, "=", path);
        if (t[i].role != DCN_OUT)
            write_operand(path, v, &t[i], i);
    }
    add_word(&w, "--threads=", v->threads, "");
    snprintf(path, sizeof path, "%s/spec.lua", dir);
    write_spec(path, v);
    add_word(&w, path, "", "");
    snprintf(path, sizeof path, "%s/said", dir);
    int code = spawn(&w, path);
    read_text(path, talk, sizeof talk);
    cr_assert_eq(code, 0, "%s: exit code %d: %s", v->name, code, talk);
    cr_expect_str_empty(talk, "%s: says %s", v->name, talk);
    snprintf(path, sizeof path, "%s/output.npy", dir);
    check_output(path, v, &t[v->g->output]);
    cr_assert_eq(unlink(path), 0);
}

/* ---- all of them -------------------------------------------------------------------------- */

static void remove_files(const char *dir, const dcn_spec *s)
{
    static const char *const names[] = { "spec.lua", "said" };
    dcn_tensor t[RT_NUM_OPERANDS];
    char path[512];
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    for (int i = 0; i < n + 2; i++) {
        snprintf(path, sizeof path, "%s/%s%s", dir, i < n ? t[i].name : names[i - n],
                 i < n ? ".npy" : "");
        unlink(path);
    }
    cr_expect_eq(rmdir(dir), 0, "the program left files behind");
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(golden_cli, run)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES);
    return cr_make_param_array(GoldenName, all, (size_t)n, free_names);
}

ParameterizedTest(const GoldenName *which, golden_cli, run)
{
    static const struct {
        dcn_dtype dtype, stored;
        dcn_layout layout;
        bool dynamic, flat;
        const char *threads;
    } how[] = { { DCN_F64, DCN_F64, DCN_NCHW, true, false, "1" },
                { DCN_F32, DCN_F64, DCN_NHWC, false, true, "2" },
                { DCN_F32, DCN_F32, DCN_NCHW, true, false, "2" },
                { DCN_F64, DCN_F64, DCN_NHWC, true, false, "2" } };
    /* The first two have every value of every column, and that is all that the program itself can tell apart: the
    ** rest is for kernels, into which sanitizers do not see. */
    const size_t count = thin_is_on() ? 2 : sizeof how / sizeof *how;
    Golden g;
    dcn_error err;
    char dir[] = "/tmp/dcngen-golden-XXXXXX";
    if (!which->dir[0])
        cr_skip("literal case %s is not on this machine: DCNGEN_SHARED_GOLDEN names its folder",
                which->name);
    if (!getenv("DCNGEN_BIN"))
        cr_skip("DCNGEN_BIN names no program");
    cr_assert_eq(golden_open(which->dir, &g, &err), 0, "%s", err.text);
    if (!rt_op_of(g.spec.op)) {
        golden_close(&g);
        cr_skip("%s: no lowering compiles it", which->name);
    }
    cr_assert(mkdtemp(dir));
    for (size_t i = 0; i < count; i++) {
        Variant v = { &g,
                      which->name,
                      golden_spec(&g, how[i].dtype, how[i].layout),
                      how[i].dynamic,
                      how[i].stored,
                      how[i].flat,
                      how[i].threads };
        if (golden_has_layout(&g, how[i].layout))
            run(&v, dir);
    }
    remove_files(dir, &g.spec);
    golden_close(&g);
}
