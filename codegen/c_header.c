/* c_header.c: the C header that goes with an object.
**
** It is all that a C or C++ program needs: shapes, packing, workspace and threading are
** described where they are declared, and nothing but <stdint.h> is included.  How many regions
** there are is `num_rois` throughout, where specs and dcn_call say `rois`: here that is the operand.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/multi.h"
#include "codegen/target/table.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"
#include "runtime/spec/op.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Page {
    FILE *out;
    const dcn_spec *s;
    const CgVariant *v;
    int nv;
    const char *slot; /* what gives a pointer a place of 8 bytes */
    char upper[DCN_NAME_MAX];
    dcn_tensor t[RT_NUM_OPERANDS];
    rt_operand operand[RT_NUM_OPERANDS];
    int nt;
} Page;

static const char *c_type(dcn_dtype dtype)
{
    return dtype == DCN_F64 ? "double" : "float";
}

static void dim(const Page *p, const dcn_tensor *t, int i)
{
    static const char *const nchw[] = { "batch", "?", "height", "width" };
    static const char *const nhwc[] = { "batch", "height", "width", "?" };
    const char *const *names = p->s->layout == DCN_NCHW ? nchw : nhwc;
    if (t->dims[i] != DCN_DYNAMIC)
        fprintf(p->out, "[%lld]", (long long)t->dims[i]);
    else if (i == 0 && rt_op_has(p->s->op, RT_HAS_ROIS) && strcmp(t->name, "input") != 0)
        fprintf(p->out, "[num_rois]");
    else if (strcmp(t->name, "input") == 0 || i == 0)
        fprintf(p->out, "[%s]", names[i]);
    else
        fprintf(p->out, "[out_%s]", names[i]);
}

static void shape(const Page *p, const dcn_tensor *t)
{
    for (int i = 0; i < t->rank; i++)
        dim(p, t, i);
}

static int is_dynamic(const dcn_spec *s)
{
    return s->batch == DCN_DYNAMIC || s->height == DCN_DYNAMIC || s->width == DCN_DYNAMIC ||
           s->rois == DCN_DYNAMIC;
}

/* One line for each CPU that the object is for. */
static void targets(const Page *p)
{
    for (int i = 0; i < p->nv; i++) {
        const dcn_target *t = p->v[i].target;
        char how[DCN_SCHEDULE_MAX];
        sched_print(p->v[i].schedule, how, sizeof how);
        fprintf(p->out,
                "** schedule  %s\n"
                "** target    %s, %s (%s)\n",
                how, t->triple, t->cpu, t->isa);
        if (cg_isa(t->isa)->vscale)
            fprintf(p->out,
                    "**           with SVE vectors of exactly %d bits, as prctl PR_SVE_GET_VL "
                    "tells; with\n"
                    "**           any other length it computes wrong results or stops\n",
                    8 * t->vector_bytes);
    }
}

static void preamble(const Page *p)
{
    char spec[DCN_SPEC_TEXT_MAX];
    dcn_spec_print(p->s, spec, sizeof spec);
    fprintf(p->out,
            "/* %s: a %s compiled by dcngen.\n**\n"
            "** spec      %s\n",
            p->s->name, dcn_op_name(p->s->op), spec);
    targets(p);
    fprintf(p->out,
            "**\n** The object needs no library.  It %s.\n"
            "** This file and the object belong to whoever generated them.\n*/\n",
            p->nv > 1 ? "picks a target that the CPU and its system can run"
                      : "must run on a CPU with that instruction set");
    fprintf(p->out,
            "#ifndef %s_H\n#define %s_H\n\n#include <stdint.h>\n\n"
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
            p->upper, p->upper);
}

