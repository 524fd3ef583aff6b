/* execute.c: one call of a kernel: check the operands, then run its phases one after another.
**
** Nothing is trusted that a caller can get wrong cheaply: sizes, the number of operands, NULL,
** alignment, overlap with an output, a parallel-for hook that leaves tasks out.  No state outlives
** the call, so one kernel may run in many calls at once.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/tensor.h"
#include "runtime/base/text.h"
#include "runtime/base/whole.h"
#include "runtime/exec/kernel.h"
#include "runtime/exec/operands.h"
#include "runtime/exec/pool.h"
#include "runtime/exec/threads.h"
#include "runtime/spec/fields.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* THREAD_NS: what a thread must have to do to be worth waking: it takes some microseconds until it
** runs, tens if it has to be woken, and its core's caches are cold. */
enum { WORKSPACE_ALIGN = 64, THREAD_NS = 20000 };

/* PHASE_THREAD_NS: THREAD_NS of a phase between others, whose threads are awake: twice what codegen/balance.h takes for
** finding them and for waiting for the last one, so that a second thread gains more than it costs. */
enum { PHASE_THREAD_NS = 4000 };

/* What one core reads and writes at most, from memory and caches together. */
#define BYTES_PER_NS 20.0

/* The args block as generated code reads it: pointers, four sizes, and what gradients are added to,
** each 8 bytes wide. */
typedef struct CallArgs {
    uint64_t word[RT_NUM_OPERANDS + 5];
} CallArgs;

typedef struct Phase {
    const dcn_kernel *kernel;
    const CallArgs *args;
    void *workspace;
    int64_t index, tasks;
    int team, threads; /* of the call, of this phase */
    bool all_threads;
    atomic_llong done;
} Phase;

static int64_t fixed_or(int64_t fixed, int64_t given)
{
    return fixed == DCN_DYNAMIC ? given : fixed;
}

static dcn_sizes fixed_sizes(const dcn_spec *s, dcn_sizes given)
{
    return (dcn_sizes){ fixed_or(s->batch, given.batch), fixed_or(s->height, given.height),
                        fixed_or(s->width, given.width), fixed_or(s->rois, given.rois) };
}

size_t dcn_kernel_workspace_bytes(const dcn_kernel *k, dcn_sizes sizes, int threads)
{
    const dcn_sizes n = fixed_sizes(&k->spec, sizes);
    int team = rt_threads(threads, NULL);
    if (team < 0)
        return 0;
    int64_t bytes = k->entry.workspace_bytes(n.batch, n.height, n.width, n.rois, team);
    return bytes > 0 ? (size_t)bytes : 0;
}

int dcn_kernel_tensors(const dcn_kernel *k, dcn_sizes sizes, dcn_tensor *out, int max,
                       dcn_error *err)
{
    dcn_spec bound;
    if (rt_spec_bind_checked(&k->spec, fixed_sizes(&k->spec, sizes), &bound, err))
        return -1;
    return dcn_spec_tensors(&bound, out, max);
}

/* The spec with the sizes of this call; none is a legal number of images or of rois where that is
** dynamic.  What is static was checked when the kernel was made. */
static int bind_sizes(const dcn_kernel *k, const dcn_call *call, dcn_spec *bound, dcn_error *err)
{
    const dcn_spec *s = &k->spec;
    const dcn_sizes given = { call->batch, call->height, call->width, call->rois };
    *bound = *s;
    if (s->batch != DCN_DYNAMIC && s->height != DCN_DYNAMIC && s->width != DCN_DYNAMIC &&
        s->rois != DCN_DYNAMIC)
        return 0;
    return rt_spec_bind_checked(s, fixed_sizes(s, given), bound, err);
}

static int count_operands(const dcn_spec *s, const rt_operands *o, const dcn_call *call,
                          dcn_error *err)
{
    const char *names[RT_NUM_OPERANDS + 1] = { NULL };
    char list[sizeof err->text];
    if (call->ntensors == o->n)
        return 0;
    for (int i = 0; i < o->n; i++)
        names[i] = o->tensor[i].name;
    return dcn_fail(err, DCN_EUSAGE, "%d tensors for kernel '%s', which takes %d: %s",
                    call->ntensors, s->name, o->n, rt_join(names, list, sizeof list));
}

/* What may be added to is a gradient. */
static int check_accumulate(const dcn_spec *s, const rt_operands *o, const dcn_call *call,
                            dcn_error *err)
{
    for (int i = 0; i < 64; i++) {
        const bool gradient = i < o->n && s->gradient && o->tensor[i].role == DCN_OUT;
        if (call->accumulate >> i & 1 && !gradient)
            return dcn_fail(err, DCN_EUSAGE, "accumulate: tensor %d of kernel '%s' is no gradient",
                            i, s->name);
    }
    return 0;
}

/* Gradients that nobody wants are not there. */
static int check_operands(const dcn_kernel *k, const rt_operands *o, const dcn_call *call,
                          dcn_error *err)
{
    size_t bytes[RT_NUM_OPERANDS];
    void *at[RT_NUM_OPERANDS];
    dcn_tensor there[RT_NUM_OPERANDS];
    int n = 0;
    if (count_operands(&k->spec, o, call, err) || check_accumulate(&k->spec, o, call, err))
        return -1;
    for (int i = 0; i < o->n; i++) {
        if (k->spec.gradient && o->tensor[i].role == DCN_OUT && !call->tensor[i])
            continue;
        there[n] = o->tensor[i];
        at[n] = call->tensor[i];
        bytes[n++] = o->tensor[i].role == DCN_WEIGHT ? dcn_kernel_tensor_bytes(k, i)
                                                     : rt_tensor_bytes(&o->tensor[i]);
    }
    return rt_check_pointers(there, n, at, bytes, err);
}