static void sizes(const Page *p)
{
    if (!is_dynamic(p->s))
        return;
    if (rt_op_has(p->s->op, RT_HAS_ROIS)) {
        fprintf(p->out,
                "/* Dynamic sizes are given in the arguments; each tensor of one image has "
                "fewer than 2^31\n** elements%s. */\n",
                rt_op_has(p->s->op, RT_COMPOSITE)
                    ? ", and so have the values between the layers, of all regions together"
                    : "");
        return;
    }
    fprintf(p->out,
            "/* Dynamic sizes are given in the arguments.  With them\n"
            "**     out_height = (height + %d - %d) / %d + 1\n"
            "**     out_width  = (width + %d - %d) / %d + 1\n"
            "** and both must be at least 1; each tensor of one image has fewer than 2^31 "
            "elements. */\n",
            p->s->padding[0] + p->s->padding[2], p->s->dilation[0] * (p->s->kernel[0] - 1) + 1,
            p->s->stride[0], p->s->padding[1] + p->s->padding[3],
            p->s->dilation[1] * (p->s->kernel[1] - 1) + 1, p->s->stride[1]);
}

static void arguments(const Page *p)
{
    fprintf(p->out,
            "/* Tensors are dense, in C order, aligned to their element.  What is written\n"
            "** must not overlap anything else; nothing outside the tensors is read or\n"
            "** written, whatever the %s hold. */\n"
            "typedef struct %s_args {\n",
            rt_op_has(p->s->op, RT_HAS_ROIS) ? "rois" : "offsets", p->s->name);
    for (int i = 0; i < p->nt; i++) {
        const dcn_tensor *t = &p->t[i];
        if (t->role == DCN_WEIGHT) {
            fprintf(p->out, "    %sconst void *%s; /* as made by %s_pack */\n", p->slot, t->name,
                    p->s->name);
            continue;
        }
        fprintf(p->out, "    %s%s%s *%s; /* ", p->slot, t->role == DCN_OUT ? "" : "const ",
                c_type(t->dtype), t->name);
        shape(p, t);
        fprintf(p->out, " */\n");
    }
    fprintf(
        p->out,
        "    int64_t batch, height, width, num_rois; /* read only where dynamic:%s%s%s%s%s */\n",
        p->s->batch == DCN_DYNAMIC ? " batch" : "", p->s->height == DCN_DYNAMIC ? " height" : "",
        p->s->width == DCN_DYNAMIC ? " width" : "", p->s->rois == DCN_DYNAMIC ? " num_rois" : "",
        is_dynamic(p->s) ? "" : " none");
    if (p->s->gradient)
        fprintf(p->out,
                "    /* Gradients that are NULL are not computed.  Bit i: the gradient that is "
                "tensor i of these, from 0,\n"
                "    ** is added to what is there; else it is overwritten. */\n"
                "    uint64_t accumulate;\n");
    fprintf(p->out, "} %s_args;\n\n", p->s->name);
}

/* NAME_TENSOR of an operand in capitals. */
static void constant(const Page *p, const char *tensor)
{
    fprintf(p->out, "%s_", p->upper);
    for (; *tensor; tensor++)
        fputc(toupper((unsigned char)*tensor), p->out);
}

/* Bytes of a whole tensor; 0 where a size is dynamic. */
static long long tensor_bytes(const dcn_tensor *t)
{
    long long bytes = (long long)dcn_dtype_bytes(t->dtype);
    for (int i = 0; i < t->rank; i++)
        bytes *= t->dims[i] == DCN_DYNAMIC ? 0 : t->dims[i];
    return bytes;
}

static void shapes(const Page *p)
{
    fprintf(p->out, "/* Elements of each dimension, -1 for a dynamic one, to initialise an array "
                    "with; and bytes "
                    "of\n** those tensors that are static, weights before they are packed. */\n");
    for (int i = 0; i < p->nt; i++) {
        const dcn_tensor *t = &p->t[i];
        fprintf(p->out, "#define ");
        constant(p, t->name);
        fprintf(p->out, "_SHAPE { ");
        for (int d = 0; d < t->rank; d++)
            fprintf(p->out, "%s%lld", d ? ", " : "", (long long)t->dims[d]);
        fprintf(p->out, " }\n");
        if (!tensor_bytes(t))
            continue;
        fprintf(p->out, "#define ");
        constant(p, t->name);
        fprintf(p->out, "_BYTES INT64_C(%lld)\n", tensor_bytes(t));
    }
    fprintf(p->out, "\n");
}

/* One line of a comment for each tensor that is in a vector of them. */
static void listed(const Page *p, const char *vector, bool gradients)
{
    const dcn_network *n = p->s->network;
    fprintf(p->out,
            "/* %s is one tensor after another: position of its first element, name, shape.\n",
            vector);
    for (int i = 0; i < n->nparams; i++) {
        const net_param *of = &n->param[i];
        if (gradients && !of->wanted)
            continue;
        fprintf(p->out, "**%12lld  %s ", (long long)(gradients ? of->grad_at : of->at), of->name);
        for (int d = 0; d < of->rank; d++)
            fprintf(p->out, "[%lld]", (long long)of->dims[d]);
        fprintf(p->out, "\n");
    }
    fprintf(p->out, "*/\n");
}

/* Says what is in a network's vectors of parameters. */
static void contents(const Page *p)
{
    const int at = p->s->network ? net_parameters_at(p->s->network) : -1;
    for (int i = 0; i < p->nt && at >= 0; i++) {
        if (p->operand[i] == (rt_operand)at)
            listed(p, p->t[i].name, false);
        if (p->operand[i] == rt_grad_of((rt_operand)at))
            listed(p, p->t[i].name, true);
    }
    if (p->s->network && p->s->network->constants)
        fprintf(p->out, "/* The parameters are in the object. */\n");
}

static void packing(const Page *p)
{
    const char *name = p->s->name;
    int packed = 0;
    for (int i = 0; i < p->nt; i++)
        packed += p->t[i].role == DCN_WEIGHT;
    if (!packed)
        return;
    fprintf(p->out,
            "/* Operands that are reordered, once for any number of calls, and how they are "
            "given. */\nenum {\n");
    for (int i = 0; i < p->nt; i++) {
        if (p->t[i].role != DCN_WEIGHT)
            continue;
        fprintf(p->out, "    ");
        constant(p, p->t[i].name);
        fprintf(p->out, " = %d, /* ", i);
        shape(p, &p->t[i]);
        fprintf(p->out, " */\n");
    }
    fprintf(
        p->out,
        "};\n/* which: one of them; packed has %s_packed_bytes(which) bytes, aligned to %d. */\n"
        "int64_t %s_packed_bytes(int64_t which);\n"
        "void %s_pack(int64_t which, const %s *weight, void *packed);\n\n",
        name, (int)dcn_dtype_bytes(p->s->dtype), name, name, c_type(p->s->dtype));
}