static void fill_args(CallArgs *args, const dcn_call *call, const dcn_spec *bound, int ntensors)
{
    for (int i = 0; i < ntensors; i++)
        args->word[i] = (uintptr_t)call->tensor[i];
    args->word[ntensors] = (uint64_t)bound->batch;
    args->word[ntensors + 1] = (uint64_t)bound->height;
    args->word[ntensors + 2] = (uint64_t)bound->width;
    args->word[ntensors + 3] = (uint64_t)bound->rois;
    args->word[ntensors + 4] = call->accumulate;
}

/* *memory is what the caller of this function must free. */
static int get_workspace(const dcn_call *call, size_t bytes, void **workspace, void **memory,
                         dcn_error *err)
{
    *workspace = call->workspace;
    if ((uintptr_t)*workspace % WORKSPACE_ALIGN)
        return dcn_fail(err, DCN_EUSAGE, "workspace is not aligned to %d bytes", WORKSPACE_ALIGN);
    if (*workspace || !bytes)
        return 0;
    bytes = rt_round_up(bytes, WORKSPACE_ALIGN);
    *workspace = *memory = aligned_alloc(WORKSPACE_ALIGN, bytes);
    if (!*memory)
        return dcn_fail(err, DCN_EENV, "no memory for %zu bytes of workspace", bytes);
    return 0;
}

static void run_task(void *arg, int64_t i, int thread)
{
    Phase *p = arg;
    if (i < 0 || i >= p->tasks || thread < 0 || thread >= p->threads)
        return;
    p->kernel->entry.run(p->args, p->index, i, i + 1, p->workspace, thread);
    atomic_fetch_add(&p->done, 1);
}

/* A network has phases of all sizes; of other kernels all threads that are useful at all have a part. */
static int threads_of_phase(const Phase *p)
{
    const dcn_kernel *k = p->kernel;
    const double ns = p->index < k->nphases ? k->phase[p->index].ns : 0;
    if (p->all_threads || ns <= 0 || ns >= (double)p->team * PHASE_THREAD_NS)
        return p->team;
    return ns < 2 * PHASE_THREAD_NS ? 1 : (int)(ns / PHASE_THREAD_NS);
}

static int run_phases(Phase *p, const dcn_call *call, dcn_error *err)
{
    dcn_parallel_for loop = call->parallel_for ? call->parallel_for : rt_shared_for;
    for (p->index = 0; (p->tasks = p->kernel->entry.tasks(p->args, p->index)) >= 0; p->index++) {
        atomic_store(&p->done, 0);
        p->threads = threads_of_phase(p);
        loop(call->parallel_self, p->tasks, p->threads, run_task, p);
        if (atomic_load(&p->done) != p->tasks)
            return dcn_fail(err, DCN_EUSAGE, "parallel_for ran %lld of %lld tasks on threads 0..%d",
                            (long long)atomic_load(&p->done), (long long)p->tasks, p->threads - 1);
    }
    return 0;
}

/* As many of the threads as have something to do. */
static int useful_threads(const dcn_kernel *k, const dcn_spec *bound, int threads)
{
    const double compute = k->ns_per_flop * dcn_spec_flops(bound);
    const double memory = dcn_spec_bytes(bound) / BYTES_PER_NS;
    const double ns = compute > memory ? compute : memory;
    if (compute <= 0 || ns >= (double)threads * THREAD_NS)
        return threads;
    return ns < 2 * THREAD_NS ? 1 : (int)(ns / THREAD_NS);
}

/* Nothing to write: but gradients of nothing are 0. */
static bool is_empty(const dcn_spec *bound)
{
    return bound->batch == 0 || (bound->rois == 0 && rt_op_has(bound->op, RT_HAS_ROIS));
}

int rt_execute(const dcn_kernel *k, const dcn_call *call, bool all_threads, dcn_error *err)
{
    dcn_spec bound;
    int threads = rt_threads(call->threads, err);
    if (threads < 0 || bind_sizes(k, call, &bound, err))
        return -1;
    if (!bound.gradient && is_empty(&bound))
        return 0;

    const rt_operands operands = rt_operands_of(&bound);
    if (check_operands(k, &operands, call, err))
        return -1;

    if (!all_threads)
        threads = useful_threads(k, &bound, threads);
    CallArgs args;
    fill_args(&args, call, &bound, operands.n);
    const dcn_sizes sizes = { bound.batch, bound.height, bound.width, bound.rois };
    size_t bytes = dcn_kernel_workspace_bytes(k, sizes, threads);
    Phase phase = { .kernel = k, .args = &args, .team = threads, .all_threads = all_threads };
    void *memory = NULL;
    int failed =
        get_workspace(call, bytes, &phase.workspace, &memory, err) || run_phases(&phase, call, err);
    free(memory);
    return failed ? -1 : 0;
}

int dcn_execute(const dcn_kernel *k, const dcn_call *call, dcn_error *err)
{
    return rt_execute(k, call, false, err);
}