static void running(const Page *p)
{
    const char *n = p->s->name;
    fprintf(p->out,
            "/* Bytes of workspace for a call on so many threads; the workspace is aligned to 64 "
            "bytes and\n"
            "** needs no initial value.  Static sizes are ignored. */\n"
            "int64_t %s_workspace_bytes(int64_t batch, int64_t height, int64_t width, int64_t "
            "num_rois,\n                           int64_t threads);\n\n"
            "/* A call is phases, one after the other; a phase is tasks that may run in any "
            "order and\n"
            "** at the same time.  tasks: how many tasks a phase has, -1 past the last phase.  "
            "run: tasks\n"
            "** first <= i < last as thread number `thread`; two threads never share a number at a "
            "time.\n"
            "** The result does not depend on the number of threads. */\n"
            "int64_t %s_tasks(const %s_args *args, int64_t phase);\n"
            "void %s_run(const %s_args *args, int64_t phase, int64_t first, int64_t last, void "
            "*workspace,\n"
            "            int64_t thread);\n\n",
            n, n, n, n, n);
    fprintf(p->out,
            "/* The whole call on this thread; workspace for 1 thread. */\n"
            "static inline void %s(const %s_args *args, void *workspace)\n{\n"
            "    for (int64_t phase = 0, n; (n = %s_tasks(args, phase)) >= 0; phase++)\n"
            "        %s_run(args, phase, 0, n, workspace, 0);\n}\n\n",
            n, n, n, n);
    fprintf(p->out,
            "#ifdef _OPENMP\n#include <omp.h>\n"
            "/* A call on up to `threads` threads; workspace for `threads`. */\n"
            "static inline void %s_parallel(const %s_args *args, void *workspace, int threads)\n{\n"
            "    for (int64_t phase = 0, n; (n = %s_tasks(args, phase)) >= 0; phase++) {\n"
            "        _Pragma(\"omp parallel for schedule(dynamic) num_threads(threads)\")\n"
            "        for (int64_t i = 0; i < n; i++)\n"
            "            %s_run(args, phase, i, i + 1, workspace, omp_get_thread_num());\n"
            "    }\n}\n#endif\n\n",
            n, n, n, n);
    fprintf(p->out, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* The functions of an object for several CPUs. */
static void choosing(const Page *p)
{
    const char *n = p->s->name;
    if (p->nv < 2)
        return;
    fprintf(p->out,
            "/* The first call of any function here asks the CPU what it has, and its system which "
            "registers it\n"
            "** saves; from then on all of them are those of the best variant that can run.  Each "
            "variant packs\n"
            "** in its own way and has its own size of workspace: packed operands and workspace go "
            "with the\n"
            "** variant, in this process.  Where none can run there are no phases, sizes are 0 and "
            "nothing is\n"
            "** written. */\n\n");
    fprintf(
        p->out,
        "/* Which one is in use: the name of its CPU, \"none\" if none can run. */\n"
        "const char *%s_variant(void);\n"
        "/* Why, in one line: at most size bytes with a NUL at the end.  Returns the length of all "
        "of it. */\n"
        "int64_t %s_variant_why(char *text, int64_t size);\n"
        "/* Use another one, for tests: the CPU's name, NULL for the best again.  0; -1: there is "
        "none of that\n"
        "** name; -2: it cannot run here; then nothing changes.  Not during a call, and what was "
        "packed\n"
        "** before is void. */\n"
        "int %s_choose_variant(const char *cpu);\n\n",
        n, n, n);
}

static void list_operands(Page *p)
{
    const rt_operands o = rt_operands_of(p->s);
    p->nt = o.n;
    memcpy(p->t, o.tensor, sizeof o.tensor);
    memcpy(p->operand, o.which, sizeof o.which);
}

int cg_header(const dcn_spec *s, const CgVariant *v, int n, char **text, dcn_error *err)
{
    size_t size = 0;
    Multi m;
    if (n > 1 && multi_plan(&m, s, v, n, err))
        return -1;
    Page p = { .s = s, .v = n > 1 ? m.v : v, .nv = n };
    *text = NULL;
    p.out = open_memstream(text, &size);
    if (!p.out)
        return dcn_fail(err, DCN_EENV, "out of memory");
    for (int i = 0; s->name[i]; i++)
        p.upper[i] = (char)toupper((unsigned char)s->name[i]);
    p.slot = cg_arch(v[0].target->triple)->pointer_bytes == 8 ? "" : "__attribute__((aligned(8))) ";
    list_operands(&p);
    preamble(&p);
    choosing(&p);
    sizes(&p);
    shapes(&p);
    arguments(&p);
    contents(&p);
    packing(&p);
    running(&p);
    int bad = ferror(p.out); /* fclose may say nothing of a buffer that could not grow */
    if (fclose(p.out) == 0 && !bad && *text)
        return 0;
    free(*text);
    *text = NULL;
    return dcn_fail(err, DCN_EENV, "out of memory");
}
